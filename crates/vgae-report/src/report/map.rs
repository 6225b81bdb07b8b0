//! The embeddings in two dimensions.

use std::collections::BTreeMap;

use bhtsne::Neighbor;
use leiden_rs::{GraphDataBuilder, Leiden, LeidenConfig};
use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{Array2, Axis};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::report::links;
use vgae::config::{MapKind, ReportConfig};
use vgae::graph::{EdgeList, Graph};

/// Groups that have a colour of their own.
const MOST_GROUPS: usize = 8;
/// Training edges up to which communities are looked for: some seconds for a million.
const MOST_EDGES: usize = 3_000_000;
/// The usual perplexity of t-SNE (van der Maaten & Hinton 2008, *Visualizing data using t-SNE*, section 2: 5 to 50).
const PERPLEXITY: f32 = 30.0;
/// Steps of t-SNE's descent, a quarter of them exaggerated.
const STEPS: usize = 500;
/// Nodes below which neighbours say too little for t-SNE.
const FEWEST_NODES: usize = 20;
/// The angle of the Barnes–Hut approximation (van der Maaten 2014, *Accelerating t-SNE using tree-based algorithms*).
const THETA: f32 = 0.5;

/// Shown nodes that say where one lies that is not shown.
const NEAREST: usize = 3;

/// Nodes in two dimensions, in groups.
///
/// PCA takes O(n·d²) time; t-SNE, begun at it, O(k log k · steps) for the k nodes shown. Communities are those of the
/// training edges by the Leiden algorithm (Traag, Waltman & van Eck 2019, *From Louvain to Leiden*), so that no held-out
/// edge shows in them.
#[derive(Debug, Clone)]
pub struct Map {
    /// How they were laid out.
    pub kind: MapKind,
    /// The k nodes shown, ascending.
    pub nodes: Vec<u32>,
    /// Their places, within −1 and 1, the larger side from end to end.
    pub places: Vec<[f32; 2]>,
    /// What the groups are.
    pub grouping: Grouping,
    /// The largest groups, at most eight, largest first.
    pub groups: Vec<Group>,
    /// The group of each of the k nodes; none if it is in no large one.
    pub group_of: Vec<Option<usize>>,
    /// What is not as it was asked for.
    pub note: Option<String>,
}

/// What the nodes are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// Their labels.
    Label,
    /// The communities of the training edges.
    Community,
    /// Nothing.
    None,
}

/// A group of nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its label, or `community` and a number, from 1, the largest first.
    pub name: String,
    /// How many of all nodes are in it.
    pub num_nodes: usize,
}

impl Map {
    /// The map by t-SNE of all nodes, or of so many as `seed` draws as [`ReportConfig`] shows by default.
    pub fn of_any(mean: &Array2<f32>, graph: &Graph, train: &EdgeList, seed: u64) -> Map {
        let config = ReportConfig::default();
        let mut nodes = links::draw(mean.nrows(), config.map_nodes, &mut ChaCha8Rng::seed_from_u64(seed));
        nodes.sort_unstable();
        Map::of(config.map, mean, nodes, graph, train, seed)
    }

    /// The place of any node: its own, or, where it is not shown, the middle of the three shown whose rows of `mean`,
    /// [n, d], are the nearest to its own. O(k·d) time.
    pub fn place_of(&self, node: u32, mean: &Array2<f32>) -> [f32; 2] {
        if let Ok(at) = self.nodes.binary_search(&node) {
            return self.places[at];
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
        let mut place = [0.0; 2];
        for &(_, at) in &nearest[..count] {
            (0..2).for_each(|axis| place[axis] += self.places[at][axis] / count as f32);
        }
        place
    }

    /// The map of `nodes` by their rows of `mean`, [n, d]; `seed` starts the search for communities.
    pub fn of(
        kind: MapKind,
        mean: &Array2<f32>,
        nodes: Vec<u32>,
        graph: &Graph,
        train: &EdgeList,
        seed: u64,
    ) -> Map {
        let rows: Vec<usize> = nodes.iter().map(|&node| node as usize).collect();
        let rows = mean.select(Axis(0), &rows);
        let mut places = principal(&rows);
        let (mut kind, mut note) = (kind, None);
        if kind == MapKind::Tsne {
            match tsne(&rows, &places) {
                Some(better) => places = better,
                None => {
                    kind = MapKind::Pca;
                    note = Some("The map is by PCA: too few nodes differ for t-SNE.".into());
                }
            }
        }
        scale(&mut places);
        let (grouping, names) = match &graph.labels {
            Some(labels) => (Grouping::Label, labels.clone()),
            None if train.is_empty() => (Grouping::None, Vec::new()),
            None if train.len() > MOST_EDGES => {
                note = Some(format!("Communities are looked for up to {MOST_EDGES} edges."));
                (Grouping::None, Vec::new())
            }
            None => (Grouping::Community, communities(train, seed)),
        };
        let groups = largest(&names);
        let group_of = nodes.iter().map(|&node| {
            let name = names.get(node as usize)?;
            groups.iter().position(|group| &group.name == name)
        });
        Map { group_of: group_of.collect(), kind, nodes, places, grouping, groups, note }
    }
}

/// The two principal components of `rows`, [k, d], each with the sign that makes its largest weight positive.
fn principal(rows: &Array2<f32>) -> Vec<[f32; 2]> {
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
            .fold(0.0f64, |most, weight| if weight.abs() > most.abs() { weight } else { most });
        weights.iter().map(|weight| weight * largest.signum()).collect()
    };
    let components = [component(0), component(1)];
    let place = |row: ndarray::ArrayView1<f32>| {
        let along = |weights: &Vec<f64>| {
            let products = row.iter().zip(&center).zip(weights);
            products.map(|((&value, mean), weight)| (f64::from(value) - mean) * weight).sum::<f64>() as f32
        };
        [along(&components[0]), along(&components[1])]
    };
    rows.outer_iter().map(place).collect()
}

