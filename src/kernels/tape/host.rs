//! The tape that computes with this crate's own kernels.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, Axis, concatenate, s};

use super::{Buffers, Dropout, KlTerm, Noise, Tape, Weights, latent, rows};
use crate::kernels::gemm;
use crate::kernels::operator::Operator;

/// Matrices, and the operation that computed each from earlier ones.
pub(crate) struct HostTape<'a> {
    weights: &'a Weights,
    adj_norm: &'a Operator<'a>,
    features: Option<&'a Operator<'a>>,
    buffers: &'a mut Buffers,
    steps: Vec<Step>,
}

/// The steps of a paused tape. The tape that resumes it must have the same constants and weights.
pub(crate) struct PausedTape(Vec<Step>);

/// The index of a matrix on the tape.
pub(crate) struct MatrixId(usize);

struct Step {
    /// The result of the step: empty once neither a later step nor the backward pass needs it, and always
    /// empty for a weight, whose value is in `weights`.
    value: Array2<f32>,
    source: Source,
}

/// The operation that computed a matrix, with its arguments.
enum Source {
    Weight(String),
    HStack(Vec<MatrixId>),
    /// X · weight.
    Features(MatrixId),
    /// Â · x.
    AdjNorm(MatrixId),
    MatMul(MatrixId, MatrixId),
    Relu(MatrixId),
    Drop(MatrixId, Dropout),
    DropRows(MatrixId, Dropout),
    AddRow(MatrixId, MatrixId),
    /// The columns, the norm, and the factor of each row.
    NormalizeRows(MatrixId, Range<usize>, f64, Vec<f32>),
    /// The factor of each row.
    LayerNorm(MatrixId, Vec<f32>),
    /// A copy of a matrix that is used more than once.
    Copy(MatrixId),
    Mean(Vec<MatrixId>),
    Scale(MatrixId, MatrixId),
    /// The heads, the KL of each dimension, and the weighting of the KL.
    Sample(MatrixId, Vec<f64>, KlTerm),
}

impl Source {
    /// Returns `true` if the value of the step must stay: the backward pass needs it, or it is a weight.
    fn keeps_its_value(&self) -> bool {
        use Source::{LayerNorm, NormalizeRows, Relu, Sample, Scale, Weight};
        matches!(self, Weight(_) | Relu(_) | NormalizeRows(..) | LayerNorm(..) | Scale(..) | Sample(..))
    }
}

impl<'a> HostTape<'a> {
    /// Starts a tape for `weights`, Â and X (`None` for I). The memory of its matrices comes from `buffers`.
    pub(crate) fn new(
        weights: &'a Weights,
        adj_norm: &'a Operator<'a>,
        features: Option<&'a Operator<'a>>,
        buffers: &'a mut Buffers,
    ) -> Self {
        HostTape { weights, adj_norm, features, buffers, steps: Vec::new() }
    }

    /// Returns the steps so far, from which another tape can continue.
    pub(crate) fn pause(self) -> PausedTape {
        PausedTape(self.steps)
    }

    /// Continues from a paused tape with the same constants and weights.
    pub(crate) fn resume(&mut self, paused: PausedTape) {
        self.steps = paused.0;
    }

