//! Computes what two nodes share: neighbours, features, and paths between them.

use vgae::graph::Features;
use vgae::model::baseline::Adjacency;

/// The longest path that is searched.
pub(super) const MAX_DISTANCE: u32 = 4;

/// Returns the nodes in both of two ascending lists. O(length of both) time.
pub(super) fn common<'a>(left: &'a [u32], right: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
    let mut right = right.iter().peekable();
    left.iter().copied().filter(move |node| {
        while right.next_if(|&other| other < node).is_some() {}
        right.peek() == Some(&node)
    })
}

/// Returns Σ 1 / ln d_w over the common neighbours w (Adamic & Adar 2003, *Friends and neighbors on the
/// Web*). Each w has at least two neighbours.
pub(super) fn adamic_adar(adjacency: &Adjacency, common: &[u32]) -> f64 {
    // `sum` would return −0 for no common neighbours.
    common.iter().fold(0.0, |sum, &w| sum + 1.0 / (adjacency.neighbours(w as usize).len() as f64).ln())
}

/// Returns the neighbours of `v` other than `u` that share neighbours other than `v` with `u`, and how many,
/// most first. O(n + m) time at most.
pub(super) fn similar_nodes(adjacency: &Adjacency, u: u32, v: u32) -> Vec<(u32, usize)> {
    let neighbours_of_u = adjacency.neighbours(u as usize);
    let others = adjacency.neighbours(v as usize).iter().filter(|&&other| other != u);
    let count = |&other: &u32| {
        let shared = common(adjacency.neighbours(other as usize), neighbours_of_u);
        (other, shared.filter(|&node| node != v).count())
    };
    let mut similar: Vec<(u32, usize)> = others.map(count).filter(|(_, count)| *count > 0).collect();
    similar.sort_by_key(|&(node, count)| (std::cmp::Reverse(count), node));
    similar
}

/// Returns the length of the shortest path between two nodes, up to [`MAX_DISTANCE`], by a search from both
/// ends. O(n + m) time at most, usually much less.
pub(super) fn distance(adjacency: &Adjacency, u: u32, v: u32) -> Option<u32> {
    const FREE: u8 = 0;
    let mut owners = vec![FREE; adjacency.num_nodes()];
    let mut sides = [(1u8, vec![u]), (2u8, vec![v])];
    (owners[u as usize], owners[v as usize]) = (1, 2);
    for length in 1..=MAX_DISTANCE {
        let side = usize::from(sides[1].1.len() < sides[0].1.len());
        let (own, frontier) = &mut sides[side];
        let mut next = Vec::new();
        for &node in frontier.iter() {
            for &neighbour in adjacency.neighbours(node as usize) {
                match &mut owners[neighbour as usize] {
                    owner if *owner == FREE => {
                        *owner = *own;
                        next.push(neighbour);
                    }
                    owner if owner != own => return Some(length),
                    _ => (),
                }
            }
        }
        *frontier = next;
    }
    None
}

/// Counts the nodes that have each of the f features, \[f\].
pub(super) fn nodes_of_features(features: &Features) -> Vec<u32> {
    let mut counts = vec![0; features.cols()];
    for row in 0..features.rows() {
        features.row_entries(row).for_each(|(column, _)| counts[column] += 1);
    }
    counts
}

/// A feature that two nodes share.
#[derive(Debug, PartialEq)]
pub(super) struct SharedColumn {
    pub(super) column: usize,
    pub(super) values: (f32, f32),
    pub(super) weight: f64,
}

/// Returns the features whose values have the same sign at both nodes, largest weight first. O(f log f) time
/// at most.
pub(super) fn shared_features(
    features: &Features,
    num_nodes_of: &[u32],
    u: u32,
    v: u32,
) -> Vec<SharedColumn> {
    let n = features.rows() as f64;
    let mut right = features.row_entries(v as usize).peekable();
    let mut shared: Vec<SharedColumn> = features
        .row_entries(u as usize)
        .filter_map(|(column, value)| {
            while right.next_if(|&(other, _)| other < column).is_some() {}
            let &(_, other) = right.peek().filter(|&&(other, _)| other == column)?;
            let rarity = ((n + 1.0) / f64::from(num_nodes_of[column])).ln();
            let weight = f64::from(value) * f64::from(other) * rarity;
            Some(SharedColumn { column, values: (value, other), weight })
        })
        .filter(|both| both.weight > 0.0)
        .collect();
    shared.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.column.cmp(&b.column)));
    shared
}

