//! A round-robin schedule of block pairs: it covers every pair of blocks in rounds, in which no two pairs
//! share a block. The tasks of a round therefore write to disjoint rows, and threads rarely wait for each
//! other. The pairs of a round follow the circle method for round-robin tournaments.
//!
//! It is written by hand because rayon has no construct that runs tasks in parallel but keeps the order of
//! those that write to the same rows, which makes the floating-point sums bit-identical for any number of
//! threads.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

/// Calls `visit` for each of `count` blocks with itself, and then once for every pair of blocks, on all
/// threads. The calls that involve the same block run one after the other, in the order of the rounds. A
/// thread waits only for earlier calls that involve its own blocks, not for the rest of a round.
pub(super) fn for_each_pair(count: usize, visit: impl Fn(usize, usize) + Sync) {
    // For each block, the number of rounds that it has completed.
    let num_completed: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
    let next = AtomicUsize::new(0);
    let work = |_| {
        while let Some(Slot { round, blocks }) = slot(next.fetch_add(1, Ordering::Relaxed), count) {
            let counters = || blocks.iter().flatten().map(|&block| &num_completed[block]);
            // This cannot deadlock: slots are taken in order, so that every earlier slot is finished or held
            // by a thread, which itself waits only for still earlier slots.
            for num_completed in counters() {
                while num_completed.load(Ordering::Acquire) < round {
                    std::thread::yield_now();
                }
            }
            match blocks {
                [Some(a), Some(b)] => visit(a, b),
                [Some(a), None] if round == 0 => visit(a, a),
                _ => {}
            }
            counters().for_each(|num_completed| {
                num_completed.fetch_add(1, Ordering::Release);
            });
        }
    };
    (0..rayon::current_num_threads()).into_par_iter().with_max_len(1).for_each(work);
}

/// One entry of the schedule.
#[derive(Debug, PartialEq)]
struct Slot {
    /// The round; in round 0 each block is paired with itself.
    round: usize,
    /// The two blocks of the pair. A single block is paired with itself in round 0, and idle in any other
    /// round.
    blocks: [Option<usize>; 2],
}

/// Returns the slot at index `at` of the schedule for `count` blocks; `None` after the last.
fn slot(at: usize, count: usize) -> Option<Slot> {
    if at < count {
        return Some(Slot { round: 0, blocks: [Some(at), None] });
    }
    // With an odd number of blocks, one seat is empty, and the block paired with it is idle in that round.
    let seats = count + count % 2;
    let per_round = (seats / 2).max(1);
    let (round, table) = ((at - count) / per_round, (at - count) % per_round);
    if round + 1 >= seats {
        return None;
    }
    let first = if table == 0 { seats - 1 } else { (round + table) % (seats - 1) };
    let second = (round + seats - 1 - table) % (seats - 1);
    let mut blocks = [first, second].map(|seat| (seat < count).then_some(seat));
    blocks.sort_unstable_by_key(Option::is_none);
    Some(Slot { round: round + 1, blocks })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn every_pair_of_blocks_occurs_once_and_no_block_twice_in_a_round() {
        for count in 0..12 {
            let (mut pairs, mut busy) = (HashSet::new(), HashSet::new());
            for Slot { round, blocks } in (0..).map_while(|at| slot(at, count)) {
                assert!(blocks.iter().flatten().all(|&block| busy.insert((round, block))));
                if let [Some(a), Some(b)] = blocks {
                    assert!(pairs.insert((a.min(b), a.max(b))));
                }
            }
            assert_eq!(pairs.len(), count * count.saturating_sub(1) / 2);
            // Each block occurs in every round, possibly idle.
            assert_eq!(busy.len(), count * (count + count % 2));
        }
    }

    #[test]
    fn the_partners_of_a_block_keep_their_order_on_many_threads() {
        let order = |num_threads: usize| {
            let partners: Vec<Mutex<Vec<usize>>> = (0..9).map(|_| Mutex::default()).collect();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(num_threads).build().unwrap();
            pool.install(|| {
                for_each_pair(9, |a, b| {
                    partners[a].lock().unwrap().push(b);
                    if a != b {
                        partners[b].lock().unwrap().push(a);
                    }
                });
            });
            partners.into_iter().map(|order| order.into_inner().unwrap()).collect::<Vec<_>>()
        };
        let one = order(1);
        assert!(one.iter().all(|order| order.len() == 9));
        assert_eq!(order(5), one);
    }
}
