//! Scores that sum over walks: Σ_l c_l (Mˡ)_vu, where M is the adjacency with scaled rows and columns.

use std::ops::{Add, AddAssign, Mul};
use std::sync::{Arc, Mutex, PoisonError};

use pulp::{Arch, Simd, WithSimd};

use super::by_degree::ByDegree;
use super::by_source::{Block, BlockScore, LANES};

/// A number of a walk: f64, or f32 where half the memory traffic is worth more than the last digits.
pub(super) trait Real:
    Copy + Default + Send + Sync + Add<Output = Self> + AddAssign + Mul<Output = Self> + 'static
{
    fn from_f64(value: f64) -> Self;
    fn into_f64(self) -> f64;
}

impl Real for f64 {
    fn from_f64(value: f64) -> f64 {
        value
    }

    fn into_f64(self) -> f64 {
        self
    }
}

impl Real for f32 {
    fn from_f64(value: f64) -> f32 {
        value as f32
    }

    fn into_f64(self) -> f64 {
        f64::from(self)
    }
}

/// Σ_l c_l (Mˡ)_vu times a factor of the degrees, with M = diag(after) (A + self_loop · I) diag(before).
///
/// O(steps · (n + m)) time for each [`LANES`] first nodes, regardless of the number of pairs.
pub(super) struct Walks<T> {
    graph: Arc<ByDegree>,
    /// The factors of each place's value before its neighbours sum it.
    before: Vec<T>,
    /// The factors of each place's sum.
    after: Vec<T>,
    /// The products of both, for the steps between.
    between: Vec<T>,
    self_loop: T,
    coefficients: Vec<T>,
    factor: fn(f64, f64) -> f64,
    /// Vectors of earlier blocks, to be used again.
    spare: Mutex<Vec<[Vec<Lanes<T>>; 2]>>,
}

/// The values of one place, one for each of a few first nodes.
type Lanes<T> = [T; LANES];

impl<T: Real> Walks<T> {
    /// Prepares the score of Katz 1953: Σ βˡ (Aˡ)_uv over walks of 1 to `steps` edges.
    pub(super) fn katz(graph: &Arc<ByDegree>, beta: f64, steps: i32) -> Self {
        let mut coefficients: Vec<f64> = (0..=steps).map(|l| beta.powi(l)).collect();
        coefficients[0] = 0.0;
        let ones = vec![1.0; graph.degrees().len()];
        Walks::new(graph, &ones, &ones, 0.0, &coefficients)
    }

    /// Prepares personalised PageRank after `steps` steps of w ← α e_u + (1 − α) A D⁻¹ w from w = e_u, where
    /// α is `restart`: the value of v from u plus that of u from v. (A D⁻¹)ˡ D is symmetric, so the second
    /// value is the first times d_u / d_v.
    pub(super) fn pagerank(graph: &Arc<ByDegree>, restart: f64, steps: i32) -> Self {
        let mut coefficients: Vec<f64> = (0..=steps).map(|l| restart * (1.0 - restart).powi(l)).collect();
        coefficients[steps as usize] = (1.0 - restart).powi(steps);
        let factor = |u: f64, v: f64| if u == v { 2.0 } else { 1.0 + u / v.max(1.0) };
        Walks { factor, ..Self::random(graph, &coefficients) }
    }

    /// Prepares (Âˡ)_uv for l = `steps`.
    pub(super) fn propagation(graph: &Arc<ByDegree>, steps: usize) -> Self {
        let scale: Vec<f64> = graph.degrees().iter().map(|degree| 1.0 / (degree + 1.0).sqrt()).collect();
        Walks::new(graph, &scale, &scale, 1.0, &last_of(steps))
    }

    /// Counts paths of three edges, each divided by √(d_w d_x) of its inner nodes w and x (Kovács et al.
    /// 2019, *Network-based prediction of protein interactions*, eq. 2).
    pub(super) fn paths_of_three(graph: &Arc<ByDegree>) -> Self {
        let before: Vec<f64> = graph.degrees().iter().map(|degree| 1.0 / degree.max(1.0).sqrt()).collect();
        let ones = vec![1.0; graph.degrees().len()];
        // With D^-½ to the right of A, the three steps also divide by √d of the first node; the factor undoes
        // that.
        let factor = |u: f64, _| u.max(1.0).sqrt();
        Walks { factor, ..Walks::new(graph, &before, &ones, 0.0, &last_of(3)) }
    }

