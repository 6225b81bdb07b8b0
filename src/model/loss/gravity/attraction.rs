//! The dense part of the gravity loss: Σ softplus(mass_j − λ ln(‖z_i − z_j‖² + 0.01)) over all n² ordered
//! pairs and its gradient, in one fused pass.
//!
//! The distance, its logarithm and the direction of the pull are the same for i → j and j → i, so that each
//! pair of blocks is visited once and contributes to both blocks. For each tile the pass computes the squared
//! distances, the probabilities of both directions, and the gradients of rows and columns, while the tile is
//! in the nearest cache. O(n²·d) time, O(n·d) memory. Coordinates are subtracted before they are squared,
//! because the nearest pairs have the largest gradients.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::kernels::simd::{Product, sigmoid};
use crate::model::decoder::gravity::DISTANCE_OFFSET;
use crate::model::loss::blocks::{Block, Blocks, TILE_ROWS, WIDE_TILE_ROWS, WIDTH_MULTIPLE};

/// The number of vectors of logits after which a product of their factors is normalised; each vector gives two
/// factors.
const VECTORS_PER_PRODUCT: usize = 32;

/// Added to the logits of padding, so that each has probability 0 and no softplus.
const NEVER: f32 = -1e30;

/// Returns Σ_ij softplus(x_ij) over all ordered pairs of rows, including i = j, and writes its gradient,
/// [n, width], to `gradient`, for `z`, [n, width] row by row with the mass in the last column. The result is
/// bit-identical for any number of threads.
pub(super) fn softplus_sum(z: &[f32], n: usize, width: usize, lambda: f64, gradient: &mut [f32]) -> f64 {
    let d = width - 1;
    let coordinates: Vec<f32> = z.chunks_exact(width).flat_map(|row| &row[..d]).copied().collect();
    let blocks = Blocks::new(&coordinates, n, d);
    let height = blocks.height;
    let masses: Vec<Masses> = z.chunks(height * width).map(|rows| Masses::new(rows, width, height)).collect();
    let arch = Arch::new();
    let new = || Sums { pulls: vec![0f32; height * blocks.width], masses: vec![0f64; height], total: 0.0 };
    let sums = blocks.sum_over_pairs(new, |[first, second], first_sums, second_sums| {
        let body = |at: usize| Body { block: &blocks.blocks[at], masses: &masses[at] };
        let mut add = |column_sums: &mut Sums| {
            let (rows, columns, row_sums) = (body(first), body(second), &mut *first_sums);
            arch.dispatch(BlockPair {
                shape: &blocks,
                lambda: lambda as f32,
                rows,
                columns,
                row_sums,
                column_sums,
            })
        };
        let total = match second_sums {
            // Each ordered pair of a block with itself occurs as (row, column) and as (column, row).
            None => 0.5 * add(&mut new()),
            Some(second_sums) => add(second_sums),
        };
        first_sums.total += total;
    });
    gradient.par_chunks_mut(height * width).zip(&sums).for_each(|(gradient, sums)| {
        let rows = gradient.chunks_exact_mut(width).zip(sums.pulls.chunks_exact(blocks.width));
        for ((row, pull), &mass) in rows.zip(&sums.masses) {
            // dx/dz_i = −2λ (z_i − z_j) / (‖z_i − z_j‖² + 0.01); `pulls` contains the sums without the factor
            // −2λ.
            for (value, &pull) in row.iter_mut().zip(&pull[..d]) {
                *value = -2.0 * lambda as f32 * pull;
            }
            row[d] = mass as f32;
        }
    });
    sums.iter().map(|sums| sums.total).sum()
}

/// The masses of a block.
struct Masses {
    /// The masses, [height]; 0 for padding.
    masses: Vec<f32>,
    /// What is added to the logits from and to each node, [height]: 0, or [`NEVER`] for padding.
    shifts: Vec<f32>,
}

