//! Lets the binary and the tests find libtorch at run time without LD_LIBRARY_PATH, and tells them its version.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // torch-sys says where it found libtorch, however that was chosen; its own tch is made for 2.11.0.
    let mut version = "2.11.0".to_string();
    if let Ok(directory) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{directory}");
        // A crate that depends on this one finds it as DEP_VGAE_LIBTORCH_LIB, and needs it for the same.
        println!("cargo:libtorch_lib={directory}");
        let file = Path::new(&directory).join("../build-version");
        if let Ok(text) = std::fs::read_to_string(file) {
            version = text.trim().to_string();
        }
    }
    println!("cargo:rustc-env=VGAE_LIBTORCH_VERSION={version}");
}
