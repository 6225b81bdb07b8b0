use ndarray::{Array2, array};

use super::*;
use vgae::graph::Graph;

fn map(mean: &Array2<f32>, graph: &Graph) -> Map {
    let nodes = (0..mean.nrows() as u32).collect();
    Map::new(MapKind::Pca, mean, nodes, graph, &graph.edges, 0)
}

#[test]
fn principal_components_of_a_cross() {
    // Worked out by hand: the first component is (3, 4)/5, with coordinates ±5; the second is across it, with
    // ±1.
    let mean = array![[3f32, 4.0], [-3.0, -4.0], [-0.8, 0.6], [0.8, -0.6]] + 7.0;
    let map = map(&mean, &Graph::default());
    let expected = [[1.0, 0.0], [-1.0, 0.0], [0.0, -0.2], [0.0, 0.2]];
    for (found, expected) in map.positions.iter().zip(expected) {
        let gap = |axis: usize| (found[axis].abs() - f32::abs(expected[axis])).abs();
        assert!(gap(0) < 1e-6 && gap(1) < 1e-6, "{found:?} for {expected:?}");
    }
    assert!(map.positions[0][0] > 0.0, "the larger weight is positive");
    assert!(map.positions[2][1] * map.positions[3][1] < 0.0);
}

#[test]
fn equal_rows_get_the_same_position() {
    for mean in [Array2::zeros((30, 3)), Array2::ones((1, 1)), Array2::from_elem((25, 2), f32::NAN)] {
        let nodes = (0..mean.nrows() as u32).collect();
        let map = Map::new(MapKind::Tsne, &mean, nodes, &Graph::default(), &EdgeList::default(), 0);
        assert!(map.kind == MapKind::Pca && map.note.is_some());
        assert!(map.positions.iter().all(|position| *position == [0.0, 0.0]));
    }
}

#[test]
fn tsne_keeps_two_clouds_apart() {
    let value =
        |(node, axis): (usize, usize)| (node % 2 * 20) as f32 + ((node * 7 + axis * 3) % 11) as f32 * 0.1;
    let mean = Array2::from_shape_fn((80, 3), value);
    let map = Map::new(MapKind::Tsne, &mean, (0..80).collect(), &Graph::default(), &EdgeList::default(), 0);
    assert_eq!(map.kind, MapKind::Tsne);
    let distance = |a: usize, b: usize| {
        let (a, b) = (map.positions[a], map.positions[b]);
        (a[0] - b[0]).hypot(a[1] - b[1])
    };
    for node in 0..80 {
        let nearest = (0..80)
            .filter(|&other| other != node)
            .min_by(|&a, &b| distance(node, a).total_cmp(&distance(node, b)));
        assert_eq!(nearest.unwrap() % 2, node % 2);
    }
    assert!(map.positions.iter().flatten().all(|value| value.abs() <= 1.0));
}

#[test]
fn two_cliques_are_two_communities() {
    let mut pairs = vec![(0, 4)];
    for (from, to) in [(0, 4), (4, 10)] {
        pairs.extend((from..to).flat_map(|u| (u + 1..to).map(move |v| (u, v))));
    }
    let edges = EdgeList::new(11, pairs, None).0;
    let graph = Graph { edges, ..Graph::default() };
    let map = map(&Array2::zeros((11, 2)), &graph);
    assert_eq!(map.grouping, Grouping::Community);
    let sizes: Vec<usize> = map.groups.iter().map(|group| group.num_nodes).collect();
    assert_eq!(sizes, [6, 4]);
    assert_eq!(map.group_of, [[Some(1); 4].as_slice(), &[Some(0); 6], &[None]].concat());
}

#[test]
fn labels_become_groups_largest_first() {
    let labels = "b a b  c b a".split(' ').map(String::from).collect();
    let graph = Graph { labels: Some(labels), ..Graph::default() };
    let map = map(&Array2::zeros((7, 2)), &graph);
    let names: Vec<(&str, usize)> =
        map.groups.iter().map(|group| (group.name.as_str(), group.num_nodes)).collect();
    assert_eq!(names, [("b", 3), ("a", 2), ("c", 1)]);
    assert_eq!(map.group_of[3], None, "a node without a label is in no group");
}

#[test]
fn nodes_are_chosen_once_and_wanted_ones_first() {
    assert_eq!(links::choose_nodes([5, 2, 5].into_iter(), &[9, 2, 7, 1], 4), [2, 5, 7, 9]);
    assert_eq!(links::choose_nodes([5, 2].into_iter(), &[9], 1), [5]);
}

#[test]
fn figures_have_four_digits() {
    let cases = [
        (0.931_249, "0.9312"),
        (0.000_021_04, "2.104e-5"),
        (12.345_6, "12.35"),
        (0.0, "0"),
        (1234.56, "1235"),
    ];
    for (value, expected) in cases {
        assert_eq!(figure(value), expected);
    }
}
