//! The dense part of the gravity loss: Σ softplus(mass_j − λ ln(‖z_i − z_j‖² + 0.01)) over all n² ordered
//! pairs and its gradient, in one fused pass.
//!
//! Each task takes one block of rows and combines it with every block of columns in order. For each tile it
//! computes the squared distances, the probabilities of both directions, and the gradient of the rows, while
//! the tile is in the nearest cache. Only one task writes the gradient of a row, so that the result is
//! bit-identical for any number of threads. Coordinates are subtracted before they are squared, because the
//! nearest pairs have the largest gradients.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::kernels::simd::{sigmoid, sum_of_logarithms};
use crate::model::decoder::gravity::DISTANCE_OFFSET;
use crate::model::loss::dense::{Block, Blocks, TILE_ROWS};

/// Returns Σ_ij softplus(x_ij) over all ordered pairs of rows, including i = j, and its gradient, [n, width],
/// for `z`, [n, width] row by row with the mass in the last column.
pub(super) fn softplus_sum(z: &[f32], n: usize, width: usize, lambda: f64) -> (f64, Vec<f64>) {
    let d = width - 1;
    let coordinates: Vec<f32> = z.chunks_exact(width).flat_map(|row| &row[..d]).copied().collect();
    let blocks = Blocks::new(&coordinates, n, d);
    // Padding rows have mass 0 and are masked out.
    let column = |at: usize, value: f32| -> Vec<f32> {
        let first = at * blocks.height;
        (first..first + blocks.height).map(|node| if node < n { value } else { 0.0 }).collect()
    };
    let masses: Vec<Vec<f32>> = (0..blocks.blocks.len())
        .map(|at| {
            let mut masses = column(at, 0.0);
            let rows = z.chunks_exact(width).skip(at * blocks.height);
            masses.iter_mut().zip(rows).for_each(|(mass, row)| *mass = row[d]);
            masses
        })
        .collect();
    let masks: Vec<Vec<f32>> = (0..blocks.blocks.len()).map(|at| column(at, 1.0)).collect();
    let arch = Arch::new();
    let mut gradient = vec![0f64; n * width];
    let sums: Vec<f64> = gradient
        .par_chunks_mut(blocks.height * width)
        .enumerate()
        .map(|(at, gradient)| {
            let body = |at: usize| Body { block: &blocks.blocks[at], masses: &masses[at], mask: &masks[at] };
            let mut pulls = vec![0f32; blocks.height * blocks.width];
            let mut mass_gradient = vec![0f64; blocks.height];
            let mut total = 0.0;
            for other in 0..blocks.blocks.len() {
                total += arch.dispatch(BlockPair {
                    shape: &blocks,
                    lambda: lambda as f32,
                    rows: body(at),
                    columns: body(other),
                    pulls: &mut pulls,
                    mass_gradient: &mut mass_gradient,
                });
            }
            // dx/dz_i = −2λ (z_i − z_j) / (‖z_i − z_j‖² + 0.01); `pulls` contains the sums without the factor
            // −2λ.
            for ((row, pull), mass) in
                gradient.chunks_exact_mut(width).zip(pulls.chunks_exact(blocks.width)).zip(&mass_gradient)
            {
                for (value, &pull) in row.iter_mut().zip(&pull[..d]) {
                    *value = -2.0 * lambda * pull as f64;
                }
                row[d] = *mass;
            }
            total
        })
        .collect();
    (sums.iter().sum(), gradient)
}

/// A block of nodes with their masses.
#[derive(Clone, Copy)]
struct Body<'a> {
    block: &'a Block,
    /// The masses, [height].
    masses: &'a [f32],
    /// The mask, [height]: 1 for a node, 0 for padding.
    mask: &'a [f32],
}

/// A block of rows, a block of columns, and the sums of the rows. The output is Σ softplus over the pairs
/// (row, column).
struct BlockPair<'a> {
    shape: &'a Blocks,
    lambda: f32,
    rows: Body<'a>,
    columns: Body<'a>,
    pulls: &'a mut [f32],
    mass_gradient: &'a mut [f64],
}

impl WithSimd for BlockPair<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let Blocks { height, width, d, .. } = *self.shape;
        let mut weights = vec![0f32; TILE_ROWS * height];
        let mut total = 0.0;
        let num_tiles = self.rows.block.num_rows.div_ceil(TILE_ROWS);
        for tile in 0..num_tiles {
            let first = tile * TILE_ROWS;
            let rows = &self.rows.block.rows[first * width..(first + TILE_ROWS) * width];
            let masses = &self.rows.masses[first..first + TILE_ROWS];
            let mask = &self.rows.mask[first..first + TILE_ROWS];
            let mass_gradient = &mut self.mass_gradient[first..first + TILE_ROWS];
            squared_distances(simd, rows, width, &self.columns.block.transposed, d, &mut weights);
            for row in 0..TILE_ROWS {
                let weights = &mut weights[row * height..(row + 1) * height];
                if mask[row] == 0.0 {
                    weights.fill(0.0);
                    continue;
                }
                let (sum, gradient) = attract(simd, weights, masses[row], &self.columns, self.lambda);
                total += sum;
                mass_gradient[row] += gradient;
            }
            let pulls = &mut self.pulls[first * width..(first + TILE_ROWS) * width];
            pull(simd, rows, pulls, &self.columns.block.rows, &weights, width);
        }
        total
    }
}

