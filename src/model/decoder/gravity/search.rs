//! An exact search for the pairs with the highest gravity logits.
//!
//! A squared distance in f32, from a matrix product, tells which pairs are too far apart to be among the best.
//! The others are decoded in f64.

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use super::decode_pair;
use crate::graph::{EdgeList, Pair};
use crate::model::decoder::top::{BLOCK_COLUMNS, BLOCK_ROWS, RisingThreshold};
use crate::model::score::{ScoredPair, TopK};

/// Returns the `k` ordered pairs of distinct nodes with the highest logits that are not in `known`, highest
/// first, ties in the order of the pairs. `lambda` must be at least 0. If `known` is undirected, each of its
/// edges excludes both ordered pairs. The result is exact. O(n²·d) time, O(n·d + k) memory.
pub fn top_pairs(z: ArrayView2<f32>, k: usize, known: &EdgeList, lambda: f64) -> Vec<ScoredPair> {
    if k == 0 {
        return Vec::new();
    }
    let search = Search::new(z, lambda);
    let nodes: Vec<u32> = (0..z.nrows() as u32).collect();
    // The highest k-th best logit of any thread: no pair below it is among the overall best.
    let shared_least = RisingThreshold::default();
    nodes
        .chunks(BLOCK_ROWS)
        .par_bridge()
        .fold(
            || TopK::new(k),
            |mut best, sources| {
                for targets in search.blocks() {
                    let least = best.least().max(shared_least.get());
                    let reaches = vec![search.reach(least); sources.len()];
                    search.visit(sources, targets, &reaches, |_, pair| {
                        if known.is_candidate(pair) {
                            best.add(ScoredPair { pair, logit: decode_pair(z, pair, lambda) });
                        }
                    });
                    shared_least.raise(best.least());
                }
                best
            },
        )
        .reduce(|| TopK::new(k), TopK::merge)
        .into_sorted()
}

/// Returns, for each of `nodes` as the source, its `k` pairs with the highest logits that are candidates of
/// `known`, highest first, ties in the order of the nodes. `lambda` must be at least 0. The result is exact.
/// O(n·d) time per node, O(n·d) memory.
pub fn top_of_nodes(
    z: ArrayView2<f32>,
    nodes: &[u32],
    k: usize,
    known: &EdgeList,
    lambda: f64,
) -> Vec<Vec<ScoredPair>> {
    if k == 0 {
        return vec![Vec::new(); nodes.len()];
    }
    let search = Search::new(z, lambda);
    let best_of = |sources: &[u32]| {
        let mut best: Vec<TopK> = sources.iter().map(|_| TopK::new(k)).collect();
        for targets in search.blocks() {
            let reaches: Vec<f64> = best.iter().map(|best| search.reach(best.least())).collect();
            search.visit(sources, targets, &reaches, |at, pair| {
                if known.is_candidate(pair) {
                    best[at].add(ScoredPair { pair, logit: decode_pair(z, pair, lambda) });
                }
            });
        }
        best.into_iter().map(TopK::into_sorted).collect::<Vec<_>>()
    };
    nodes.par_chunks(BLOCK_ROWS).flat_map_iter(best_of).collect()
}

/// The embeddings, [n, d + 1], and what depends on single nodes.
struct Search<'a> {
    z: ArrayView2<'a, f32>,
    lambda: f64,
    /// ‖z_v‖² of each node, without the mass.
    squares: Vec<f64>,
    /// The largest of them.
    largest_square: f64,
    /// exp((mass_v − largest mass) / λ) of each node.
    pulls: Vec<f64>,
    largest_mass: f64,
}

impl<'a> Search<'a> {
    fn new(z: ArrayView2<'a, f32>, lambda: f64) -> Self {
        let d = z.ncols() - 1;
        let square = |row: ndarray::ArrayView1<f32>| {
            row.iter().take(d).map(|&value| f64::from(value).powi(2)).sum::<f64>()
        };
        let squares: Vec<f64> = z.rows().into_iter().map(square).collect();
        let masses = || z.column(d).into_iter().map(|&mass| f64::from(mass));
        let largest_mass = masses().fold(f64::NEG_INFINITY, f64::max);
        Search {
            z,
            lambda,
            largest_square: squares.iter().fold(0f64, |most, &square| most.max(square)),
            squares,
            pulls: masses().map(|mass| ((mass - largest_mass) / lambda).exp()).collect(),
            largest_mass,
        }
    }

    /// Returns the targets in blocks.
    fn blocks(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let n = self.z.nrows();
        (0..n).step_by(BLOCK_COLUMNS).map(move |start| start..(start + BLOCK_COLUMNS).min(n))
    }

    /// Returns the squared distance from the heaviest node beyond which no logit reaches `least`, with a margin
    /// for rounding errors. From another node v it is smaller, by the factor `pulls[v]`.
    fn reach(&self, least: f64) -> f64 {
        if least == f64::NEG_INFINITY || self.lambda == 0.0 {
            return f64::INFINITY;
        }
        let room = self.largest_mass - least + 1e-12 * (self.largest_mass.abs() + least.abs() + 1.0);
        (room / self.lambda).exp() * (1.0 + 1e-9)
    }

    /// Calls `examine` for each pair of one of `sources` and one of `targets` that may be near enough: those
    /// of the source at index i within `reaches[i]`. `examine` receives i and the pair.
    fn visit(
        &self,
        sources: &[u32],
        targets: Range<usize>,
        reaches: &[f64],
        mut examine: impl FnMut(usize, Pair),
    ) {
        let d = self.z.ncols() - 1;
        let indices: Vec<usize> = sources.iter().map(|&node| node as usize).collect();
        let left = self.z.slice(s![.., ..d]).select(Axis(0), &indices);
        let right = self.z.slice(s![targets.clone(), ..d]);
        let mut products = Array2::<f32>::zeros((sources.len(), targets.len()));
        general_mat_mul(1.0, &left, &right.t(), 0.0, &mut products);
        let (squares, pulls) = (&self.squares[targets.clone()], &self.pulls[targets.clone()]);
        for ((at, &source), products) in sources.iter().enumerate().zip(products.rows()) {
            let (own, reach) = (self.squares[source as usize], reaches[at]);
            // The squared distance is ‖u‖² + ‖v‖² − 2u·v with u·v in f32, whose error is at most d·2⁻²⁴·|u|·|v|
            // to first order (Higham 2002, eq. 3.5). Twice that bound is taken, for each of the two products.
            let slack = 4.0 * d as f64 / f64::from(1 << 24) * (own * self.largest_square).sqrt();
            for ((target, &product), (&square, &pull)) in
                targets.clone().zip(products).zip(squares.iter().zip(pulls))
            {
                let distance = own + square - 2.0 * f64::from(product);
                // A limit that is not a number, infinity times zero, excludes nothing.
                let is_too_far = distance - slack > reach * pull;
                if !is_too_far {
                    examine(at, (source, target as u32));
                }
            }
        }
    }
}
