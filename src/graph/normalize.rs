//! Â, the normalised adjacency matrix with which every graph encoder multiplies.
//!
//! # Examples
//! ```
//! use vgae::graph::EdgeList;
//! use vgae::graph::normalize;
//!
//! let edges = EdgeList::new(3, vec![(0, 1)], None).0;
//! let adj_norm = normalize::symmetric(&edges);
//! assert_eq!((adj_norm.get(0, 1), adj_norm.get(2, 2)), (Some(&0.5), Some(&1.0)));
//! let walk = normalize::row_stochastic(&edges);
//! assert_eq!(walk.get(1, 0), Some(&0.5));
//! ```

use std::ops::Range;

use rayon::prelude::*;

use crate::graph::{Csr, Direction, EdgeList};
use crate::kernels::sort::Buckets;

/// Returns Â = D^-1/2 (A + I) D^-1/2, [n, n], where D is the diagonal matrix of the row sums of A + I (Kipf &
/// Welling 2017, *Semi-Supervised Classification with Graph Convolutional Networks*, eq. 2). Pass only the
/// training edges.
///
/// A contains the weights of the edges, or ones. The self-loops always have weight 1, so that scaling all
/// weights by a constant changes Â: with heavier edges a node contributes less to its own row. Directed edges
/// are made undirected first ([`EdgeList::undirected`]). O(n + m) time and memory, on all threads; sums and
/// roots are computed in f64.
pub fn symmetric(edges: &EdgeList) -> Csr {
    if edges.direction() == Direction::Directed {
        return symmetric(&edges.undirected());
    }
    let n = edges.num_nodes();
    // The edges are sorted, with the lower node first, so that they list the entries right of the diagonal
    // row by row. Grouped by the higher node, they give the entries left of the diagonal in blocks of rows,
    // the columns of each row ascending.
    let weight = |at: usize| edges.weights().map_or(1.0, |weights| weights[at]);
    let left = edges.pairs().iter().enumerate().map(|(at, &pair)| (pair, weight(at)));
    let mut left = Buckets::new(left, |&((_, v), _)| v, n);
    let left: Vec<_> = left.blocks().into_iter().map(|(rows, left)| (rows, &*left)).collect();
    let right = |rows: &Range<usize>| {
        edges.places_from(rows.clone()).map(|at| (edges.pairs()[at], f64::from(weight(at))))
    };

    let (mut degree, mut indptr) = (vec![1.0f64; n], vec![0usize; n + 1]);
    let mut blocks = Vec::with_capacity(left.len());
    let (mut degree_left, mut lengths_left) = (degree.as_mut_slice(), &mut indptr[1..]);
    for (rows, left) in &left {
        let (degree, lengths) = (cut(&mut degree_left, rows.len()), cut(&mut lengths_left, rows.len()));
        blocks.push((rows, left, degree, lengths));
    }
    blocks.into_par_iter().for_each(|(rows, left, degree, lengths)| {
        let mut add = |row: u32, value: f64| {
            degree[row as usize - rows.start] += value;
            lengths[row as usize - rows.start] += 1;
        };
        left.iter().for_each(|&((_, v), value)| add(v, f64::from(value)));
        right(rows).for_each(|((u, _), value)| add(u, value));
    });
    for node in 0..n {
        indptr[node + 1] += indptr[node] + 1;
    }
    let scale: Vec<f64> = degree.par_iter().map(|degree| 1.0 / degree.sqrt()).collect();

    let (mut indices, mut values) = (vec![0u32; indptr[n]], vec![0f32; indptr[n]]);
    let mut blocks = Vec::with_capacity(left.len());
    let (mut indices_left, mut values_left) = (indices.as_mut_slice(), values.as_mut_slice());
    for (rows, left) in &left {
        let length = indptr[rows.end] - indptr[rows.start];
        blocks.push((rows, left, cut(&mut indices_left, length), cut(&mut values_left, length)));
    }
    blocks.into_par_iter().for_each(|(rows, left, indices, values)| {
        let start = indptr[rows.start];
        let mut next: Vec<usize> = indptr[rows.clone()].iter().map(|&at| at - start).collect();
        let mut put = |row: u32, column: u32, value: f64| {
            let next = &mut next[row as usize - rows.start];
            indices[*next] = column;
            values[*next] = (value * scale[row as usize] * scale[column as usize]) as f32;
            *next += 1;
        };
        left.iter().for_each(|&((u, v), value)| put(v, u, f64::from(value)));
        rows.clone().for_each(|node| put(node as u32, node as u32, 1.0));
        right(rows).for_each(|((u, v), value)| put(u, v, value));
    });
    Csr::new((n, n), indptr, indices, values)
}

/// Removes the first `length` items from `items` and returns them.
fn cut<'a, T>(items: &mut &'a mut [T], length: usize) -> &'a mut [T] {
    let (first, rest) = std::mem::take(items).split_at_mut(length);
    *items = rest;
    first
}

/// Returns Â = D_out^-1 (A + I), [n, n], where D_out is the diagonal matrix of the row sums of A + I (Salha
/// et al. 2019, *Gravity-Inspired Graph Autoencoders for Directed Link Prediction*, section 3.3.1). Each row
/// sums to 1: a product with Â gives each node the mean of itself and the nodes to which its edges point.
/// Pass only the training edges.
///
/// Â is not symmetric, even if the edges are undirected; each undirected edge is in the rows of both its
/// nodes. A contains the weights of the edges, or ones. O(n + m log m) time, O(n + m) memory; sums are
/// computed in f64.
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
