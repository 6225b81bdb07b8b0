//! Lets the tests find libtorch at run time without LD_LIBRARY_PATH.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // The library's build script says where libtorch is; nothing where it was built without.
    if let Ok(directory) = std::env::var("DEP_VGAE_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{directory}");
    }
}
