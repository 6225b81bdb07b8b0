//! Scores from which other nodes a node's features are like.

use std::sync::Arc;

use ndarray::Array1;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::adjacency::Adjacency;
use super::by_source::{Block, BlockScore, Query};
use super::rows::Rows;
use super::topology::NodeValues;
use crate::graph::{EdgeList, Pair};
use crate::model::score::{ScoredPair, TopK, rows_at_once};

/// The number of nodes that are most similar to a node.
const NUM_SIMILAR: usize = 10;
/// The most nodes among which the similar ones are looked for; in a larger graph as many nodes, evenly spaced.
const MAX_COMPARED: usize = 20_000;

/// The nodes that are most similar to each node, by cosine.
pub(super) struct Similar {
    /// The mean cosine of each node with the ten nodes most similar to it, \[n\].
    pub(super) hubness: Vec<f64>,
    /// The edges between each node and these.
    pub(super) edges: EdgeList,
}

impl Similar {
    /// Compares the rows of all nodes. O(n²·k) time for k entries a row, up to 20,000 nodes.
    pub(super) fn new(rows: &Rows) -> Self {
        let n = rows.len();
        let step = n.div_ceil(MAX_COMPARED).max(1);
        let nodes: Vec<u32> = (0..n as u32).collect();
        let found: Vec<(f64, Vec<Pair>)> = nodes
            .par_chunks(rows_at_once(n))
            .flat_map_iter(|nodes| {
                let cosines = rows.dot_all(&rows.select(nodes));
                let nearest = |(&node, cosines): (&u32, &[f64])| {
                    let mut nearest = TopK::new(NUM_SIMILAR);
                    for other in (0..n).step_by(step).filter(|&other| other != node as usize) {
                        if cosines[other] > 0.0 {
                            nearest.add(ScoredPair { pair: (node, other as u32), logit: cosines[other] });
                        }
                    }
                    let nearest = nearest.into_sorted();
                    let sum: f64 = nearest.iter().map(|scored| scored.logit).sum();
                    (sum / NUM_SIMILAR as f64, nearest.iter().map(|scored| scored.pair).collect())
                };
                nodes.iter().zip(cosines.chunks_exact(n)).map(nearest).collect::<Vec<_>>()
            })
            .collect();
        let (hubness, pairs): (Vec<f64>, Vec<Vec<Pair>>) = found.into_iter().unzip();
        Similar { hubness, edges: EdgeList::new(n, pairs.concat(), None).0 }
    }

    /// Scores a pair by the sum of both nodes' hubness.
    pub(super) fn hubness_sum(&self) -> NodeValues {
        NodeValues::new(self.hubness.clone(), |u, v| u + v)
    }
}

/// The best match between one node and a neighbour of the other: the mean over both directions of
/// max cos(x_u, x_w) over w in N(v), 0 without neighbours.
pub(super) struct BestMatch {
    rows: Arc<Rows>,
    adjacency: Arc<Adjacency>,
}

impl BestMatch {
    pub(super) fn new(rows: &Arc<Rows>, adjacency: &Arc<Adjacency>) -> Self {
        BestMatch { rows: Arc::clone(rows), adjacency: Arc::clone(adjacency) }
    }

    fn best(&self, node: usize, neighbours_of: usize) -> f64 {
        let cosines =
            self.adjacency.neighbours(neighbours_of).iter().map(|&w| self.rows.dot_nodes(node, w as usize));
        cosines.fold(0.0, f64::max)
    }
}

/// The number of neighbours of a first node whose cosines are found together.
const MATCHES: usize = 16;
/// A first node with fewer pairs than this is not worth a table of its neighbours.
const MIN_QUERIES: usize = 4;

/// The rows of up to [`MATCHES`] neighbours of a node side by side, [k, neighbours].
struct Table {
    values: Vec<[f32; MATCHES]>,
    /// The columns that are not empty.
    columns: Vec<usize>,
}

impl Table {
    /// Writes the rows of `nodes`, which are stored sparsely, instead of those before.
    fn fill(&mut self, rows: &Rows, nodes: &[u32]) {
        for column in self.columns.drain(..) {
            self.values[column] = [0.0; MATCHES];
        }
        for (at, &node) in nodes.iter().enumerate() {
            for (column, value) in rows.nonzeros(node as usize).into_iter().flatten() {
                self.values[column][at] = value;
                self.columns.push(column);
            }
        }
    }
}

/// Finds the largest cosine of the row of each query with those in a table.
struct BestInTable<'a> {
    rows: &'a Rows,
    table: &'a Table,
    queries: &'a [Query],
    best: &'a mut [f64],
}

impl WithSimd for BestInTable<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (query, best) in self.queries.iter().zip(self.best) {
            let mut sums = [0f64; MATCHES];
            for (column, value) in self.rows.nonzeros(query.target as usize).into_iter().flatten() {
                for (sum, &other) in sums.iter_mut().zip(&self.table.values[column]) {
                    *sum += f64::from(value) * f64::from(other);
                }
            }
            *best = sums.iter().fold(*best, |most, &sum| most.max(sum));
        }
    }
}

