//! The `vgae` command.

/// Training allocates and frees the same large matrices in every epoch. The system's allocator would return them to
/// the kernel each time, and threads that touch fresh pages wait for each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    vgae_cli::main()
}