/// Writes ‖row − column‖² for a tile of rows and a whole block of columns.
#[inline(always)]
fn squared_distances<S: Simd>(
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
        let mut sums = [[simd.splat_f32s(0.0); 2]; TILE_ROWS];
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

/// Computes the terms of one row i with mass `mass` and squared distances `weights`. Replaces each squared
/// distance by (σ(x_ij) + σ(x_ji)) / (distance + 0.01), and returns Σ_j softplus(x_ij) and Σ_j σ(x_ji), the
/// gradient of the mass.
#[inline(always)]
fn attract<S: Simd>(simd: S, weights: &mut [f32], mass: f32, columns: &Body, lambda: f32) -> (f64, f64) {
    let (weights, _) = S::as_mut_simd_f32s(weights);
    let (masses, _) = S::as_simd_f32s(columns.masses);
    let (mask, _) = S::as_simd_f32s(columns.mask);
    let zero = simd.splat_f32s(0.0);
    let one = simd.splat_f32s(1.0);
    let offset = simd.splat_f32s(DISTANCE_OFFSET as f32);
    let mass = simd.splat_f32s(mass);
    let minus_lambda = simd.splat_f32s(-lambda);
    let mut positive_parts = zero;
    let mut mass_gradient = zero;
    // Π (1 + e^-|x|), with factors of at most 2 and up to 128 / lanes factors per lane. The product must stay
    // below 2^127 in f32, so that its logarithm is added to the sum after 120 factors.
    let mut product = one;
    let mut num_factors = 0;
    let mut logarithms = 0.0;
    for ((weight, &column_mass), &mask) in weights.iter_mut().zip(masses).zip(mask) {
        let distance = simd.add_f32s(*weight, offset);
        let logarithm = natural_logarithm(simd, distance);
        let there = simd.mul_add_f32s(minus_lambda, logarithm, column_mass);
        let back = simd.mul_add_f32s(minus_lambda, logarithm, mass);
        let (exponential, there_probability) = sigmoid(simd, there);
        let (_, back_probability) = sigmoid(simd, back);
        positive_parts = simd.mul_add_f32s(simd.max_f32s(there, zero), mask, positive_parts);
        product = simd.mul_add_f32s(product, simd.mul_f32s(exponential, mask), product);
        mass_gradient = simd.mul_add_f32s(back_probability, mask, mass_gradient);
        let probabilities = simd.mul_f32s(simd.add_f32s(there_probability, back_probability), mask);
        *weight = simd.div_f32s(probabilities, distance);
        num_factors += 1;
        if num_factors == 120 {
            logarithms += sum_of_logarithms(simd, product);
            product = one;
            num_factors = 0;
        }
    }
    let sum = logarithms + sum_of_logarithms(simd, product) + simd.reduce_sum_f32s(positive_parts) as f64;
    (sum, simd.reduce_sum_f32s(mass_gradient) as f64)
}

/// Adds Σ_column weight · (row − column) to the sums of each row.
#[inline(always)]
fn pull<S: Simd>(simd: S, rows: &[f32], pulls: &mut [f32], columns: &[f32], weights: &[f32], width: usize) {
    let (rows, _) = S::as_simd_f32s(rows);
    let (pulls, _) = S::as_mut_simd_f32s(pulls);
    let (columns, _) = S::as_simd_f32s(columns);
    let vectors = width / S::F32_LANES;
    let height = weights.len() / TILE_ROWS;
    let (w0, rest) = weights.split_at(height);
    let (w1, rest) = rest.split_at(height);
    let (w2, w3) = rest.split_at(height);
    for part in 0..vectors {
        let row: [S::f32s; TILE_ROWS] = std::array::from_fn(|at| rows[at * vectors + part]);
        let mut sums: [S::f32s; TILE_ROWS] = std::array::from_fn(|at| pulls[at * vectors + part]);
        let columns = columns[part..].iter().step_by(vectors);
        for (&column, (((w0, w1), w2), w3)) in columns.zip(w0.iter().zip(w1).zip(w2).zip(w3)) {
            for (at, &weight) in [w0, w1, w2, w3].into_iter().enumerate() {
                let difference = simd.sub_f32s(row[at], column);
                sums[at] = simd.mul_add_f32s(simd.splat_f32s(weight), difference, sums[at]);
            }
        }
        for (at, sum) in sums.into_iter().enumerate() {
            pulls[at * vectors + part] = sum;
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