impl BestMatch {
    /// Returns the same as `best` both ways for each of the `queries` of the first node `u`, with the work for u done
    /// once. `own` and `table` are scratch space.
    fn best_of_source(
        &self,
        u: usize,
        queries: &[Query],
        own: &mut Array1<f32>,
        table: &mut Table,
    ) -> Vec<f64> {
        let neighbours_of = |query: &Query| self.adjacency.neighbours(query.target as usize);
        let num_matches: usize = queries.iter().map(|query| neighbours_of(query).len()).sum();
        // The cosines with all nodes cost less than those with many.
        let all = self
            .rows
            .is_cheaper_for_all(u, num_matches)
            .then(|| self.rows.dot_all(&self.rows.select(&[u as u32])));
        self.rows.write_to(u, own.as_slice_mut().expect("a row is contiguous"));
        let best_of = |query: &Query| match &all {
            Some(all) => neighbours_of(query).iter().fold(0.0, |most: f64, &w| most.max(all[w as usize])),
            None => neighbours_of(query)
                .iter()
                .fold(0.0, |most: f64, &w| most.max(self.rows.dot(w as usize, &own.view()))),
        };
        let of_targets: Vec<f64> = queries.iter().map(best_of).collect();
        let mut across = vec![0f64; queries.len()];
        for neighbours in self.adjacency.neighbours(u).chunks(MATCHES) {
            table.fill(&self.rows, neighbours);
            Arch::new().dispatch(BestInTable { rows: &self.rows, table, queries, best: &mut across });
        }
        of_targets.iter().zip(across).map(|(own, across)| 0.5 * (own + across)).collect()
    }
}

impl BlockScore for BestMatch {
    fn scores(&self, block: &Block) -> Vec<f64> {
        let mut scores = Vec::with_capacity(block.queries.len());
        let num_columns = self.rows.num_columns();
        let (mut own, mut table) =
            (Array1::zeros(num_columns), Table { values: Vec::new(), columns: Vec::new() });
        for (u, queries) in block.by_source() {
            if queries.len() < MIN_QUERIES || self.rows.nonzeros(u).is_none() {
                scores.extend(queries.iter().map(|query| {
                    let v = query.target as usize;
                    0.5 * (self.best(u, v) + self.best(v, u))
                }));
                continue;
            }
            table.values.resize(num_columns, [0.0; MATCHES]);
            scores.extend(self.best_of_source(u, queries, &mut own, &mut table));
        }
        scores
    }

    fn rows(&self, sources: &[u32], num_nodes: usize) -> Vec<f64> {
        let cosines_of = |nodes: &[u32]| self.rows.dot_all(&self.rows.select(nodes));
        let own = cosines_of(sources);
        let mut scores = Vec::with_capacity(own.len());
        for (&source, own) in sources.iter().zip(own.chunks_exact(num_nodes)) {
            let mut across = vec![0f64; num_nodes];
            for neighbours in self.adjacency.neighbours(source as usize).chunks(rows_at_once(num_nodes)) {
                for cosines in cosines_of(neighbours).chunks_exact(num_nodes) {
                    across.iter_mut().zip(cosines).for_each(|(most, &cosine)| *most = most.max(cosine));
                }
            }
            scores.extend(across.iter().enumerate().map(|(node, across)| {
                let neighbours = self.adjacency.neighbours(node).iter();
                0.5 * (neighbours.fold(0.0, |most: f64, &w| most.max(own[w as usize])) + across)
            }));
        }
        scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Features;

    #[test]
    fn similar_nodes_have_a_positive_cosine() {
        let features = Features::from(ndarray::array![[1f32, 0.0], [1.0, 1.0], [0.0, 2.0], [-1.0, 0.0]]);
        let rows = Rows::normalized(features.to_sparse().into_owned());
        let similar = Similar::new(&rows);
        assert_eq!(similar.edges.pairs(), [(0, 1), (1, 2)]);
        // cos(0, 1) = cos(1, 2) = √½, the mean is over ten nodes.
        for (found, expected) in similar.hubness.iter().zip([1.0, 2.0, 1.0, 0.0]) {
            assert!((found - expected * 0.5f64.sqrt() / 10.0).abs() < 1e-7, "{found}");
        }
    }

    #[test]
    fn best_matches_of_many_pairs_are_those_of_single_ones() {
        let n = 60u32;
        let features = Features::from(ndarray::Array2::from_shape_fn((n as usize, 300), |(node, column)| {
            let hash = (node * node + 3 * node * column + column * column) % 23;
            if hash < 2 { (column % 9) as f32 - 2.0 } else { 0.0 }
        }));
        let rows = Arc::new(Rows::normalized(features.to_sparse().into_owned()));
        // Node 0 has more neighbours than a table holds, and the last one none.
        let pairs = (1..40).map(|v| (0, v)).chain((1..n - 4).map(|u| (u, u + 3))).collect();
        let adjacency = Arc::new(Adjacency::new(&EdgeList::new(n as usize, pairs, None).0));
        let score = BestMatch::new(&rows, &adjacency);
        let scores_of = |sources: Vec<u32>, targets: std::ops::Range<u32>| {
            let places = 0..sources.len() as u32;
            let queries =
                places.flat_map(|source| targets.clone().map(move |target| Query { source, target }));
            score.scores(&Block::new(sources, queries.collect()))
        };
        let together = scores_of((0..n).collect(), 0..n);
        assert!(together.iter().filter(|&&score| score > 0.0).count() > 200);
        for (at, &found) in together.iter().enumerate() {
            let (u, v) = (at as u32 / n, at as u32 % n);
            assert_eq!(vec![found], scores_of(vec![u], v..v + 1), "{u}, {v}");
        }
    }
}
