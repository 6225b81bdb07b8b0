//! Sorts on all threads.
//!
//! It is written by hand, because the standard library's sort takes about half the time of rayon's: sorting
//! parts with it is faster on few threads.

use std::cmp::Ordering;
use std::ops::Range;

/// The fewest items that are worth splitting between two threads.
const ITEMS_PER_TASK: usize = 1 << 14;

/// Sorts m `items`. Items that compare equal must be identical, so that the result does not depend on the
/// number of threads. O(m log m) time, without extra memory.
pub(crate) fn sort_by<T: Send>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering + Sync) {
    sort_parts(items, &compare, rayon::current_num_threads());
}

/// Partitions the items into a lower and an upper half until each thread has a part, and sorts the parts. A
/// single thread does the first partition.
fn sort_parts<T: Send>(items: &mut [T], compare: &(impl Fn(&T, &T) -> Ordering + Sync), num_threads: usize) {
    if num_threads < 2 || items.len() < ITEMS_PER_TASK {
        return items.sort_unstable_by(compare);
    }
    let (lower, _, upper) = items.select_nth_unstable_by(items.len() / 2, compare);
    let num_threads = num_threads.div_ceil(2);
    rayon::join(|| sort_parts(lower, compare, num_threads), || sort_parts(upper, compare, num_threads));
}

/// The most blocks that [`Buckets`] makes: few enough that the ends of all blocks stay in the cache while items
/// are distributed, and enough that, of millions of items, a block fits in the cache afterwards.
const MAX_BLOCKS: usize = 1024;

/// Items in blocks by node. All blocks have equally many nodes, lower nodes come first, and the items of a
/// block keep their order.
pub(crate) struct Buckets<T> {
    items: Vec<T>,
    /// The number of items in each block.
    lengths: Vec<usize>,
    nodes_per_block: usize,
    num_nodes: usize,
}

impl<T: Copy + Default> Buckets<T> {
    /// Distributes m `items` to blocks by `node`, which is below `num_nodes`. O(m) time and memory.
    pub(crate) fn new(
        items: impl Iterator<Item = T> + Clone,
        node: impl Fn(&T) -> u32,
        num_nodes: usize,
    ) -> Self {
        let nodes_per_block = num_nodes.div_ceil(MAX_BLOCKS).max(1);
        let block = |item: &T| node(item) as usize / nodes_per_block;
        let mut lengths = vec![0usize; num_nodes.div_ceil(nodes_per_block)];
        items.clone().for_each(|item| lengths[block(&item)] += 1);
        let mut num_items = 0;
        let mut next: Vec<usize> = Vec::with_capacity(lengths.len());
        for length in &lengths {
            next.push(num_items);
            num_items += length;
        }
        let mut dealt = vec![T::default(); num_items];
        for item in items {
            let next = &mut next[block(&item)];
            dealt[*next] = item;
            *next += 1;
        }
        Buckets { items: dealt, lengths, nodes_per_block, num_nodes }
    }

    /// Returns the nodes and the items of each block.
    pub(crate) fn blocks(&mut self) -> Vec<(Range<usize>, &mut [T])> {
        let mut rest = self.items.as_mut_slice();
        let mut blocks = Vec::with_capacity(self.lengths.len());
        for (block, &length) in self.lengths.iter().enumerate() {
            let (items, others) = rest.split_at_mut(length);
            rest = others;
            let first = block * self.nodes_per_block;
            blocks.push((first..(first + self.nodes_per_block).min(self.num_nodes), items));
        }
        blocks
    }

    /// Returns all items, block after block.
    pub(crate) fn into_items(self) -> Vec<T> {
        self.items
    }
}
