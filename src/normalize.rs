//! Â, the normalised adjacency that every graph encoder multiplies with.

use crate::graph::{Csr, Direction, EdgeList};

/// Â = D^-1/2 (A + I) D^-1/2, [n, n], where D is the diagonal of A + I's row sums (Kipf & Welling 2017,
/// *Semi-Supervised Classification with Graph Convolutional Networks*, eq. 2). Give it the training edges.
///
/// A holds the edges' weights, or ones. Of directed edges it holds the undirected version
/// ([`EdgeList::undirected`]). O(n + m) time and memory; sums and roots are taken in f64.
pub fn symmetric(edges: &EdgeList) -> Csr {
    if edges.direction() == Direction::Directed {
        return symmetric(&edges.undirected());
    }
    let n = edges.num_nodes();
    let weight = |at: usize| edges.weights().map_or(1.0, |weights| weights[at] as f64);
    let mut degree = vec![1.0f64; n];
    let mut indptr = vec![0usize; n + 1];
    for (at, &(u, v)) in edges.pairs().iter().enumerate() {
        for node in [u as usize, v as usize] {
            degree[node] += weight(at);
            indptr[node + 1] += 1;
        }
    }
    for node in 0..n {
        indptr[node + 1] += indptr[node] + 1;
    }
    let scale: Vec<f64> = degree.iter().map(|degree| 1.0 / degree.sqrt()).collect();

    // The edges are sorted, so that one pass meets each row's lower neighbours in order, and a second one its
    // higher neighbours; the diagonal goes between.
    let mut next = indptr[..n].to_vec();
    let mut indices = vec![0u32; indptr[n]];
    let mut values = vec![0f32; indptr[n]];
    let mut put = |row: usize, column: usize, value: f64| {
        indices[next[row]] = column as u32;
        values[next[row]] = (value * scale[row] * scale[column]) as f32;
        next[row] += 1;
    };
    for (at, &(u, v)) in edges.pairs().iter().enumerate() {
        put(v as usize, u as usize, weight(at));
    }
    for node in 0..n {
        put(node, node, 1.0);
    }
    for (at, &(u, v)) in edges.pairs().iter().enumerate() {
        put(u as usize, v as usize, weight(at));
    }
    Csr::new((n, n), indptr, indices, values)
}

/// Â = D_out^-1 (A + I), [n, n], where D_out is the diagonal of A + I's row sums: each row sums to 1, and a node
/// hears the mean of itself and those that its edges point to (Salha et al. 2019, *Gravity-Inspired Graph
/// Autoencoders for Directed Link Prediction*, section 3.3.1). Give it the training edges.
///
/// Â is not symmetric, whether the edges have directions or not; without them each stands in both rows. A holds
/// the edges' weights, or ones. O(n + m log m) time, O(n + m) memory; sums are taken in f64.
pub fn row_stochastic(edges: &EdgeList) -> Csr {
    let n = edges.num_nodes();
    let weight = |at: usize| edges.weights().map_or(1.0, |weights| weights[at] as f64);
    let mut entries: Vec<(u32, u32, f64)> = (0..n as u32).map(|node| (node, node, 1.0)).collect();
    for (at, &(u, v)) in edges.pairs().iter().enumerate() {
        entries.push((u, v, weight(at)));
        if edges.direction() == Direction::Undirected {
            entries.push((v, u, weight(at)));
        }
    }
    entries.sort_unstable_by_key(|&(row, column, _)| (row, column));
    let mut row_sums = vec![0f64; n];
    let mut indptr = vec![0usize; n + 1];
    for &(row, _, value) in &entries {
        row_sums[row as usize] += value;
        indptr[row as usize + 1] += 1;
    }
    for node in 0..n {
        indptr[node + 1] += indptr[node];
    }
    let values = entries.iter().map(|&(row, _, value)| (value / row_sums[row as usize]) as f32).collect();
    let indices = entries.iter().map(|&(_, column, _)| column).collect();
    Csr::new((n, n), indptr, indices, values)
}
