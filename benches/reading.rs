//! Benchmarks reading an edge list from a file.

mod common;

use std::fmt::Write;
use std::fs;

use criterion::{Criterion, criterion_group, criterion_main};
use vgae::config::ReadConfig;
use vgae::read;

fn reading(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("edges.csv");
    let mut text = String::from("source,target\n");
    for (u, v) in common::power_law(100_000) {
        writeln!(text, "n{u},n{v}").unwrap();
    }
    fs::write(&path, text).unwrap();
    let mut group = criterion.benchmark_group("reading");
    group.sample_size(20);
    group.bench_function("500,000 edges", |bencher| {
        bencher.iter(|| read::data(&path, &ReadConfig::default()).unwrap());
    });
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
