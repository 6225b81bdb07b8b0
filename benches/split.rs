//! Benchmarks building an edge list, drawing a split of it, and rebuilding the split from its lists.

mod common;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use vgae::config::SplitConfig;
use vgae::graph::{EdgeList, Graph};
use vgae::split::{self, Split};

const NUM_NODES: u32 = 100_000;

fn split(criterion: &mut Criterion) {
    let pairs = common::power_law(NUM_NODES);
    let mut graph = Graph::default();
    (0..NUM_NODES).for_each(|node| {
        graph.nodes.intern(&node.to_string());
    });
    graph.edges = EdgeList::new(NUM_NODES as usize, pairs.clone(), None).0;
    let parts = split::edges(&graph, &SplitConfig::default(), 0).unwrap();

    let mut group = criterion.benchmark_group("split of 500,000 edges");
    group.sample_size(20);
    group.bench_function("list", |bencher| {
        bencher.iter(|| EdgeList::new(NUM_NODES as usize, black_box(pairs.clone()), None));
    });
    group.bench_function("draw", |bencher| {
        bencher.iter(|| split::edges(black_box(&graph), &SplitConfig::default(), 0).unwrap());
    });
    group.bench_function("check", |bencher| {
        bencher.iter(|| Split::from_lists(black_box(&parts).lists(), &graph, "split".as_ref()).unwrap());
    });
    group.finish();
}

criterion_group!(benches, split);
criterion_main!(benches);