impl Masses {
    /// Takes the last of every `width` numbers of `rows` as a mass, up to `height` masses.
    fn new(rows: &[f32], width: usize, height: usize) -> Self {
        let mut masses: Vec<f32> = rows.chunks_exact(width).map(|row| row[width - 1]).collect();
        let mut shifts = vec![0f32; masses.len()];
        masses.resize(height, 0.0);
        shifts.resize(height, NEVER);
        Masses { masses, shifts }
    }
}

/// The sums of a block over its pairs.
struct Sums {
    /// Σ (σ(x_ij) + σ(x_ji)) (z_i − z_j) / (‖z_i − z_j‖² + 0.01) for each row i, [height, width].
    pulls: Vec<f32>,
    /// The gradients of the masses, [height].
    masses: Vec<f64>,
    /// The sum of softplus over the pairs in which this block is the first.
    total: f64,
}

/// A block of nodes with their masses.
#[derive(Clone, Copy)]
struct Body<'a> {
    block: &'a Block,
    masses: &'a Masses,
}

/// Two blocks and the sums to which they contribute. The output is Σ softplus over the pairs (row, column) and
/// (column, row).
struct BlockPair<'a> {
    shape: &'a Blocks,
    lambda: f32,
    rows: Body<'a>,
    columns: Body<'a>,
    row_sums: &'a mut Sums,
    column_sums: &'a mut Sums,
}

impl WithSimd for BlockPair<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        match S::F32_LANES >= WIDTH_MULTIPLE {
            true => self.add::<S, WIDE_TILE_ROWS>(simd),
            false => self.add::<S, TILE_ROWS>(simd),
        }
    }
}

impl BlockPair<'_> {
    #[inline(always)]
    fn add<S: Simd, const ROWS: usize>(self, simd: S) -> f64 {
        let Blocks { height, width, d, .. } = *self.shape;
        let mut weights = vec![0f32; ROWS * height];
        let mut column_masses = vec![0f32; height];
        let mut factors = Product::new(simd);
        let mut positive_parts = 0.0;
        for first in (0..self.rows.block.num_rows).step_by(ROWS) {
            let tile = first * width..(first + ROWS) * width;
            let rows = &self.rows.block.rows[tile.clone()];
            squared_distances::<S, ROWS>(simd, rows, width, &self.columns.block.transposed, d, &mut weights);
            for (row, weights) in (first..).zip(weights.chunks_exact_mut(height)) {
                if row >= self.rows.block.num_rows {
                    weights.fill(0.0);
                    continue;
                }
                let attraction = Attraction {
                    mass: self.rows.masses.masses[row],
                    columns: self.columns.masses,
                    lambda: self.lambda,
                };
                let (sum, mass) = attraction.add(simd, weights, &mut column_masses, &mut factors);
                positive_parts += sum;
                self.row_sums.masses[row] += mass;
            }
            let (columns, pulls) = (&self.columns.block.rows, &mut self.row_sums.pulls[tile]);
            pull::<S, ROWS>(simd, rows, pulls, columns, &mut self.column_sums.pulls, &weights, width);
        }
        for (sum, &mass) in self.column_sums.masses.iter_mut().zip(&column_masses) {
            *sum += f64::from(mass);
        }
        positive_parts + factors.logarithm(simd)
    }
}