    /// Prepares ((A D⁻¹)ˡ)_vu / d_v for l = `steps`: the probability that a random walk of l steps from u
    /// ends in v, divided by the degree of v. It is symmetric in u and v.
    pub(super) fn random_walk(graph: &Arc<ByDegree>, steps: usize) -> Self {
        Walks { factor: |_, v| 1.0 / v.max(1.0), ..Self::random(graph, &last_of(steps)) }
    }

    /// Prepares M = A D⁻¹.
    fn random(graph: &Arc<ByDegree>, coefficients: &[f64]) -> Self {
        let before: Vec<f64> = graph.degrees().iter().map(|degree| 1.0 / degree.max(1.0)).collect();
        let ones = vec![1.0; graph.degrees().len()];
        Walks::new(graph, &before, &ones, 0.0, coefficients)
    }

    fn new(
        graph: &Arc<ByDegree>,
        before: &[f64],
        after: &[f64],
        self_loop: f64,
        coefficients: &[f64],
    ) -> Self {
        let numbers = |values: &[f64]| values.iter().map(|&value| T::from_f64(value)).collect();
        let between: Vec<f64> = before.iter().zip(after).map(|(before, after)| before * after).collect();
        Walks {
            graph: Arc::clone(graph),
            before: numbers(before),
            after: numbers(after),
            between: numbers(&between),
            self_loop: T::from_f64(self_loop),
            coefficients: numbers(coefficients),
            factor: |_, _| 1.0,
            spare: Mutex::default(),
        }
    }

    /// Takes two vectors of an earlier block, or empty ones: to map fresh memory for each block would take longer than
    /// to clear it.
    fn take_spare(&self) -> [Vec<Lanes<T>>; 2] {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Writes Σ_l c_l Mˡ e_u for each of `sources` to `values`, by Horner's rule: w ← M w + c_l e_u for l downwards.
    /// `next` is scratch space.
    fn sum(&self, sources: &[u32], values: &mut Vec<Lanes<T>>, next: &mut Vec<Lanes<T>>) {
        let num_nodes = self.graph.degrees().len();
        values.clear();
        values.resize(num_nodes, [T::default(); LANES]);
        next.resize(num_nodes, [T::default(); LANES]);
        let arch = Arch::new();
        // The values are kept multiplied by `before`, ready for the next step, until the last.
        for (l, &coefficient) in self.coefficients.iter().enumerate().rev() {
            if l + 1 < self.coefficients.len() {
                let factors = if l > 0 { &self.between } else { &self.after };
                arch.dispatch(Step { walks: self, factors, values, next });
                std::mem::swap(values, next);
            }
            for (lane, &source) in sources.iter().enumerate() {
                let place = self.graph.place(source);
                values[place][lane] += if l > 0 { coefficient * self.before[place] } else { coefficient };
            }
        }
    }
}

/// Returns coefficients of 1 for walks of `steps` edges, and 0 for shorter ones.
fn last_of(steps: usize) -> Vec<f64> {
    let mut coefficients = vec![0.0; steps + 1];
    coefficients[steps] = 1.0;
    coefficients
}

/// Takes one step, `next` ← diag(`factors`) (A + self_loop · I) · `values`.
struct Step<'a, T> {
    walks: &'a Walks<T>,
    factors: &'a [T],
    values: &'a [Lanes<T>],
    next: &'a mut [Lanes<T>],
}

impl<T: Real> WithSimd for Step<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Step { walks, factors, values, next } = self;
        let (own, lists) = (values.iter(), walks.graph.lists());
        for (((own, neighbours), next), &factor) in own.zip(lists).zip(next).zip(factors) {
            let mut sum = own.map(|value| value * walks.self_loop);
            for &neighbour in neighbours {
                for (sum, &value) in sum.iter_mut().zip(&values[neighbour as usize]) {
                    *sum += value;
                }
            }
            *next = sum.map(|value| value * factor);
        }
    }
}

impl<T: Real> BlockScore for Walks<T> {
    fn scores(&self, block: &Block) -> Vec<f64> {
        let [mut values, mut next] = self.take_spare();
        let degrees = self.graph.degrees();
        let mut scores = Vec::with_capacity(block.queries.len());
        let mut rest = block.queries.as_slice();
        for (at, sources) in block.sources.chunks(LANES).enumerate() {
            self.sum(sources, &mut values, &mut next);
            let first = (at * LANES) as u32;
            let (queries, others) =
                rest.split_at(rest.partition_point(|query| query.source < first + LANES as u32));
            rest = others;
            scores.extend(queries.iter().map(|query| {
                let lane = (query.source - first) as usize;
                let [u, v] = [sources[lane], query.target].map(|node| self.graph.place(node));
                values[v][lane].into_f64() * (self.factor)(degrees[u], degrees[v])
            }));
        }
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).push([values, next]);
        scores
    }
}
