//! The order in which blocks meet: a round-robin tournament by the circle method. In a round no block plays twice, so that
//! threads seldom wait for each other.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

/// Calls `meet` for each of `count` blocks with itself and then for every two of them, once, on all threads. A block has
/// its meetings one after the other, in the order of the rounds, and that is all that a thread waits for: not for the
/// others of a round.
pub(super) fn play(count: usize, meet: impl Fn(usize, usize) + Sync) {
    let num_over: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
    let next = AtomicUsize::new(0);
    let work = |_| {
        while let Some(Slot { round, blocks }) = slot(next.fetch_add(1, Ordering::Relaxed), count) {
            let there = || blocks.iter().flatten().map(|&block| &num_over[block]);
            // Whoever has a slot of an earlier round has begun it, and waits for still earlier ones only.
            for num_over in there() {
                while num_over.load(Ordering::Acquire) < round {
                    std::thread::yield_now();
                }
            }
            match blocks {
                [Some(a), Some(b)] => meet(a, b),
                [Some(a), None] if round == 0 => meet(a, a),
                _ => {}
            }
            there().for_each(|num_over| {
                num_over.fetch_add(1, Ordering::Release);
            });
        }
    };
    (0..rayon::current_num_threads()).into_par_iter().with_max_len(1).for_each(work);
}

/// What happens at one place of the order.
#[derive(Debug, PartialEq)]
struct Slot {
    /// Round 0 is that of each block alone.
    round: usize,
    /// The two that meet; one alone meets itself in round 0, and rests in any other.
    blocks: [Option<usize>; 2],
}

/// The slot at a place of the order for `count` blocks; none after the last.
fn slot(at: usize, count: usize) -> Option<Slot> {
    if at < count {
        return Some(Slot { round: 0, blocks: [Some(at), None] });
    }
    // With an odd number of blocks one of them rests in each round: the partner of the seat that is not there.
    let seats = count + count % 2;
    let per_round = (seats / 2).max(1);
    let (round, place) = ((at - count) / per_round, (at - count) % per_round);
    if round + 1 >= seats {
        return None;
    }
    let first = if place == 0 { seats - 1 } else { (round + place) % (seats - 1) };
    let second = (round + seats - 1 - place) % (seats - 1);
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
    fn every_two_blocks_meet_once_and_none_is_twice_in_a_round() {
        for count in 0..12 {
            let (mut met, mut busy) = (HashSet::new(), HashSet::new());
            for Slot { round, blocks } in (0..).map_while(|at| slot(at, count)) {
                assert!(blocks.iter().flatten().all(|&block| busy.insert((round, block))));
                if let [Some(a), Some(b)] = blocks {
                    assert!(met.insert((a.min(b), a.max(b))));
                }
            }
            assert_eq!(met.len(), count * count.saturating_sub(1) / 2);
            // Each is somewhere in every round, resting perhaps.
            assert_eq!(busy.len(), count * (count + count % 2));
        }
    }

    #[test]
    fn meetings_of_a_block_keep_their_order_on_many_threads() {
        let order = |num_threads: usize| {
            let of_blocks: Vec<Mutex<Vec<usize>>> = (0..9).map(|_| Mutex::default()).collect();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(num_threads).build().unwrap();
            pool.install(|| {
                play(9, |a, b| {
                    of_blocks[a].lock().unwrap().push(b);
                    if a != b {
                        of_blocks[b].lock().unwrap().push(a);
                    }
                });
            });
            of_blocks.into_iter().map(|order| order.into_inner().unwrap()).collect::<Vec<_>>()
        };
        let one = order(1);
        assert!(one.iter().all(|order| order.len() == 9));
        assert_eq!(order(5), one);
    }
}