/// Writes ‖row − column‖² for a tile of rows and a whole block of columns.
#[inline(always)]
fn squared_distances<S: Simd, const ROWS: usize>(
    simd: S,
    rows: &[f32],
    width: usize,
    transposed: &[f32],
    d: usize,
    distances: &mut [f32],
) {
    let (transposed, _) = S::as_simd_f32s(transposed);
    let height = transposed.len() / d;
    let (distances, _) = S::as_mut_simd_f32s(distances);
    for at in (0..height).step_by(2) {
        let mut sums = [[simd.splat_f32s(0.0); 2]; ROWS];
        for k in 0..d {
            let columns = [transposed[k * height + at], transposed[k * height + at + 1]];
            for (row, sums) in sums.iter_mut().enumerate() {
                let coordinate = simd.splat_f32s(rows[row * width + k]);
                for (sum, column) in sums.iter_mut().zip(columns) {
                    let difference = simd.sub_f32s(coordinate, column);
                    *sum = simd.mul_add_f32s(difference, difference, *sum);
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            distances[row * height + at] = sums[0];
            distances[row * height + at + 1] = sums[1];
        }
    }
}

/// One row i and a block of columns j.
struct Attraction<'a> {
    /// The mass of the row.
    mass: f32,
    columns: &'a Masses,
    lambda: f32,
}

impl Attraction<'_> {
    /// Replaces each squared distance in `weights` by (σ(x_ij) + σ(x_ji)) / (distance + 0.01), adds σ(x_ij) to
    /// the mass of column j, and multiplies `factors` by 1 + e^-|x| of both directions. Returns the sum of
    /// max(x, 0) of both directions, and Σ_j σ(x_ji), the gradient of the row's mass.
    #[inline(always)]
    fn add<S: Simd>(
        &self,
        simd: S,
        weights: &mut [f32],
        column_masses: &mut [f32],
        factors: &mut Product<S>,
    ) -> (f64, f64) {
        let (weights, _) = S::as_mut_simd_f32s(weights);
        let (column_masses, _) = S::as_mut_simd_f32s(column_masses);
        let (masses, _) = S::as_simd_f32s(&self.columns.masses);
        let (shifts, _) = S::as_simd_f32s(&self.columns.shifts);
        let zero = simd.splat_f32s(0.0);
        let offset = simd.splat_f32s(DISTANCE_OFFSET as f32);
        let mass = simd.splat_f32s(self.mass);
        let minus_lambda = simd.splat_f32s(-self.lambda);
        let mut positive_parts = zero;
        let mut mass_gradient = zero;
        let mut num_vectors = 0;
        let columns = masses.iter().zip(shifts).zip(column_masses);
        for (weight, ((&column_mass, &shift), column_gradient)) in weights.iter_mut().zip(columns) {
            let distance = simd.add_f32s(*weight, offset);
            let nearness = simd.mul_add_f32s(minus_lambda, natural_logarithm(simd, distance), shift);
            let there = simd.add_f32s(nearness, column_mass);
            let back = simd.add_f32s(nearness, mass);
            let (there_exponential, there_probability) = sigmoid(simd, there);
            let (back_exponential, back_probability) = sigmoid(simd, back);
            let positive = simd.add_f32s(simd.max_f32s(there, zero), simd.max_f32s(back, zero));
            positive_parts = simd.add_f32s(positive_parts, positive);
            factors.multiply_by_one_plus(simd, there_exponential);
            factors.multiply_by_one_plus(simd, back_exponential);
            *column_gradient = simd.add_f32s(*column_gradient, there_probability);
            mass_gradient = simd.add_f32s(mass_gradient, back_probability);
            let probabilities = simd.add_f32s(there_probability, back_probability);
            *weight = simd.div_f32s(probabilities, distance);
            num_vectors += 1;
            if num_vectors % VECTORS_PER_PRODUCT == 0 {
                factors.normalize(simd);
            }
        }
        factors.normalize(simd);
        let sum = |vector| f64::from(simd.reduce_sum_f32s(vector));
        (sum(positive_parts), sum(mass_gradient))
    }
}

