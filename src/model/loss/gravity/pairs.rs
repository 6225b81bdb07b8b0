//! Sums over lists of ordered pairs of the costs of their gravity logits.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::graph::Pair;
use crate::kernels::simd::{VectorRanges, ln};
use crate::model::decoder::gravity::DISTANCE_OFFSET;
use crate::model::loss::incidence::Incidence;
use crate::model::loss::neighbours::{Cost, costs};

/// The number of pairs whose costs one task computes, whatever the number of threads.
const PAIRS_PER_TASK: usize = 4096;
/// The number of nodes whose gradient one task sums.
const NODES_PER_TASK: usize = 128;

/// The embeddings of all nodes, for the logits mass_v − λ ln(‖z_u − z_v‖² + 0.01) of pairs (u, v).
#[derive(Clone, Copy)]
pub(in crate::model::loss) struct Bodies<'a> {
    /// The embeddings, [n, width] row by row, with the mass in the last column.
    pub(in crate::model::loss) z: &'a [f32],
    pub(in crate::model::loss) width: usize,
    pub(in crate::model::loss) lambda: f64,
}

/// A list of ordered pairs.
pub(in crate::model::loss) struct PairList<'a> {
    /// The pairs, which may be repeated.
    pub(in crate::model::loss) pairs: &'a [Pair],
    /// The weight of each pair; `None` if all are 1.
    pub(in crate::model::loss) weights: Option<&'a [f32]>,
    /// The pairs of each node.
    pub(in crate::model::loss) incidence: &'a Incidence,
}

impl<'a> Bodies<'a> {
    /// Returns the sum of the costs of `list`, adds its gradient to `gradient`, [n, width], and then multiplies
    /// that by `factor`. O(m·d) time and O(m) memory for m pairs. The result is bit-identical for any number
    /// of threads.
    pub(in crate::model::loss) fn add_pairs(
        &self,
        list: &PairList,
        cost: Cost,
        factor: f32,
        gradient: &mut [f32],
    ) -> f64 {
        let arch = Arch::new();
        let mut forces = vec![Force::default(); list.pairs.len()];
        let sums: Vec<f64> = forces
            .par_chunks_mut(PAIRS_PER_TASK)
            .enumerate()
            .map(|(task, forces)| {
                let places = task * PAIRS_PER_TASK..task * PAIRS_PER_TASK + forces.len();
                let weights = list.weights.map(|weights| &weights[places.clone()]);
                let pairs = &list.pairs[places];
                arch.dispatch(ForcesOfPairs { bodies: *self, pairs, weights, cost, forces })
            })
            .collect();
        gradient.par_chunks_mut(NODES_PER_TASK * self.width).enumerate().for_each(|(task, gradient)| {
            let first = task * NODES_PER_TASK;
            arch.dispatch(GradientsOfNodes { bodies: *self, list, forces: &forces, first, factor, gradient });
        });
        sums.iter().sum()
    }

    /// Returns the sum of the costs of all nodes with themselves, all of weight 1, and adds its gradient to
    /// `gradient`, [n, width]. O(n·d) time.
    pub(in crate::model::loss) fn add_loops(&self, cost: Cost, gradient: &mut [f32]) -> f64 {
        let mass = self.width - 1;
        let rows = self.z.par_chunks(NODES_PER_TASK * self.width);
        let sums: Vec<f64> = rows
            .zip(gradient.par_chunks_mut(NODES_PER_TASK * self.width))
            .map(|(rows, gradient)| {
                let rows = rows.chunks_exact(self.width);
                let terms = rows.zip(gradient.chunks_exact_mut(self.width)).map(|(row, gradient)| {
                    // The distance is 0, unless a coordinate is not finite.
                    let distance: f32 = row[..mass].iter().map(|&value| 0.0 * value).sum();
                    let distance = f64::from(distance) + DISTANCE_OFFSET;
                    let x = f64::from(row[mass]) - self.lambda * distance.ln();
                    let (value, slope) = cost.of_logit(x, 1.0);
                    gradient[mass] += slope as f32;
                    value
                });
                terms.sum()
            })
            .collect();
        sums.iter().sum()
    }

