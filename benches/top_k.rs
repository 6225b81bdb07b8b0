//! Benchmarks the search for the best non-edges among all pairs.

mod common;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use vgae::graph::EdgeList;
use vgae::model::decoder;

const NUM_NODES: u32 = 10_000;

fn top_k(criterion: &mut Criterion) {
    let known = EdgeList::new(NUM_NODES as usize, common::power_law(NUM_NODES), None).0;
    let z = common::embeddings(NUM_NODES as usize);
    let mut group = criterion.benchmark_group("top_k of 10,000 nodes");
    group.sample_size(10);
    for k in [10, 10_000] {
        group.bench_function(k.to_string(), |bencher| {
            bencher.iter(|| decoder::top_pairs(black_box(z.view()), k, &known));
        });
    }
    group.finish();
}

criterion_group!(benches, top_k);
criterion_main!(benches);