/// Adds Σ_column weight · (row − column) to the sums of each row, and Σ_row weight · (column − row) to the sums
/// of each column.
#[inline(always)]
fn pull<S: Simd, const ROWS: usize>(
    simd: S,
    rows: &[f32],
    row_pulls: &mut [f32],
    columns: &[f32],
    column_pulls: &mut [f32],
    weights: &[f32],
    width: usize,
) {
    let (rows, _) = S::as_simd_f32s(rows);
    let (row_pulls, _) = S::as_mut_simd_f32s(row_pulls);
    let (columns, _) = S::as_simd_f32s(columns);
    let (column_pulls, _) = S::as_mut_simd_f32s(column_pulls);
    let vectors = width / S::F32_LANES;
    let height = weights.len() / ROWS;
    for part in 0..vectors {
        let row: [S::f32s; ROWS] = std::array::from_fn(|at| rows[at * vectors + part]);
        let mut sums: [S::f32s; ROWS] = std::array::from_fn(|at| row_pulls[at * vectors + part]);
        let columns = columns.chunks_exact(vectors).zip(column_pulls.chunks_exact_mut(vectors));
        for (at_column, (column, column_pull)) in columns.enumerate().take(height) {
            let column = column[part];
            // Two sums, so that consecutive additions do not wait for each other.
            let mut column_sums = [simd.splat_f32s(0.0); 2];
            for at in 0..ROWS {
                let weight = simd.splat_f32s(weights[at * height + at_column]);
                let difference = simd.sub_f32s(row[at], column);
                sums[at] = simd.mul_add_f32s(weight, difference, sums[at]);
                column_sums[at % 2] = simd.mul_add_f32s(weight, difference, column_sums[at % 2]);
            }
            let column_sum = simd.add_f32s(column_sums[0], column_sums[1]);
            column_pull[part] = simd.sub_f32s(column_pull[part], column_sum);
        }
        for (at, sum) in sums.into_iter().enumerate() {
            row_pulls[at * vectors + part] = sum;
        }
    }
}

/// Returns ln a for normal a > 0, within 2 units in the last place. It separates the exponent, which leaves a
/// factor within √2 of 1, for which ln((1 + s) / (1 − s)) = 2 (s + s³/3 + s⁵/5 + …) with |s| < 0.172. It
/// treats infinity and NaN as ordinary numbers; the diagonal of the loss, which is summed separately, does
/// not.
#[inline(always)]
fn natural_logarithm<S: Simd>(simd: S, a: S::f32s) -> S::f32s {
    let splat = |value: f32| simd.splat_f32s(value);
    let bits = simd.transmute_u32s_f32s(a);
    // Subtracting the bits of √½ leaves the exponent e for which a = 2^e · m with m in [√½, √2).
    let root_bits = simd.splat_u32s(std::f32::consts::FRAC_1_SQRT_2.to_bits());
    let above = simd.sub_u32s(bits, root_bits);
    // The bias keeps the exponent positive. The f32 whose bits are those of 2^23 with the exponent in the
    // mantissa is 2^23 plus the exponent.
    let biased = simd.add_u32s(above, simd.splat_u32s(127 << 23));
    let exponent = simd.wrapping_dyn_shr_u32s(biased, simd.splat_u32s(23));
    let power = simd.transmute_f32s_u32s(simd.or_u32s(exponent, simd.splat_u32s(0x4b00_0000)));
    let power = simd.sub_f32s(power, splat(8_388_608.0 + 127.0));
    let mantissa_bits = simd.and_u32s(above, simd.splat_u32s(0x007f_ffff));
    let mantissa = simd.transmute_f32s_u32s(simd.add_u32s(mantissa_bits, root_bits));
    let f = simd.sub_f32s(mantissa, splat(1.0));
    let s = simd.div_f32s(f, simd.add_f32s(f, splat(2.0)));
    let square = simd.mul_f32s(s, s);
    let mut series = splat(2.0 / 9.0);
    for coefficient in [2.0 / 7.0, 2.0 / 5.0, 2.0 / 3.0] {
        series = simd.mul_add_f32s(series, square, splat(coefficient));
    }
    // 2s is computed as f − s·f, in which the rounding error of s is small compared with f.
    let rest = simd.mul_f32s(s, simd.sub_f32s(simd.mul_f32s(square, series), f));
    let small = simd.mul_add_f32s(power, splat(-2.121_944_4e-4), rest);
    simd.mul_add_f32s(power, splat(0.693_359_4), simd.add_f32s(small, f))
}
