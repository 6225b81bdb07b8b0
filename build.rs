//! Sets the run path of the tests, so that they find libtorch without LD_LIBRARY_PATH, and passes the version
//! of libtorch to the library and its dependents. Does nothing without the feature `torch`.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let Ok(directory) = std::env::var("DEP_TCH_LIBTORCH_LIB") else { return };
    println!("cargo:rustc-link-arg=-Wl,-rpath,{directory}");
    // The build scripts of dependent crates read these as DEP_VGAE_LIBTORCH_LIB and
    // DEP_VGAE_LIBTORCH_VERSION.
    println!("cargo:libtorch_lib={directory}");
    let file = Path::new(&directory).join("../build-version");
    // The version of tch in Cargo.toml is made for libtorch 2.11.0.
    let version = std::fs::read_to_string(file).unwrap_or_else(|_| "2.11.0".into());
    println!("cargo:libtorch_version={}", version.trim());
    println!("cargo:rustc-env=VGAE_LIBTORCH_VERSION={}", version.trim());
}
