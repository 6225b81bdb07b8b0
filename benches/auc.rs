//! Benchmarks the logits of held-out pairs, and their AUC and AP.

mod common;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use vgae::evaluate::metrics;
use vgae::graph::Pair;
use vgae::model::decoder;

const NUM_NODES: u32 = 200_000;

fn auc(criterion: &mut Criterion) {
    let edges = common::power_law(NUM_NODES);
    let other = |node: u32| (node * 7 + 3) % NUM_NODES;
    let negatives = edges.iter().map(|&(u, v)| (other(u), v));
    let pairs: Vec<Pair> = edges.iter().copied().chain(negatives).collect();
    let labels: Vec<bool> = (0..pairs.len()).map(|at| at < edges.len()).collect();
    let z = common::embeddings(NUM_NODES as usize);
    let logits = decoder::decode_pairs(z.view(), &pairs);

    let mut group = criterion.benchmark_group("auc of 1,000,000 edges and as many negatives");
    group.sample_size(10);
    group.bench_function("logits", |bencher| {
        bencher.iter(|| decoder::decode_pairs(z.view(), black_box(&pairs)));
    });
    group.bench_function("metrics", |bencher| {
        bencher.iter(|| metrics::evaluate(black_box(&logits), &labels).unwrap());
    });
    group.finish();
}

criterion_group!(benches, auc);
criterion_main!(benches);
