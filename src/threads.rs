//! Who computes: rayon's threads, and libtorch on the thread that calls it.

/// Makes this process compute on `count` threads, or on one for each core where `count` is 0. To be called
/// once, before anything else.
///
/// The heavy work is done by this crate's own kernels on rayon's threads. What is left to libtorch is so small
/// that its own threads, which spin while they wait, would cost more than they give.
///
/// # Examples
/// ```
/// vgae::threads::use_threads(2);
/// ```
pub fn use_threads(count: usize) {
    tch::set_num_threads(1);
    // A pool that is there already was made by the caller's program, which then decides.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(count).use_current_thread().build_global();
}
