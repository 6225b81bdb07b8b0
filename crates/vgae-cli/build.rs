//! Lets the program and its tests find libtorch at run time without LD_LIBRARY_PATH, and writes the version that
//! `--version` shows.

use std::env::var;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // The library's build script says where libtorch is, unless it was built without.
    if let Ok(directory) = var("DEP_VGAE_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{directory}");
    }
    let libtorch = match var("DEP_VGAE_LIBTORCH_VERSION") {
        Ok(version) => format!("libtorch {version}"),
        Err(_) => "without libtorch".into(),
    };
    println!("cargo:rustc-env=VGAE_LIBTORCH={libtorch}");
}