/// t-SNE of `rows`, [k, d], begun at `start`; none where it has nothing to work on.
fn tsne(rows: &Array2<f32>, start: &[[f32; 2]]) -> Option<Vec<[f32; 2]>> {
    let k = rows.nrows();
    let spread = start.iter().map(|place| place[0].abs()).fold(0.0f32, f32::max);
    if k < FEWEST_NODES || spread <= 0.0 || !spread.is_finite() {
        return None;
    }
    let rows = rows.as_standard_layout();
    let samples: Vec<&[f32]> = rows.outer_iter().filter_map(|row| row.to_slice()).collect();
    let perplexity = PERPLEXITY.min((k - 1) as f32 / 4.0);
    let neighbours = nearest(&samples, (3.0 * perplexity) as usize);
    let start: Vec<f32> = start.iter().flatten().map(|value| value / spread * 1e-4).collect();
    // Several threads would add up in another order each time, and lay out another map.
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().ok()?;
    let places = one_thread.install(|| {
        let mut tsne = bhtsne::tSNE::<f32, &[f32], 2>::new(&samples);
        tsne.perplexity(perplexity)
            .epochs(STEPS)
            .stop_lying_epoch(STEPS / 4)
            .momentum_switch_epoch(STEPS / 4)
            .initial_embedding(start)
            .barnes_hut_with_neighbors(THETA, &neighbours);
        tsne.embedding()
    });
    let places: Vec<[f32; 2]> = places.chunks_exact(2).map(|place| [place[0], place[1]]).collect();
    places.iter().flatten().all(|value| value.is_finite()).then_some(places)
}

/// The `count` nearest of each of k samples, nearest first, ties in their order. O(k²·d) time.
fn nearest(samples: &[&[f32]], count: usize) -> Vec<Vec<Neighbor<f32>>> {
    let distance = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
    let of_sample = |(at, sample): (usize, &&[f32])| {
        let others = samples.iter().enumerate().filter(|(other, _)| *other != at);
        let mut all: Vec<(f32, usize)> = others.map(|(other, row)| (distance(sample, row), other)).collect();
        let by_distance = |a: &(f32, usize), b: &(f32, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        all.select_nth_unstable_by(count, by_distance);
        all.truncate(count);
        all.sort_unstable_by(by_distance);
        all.into_iter().map(|(squared, index)| Neighbor { index, distance: squared.sqrt() }).collect()
    };
    samples.par_iter().enumerate().map(of_sample).collect()
}

/// Moves the places to the middle and scales them so that the larger side goes from −1 to 1.
fn scale(places: &mut [[f32; 2]]) {
    let bounds = |axis: usize| {
        let values = || places.iter().map(|place| place[axis]);
        (values().fold(f32::INFINITY, f32::min), values().fold(f32::NEG_INFINITY, f32::max))
    };
    let bounds = [bounds(0), bounds(1)];
    let half = bounds.iter().map(|(least, most)| (most - least) / 2.0).fold(0.0, f32::max);
    for place in places {
        for (value, (least, most)) in place.iter_mut().zip(bounds) {
            *value = if half > 0.0 { (*value - (least + most) / 2.0) / half } else { 0.0 };
        }
    }
}

/// The name of each node's community.
fn communities(train: &EdgeList, seed: u64) -> Vec<String> {
    let n = train.num_nodes();
    let mut builder = GraphDataBuilder::new(n);
    let weights = |at: usize| train.weights().map_or(1.0, |weights| f64::from(weights[at]));
    for (at, &(u, v)) in train.pairs().iter().enumerate() {
        // Nodes are in bounds and weights finite, so that no edge is refused.
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
    // A node without an edge is in no community.
    let name =
        |node| community(node).map_or(String::new(), |community| format!("community {}", rank[&community]));
    (0..n).map(name).collect()
}

/// The largest groups of nodes of one name, an empty one being none; equal ones in the order of their names.
fn largest(names: &[String]) -> Vec<Group> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    names.iter().filter(|name| !name.is_empty()).for_each(|name| *sizes.entry(name).or_default() += 1);
    let mut groups: Vec<Group> =
        sizes.into_iter().map(|(name, num_nodes)| Group { name: name.into(), num_nodes }).collect();
    // A shorter name comes first, so that community 2 stands before community 10.
    groups.sort_by_key(|group| (std::cmp::Reverse(group.num_nodes), group.name.len()));
    groups.truncate(MOST_GROUPS);
    groups
}
