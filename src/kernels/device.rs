//! Where a network is trained: this crate's kernels on the CPU, or libtorch on another device.

use std::fmt;
use std::sync::Once;
use std::thread::available_parallelism;

use tch::Device;

use crate::config::{Config, DecoderKind, DeviceChoice};
use crate::error::{Error, Result};

/// The nodes from which `--device auto` takes a GPU: on smaller graphs the kernels are faster than a GPU is started.
const AUTO_GPU_NODES: usize = 20_000;

/// What the libtorch in use can compute on.
///
/// # Examples
/// ```
/// use vgae::kernels::device::Devices;
///
/// let devices = Devices { num_cores: 8, num_cuda_devices: 2, has_mps: false };
/// assert_eq!(devices.to_string(), "cpu: 8 threads\ncuda: 2 devices (cuda:0, cuda:1)\nmps: none");
/// assert!(Devices::find().num_cores >= 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Devices {
    /// Threads of the CPU that run at once, which is how many are used by default.
    pub num_cores: usize,
    /// CUDA devices, counted from 0.
    pub num_cuda_devices: usize,
    /// Whether there is an Apple GPU.
    pub has_mps: bool,
}

impl Devices {
    /// Looks for them, which loads libtorch's CUDA half where there is one.
    pub fn find() -> Self {
        Devices {
            num_cores: available_parallelism().map_or(1, usize::from),
            num_cuda_devices: num_cuda_devices(),
            has_mps: tch::utils::has_mps(),
        }
    }
}

impl fmt::Display for Devices {
    /// A line for each kind.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        writeln!(f, "cpu: {}", plural(self.num_cores, "thread"))?;
        match self.num_cuda_devices {
            0 => writeln!(f, "cuda: none")?,
            count => {
                let names: Vec<String> = (0..count).map(|index| format!("cuda:{index}")).collect();
                writeln!(f, "cuda: {} ({})", plural(count, "device"), names.join(", "))?;
            }
        }
        write!(f, "mps: {}", if self.has_mps { "1 device" } else { "none" })
    }
}

/// The device of libtorch that `config` asks for, for a graph of `num_nodes`; none for the CPU.
///
/// # Errors
/// [`Error::Config`] if it is not there, or does not do what is asked of it.
pub(crate) fn choose(config: &Config, num_nodes: usize) -> Result<Option<Device>> {
    let is_fit = config.model.decoder == DecoderKind::InnerProduct && !config.model.model.is_directed();
    let device = match config.train.device {
        DeviceChoice::Cpu => return Ok(None),
        DeviceChoice::Auto => {
            let is_large = is_fit && num_nodes >= AUTO_GPU_NODES;
            return Ok((is_large && num_cuda_devices() > 0).then_some(Device::Cuda(0)));
        }
        DeviceChoice::Cuda(index) => {
            let count = num_cuda_devices();
            if index >= count {
                let hint = match count {
                    0 => format!(
                        "the libtorch in use finds none; hint: put the lib directory of a PyTorch {} with CUDA first \
                         in LD_LIBRARY_PATH",
                        env!("VGAE_LIBTORCH_VERSION")
                    ),
                    _ => format!("there are {count}, counted from 0"),
                };
                return Err(Error::Config(format!("--device cuda:{index}: no such GPU; {hint}")));
            }
            Device::Cuda(index)
        }
        DeviceChoice::Mps if !tch::utils::has_mps() => {
            let problem = "--device mps: the libtorch in use finds no Apple GPU; expected cpu, cuda or auto";
            return Err(Error::Config(problem.into()));
        }
        DeviceChoice::Mps => Device::Mps,
    };
    if !is_fit {
        return Err(Error::Config(format!(
            "--device {}: only inner products are trained there; leave it out",
            config.train.device
        )));
    }
    Ok(Some(device))
}

/// Where the network of `config` is trained, for a graph of `num_nodes`: never [`DeviceChoice::Auto`].
///
/// # Errors
/// As [`choose`].
pub(crate) fn chosen(config: &Config, num_nodes: usize) -> Result<DeviceChoice> {
    Ok(match choose(config, num_nodes)? {
        None | Some(Device::Cpu) => DeviceChoice::Cpu,
        Some(Device::Cuda(index)) => DeviceChoice::Cuda(index),
        Some(Device::Mps | Device::Vulkan) => DeviceChoice::Mps,
    })
}

/// How many CUDA devices the libtorch in use finds.
fn num_cuda_devices() -> usize {
    load_cuda();
    tch::Cuda::device_count().max(0) as usize
}

/// Loads libtorch's CUDA half, where there is one: this program is linked against the CPU's alone, so that it runs
/// without the other.
fn load_cuda() {
    static LOADED: Once = Once::new();
    LOADED.call_once(|| {
        #[cfg(unix)]
        {
            use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
            // SAFETY: the library's initialisers register its kernels with the libtorch that is loaded already, of
            // whose distribution it is a part; nothing of it is called from here.
            #[allow(unsafe_code)]
            let library = unsafe { Library::open(Some("libtorch_cuda.so"), RTLD_NOW | RTLD_GLOBAL) };
            if let Ok(library) = library {
                // It stays for as long as the process.
                std::mem::forget(library);
            }
        }
    });
}
