//! Benchmarks the products of Â and of sparse features with dense matrices.

mod common;

use std::borrow::Cow;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::Array2;
use vgae::graph::normalize;
use vgae::graph::{Csr, EdgeList};
use vgae::kernels::operator::Operator;

/// The width of a hidden layer.
const WIDTH: usize = 32;

fn adj_norm(criterion: &mut Criterion) {
    let n = 100_000;
    let edges = EdgeList::new(n, common::power_law(n as u32), None).0;
    let operator = Operator::symmetric(normalize::symmetric(&edges));
    let (x, mut result) = (Array2::from_elem((n, WIDTH), 0.5), Array2::zeros((n, WIDTH)));
    let mut group = criterion.benchmark_group("spmm");
    group.sample_size(20);
    group.bench_function("adj_norm of 500,000 edges", |bencher| {
        bencher.iter(|| operator.apply(black_box(x.view()), &mut result));
    });
    group.finish();
}

fn features(criterion: &mut Criterion) {
    // The size of PubMed's features, with every tenth of 500 columns filled in each row.
    let (n, f) = (20_000, 500);
    let per_row = f / 10;
    let indices = (0..n * per_row).map(|at| (at % per_row * 10 + at / per_row * 7 % 10) as u32).collect();
    let indptr = (0..=n).map(|row| row * per_row).collect();
    let matrix = Csr::new((n, f), indptr, indices, vec![0.1; n * per_row]);
    let operator = Operator::sparse(Cow::Borrowed(&matrix));
    let (weight, mut product) = (Array2::from_elem((f, WIDTH), 0.5), Array2::zeros((n, WIDTH)));
    let (gradient, mut weight_gradient) = (Array2::from_elem((n, WIDTH), 0.5), Array2::zeros((f, WIDTH)));
    let mut group = criterion.benchmark_group("spmm");
    group.sample_size(20);
    group.bench_function("1,000,000 features", |bencher| {
        bencher.iter(|| operator.apply(black_box(weight.view()), &mut product));
    });
    group.bench_function("1,000,000 features, adjoint", |bencher| {
        bencher.iter(|| operator.apply_adjoint(black_box(gradient.view()), &mut weight_gradient));
    });
    group.finish();
}

criterion_group!(benches, adj_norm, features);
criterion_main!(benches);