/// Returns the cosine of two rows of X, 0 if one is all zeros. O(f) time at most.
pub(super) fn feature_cosine(features: &Features, u: u32, v: u32) -> f64 {
    let entries = |node: u32| features.row_entries(node as usize);
    let square = |node: u32| entries(node).map(|(_, value)| f64::from(value) * f64::from(value)).sum::<f64>();
    let mut right = entries(v).peekable();
    let product: f64 = entries(u)
        .map(|(column, value)| {
            while right.next_if(|&(other, _)| other < column).is_some() {}
            let other = right.peek().filter(|&&(other, _)| other == column);
            other.map_or(0.0, |&(_, other)| f64::from(value) * f64::from(other))
        })
        .sum();
    let squares = square(u) * square(v);
    if squares > 0.0 { product / squares.sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use vgae::config::{BaselineKind, ReadConfig};
    use vgae::graph::EdgeList;
    use vgae::model::baseline::Baseline;
    use vgae::read;

    #[test]
    fn figures_agree_with_the_baselines() {
        let graph = read::data("../../datasets/karate".as_ref(), &ReadConfig::default()).unwrap();
        let adjacency = Adjacency::new(&graph.edges);
        let x = Array2::from_shape_fn((34, 5), |(row, column)| ((row * 7 + column * 3) % 5) as f32 - 1.0);
        for features in
            [Features::Dense(x.clone()), Features::Sparse(Features::Dense(x).to_sparse().into_owned())]
        {
            let score = |kind, pair| {
                Baseline::new(kind, &graph.edges, Some(&features), 0).unwrap().scores(&[pair])[0]
            };
            for pair in [(0, 33), (1, 2), (16, 25), (5, 6)] {
                let neighbours = |node: u32| adjacency.neighbours(node as usize);
                let common: Vec<u32> = common(neighbours(pair.0), neighbours(pair.1)).collect();
                assert_eq!(common.len() as f64, score(BaselineKind::CommonNeighbours, pair));
                let sum = adamic_adar(&adjacency, &common);
                assert!((sum - score(BaselineKind::AdamicAdar, pair)).abs() < 1e-12);
                let cosine = feature_cosine(&features, pair.0, pair.1);
                assert!(
                    (cosine - score(BaselineKind::FeatureCosine, pair)).abs() < 1e-6,
                    "{pair:?}: {cosine}"
                );
            }
        }
    }

    #[test]
    fn distances_and_similar_nodes() {
        let path = EdgeList::new(8, (0..6).map(|node| (node, node + 1)).collect(), None).0;
        let adjacency = Adjacency::new(&path);
        for (u, v, expected) in
            [(0, 1, Some(1)), (3, 1, Some(2)), (2, 5, Some(3)), (0, 4, Some(4)), (0, 5, None), (0, 7, None)]
        {
            assert_eq!(distance(&adjacency, u, v), expected, "{u}, {v}");
        }
        // Nodes 0 and 1 bought 2, and 1 bought 3 as well.
        let bought = Adjacency::new(&EdgeList::new(4, vec![(0, 2), (1, 2), (1, 3)], None).0);
        assert_eq!(similar_nodes(&bought, 0, 3), [(1, 1)]);
        assert_eq!(similar_nodes(&bought, 1, 2), []);
    }

    #[test]
    fn rare_features_weigh_more() {
        let features = Features::Dense(array![[1.0, 1.0, -2.0], [1.0, 3.0, 1.0], [0.0, 1.0, 0.0]]);
        let num_nodes_of = nodes_of_features(&features);
        assert_eq!(num_nodes_of, [2, 3, 2]);
        let shared = shared_features(&features, &num_nodes_of, 0, 1);
        let weights: Vec<(usize, f64)> = shared.iter().map(|both| (both.column, both.weight)).collect();
        assert_eq!(weights, [(1, 3.0 * (4.0f64 / 3.0).ln()), (0, 2.0f64.ln())]);
    }
}