    /// Returns the value of a matrix.
    pub(crate) fn value(&self, matrix: &MatrixId) -> ArrayView2<'_, f32> {
        let step = &self.steps[matrix.0];
        match &step.source {
            Source::Weight(name) => self.weights[name].view(),
            _ => step.value.view(),
        }
    }

    /// Evaluates `loss` at the last matrix, and returns its value and the gradient of each weight. `loss`
    /// receives the matrix and writes the gradient with respect to it to its second argument.
    pub(crate) fn backward<T>(
        mut self,
        last: &MatrixId,
        loss: impl FnOnce(ArrayView2<f32>, &mut Array2<f32>) -> T,
    ) -> (T, Weights) {
        let (rows, columns) = self.value(last).dim();
        let mut gradient = self.buffers.take(rows, columns);
        let value = loss(self.value(last), &mut gradient);
        let mut gradients: Vec<Option<Array2<f32>>> = self.steps.iter().map(|_| None).collect();
        gradients[last.0] = Some(gradient);
        let mut weight_gradients = Weights::new();
        while let Some(Step { value, source }) = self.steps.pop() {
            let Some(gradient) = gradients.pop().flatten() else { continue };
            let used = match source {
                Source::Weight(name) => {
                    weight_gradients.insert(name, gradient);
                    None
                }
                Source::HStack(parts) => {
                    let mut first = 0;
                    for part in parts {
                        let last = first + self.value(&part).ncols();
                        gradients[part.0] = Some(gradient.slice(s![.., first..last]).to_owned());
                        first = last;
                    }
                    Some(gradient)
                }
                Source::Features(weight) => {
                    let features = self.features.expect("the forward pass had features");
                    let mut weight_gradient = self.buffers.take(features.num_columns(), gradient.ncols());
                    features.apply_adjoint(gradient.view(), &mut weight_gradient);
                    gradients[weight.0] = Some(weight_gradient);
                    Some(gradient)
                }
                Source::AdjNorm(x) => {
                    let mut x_gradient = self.buffers.take(self.adj_norm.num_columns(), gradient.ncols());
                    self.adj_norm.apply_adjoint(gradient.view(), &mut x_gradient);
                    gradients[x.0] = Some(x_gradient);
                    Some(gradient)
                }
                Source::MatMul(x, weight) => {
                    let weight_gradient = gemm::transposed_product(self.value(&x), gradient.view());
                    let (n, columns) = self.value(&x).dim();
                    let mut x_gradient = self.buffers.take(n, columns);
                    let numbers = x_gradient.as_slice_mut().expect("a buffer is in standard layout");
                    gemm::product(gradient.view(), self.value(&weight).t(), numbers);
                    gradients[x.0] = Some(x_gradient);
                    gradients[weight.0] = Some(weight_gradient);
                    Some(gradient)
                }
                Source::Relu(x) => {
                    gradients[x.0] = Some(rows::back_through_relu(gradient, &value));
                    None
                }
                Source::Drop(x, dropout) => {
                    gradients[x.0] = Some(rows::dropped(gradient, dropout));
                    None
                }
                Source::DropRows(x, dropout) => {
                    gradients[x.0] = Some(rows::without_rows(gradient, dropout));
                    None
                }
                Source::AddRow(x, row) => {
                    gradients[row.0] = Some(rows::sum_of_rows(&gradient));
                    gradients[x.0] = Some(gradient);
                    None
                }
                Source::NormalizeRows(x, columns, norm, factors) => {
                    gradients[x.0] =
                        Some(rows::back_through_normalize_rows(gradient, &value, columns, norm, &factors));
                    None
                }
                Source::LayerNorm(x, factors) => {
                    gradients[x.0] = Some(rows::back_through_layer_norm(gradient, &value, &factors));
                    None
                }
                Source::Copy(x) => match &mut gradients[x.0] {
                    Some(other) => {
                        *other = rows::sum(std::mem::take(other), gradient.view());
                        Some(gradient)
                    }
                    none => {
                        *none = Some(gradient);
                        None
                    }
                },
                Source::Mean(parts) => {
                    let (rows, columns) = gradient.dim();
                    let gradient = rows::scaled(gradient, 1.0 / parts.len() as f32);
                    for part in parts {
                        let copy = self.buffers.take(rows, columns);
                        gradients[part.0] = Some(rows::copy(gradient.view(), copy));
                    }
                    Some(gradient)
                }
                Source::Scale(x, log_factor) => {
                    let factor = (self.value(&log_factor)[[0, 0]] * 0.5).exp();
                    let sum: f64 = gradient.iter().zip(value.iter()).map(|(&g, &y)| f64::from(g * y)).sum();
                    gradients[log_factor.0] = Some(Array2::from_elem((1, 1), (0.5 * sum) as f32));
                    gradients[x.0] = Some(gradient * factor);
                    None
                }
                Source::Sample(heads, kl, term) => {
                    let head_gradient = self.take(&heads);
                    gradients[heads.0] = Some(latent::backward(&gradient, &value, head_gradient, &kl, term));
                    Some(gradient)
                }
            };
            self.buffers.give(value);
            used.into_iter().for_each(|gradient| self.buffers.give(gradient));
        }
        (value, weight_gradients)
    }

    /// Returns the value of a matrix for the last step that needs it: the value itself, or a copy if the
    /// backward pass also needs it.
    fn take(&mut self, matrix: &MatrixId) -> Array2<f32> {
        let step = &mut self.steps[matrix.0];
        if !step.source.keeps_its_value() {
            return std::mem::take(&mut step.value);
        }
        let (rows, columns) = self.value(matrix).dim();
        let copy = self.buffers.take(rows, columns);
        rows::copy(self.value(matrix), copy)
    }

    /// Frees a matrix after the last step that needs it, unless the backward pass also needs it.
    fn free(&mut self, matrix: &MatrixId) {
        let step = &mut self.steps[matrix.0];
        if !step.source.keeps_its_value() {
            self.buffers.give(std::mem::take(&mut step.value));
        }
    }

    fn record(&mut self, value: Array2<f32>, source: Source) -> MatrixId {
        self.steps.push(Step { value, source });
        MatrixId(self.steps.len() - 1)
    }
}

