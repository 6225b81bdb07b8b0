//! The training graph with its nodes in the order of their degrees, for walks from many nodes at once.

use super::adjacency::Adjacency;

/// The neighbours of each node, where a node is known by its place in the order of degrees, highest first.
///
/// A step of a walk goes through all nodes. In this order, neighbouring nodes have equally many neighbours, so that
/// the processor predicts where each sum ends, and the nodes read most often lie close together.
pub(super) struct ByDegree {
    /// The place of each node.
    places: Vec<u32>,
    /// The number of neighbours of each place.
    degrees: Vec<f64>,
    /// The bounds of the lists of neighbours.
    starts: Vec<usize>,
    /// The places of the neighbours, in ascending order of the nodes.
    neighbours: Vec<u32>,
}

impl ByDegree {
    /// Orders the nodes of `adjacency`, those of equal degree as they are. O(n log n + m) time, O(n + m) memory.
    pub(super) fn new(adjacency: &Adjacency) -> Self {
        let num_nodes = adjacency.num_nodes();
        let mut nodes: Vec<u32> = (0..num_nodes as u32).collect();
        nodes.sort_by_key(|&node| std::cmp::Reverse(adjacency.neighbours(node as usize).len()));
        let mut places = vec![0u32; num_nodes];
        for (place, &node) in nodes.iter().enumerate() {
            places[node as usize] = place as u32;
        }
        let (mut starts, mut neighbours) = (vec![0], Vec::new());
        for &node in &nodes {
            neighbours
                .extend(adjacency.neighbours(node as usize).iter().map(|&other| places[other as usize]));
            starts.push(neighbours.len());
        }
        let degrees = nodes.iter().map(|&node| adjacency.degrees()[node as usize]).collect();
        ByDegree { places, degrees, starts, neighbours }
    }

    /// Returns the place of `node`.
    pub(super) fn place(&self, node: u32) -> usize {
        self.places[node as usize] as usize
    }

    /// Returns the number of neighbours of each place, \[n\].
    pub(super) fn degrees(&self) -> &[f64] {
        &self.degrees
    }

    /// Returns the places of the neighbours of each place in turn.
    pub(super) fn lists(&self) -> impl Iterator<Item = &[u32]> {
        self.starts.windows(2).map(|bounds| &self.neighbours[bounds[0]..bounds[1]])
    }
}
