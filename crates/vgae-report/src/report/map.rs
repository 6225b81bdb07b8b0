//! The map: the embeddings in two dimensions.

use std::collections::BTreeMap;

use bhtsne::Neighbor;
use leiden_rs::{GraphDataBuilder, Leiden, LeidenConfig};
use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{Array2, Axis};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::config::{MapKind, ReportConfig};
use crate::report::links;
use vgae::graph::{EdgeList, Graph};

/// The most groups; each has its own colour.
const MAX_GROUPS: usize = 8;
/// The most training edges for which communities are searched: some seconds for a million.
const MAX_EDGES: usize = 3_000_000;
/// The usual perplexity of t-SNE (van der Maaten & Hinton 2008, *Visualizing data using t-SNE*, section 2: 5
/// to 50).
const PERPLEXITY: f32 = 30.0;
/// Steps of t-SNE's gradient descent; the first quarter uses early exaggeration.
const STEPS: usize = 500;
/// The fewest nodes for t-SNE; with fewer, neighbourhoods mean little.
const MIN_NODES: usize = 20;
/// The angle of the Barnes–Hut approximation (van der Maaten 2014, *Accelerating t-SNE using tree-based
/// algorithms*).
const THETA: f32 = 0.5;

/// Number of shown nodes that determine the position of a node that is not shown.
const NEAREST: usize = 3;

/// The positions of nodes in two dimensions, and their groups.
///
/// PCA takes O(n·d²) time; t-SNE, which starts from it, takes O(k log k · steps) for the k nodes shown.
/// Communities come from the Leiden algorithm (Traag, Waltman & van Eck 2019, *From Louvain to Leiden*) on
/// the training edges, so that they reveal no held-out edge.
#[derive(Debug, Clone)]
pub struct Map {
    /// The layout method.
    pub kind: MapKind,
    /// The k nodes shown, ascending.
    pub nodes: Vec<u32>,
    /// The positions of the k nodes, from −1 to 1; the longer side spans the whole range.
    pub positions: Vec<[f32; 2]>,
    /// The origin of the groups.
    pub grouping: Grouping,
    /// The largest groups, at most eight, largest first.
    pub groups: Vec<Group>,
    /// The group of each of the k nodes, as an index into `groups`; `None` for nodes in none of them.
    pub group_of: Vec<Option<usize>>,
    /// A note if the map differs from the settings.
    pub note: Option<String>,
}

/// The origin of the groups of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// The labels of the nodes.
    Label,
    /// The communities of the training edges.
    Community,
    /// No groups.
    None,
}

/// A group of nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The label, or `community 1` for the largest community, `community 2` for the next, …
    pub name: String,
    /// Number of members among all nodes of the graph.
    pub num_nodes: usize,
}

impl Map {
    /// Maps all nodes by t-SNE, or a sample by `seed` if there are more than [`ReportConfig`] shows by
    /// default.
    pub fn with_defaults(mean: &Array2<f32>, graph: &Graph, train: &EdgeList, seed: u64) -> Map {
        let config = ReportConfig::default();
        let mut nodes =
            links::sample_nodes(mean.nrows(), config.map_nodes, &mut ChaCha8Rng::seed_from_u64(seed));
        nodes.sort_unstable();
        Map::new(config.map, mean, nodes, graph, train, seed)
    }

    /// Returns the position of any node. If the node is not shown, that is the mean position of the three
    /// shown nodes whose rows of `mean`, [n, d], are nearest to its row. O(k·d) time.
    pub fn position_of(&self, node: u32, mean: &Array2<f32>) -> [f32; 2] {
        if let Ok(at) = self.nodes.binary_search(&node) {
            return self.positions[at];
        }
        let row = mean.row(node as usize);
        let distance = |&other: &u32| {
            let squares = row.iter().zip(mean.row(other as usize)).map(|(a, b)| (a - b).powi(2));
            squares.sum::<f32>()
        };
        let mut nearest: Vec<(f32, usize)> = self.nodes.iter().map(distance).zip(0..).collect();
        let count = NEAREST.min(nearest.len());
        if count < nearest.len() {
            nearest.select_nth_unstable_by(count, |a, b| a.0.total_cmp(&b.0));
        }
        let mut position = [0.0; 2];
        for &(_, at) in &nearest[..count] {
            (0..2).for_each(|axis| position[axis] += self.positions[at][axis] / count as f32);
        }
        position
    }