impl Tape for HostTape<'_> {
    type Matrix = MatrixId;

    fn weight(&mut self, name: &str) -> MatrixId {
        self.record(Array2::default((0, 0)), Source::Weight(name.into()))
    }

    fn hstack(&mut self, mut matrices: Vec<MatrixId>) -> MatrixId {
        if matrices.len() == 1 {
            return matrices.remove(0);
        }
        let views: Vec<ArrayView2<f32>> = matrices.iter().map(|matrix| self.value(matrix)).collect();
        let value = concatenate(Axis(1), &views).expect("the matrices have the same number of rows");
        self.record(value.as_standard_layout().into_owned(), Source::HStack(matrices))
    }

    fn project(&mut self, weight: MatrixId, dropout: Option<Dropout>) -> MatrixId {
        match (self.features, dropout) {
            (Some(features), _) => {
                let mut value = self.buffers.take(features.num_rows(), self.value(&weight).ncols());
                features.apply(self.value(&weight), &mut value);
                self.record(value, Source::Features(weight))
            }
            (None, None) => weight,
            (None, Some(dropout)) => {
                let value = rows::without_rows(self.value(&weight).to_owned(), dropout);
                self.record(value, Source::DropRows(weight, dropout))
            }
        }
    }

    fn propagate(&mut self, x: MatrixId) -> MatrixId {
        let mut value = self.buffers.take(self.adj_norm.num_rows(), self.value(&x).ncols());
        self.adj_norm.apply(self.value(&x), &mut value);
        self.free(&x);
        self.record(value, Source::AdjNorm(x))
    }

    fn matmul(&mut self, x: MatrixId, weight: MatrixId) -> MatrixId {
        let (rows, columns) = (self.value(&x).nrows(), self.value(&weight).ncols());
        let mut value = self.buffers.take(rows, columns);
        let numbers = value.as_slice_mut().expect("a buffer is in standard layout");
        gemm::product(self.value(&x), self.value(&weight), numbers);
        self.record(value, Source::MatMul(x, weight))
    }

    fn relu(&mut self, x: MatrixId) -> MatrixId {
        let value = rows::relu(self.take(&x));
        self.record(value, Source::Relu(x))
    }

    fn drop(&mut self, x: MatrixId, dropout: Dropout) -> MatrixId {
        let value = rows::dropped(self.take(&x), dropout);
        self.record(value, Source::Drop(x, dropout))
    }

    fn add_row(&mut self, x: MatrixId, row: MatrixId) -> MatrixId {
        let value = self.take(&x);
        let value = rows::plus_row(value, self.value(&row));
        self.record(value, Source::AddRow(x, row))
    }

    fn normalize_rows(&mut self, x: MatrixId, columns: Range<usize>, norm: f64) -> MatrixId {
        let (value, factors) = rows::normalize_rows(self.take(&x), columns.clone(), norm);
        self.record(value, Source::NormalizeRows(x, columns, norm, factors))
    }

    fn layer_norm(&mut self, x: MatrixId) -> MatrixId {
        let (value, factors) = rows::layer_norm(self.take(&x));
        self.record(value, Source::LayerNorm(x, factors))
    }

    fn fork(&mut self, x: MatrixId) -> [MatrixId; 2] {
        let (rows, columns) = self.value(&x).dim();
        let copy = self.buffers.take(rows, columns);
        let first = rows::copy(self.value(&x), copy);
        let second = self.take(&x);
        let again = MatrixId(x.0);
        [self.record(first, Source::Copy(x)), self.record(second, Source::Copy(again))]
    }

    fn mean(&mut self, mut matrices: Vec<MatrixId>) -> MatrixId {
        if matrices.len() == 1 {
            return matrices.remove(0);
        }
        let mut sum = self.take(&matrices[0]);
        for matrix in &matrices[1..] {
            sum = rows::sum(sum, self.value(matrix));
            self.free(matrix);
        }
        let mean = rows::scaled(sum, 1.0 / matrices.len() as f32);
        self.record(mean, Source::Mean(matrices))
    }

    fn scale(&mut self, x: MatrixId, log_factor: MatrixId) -> MatrixId {
        let factor = (self.value(&log_factor)[[0, 0]] * 0.5).exp();
        let value = self.value(&x).to_owned() * factor;
        self.record(value, Source::Scale(x, log_factor))
    }

    fn sample(&mut self, heads: MatrixId, noise: Noise, term: KlTerm) -> (MatrixId, Vec<f64>) {
        let (n, width) = self.value(&heads).dim();
        let mut z = self.buffers.take(n, width / 2);
        let kl = latent::sample(self.value(&heads), noise, &mut z);
        (self.record(z, Source::Sample(heads, kl.clone(), term)), kl)
    }
}
