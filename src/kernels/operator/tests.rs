//! Tests of products with small matrices, and of dropout.

use super::*;

fn matrix() -> Csr {
    // [[1, 0, 2, 0, 0], [0, 0, 0, 0, 0], [-3, 4, 0, 0, 0.5]]
    Csr::new((3, 5), vec![0, 2, 2, 5], vec![0, 2, 0, 1, 4], vec![1.0, 2.0, -3.0, 4.0, 0.5])
}

fn counting(rows: usize, width: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, width), |(row, column)| (row * width + column) as f32)
}

fn applied(operator: &Operator, x: &Array2<f32>) -> Array2<f32> {
    let mut result = Array2::from_elem((operator.num_rows(), x.ncols()), f32::NAN);
    operator.apply(x.view(), &mut result);
    result
}

fn adjoint_applied(operator: &Operator, y: &Array2<f32>) -> Array2<f32> {
    let mut result = Array2::from_elem((operator.num_columns(), y.ncols()), f32::NAN);
    operator.apply_adjoint(y.view(), &mut result);
    result
}

#[test]
fn products_with_a_matrix_and_its_transpose_match_ndarray() {
    let full = matrix().to_dense();
    let [sparse, dense] = [Operator::sparse(Cow::Owned(matrix())), Operator::dense(Cow::Owned(full.clone()))];
    for width in [1, 3, 16, 19, 32, 64, 113, 128] {
        for operator in [&sparse, &dense] {
            let (x, y) = (counting(5, width), counting(3, width));
            assert_eq!(applied(operator, &x), full.dot(&x));
            assert_eq!(adjoint_applied(operator, &y), full.t().dot(&y));
        }
    }
}

#[test]
fn the_scattered_product_with_the_transpose_of_a_tall_matrix_matches_ndarray() {
    let tall = Array2::from_shape_fn((500, 6), |(row, column)| match (row * 7 + column * 3) % 5 {
        0 => ((row * 31 + column) % 13) as f32 - 6.0,
        _ => 0.0,
    });
    let operator = Operator::sparse(Cow::Owned(Csr::csr_from_dense(tall.view(), 0.0)));
    for width in [1, 16, 37] {
        // Sums of integers below 2^24 are exact.
        let y = counting(500, width);
        assert_eq!(adjoint_applied(&operator, &y), tall.t().dot(&y));
    }
}

#[test]
fn dropout_scales_kept_entries_and_drops_the_same_entries_of_the_transpose() {
    let operators =
        [Operator::sparse(Cow::Owned(matrix())), Operator::dense(Cow::Owned(matrix().to_dense()))];
    let (mut num_kept, num_seeds) = (0, 2000);
    for operator in &operators {
        for seed in 0..num_seeds {
            let dropped = operator.with_dropout(Dropout { fraction: 0.25, seed });
            let found = applied(&dropped, &Array2::eye(5));
            assert_eq!(adjoint_applied(&dropped, &Array2::eye(3)), found.t());
            for (&original, (row, column)) in matrix().iter() {
                let value = found[[row as usize, column as usize]];
                assert!(value == 0.0 || (value - original / 0.75).abs() < 1e-6);
                num_kept += usize::from(value != 0.0);
            }
        }
    }
    // 20,000 draws with probability 3/4: five standard errors. The sparse and the dense operator drop the
    // same entries, so only half the draws are independent.
    let share = num_kept as f64 / (10 * num_seeds) as f64;
    assert!((share - 0.75).abs() < 5.0 * (0.75f64 * 0.25 / 10_000.0).sqrt(), "{share}");
}
