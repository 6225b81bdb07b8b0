//! The `vgae` command: a thin layer over the library.

mod cli;

/// Training allocates and frees the same large matrices in every epoch. The system allocator would return the
/// memory each time, and threads that touch fresh pages wait for each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main()
}
