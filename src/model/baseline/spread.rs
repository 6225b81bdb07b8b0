//! Features propagated along the edges: twice, and spread by PageRank.

use ndarray::{Array2, Axis, s};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::dense::{Entry, Half};
use super::rows::Rows;
use crate::graph::Csr;

/// The most entries of a matrix that is kept in f32.
pub(crate) const MAX_ENTRIES: usize = 1 << 25;
/// The columns that are propagated together where matrices are larger.
const COLUMNS: usize = 256;
/// The number of products with Â in a spread.
const STEPS: usize = 10;
/// α, the share that a spread keeps at each step.
const RESTART: f32 = 0.15;

/// Returns the rows of Â² X and of Σ α (1 − α)ᵏ Âᵏ X over k = 0 … 10 with α = 0.15, divided by their norms. X is
/// `own`, [n, f], and `once` is Â X. Beyond 2²⁵ entries they are kept in bfloat16, with an error of the cosines of
/// about 1e-4, and no more than a few columns are in f32 at a time.
pub(super) fn propagated(adj_norm: &Csr, own: &Csr, once: &Csr) -> [Rows; 2] {
    match own.rows().saturating_mul(own.cols()) > MAX_ENTRIES {
        true => compact(adj_norm, own, once),
        false => {
            let spread = spread(adj_norm, own.to_dense(), once.to_dense(), |_, _| {});
            [Rows::normalized(adj_norm * once), Rows::normalized_dense(spread)]
        }
    }
}

fn compact(adj_norm: &Csr, own: &Csr, once: &Csr) -> [Rows; 2] {
    let (n, f) = own.shape();
    let mut results = [0, 1].map(|_| (Array2::<Half>::default((n, f)), vec![0f64; n]));
    for first in (0..f).step_by(COLUMNS) {
        let last = (first + COLUMNS).min(f);
        let [twice, spread_rows] = &mut results;
        let own = columns(own, first, last);
        let spread = spread(adj_norm, own, columns(once, first, last), |step, rows| {
            if step == 2 {
                store(rows, first, twice);
            }
        });
        store(&spread, first, spread_rows);
    }
    results.map(|(rows, squares)| {
        let factor = |square: f64| if square > 0.0 { (1.0 / square.sqrt()) as f32 } else { 0.0 };
        Rows::Compact(rows, squares.into_iter().map(factor).collect())
    })
}

/// Writes `block` to the columns of `rows` from `first` on, and adds the squares of what is written to those of each
/// row.
fn store(block: &Array2<f32>, first: usize, (rows, squares): &mut (Array2<Half>, Vec<f64>)) {
    let mut columns = rows.slice_mut(s![.., first..first + block.ncols()]);
    let rows = columns.axis_iter_mut(Axis(0)).into_par_iter();
    rows.zip(block.axis_iter(Axis(0)).into_par_iter()).zip(squares).for_each(|((mut row, block), square)| {
        row.zip_mut_with(&block, |half, &value| *half = Half::new(value));
        *square += row.iter().map(|half| f64::from(half.value()).powi(2)).sum::<f64>();
    });
}

/// Returns some columns of a sparse matrix.
fn columns(matrix: &Csr, first: usize, last: usize) -> Array2<f32> {
    let mut dense = Array2::zeros((matrix.rows(), last - first));
    for (mut dense, row) in dense.outer_iter_mut().zip(matrix.outer_iterator()) {
        let start = row.indices().partition_point(|&column| (column as usize) < first);
        let entries = row.indices()[start..].iter().zip(&row.data()[start..]);
        for (&column, &value) in entries.take_while(|(column, _)| (**column as usize) < last) {
            dense[column as usize - first] = value;
        }
    }
    dense
}

/// Returns Σ α (1 − α)ᵏ Âᵏ X for X = `own`, where `once` is Â X. `look` sees each Âᵏ X from k = 2 on.
fn spread(
    adj_norm: &Csr,
    own: Array2<f32>,
    once: Array2<f32>,
    mut look: impl FnMut(usize, &Array2<f32>),
) -> Array2<f32> {
    let (mut sum, mut step) = (own, once);
    let mut next = Array2::zeros(step.dim());
    sum *= RESTART;
    let mut share = RESTART * (1.0 - RESTART);
    for k in 1..STEPS {
        sum.scaled_add(share, &step);
        propagate(adj_norm, &step, &mut next);
        std::mem::swap(&mut step, &mut next);
        look(k + 1, &step);
        share *= 1.0 - RESTART;
    }
    sum.scaled_add(share / RESTART, &step);
    sum
}

/// Writes Â · `dense` to `product`, on all threads.
fn propagate(adj_norm: &Csr, dense: &Array2<f32>, product: &mut Array2<f32>) {
    let arch = Arch::new();
    product.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(node, mut sum)| {
        let sum = sum.as_slice_mut().expect("rows are contiguous");
        arch.dispatch(Sum { adj_norm, dense, node, sum });
    });
}

/// One row of Â · `dense`.
struct Sum<'a> {
    adj_norm: &'a Csr,
    dense: &'a Array2<f32>,
    node: usize,
    sum: &'a mut [f32],
}

impl WithSimd for Sum<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.sum.fill(0.0);
        let weights = self.adj_norm.outer_view(self.node).expect("every node has a row");
        for (&other, &weight) in weights.indices().iter().zip(weights.data()) {
            let row = self.dense.row(other as usize);
            let row = row.as_slice().expect("rows are contiguous");
            for (sum, &value) in self.sum.iter_mut().zip(row) {
                *sum += weight * value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{EdgeList, Features};
    use crate::model::baseline::unweighted_adj_norm;

    #[test]
    fn compact_rows_have_the_cosines_of_those_in_f32() {
        let (n, f) = (40, 2 * COLUMNS + 37);
        let x = Array2::from_shape_fn((n, f), |(node, column)| {
            let hash = (node * 7919 + column * 104_729) % 1009;
            if hash < 90 { 1.0 + hash as f32 / 90.0 } else { 0.0 }
        });
        let own = Features::from(x).to_sparse().into_owned();
        let pairs = (0..120u32).map(|at| (at * 7 % 39, (at * at + 3) % 37)).filter(|(u, v)| u != v).collect();
        // The last nodes have no neighbours.
        let adj_norm = unweighted_adj_norm(&EdgeList::new(n, pairs, None).0);
        let once = &adj_norm * &own;
        let nodes: Vec<u32> = (0..n as u32).collect();
        let [found, expected] = [compact(&adj_norm, &own, &once), propagated(&adj_norm, &own, &once)];
        for (found, expected) in found.iter().zip(&expected) {
            let cosines = |rows: &Rows| rows.dot_all(&rows.select(&nodes));
            for (found, expected) in cosines(found).iter().zip(cosines(expected)) {
                assert!((found - expected).abs() < 2e-3, "{found}, expected {expected}");
            }
        }
    }
}
