//! The reconstruction loss over all pairs of a random subset of the nodes.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::ExactReconstruction;
use super::neighbours::Neighbours;
use crate::graph::{EdgeList, Pair};

/// The number of nodes that share one stream of random numbers, whatever the number of threads.
const NODES_PER_TASK: usize = 4096;
/// The position of a node that was not drawn.
const ABSENT: u32 = u32::MAX;

/// A loss on random subgraphs: the stochastic subgraph decoding of FastGAE (Salha et al. 2021, *FastGAE:
/// Scalable Graph Autoencoders with Stochastic Subgraph Decoding*, section 3). Each epoch draws nodes without
/// replacement, with probabilities proportional to their degrees (the paper's α = 1). The loss is the exact
/// loss of the subgraph that they induce; in a bipartite graph, over its pairs of a source and a target.
/// Departure: pos_weight and norm are those of the subgraph, not those of the graph, because nodes of high
/// degree are joined by more edges than others.
pub struct SubgraphReconstruction {
    neighbours: Neighbours,
    num_sources: Option<usize>,
    num_drawn: usize,
}

/// The subgraph of one epoch.
pub struct Subgraph {
    /// The drawn nodes, ascending.
    nodes: Vec<u32>,
    num_nodes: usize,
    loss: ExactReconstruction,
}

impl SubgraphReconstruction {
    /// Builds the loss of the training edges `train`. Each draw takes `num_drawn` nodes, or all nodes with
    /// edges if there are fewer.
    pub fn new(train: &EdgeList, num_drawn: usize) -> Self {
        let neighbours = Neighbours::new(train.pairs(), train.num_nodes());
        SubgraphReconstruction { neighbours, num_sources: train.num_sources(), num_drawn }
    }

    /// Builds the same loss with the term of each edge of `train` multiplied by its entry of `weights`, m
    /// numbers, such as [`relative_weights`](super::relative_weights).
    pub fn weighted(train: &EdgeList, num_drawn: usize, weights: &[f32]) -> Self {
        let plain = Self::new(train, num_drawn);
        SubgraphReconstruction { neighbours: plain.neighbours.weighted(train.pairs(), weights), ..plain }
    }

    /// Seeds the subgraph of one epoch. At most O(n + m) time. The result is identical for any number of
    /// threads.
    pub fn draw(&self, rng: &mut impl Rng) -> Subgraph {
        let num_nodes = self.neighbours.num_nodes();
        let nodes = self.draw_nodes(rng.random());
        let mut position = vec![ABSENT; num_nodes];
        for (at, &node) in nodes.iter().enumerate() {
            position[node as usize] = at as u32;
        }
        let edges: Vec<(Pair, f32)> = nodes
            .par_iter()
            .enumerate()
            .flat_map_iter(|(at, &node)| {
                let others = self.neighbours.of_node(node as usize);
                let weights = self.neighbours.weights_of_node(node as usize);
                let position = &position;
                (0..others.len()).filter_map(move |k| {
                    let other = position[others[k] as usize];
                    let is_edge = other != ABSENT && at < other as usize;
                    is_edge.then(|| ((at as u32, other), weights.map_or(1.0, |weights| weights[k])))
                })
            })
            .collect();
        let (pairs, weights): (Vec<Pair>, Vec<f32>) = edges.into_iter().unzip();
        let is_weighted = self.neighbours.weights_of_node(0).is_some();
        let (edges, _) = EdgeList::new(nodes.len(), pairs, is_weighted.then_some(weights));
        let edges = match self.num_sources {
            None => edges,
            Some(num_sources) => {
                let num_drawn = nodes.partition_point(|&node| (node as usize) < num_sources);
                edges.across_kinds(num_drawn).expect("every edge joins a source and a target")
            }
        };
        let loss = match edges.weights() {
            None => ExactReconstruction::new(&edges),
            Some(weights) => ExactReconstruction::weighted(&edges, weights),
        };
        Subgraph { nodes, num_nodes, loss }
    }

    /// Returns the nodes with the smallest E / degree, where E is an exponential random number (Efraimidis &
    /// Spirakis 2006, *Weighted random sampling with a reservoir*). rand's weighted sampling runs on a single
    /// thread; this uses all threads with the same result for any number of them.
    fn draw_nodes(&self, seed: u64) -> Vec<u32> {
        let num_nodes = self.neighbours.num_nodes();
        let starts: Vec<usize> = (0..num_nodes).step_by(NODES_PER_TASK).collect();
        let mut keys: Vec<(f64, u32)> = starts
            .into_par_iter()
            .flat_map_iter(|start| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream((start / NODES_PER_TASK) as u64);
                (start..(start + NODES_PER_TASK).min(num_nodes)).map(move |node| {
                    let degree = self.neighbours.of_node(node).len() as f64;
                    (-(1.0 - rng.random::<f64>()).ln() / degree, node as u32)
                })
            })
            .collect();
        // The key of a node without edges is infinite or NaN.
        keys.retain(|(key, _)| key.is_finite());
        if self.num_drawn < keys.len() {
            keys.select_nth_unstable_by(self.num_drawn, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            keys.truncate(self.num_drawn);
        }
        let mut nodes: Vec<u32> = keys.into_iter().map(|(_, node)| node).collect();
        nodes.sort_unstable();
        nodes
    }
}

impl Subgraph {
    /// Returns the loss at `z`, [n, d] row by row, and its gradient, [n, d], which is 0 for nodes that were
    /// not drawn. O(k²·d) time for k drawn nodes.
    pub fn value_and_gradient(&self, z: &[f32], d: usize) -> (f64, Vec<f32>) {
        let mut gradient = vec![0f32; self.num_nodes * d];
        (self.value_and_gradient_into(z, d, &mut gradient), gradient)
    }

    /// Does the same as [`Subgraph::value_and_gradient`], but writes the gradient to `gradient`.
    pub(crate) fn value_and_gradient_into(&self, z: &[f32], d: usize, gradient: &mut [f32]) -> f64 {
        let rows = |node: u32| node as usize * d..(node as usize + 1) * d;
        let own: Vec<f32> = self.nodes.iter().flat_map(|&node| &z[rows(node)]).copied().collect();
        let (value, own_gradient) = self.loss.value_and_gradient(&own, d);
        gradient.fill(0.0);
        for (&node, row) in self.nodes.iter().zip(own_gradient.chunks_exact(d)) {
            gradient[rows(node)].copy_from_slice(row);
        }
        value
    }
}