    /// Maps `nodes` by their rows of `mean`, [n, d]; `seed` is used in the search for communities.
    pub fn new(
        kind: MapKind,
        mean: &Array2<f32>,
        nodes: Vec<u32>,
        graph: &Graph,
        train: &EdgeList,
        seed: u64,
    ) -> Map {
        let rows: Vec<usize> = nodes.iter().map(|&node| node as usize).collect();
        let rows = mean.select(Axis(0), &rows);
        let mut positions = principal_components(&rows);
        let (mut kind, mut note) = (kind, None);
        if kind == MapKind::Tsne {
            match tsne(&rows, &positions) {
                Some(found) => positions = found,
                None => {
                    kind = MapKind::Pca;
                    note = Some("The map uses PCA: too few nodes differ for t-SNE.".into());
                }
            }
        }
        scale(&mut positions);
        let (grouping, names) = match &graph.labels {
            Some(labels) => (Grouping::Label, labels.clone()),
            None if train.is_empty() => (Grouping::None, Vec::new()),
            None if train.len() > MAX_EDGES => {
                note = Some(format!(
                    "Communities are searched only in graphs of up to {MAX_EDGES} training edges."
                ));
                (Grouping::None, Vec::new())
            }
            None => (Grouping::Community, communities(train, seed)),
        };
        let groups = largest(&names);
        let group_of = nodes.iter().map(|&node| {
            let name = names.get(node as usize)?;
            groups.iter().position(|group| &group.name == name)
        });
        Map { group_of: group_of.collect(), kind, nodes, positions, grouping, groups, note }
    }
}

/// Projects `rows`, [k, d], on their two principal components, each with the sign that makes its largest
/// weight positive.
fn principal_components(rows: &Array2<f32>) -> Vec<[f32; 2]> {
    let (k, d) = rows.dim();
    let mut center = vec![0.0f64; d];
    rows.outer_iter()
        .for_each(|row| center.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value)));
    center.iter_mut().for_each(|sum| *sum /= k.max(1) as f64);
    let mut covariance = DMatrix::<f64>::zeros(d, d);
    let mut centred = vec![0.0f64; d];
    for row in rows.outer_iter() {
        centred
            .iter_mut()
            .zip(row)
            .zip(&center)
            .for_each(|((to, &value), mean)| *to = f64::from(value) - mean);
        for i in 0..d {
            for j in i..d {
                covariance[(i, j)] += centred[i] * centred[j];
            }
        }
    }
    covariance.fill_lower_triangle_with_upper_triangle();
    if covariance.iter().any(|value| !value.is_finite()) {
        return vec![[0.0; 2]; k];
    }
    let eigen = SymmetricEigen::new(covariance);
    let mut order: Vec<usize> = (0..d).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let component = |at: usize| -> Vec<f64> {
        let Some(&column) = order.get(at) else { return vec![0.0; d] };
        let weights = eigen.eigenvectors.column(column);
        let largest = weights
            .iter()
            .copied()
            .fold(0.0f64, |largest, weight| if weight.abs() > largest.abs() { weight } else { largest });
        weights.iter().map(|weight| weight * largest.signum()).collect()
    };
    let components = [component(0), component(1)];
    let position = |row: ndarray::ArrayView1<f32>| {
        let along = |weights: &Vec<f64>| {
            let products = row.iter().zip(&center).zip(weights);
            products.map(|((&value, mean), weight)| (f64::from(value) - mean) * weight).sum::<f64>() as f32
        };
        [along(&components[0]), along(&components[1])]
    };
    rows.outer_iter().map(position).collect()
}

/// Runs t-SNE on `rows`, [k, d], starting at `start`. Returns `None` if there are too few nodes or all rows
/// are equal.
fn tsne(rows: &Array2<f32>, start: &[[f32; 2]]) -> Option<Vec<[f32; 2]>> {
    let k = rows.nrows();
    let spread = start.iter().map(|position| position[0].abs()).fold(0.0f32, f32::max);
    if k < MIN_NODES || spread <= 0.0 || !spread.is_finite() {
        return None;
    }
    let rows = rows.as_standard_layout();
    let samples: Vec<&[f32]> = rows.outer_iter().filter_map(|row| row.to_slice()).collect();
    let perplexity = PERPLEXITY.min((k - 1) as f32 / 4.0);
    let neighbours = nearest(&samples, (3.0 * perplexity) as usize);
    let start: Vec<f32> = start.iter().flatten().map(|value| value / spread * 1e-4).collect();
    // Several threads would add numbers in a different order each time and give a different map.
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().ok()?;
    let positions = one_thread.install(|| {
        let mut tsne = bhtsne::tSNE::<f32, &[f32], 2>::new(&samples);
        tsne.perplexity(perplexity)
            .epochs(STEPS)
            .stop_lying_epoch(STEPS / 4)
            .momentum_switch_epoch(STEPS / 4)
            .initial_embedding(start)
            .barnes_hut_with_neighbors(THETA, &neighbours);
        tsne.embedding()
    });
    let positions: Vec<[f32; 2]> =
        positions.chunks_exact(2).map(|position| [position[0], position[1]]).collect();
    positions.iter().flatten().all(|value| value.is_finite()).then_some(positions)
}

