//! Who computes: rayon's threads, and libtorch on the thread that calls it.
//!
//! **Same bits.** On the CPU a seed gives the same split, weights, embeddings, metrics and scores, to the bit, for any number
//! of threads: every sum is taken in an order that the data alone decides. That holds for one version of this crate and of
//! libtorch on processors of one vector width (AVX-512, AVX2, none) and, for a vae, whose sums are libtorch's, of one kind;
//! elsewhere, and on a GPU, the last digits may differ. `vgae reproduce` tells.

/// What the thread that calls [`use_threads`] does afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// It computes for as long as the process does, as `main` of a program that trains and ends: it is one of the threads,
    /// which saves it from handing its work over and waiting. Work left to it while it waits for anything else, or after it
    /// has ended, is not done.
    Computes,
    /// It waits for others or may end, as in a server or a test: the threads are apart from it.
    Waits,
}

/// Makes this process compute on `count` threads, or on one for each core where `count` is 0. To be called
/// once, before anything else.
///
/// The heavy work is done by this crate's own kernels on rayon's threads. What is left to libtorch is so small
/// that its own threads, which spin while they wait, would cost more than they give.
///
/// # Examples
/// ```
/// use vgae::system::threads::{Caller, use_threads};
///
/// use_threads(2, Caller::Waits);
/// ```
pub fn use_threads(count: usize, caller: Caller) {
    tch::set_num_threads(1);
    let mut pool = rayon::ThreadPoolBuilder::new().num_threads(count);
    if caller == Caller::Computes {
        pool = pool.use_current_thread();
    }
    // A pool that is there already was made by the caller's program, which then decides.
    let _ = pool.build_global();
}
