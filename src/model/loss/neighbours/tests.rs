//! Tests of the lists of pairs, and of their sums against a plain loop.

use super::*;

#[test]
fn several_tasks_build_the_same_lists_as_one() {
    let pairs: Vec<Pair> = (0..50_000u32).map(|at| (at * 7 % 1009, (at * at) % 1013)).collect();
    let lists = |num_parts: usize| {
        let Neighbours { starts, others, .. } = Neighbours::build(&pairs, 1013, 1, num_parts);
        (starts, others)
    };
    let (starts, others) = lists(1);
    assert_eq!(lists(3), (starts.clone(), others.clone()));
    let neighbours_of_five: Vec<u32> = pairs
        .iter()
        .flat_map(|&(u, v)| [(u, v), (v, u)])
        .filter_map(|(node, other)| (node == 5).then_some(other))
        .collect();
    assert_eq!(others[starts[5]..starts[6]], [vec![5], neighbours_of_five].concat());
}

#[test]
fn weights_multiply_the_costs_of_their_pairs() {
    let (n, d) = (40, 5);
    let pairs: Vec<Pair> =
        (0..300u32).map(|at| (at * 7 % 37, at * at % 39)).filter(|(u, v)| u != v).collect();
    let weights: Vec<f32> = (0..pairs.len()).map(|at| 0.1 + (at % 11) as f32).collect();
    let z: Vec<f32> = (0..n * d).map(|at| ((at * 37 % 101) as f32 - 50.0) / 30.0).collect();
    let cost = Cost { softplus: -0.5, weighted: 2.0, linear: 0.7 };
    let row = |node: u32| &z[node as usize * d..][..d];
    for loops in [false, true] {
        let lists = if loops { Neighbours::with_loops(&pairs, n) } else { Neighbours::new(&pairs, n) };
        let mut gradient = vec![0f32; n * d];
        let total = lists.weighted(&pairs, &weights).add(&z, d, cost, 3.0, &mut gradient);
        let both_ways = pairs.iter().zip(&weights).flat_map(|(&(u, v), &w)| [(u, v, w), (v, u, w)]);
        let itself = (0..n as u32).filter(|_| loops).map(|node| (node, node, 1.0));
        let (mut expected_total, mut expected) = (0.0, vec![0f64; n * d]);
        for (u, v, w) in both_ways.chain(itself) {
            let x: f64 = row(u).iter().zip(row(v)).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
            let factor = -0.5 + 2.0 * f64::from(w);
            expected_total += factor * (1.0 + (-x).exp()).ln() + 0.7 * x;
            for (k, &value) in row(v).iter().enumerate() {
                expected[u as usize * d + k] += 3.0 * (0.7 - factor / (1.0 + x.exp())) * f64::from(value);
            }
        }
        assert!((total - expected_total).abs() < 1e-6 * expected_total, "{total} {expected_total}");
        let size = expected.iter().fold(0f64, |most, value| most.max(value.abs()));
        for (found, expected) in gradient.iter().zip(&expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-5 * size, "{found} {expected}");
        }
    }
}
