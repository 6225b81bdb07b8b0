//! The leading eigenpairs of Â by subspace iteration with a Chebyshev filter (Zhou, Saad, Tiago & Chelikowsky
//! 2006, *Self-consistent-field calculations using Chebyshev-filtered subspace iteration*, algorithm 4.2).
//!
//! It is written by hand because it must give the same bits on any number of threads and leave out the
//! eigenvectors that are already known. nalgebra solves the small dense problems.

use nalgebra::{Cholesky, DMatrix, SymmetricEigen};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use pulp::{Arch, Simd, WithSimd};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use crate::model::baseline::adjacency::Adjacency;

/// Rows per task. It is fixed, so that sums do not depend on the number of threads.
const ROWS_PER_TASK: usize = 512;
/// The largest residual ‖Âx − wx‖ of a converged eigenpair.
const TOLERANCE: f64 = 1e-4;
/// The most that a filter may amplify one vector relative to another: the square root of the precision of
/// f64, with a margin.
const MAX_AMPLIFICATION: f64 = 1e6;
/// The highest degree of a filter.
const MAX_DEGREE: usize = 30;

/// The known eigenvectors, one for each component.
pub(super) struct Known<'a> {
    /// The component of each node.
    pub(super) components: &'a [u32],
    /// The entry of each node in the eigenvector of its component.
    pub(super) entries: &'a [f64],
}

/// The work to spend.
#[derive(Clone, Copy)]
pub(super) struct Effort {
    /// The number of eigenpairs.
    pub(super) count: usize,
    /// Vectors that are iterated in addition to those wanted. More of them make the last wanted vector converge faster.
    pub(super) num_guards: usize,
    /// Rounds after which the eigenpairs are returned even if they have not converged.
    pub(super) max_rounds: usize,
}

/// Returns the largest eigenvalues of Â, in descending order, and their eigenvectors, [n, count],
/// among the `num_others` eigenvectors that are orthogonal to the `known` ones.
pub(super) fn leading(
    adjacency: &Adjacency,
    known: &Known,
    Effort { count, num_guards, max_rounds }: Effort,
    num_others: usize,
    seed: u64,
) -> (Vec<f64>, Array2<f64>) {
    let width = (count + num_guards).min(num_others);
    let n = adjacency.num_nodes();
    if count == 0 {
        return (Vec::new(), Array2::zeros((n, 0)));
    }
    let operator = Operator::new(adjacency);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut block = Array2::from_shape_simple_fn((n, width), || StandardNormal.sample(&mut rng));
    for round in 0.. {
        project_out(known, &mut block);
        block = orthonormalize(block);
        let mut product = operator.apply(&block);
        let (values, rotation) = descending_eigenpairs(&gram(&block, &product));
        block = multiply(&block, &rotation);
        product = multiply(&product, &rotation);
        let is_converged = (0..count).all(|at| residual(&block, &product, &values, at) <= TOLERANCE);
        if is_converged || round == max_rounds {
            return (values[..count].to_vec(), block.slice(s![.., ..count]).to_owned());
        }
        block = filter(&operator, block, &product, values[0], values[width - 1]);
    }
    unreachable!("the last round returns")
}

/// Returns ‖Âx − wx‖ for the eigenpair at index `at`.
fn residual(block: &Array2<f64>, product: &Array2<f64>, values: &[f64], at: usize) -> f64 {
    let squares = block.column(at).into_iter().zip(product.column(at));
    squares.map(|(x, y)| (y - values[at] * x).powi(2)).sum::<f64>().sqrt()
}

/// Returns T(Â) · `block`, where the Chebyshev polynomial T stays within ±1 for eigenvalues from −1 to `cut`
/// and grows from `cut` to `top`. `product` is Â · `block`.
fn filter(operator: &Operator, block: Array2<f64>, product: &Array2<f64>, top: f64, cut: f64) -> Array2<f64> {
    let (center, half_width) = ((cut - 1.0) / 2.0, (cut + 1.0) / 2.0);
    let growth = ((top - center) / half_width).max(1.0 + f64::EPSILON).acosh();
    let degree = ((2.0 * MAX_AMPLIFICATION).ln() / growth).clamp(2.0, MAX_DEGREE as f64) as usize;
    let mut before = block;
    let mut now = (product - &(&before * center)) / half_width;
    for _ in 1..degree {
        let product = operator.apply(&now);
        let step = |before: &mut f64, now: &f64, product: &f64| {
            *before = 2.0 / half_width * (product - center * now) - *before;
        };
        ndarray::Zip::from(&mut before).and(&now).and(&product).for_each(step);
        std::mem::swap(&mut before, &mut now);
    }
    now
}

/// Makes each column orthogonal to the known eigenvectors.
fn project_out(known: &Known, block: &mut Array2<f64>) {
    let mut shares = Array2::<f64>::zeros(block.dim());
    for ((row, &component), &entry) in block.outer_iter().zip(known.components).zip(known.entries) {
        shares.row_mut(component as usize).scaled_add(entry, &row);
    }
    for ((mut row, &component), &entry) in block.outer_iter_mut().zip(known.components).zip(known.entries) {
        row.scaled_add(-entry, &shares.row(component as usize));
    }
}

