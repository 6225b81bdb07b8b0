//! Lets the tests find libtorch at run time without LD_LIBRARY_PATH.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // The build script of the library sets this variable if the library is built with libtorch.
    if let Ok(directory) = std::env::var("DEP_VGAE_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{directory}");
    }
}