/// Returns the `count` nearest neighbours of each of k samples, nearest first, ties by index. O(k²·d) time.
fn nearest(samples: &[&[f32]], count: usize) -> Vec<Vec<Neighbor<f32>>> {
    let distance = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
    let neighbours = |(at, sample): (usize, &&[f32])| {
        let others = samples.iter().enumerate().filter(|(other, _)| *other != at);
        let mut all: Vec<(f32, usize)> = others.map(|(other, row)| (distance(sample, row), other)).collect();
        let by_distance = |a: &(f32, usize), b: &(f32, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        all.select_nth_unstable_by(count, by_distance);
        all.truncate(count);
        all.sort_unstable_by(by_distance);
        all.into_iter().map(|(squared, index)| Neighbor { index, distance: squared.sqrt() }).collect()
    };
    samples.par_iter().enumerate().map(neighbours).collect()
}

/// Centres the positions and scales them so that the longer side goes from −1 to 1.
fn scale(positions: &mut [[f32; 2]]) {
    let bounds = |axis: usize| {
        let values = || positions.iter().map(|position| position[axis]);
        (values().fold(f32::INFINITY, f32::min), values().fold(f32::NEG_INFINITY, f32::max))
    };
    let bounds = [bounds(0), bounds(1)];
    let half = bounds.iter().map(|(least, most)| (most - least) / 2.0).fold(0.0, f32::max);
    for position in positions {
        for (value, (least, most)) in position.iter_mut().zip(bounds) {
            *value = if half > 0.0 { (*value - (least + most) / 2.0) / half } else { 0.0 };
        }
    }
}

/// Returns the name of each node's community, empty for a node without edges.
fn communities(train: &EdgeList, seed: u64) -> Vec<String> {
    let n = train.num_nodes();
    let mut builder = GraphDataBuilder::new(n);
    let weights = |at: usize| train.weights().map_or(1.0, |weights| f64::from(weights[at]));
    for (at, &(u, v)) in train.pairs().iter().enumerate() {
        // Nodes are in bounds and weights are finite, so this cannot fail.
        let _ = builder.add_edge(u as usize, v as usize, weights(at));
    }
    let found =
        builder.build().and_then(|graph| Leiden::new(LeidenConfig::builder().seed(seed).build()).run(&graph));
    let Ok(found) = found else { return Vec::new() };
    let degrees = train.degrees();
    let community = |node: usize| (degrees[node] > 0).then(|| found.partition.community_of(node));
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    (0..n).filter_map(community).for_each(|community| *sizes.entry(community).or_default() += 1);
    let mut order: Vec<(usize, usize)> = sizes.into_iter().collect();
    order.sort_by_key(|&(community, size)| (std::cmp::Reverse(size), community));
    let rank: BTreeMap<usize, usize> =
        order.iter().enumerate().map(|(at, &(community, _))| (community, at + 1)).collect();
    let name =
        |node| community(node).map_or(String::new(), |community| format!("community {}", rank[&community]));
    (0..n).map(name).collect()
}

/// Returns the largest groups of nodes with the same nonempty name; groups of equal size are ordered by name.
fn largest(names: &[String]) -> Vec<Group> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    names.iter().filter(|name| !name.is_empty()).for_each(|name| *sizes.entry(name).or_default() += 1);
    let mut groups: Vec<Group> =
        sizes.into_iter().map(|(name, num_nodes)| Group { name: name.into(), num_nodes }).collect();
    // Shorter names come first, so that community 2 precedes community 10.
    groups.sort_by_key(|group| (std::cmp::Reverse(group.num_nodes), group.name.len()));
    groups.truncate(MAX_GROUPS);
    groups
}
