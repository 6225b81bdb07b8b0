//! The `vgae` command: a thin layer over the library.

mod cli;

/// Training makes and frees the same large matrices in every epoch; the system's allocator would hand them back
/// each time, and two threads that touch fresh pages wait for each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main()
}