/// Returns an orthonormal basis of the columns, by three rounds of Cholesky QR, the first of them shifted
/// (Fukaya et al. 2020, *Shifted Cholesky QR for computing the QR factorization of ill-conditioned
/// matrices*).
fn orthonormalize(mut block: Array2<f64>) -> Array2<f64> {
    let (n, k) = block.dim();
    let norms: Vec<f64> = block.axis_iter(Axis(1)).map(|column| column.dot(&column).sqrt()).collect();
    for (mut column, norm) in block.axis_iter_mut(Axis(1)).zip(norms) {
        column /= norm.max(f64::MIN_POSITIVE);
    }
    for round in 0..3 {
        let mut products = gram(&block, &block);
        if round == 0 {
            let shift = 11.0 * (n * k + k * (k + 1)) as f64 * f64::EPSILON * products.trace();
            (0..k).for_each(|at| products[(at, at)] += shift);
        }
        // The factor is missing only if, despite the shift, columns are linearly dependent to the last digit.
        let Some(factor) = Cholesky::new(products) else { break };
        let inverse =
            factor.l().solve_lower_triangular(&DMatrix::identity(k, k)).expect("the diagonal is positive");
        block = multiply(&block, &inverse.transpose());
    }
    block
}

fn descending_eigenpairs(matrix: &DMatrix<f64>) -> (Vec<f64>, DMatrix<f64>) {
    let SymmetricEigen { eigenvalues, eigenvectors } = SymmetricEigen::new(matrix.clone());
    let mut order: Vec<usize> = (0..eigenvalues.len()).collect();
    order.sort_by(|&a, &b| eigenvalues[b].total_cmp(&eigenvalues[a]));
    let values = order.iter().map(|&at| eigenvalues[at]).collect();
    (values, eigenvectors.select_columns(&order))
}

/// Returns leftᵀ · right, [k, k], for two matrices of shape [n, k].
fn gram(left: &Array2<f64>, right: &Array2<f64>) -> DMatrix<f64> {
    let k = left.ncols();
    let parts: Vec<Array2<f64>> = left
        .axis_chunks_iter(Axis(0), ROWS_PER_TASK)
        .into_par_iter()
        .zip(right.axis_chunks_iter(Axis(0), ROWS_PER_TASK))
        .map(|(left, right)| left.t().dot(&right))
        .collect();
    let sum = parts.iter().fold(Array2::<f64>::zeros((k, k)), |sum, part| sum + part);
    // The mean with the transpose is symmetric to the last bit.
    DMatrix::from_fn(k, k, |row, column| 0.5 * (sum[[row, column]] + sum[[column, row]]))
}

/// Returns block · matrix, for shapes [n, k] and [k, k].
fn multiply(block: &Array2<f64>, matrix: &DMatrix<f64>) -> Array2<f64> {
    let matrix = Array2::from_shape_fn(matrix.shape(), |(row, column)| matrix[(row, column)]);
    let mut result = Array2::zeros(block.dim());
    result
        .axis_chunks_iter_mut(Axis(0), ROWS_PER_TASK)
        .into_par_iter()
        .zip(block.axis_chunks_iter(Axis(0), ROWS_PER_TASK))
        .for_each(|(mut result, rows): (_, ArrayView2<f64>)| {
            general_mat_mul(1.0, &rows, &matrix, 0.0, &mut result)
        });
    result
}

/// Â = S (A + I) S with S = (D + I)^-½, in f64.
struct Operator<'a> {
    adjacency: &'a Adjacency,
    scale: Vec<f64>,
}

impl<'a> Operator<'a> {
    fn new(adjacency: &'a Adjacency) -> Self {
        let scale = adjacency.degrees().iter().map(|degree| 1.0 / (degree + 1.0).sqrt()).collect();
        Operator { adjacency, scale }
    }

    /// Returns Â · block, [n, k].
    fn apply(&self, block: &Array2<f64>) -> Array2<f64> {
        let mut result = Array2::zeros(block.dim());
        let arch = Arch::new();
        result.axis_chunks_iter_mut(Axis(0), ROWS_PER_TASK).into_par_iter().enumerate().for_each(
            |(task, rows)| arch.dispatch(Rows { operator: self, block, first: task * ROWS_PER_TASK, rows }),
        );
        result
    }
}

/// Some rows of Â · block, from row `first` on.
struct Rows<'a> {
    operator: &'a Operator<'a>,
    block: &'a Array2<f64>,
    first: usize,
    rows: ArrayViewMut2<'a, f64>,
}

impl WithSimd for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        let Operator { adjacency, scale } = self.operator;
        for (at, mut sum) in self.rows.outer_iter_mut().enumerate() {
            let sum = sum.as_slice_mut().expect("rows are contiguous");
            let node = self.first + at;
            for other in adjacency.neighbours(node).iter().map(|&other| other as usize).chain([node]) {
                let factor = scale[node] * scale[other];
                let row = self.block.row(other);
                let row = row.as_slice().expect("rows are contiguous");
                for (sum, &value) in sum.iter_mut().zip(row) {
                    *sum += factor * value;
                }
            }
        }
    }
}
