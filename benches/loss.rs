//! Benchmarks the reconstruction losses and their gradients.

mod common;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use vgae::graph::EdgeList;
use vgae::model::loss::{ExactReconstruction, SampledEdges, Weighting};

fn exact(criterion: &mut Criterion) {
    let n = 5_000;
    let train = EdgeList::new(n, common::power_law(n as u32), None).0;
    let z = common::embeddings(n);
    let loss = ExactReconstruction::new(&train);
    let mut group = criterion.benchmark_group("loss");
    group.sample_size(10);
    group.bench_function("exact, 5,000 nodes", |bencher| {
        bencher.iter(|| loss.value_and_gradient(black_box(z.as_slice().unwrap()), 16));
    });
    group.finish();
}

fn sampled(criterion: &mut Criterion) {
    let n = 100_000;
    let train = EdgeList::new(n, common::power_law(n as u32), None).0;
    let z = common::embeddings(n);
    let loss = SampledEdges::new(train.clone(), Weighting::Unbiased);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let sample = loss.draw(&train, 1, &mut rng);
    let mut group = criterion.benchmark_group("loss");
    group.sample_size(10);
    group.bench_function("negatives of 500,000 edges", |bencher| {
        bencher.iter(|| loss.draw(black_box(&train), 1, &mut rng));
    });
    group.bench_function("sampled, 500,000 edges", |bencher| {
        bencher.iter(|| sample.value_and_gradient(black_box(z.as_slice().unwrap()), 16));
    });
    group.finish();
}

criterion_group!(benches, exact, sampled);
criterion_main!(benches);
