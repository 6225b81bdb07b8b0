//! The threads that compute: rayon's pool, and the calling thread for libtorch.
//!
//! **Same bits.** On the CPU, a seed gives bit-identical splits, weights, embeddings, metrics and scores on
//! any number of threads, because the order of every sum depends only on the data. This holds for one version
//! of this crate, on processors with the same vector width (AVX-512, AVX2, none). On other processors and on a
//! GPU, the last digits may differ. `vgae reproduce` checks this.

/// The role of the thread that calls [`use_threads`] from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// It computes until the process ends, like `main` of a program that trains and exits. It joins the pool,
    /// which saves the cost of handing work over and waiting. Work assigned to it is not done while it waits
    /// for something else or after it has ended.
    Computes,
    /// It waits for others or may end, as in a server or a test. It stays outside the pool.
    Waits,
}

/// Makes this process compute on `count` threads, or on one thread per core if `count` is 0. Call it once,
/// before anything else.
///
/// This crate's own kernels do the heavy work on rayon's threads. libtorch does so little that its own
/// threads, which spin while they wait, would cost more than they save.
///
/// # Examples
/// ```
/// use vgae::system::threads::{Caller, use_threads};
///
/// use_threads(2, Caller::Waits);
/// ```
pub fn use_threads(count: usize, caller: Caller) {
    #[cfg(feature = "torch")]
    tch::set_num_threads(1);
    let mut pool = rayon::ThreadPoolBuilder::new().num_threads(count);
    if caller == Caller::Computes {
        pool = pool.use_current_thread();
    }
    // If the caller's program has already built a pool, that pool stays in use.
    let _ = pool.build_global();
}