    fn row(&self, node: usize) -> &'a [f32] {
        &self.z[node * self.width..(node + 1) * self.width]
    }
}

/// What a pair (u, v) adds to the gradient.
#[derive(Clone, Copy, Default)]
struct Force {
    /// The derivative of the cost with respect to the logit, and so to the mass of v.
    slope: f32,
    /// The factor of z_u − z_v in the gradient of z_u, and of z_v − z_u in that of z_v.
    pull: f32,
}

/// Some pairs, whose forces are computed. The output is the sum of their costs.
struct ForcesOfPairs<'a> {
    bodies: Bodies<'a>,
    pairs: &'a [Pair],
    weights: Option<&'a [f32]>,
    cost: Cost,
    forces: &'a mut [Force],
}

impl WithSimd for ForcesOfPairs<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let ForcesOfPairs { bodies, pairs, weights, cost, forces } = self;
        let mass = bodies.width - 1;
        let mut distances = vec![0f32; pairs.len()];
        for (distance, &(u, v)) in distances.iter_mut().zip(pairs) {
            let (source, target) = (bodies.row(u as usize), bodies.row(v as usize));
            *distance = squared_distance(simd, &source[..mass], &target[..mass]) + DISTANCE_OFFSET as f32;
        }
        let mut numbers: Vec<f32> = pairs.iter().map(|&(_, v)| bodies.row(v as usize)[mass]).collect();
        let lambda = bodies.lambda as f32;
        for (number, &distance) in numbers.iter_mut().zip(&distances) {
            // `ln` gives infinity and NaN a finite logarithm; the second term passes them on.
            *number -= lambda * ln(distance) + 0.0 * distance;
        }
        let total = costs(&mut numbers, weights, cost);
        for ((force, &slope), &distance) in forces.iter_mut().zip(&numbers).zip(&distances) {
            // dx/dz_u = −2λ (z_u − z_v) / (‖z_u − z_v‖² + 0.01).
            *force = Force { slope, pull: -2.0 * lambda * slope / distance };
        }
        total
    }
}

/// The nodes from `first` on, as many as `gradient` has rows, whose gradients are summed.
struct GradientsOfNodes<'a> {
    bodies: Bodies<'a>,
    list: &'a PairList<'a>,
    forces: &'a [Force],
    first: usize,
    factor: f32,
    gradient: &'a mut [f32],
}

impl WithSimd for GradientsOfNodes<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let GradientsOfNodes { bodies, list, forces, first, factor, gradient } = self;
        let mass = bodies.width - 1;
        for (node, gradient) in (first..).zip(gradient.chunks_exact_mut(bodies.width)) {
            let own = bodies.row(node);
            let (coordinates, mass_gradient) = gradient.split_at_mut(mass);
            for range in VectorRanges::<S>::new(mass) {
                let position = range.load(simd, own);
                let mut sum = range.load(simd, coordinates);
                for (other, pair) in list.incidence.of_node(node) {
                    let difference = simd.sub_f32s(position, range.load(simd, bodies.row(other)));
                    sum = simd.mul_add_f32s(simd.splat_f32s(forces[pair].pull), difference, sum);
                }
                range.store(simd, simd.mul_f32s(sum, simd.splat_f32s(factor)), coordinates);
            }
            for (_, pair) in list.incidence.of_node(node) {
                if list.pairs[pair].1 as usize == node {
                    mass_gradient[0] += forces[pair].slope;
                }
            }
            mass_gradient[0] *= factor;
        }
    }
}

#[inline(always)]
fn squared_distance<S: Simd>(simd: S, left: &[f32], right: &[f32]) -> f32 {
    let mut sum = simd.splat_f32s(0.0);
    for range in VectorRanges::<S>::new(left.len()) {
        let difference = simd.sub_f32s(range.load(simd, left), range.load(simd, right));
        sum = simd.mul_add_f32s(difference, difference, sum);
    }
    simd.reduce_sum_f32s(sum)
}
