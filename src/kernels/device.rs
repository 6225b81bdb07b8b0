//! Chooses the device that trains a network: this crate's kernels on the CPU, or libtorch on another device.

use std::fmt;
use std::thread::available_parallelism;

use crate::config::{Config, DeviceChoice};
use crate::error::Result;

#[cfg(not(feature = "torch"))]
use absent::{describe, has_mps, num_cuda_devices};
#[cfg(feature = "torch")]
use torch::{describe, has_mps, num_cuda_devices};

#[cfg(not(feature = "torch"))]
pub(crate) use absent::choose;
#[cfg(feature = "torch")]
pub(crate) use torch::choose;

/// The fewest nodes for which `train.device = auto` takes a GPU. On smaller graphs, the kernels finish before
/// a GPU has started.
#[cfg(feature = "torch")]
const AUTO_GPU_NODES: usize = 20_000;

/// The devices that can train a network: the CPU, and those that the libtorch in use finds.
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
    /// The number of threads that the CPU runs at once, which is the default number of threads.
    pub num_cores: usize,
    /// The number of CUDA devices; their indices start at 0.
    pub num_cuda_devices: usize,
    /// `true` if there is an Apple GPU.
    pub has_mps: bool,
}

impl Devices {
    /// Finds the devices, which loads libtorch's CUDA libraries if they are installed.
    pub fn find() -> Self {
        Devices {
            num_cores: available_parallelism().map_or(1, usize::from),
            num_cuda_devices: num_cuda_devices(),
            has_mps: has_mps(),
        }
    }
}

impl fmt::Display for Devices {
    /// Writes one line for each kind of device.
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

/// Returns the device that trains the network of `config` on a graph of `num_nodes` nodes. It is never
/// [`DeviceChoice::Auto`].
///
/// # Errors
/// Returns the errors of [`choose`].
pub(crate) fn chosen(config: &Config, num_nodes: usize) -> Result<DeviceChoice> {
    Ok(choose(config, num_nodes)?.map_or(DeviceChoice::Cpu, describe))
}

#[cfg(feature = "torch")]
mod torch {
    use std::sync::Once;

    use tch::Device;

    use super::AUTO_GPU_NODES;
    use crate::config::{Config, DecoderKind, DeviceChoice};
    use crate::error::{Error, Result};

    /// Returns the libtorch device that `config` asks for, for a graph of `num_nodes` nodes, or `None` for
    /// the CPU.
    ///
    /// # Errors
    /// [`Error::Config`] if the device does not exist or cannot train the model.
    pub(crate) fn choose(config: &Config, num_nodes: usize) -> Result<Option<Device>> {
        let is_supported =
            config.model.decoder() == DecoderKind::InnerProduct && !config.model.model.is_directed();
        let device = match config.train.device {
            DeviceChoice::Cpu => return Ok(None),
            DeviceChoice::Auto => {
                let is_worthwhile = is_supported && num_nodes >= AUTO_GPU_NODES;
                return Ok((is_worthwhile && num_cuda_devices() > 0).then_some(Device::Cuda(0)));
            }
            DeviceChoice::Cuda(index) => {
                let count = num_cuda_devices();
                if index >= count {
                    let hint = match count {
                        0 => format!(
                            "the libtorch in use finds none; hint: put the lib directory of a PyTorch {} with CUDA \
                             first in LD_LIBRARY_PATH",
                            crate::system::LIBTORCH_VERSION.unwrap_or_default()
                        ),
                        _ => format!("there are {count}, counted from 0"),
                    };
                    let problem = format!("`train.device = cuda:{index}`: no such GPU; {hint}");
                    return Err(Error::config("train.device", problem));
                }
                Device::Cuda(index)
            }
            DeviceChoice::Mps if !has_mps() => {
                let problem = "`train.device = mps`: the libtorch in use finds no Apple GPU; expected cpu, cuda or \
                               auto";
                return Err(Error::config("train.device", problem));
            }
            DeviceChoice::Mps => Device::Mps,
        };
        if !is_supported {
            let problem = format!(
                "`train.device = {}`: a GPU trains only models that score by inner products; leave it out",
                config.train.device
            );
            return Err(Error::config("train.device", problem));
        }
        Ok(Some(device))
    }

    /// `true` if libtorch finds an Apple GPU.
    pub(super) fn has_mps() -> bool {
        tch::utils::has_mps()
    }

    /// Returns the number of CUDA devices that the libtorch in use finds.
    pub(super) fn num_cuda_devices() -> usize {
        load_cuda();
        tch::Cuda::device_count().max(0) as usize
    }

    /// Loads libtorch's CUDA libraries if they are installed. The program is linked only against the CPU
    /// libraries, so that it also runs without CUDA.
    fn load_cuda() {
        static LOADED: Once = Once::new();
        LOADED.call_once(|| {
            #[cfg(unix)]
            {
                use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
                // SAFETY: the library belongs to the distribution of the libtorch that is already loaded, and
                // its initialisers only register its kernels there. No function of it is called from here.
                #[allow(unsafe_code)]
                let library = unsafe { Library::open(Some("libtorch_cuda.so"), RTLD_NOW | RTLD_GLOBAL) };
                if let Ok(library) = library {
                    // The library stays loaded until the process ends.
                    std::mem::forget(library);
                }
            }
        });
    }

    /// Returns the setting that names `device`.
    pub(super) fn describe(device: Device) -> DeviceChoice {
        match device {
            Device::Cpu => DeviceChoice::Cpu,
            Device::Cuda(index) => DeviceChoice::Cuda(index),
            Device::Mps | Device::Vulkan => DeviceChoice::Mps,
        }
    }
}

/// Without libtorch, the CPU is the only device.
#[cfg(not(feature = "torch"))]
mod absent {
    use crate::config::{Config, DeviceChoice};
    use crate::error::{Error, Result};

    /// A libtorch device, of which there are none in this build.
    pub(crate) enum Device {}

    /// Returns `None`, for the CPU.
    ///
    /// # Errors
    /// [`crate::Error::NotBuiltIn`] if the setting asks for a GPU.
    pub(crate) fn choose(config: &Config, _num_nodes: usize) -> Result<Option<Device>> {
        match config.train.device {
            DeviceChoice::Cpu | DeviceChoice::Auto => Ok(None),
            device => Err(Error::not_built_in(&format!("the device {device}"), "torch")),
        }
    }

    pub(super) fn describe(device: Device) -> DeviceChoice {
        match device {}
    }

    pub(super) fn has_mps() -> bool {
        false
    }

    pub(super) fn num_cuda_devices() -> usize {
        0
    }
}
