//! The tape of this crate's own kernels.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, Axis, concatenate, s};

use super::{Buffers, Dropout, KlTerm, Noise, Tape, Weights, latent, rows};
use crate::kernels::gemm;
use crate::kernels::operator::Operator;

/// Matrices, and how each was made of earlier ones.
pub(crate) struct HostTape<'a> {
    weights: &'a Weights,
    adj_norm: &'a Operator<'a>,
    features: Option<&'a Operator<'a>>,
    buffers: &'a mut Buffers,
    steps: Vec<Step>,
}

/// What a tape has recorded, apart from the constants and the weights: these must be the same where it goes on.
pub(crate) struct Recording(Vec<Step>);

/// A matrix on the tape.
pub(crate) struct Recorded(usize);

struct Step {
    /// Empty once no further step and no way back needs it; that of a weight is with the weights.
    value: Array2<f32>,
    source: Source,
}

enum Source {
    Weight(String),
    SideBySide(Vec<Recorded>),
    /// X · weight.
    Features(Recorded),
    /// Â · x.
    AdjNorm(Recorded),
    MatMul(Recorded, Recorded),
    Relu(Recorded),
    Drop(Recorded, Dropout),
    DropRows(Recorded, Dropout),
    AddRow(Recorded, Recorded),
    /// With what each row was multiplied by.
    WithLength(Recorded, Range<usize>, f64, Vec<f32>),
    Scale(Recorded, Recorded),
    /// With the KL of each dimension.
    Sample(Recorded, Vec<f64>, KlTerm),
}

impl Source {
    /// Whether the way back through a step needs what came out of it, or what came out of it is not the tape's.
    fn needs_its_value(&self) -> bool {
        use Source::{Relu, Sample, Scale, Weight, WithLength};
        matches!(self, Weight(_) | Relu(_) | WithLength(..) | Scale(..) | Sample(..))
    }
}

impl<'a> HostTape<'a> {
    /// For `weights` by name, Â and X (`None` for I). Its matrices are made in `buffers`.
    pub(crate) fn new(
        weights: &'a Weights,
        adj_norm: &'a Operator<'a>,
        features: Option<&'a Operator<'a>>,
        buffers: &'a mut Buffers,
    ) -> Self {
        HostTape { weights, adj_norm, features, buffers, steps: Vec::new() }
    }

    /// What was recorded so far, to go on from there.
    pub(crate) fn pause(self) -> Recording {
        Recording(self.steps)
    }

    /// Goes on from where another tape, of the same constants and weights, was paused.
    pub(crate) fn resume(&mut self, recording: Recording) {
        self.steps = recording.0;
    }

    /// What a matrix is.
    pub(crate) fn value(&self, matrix: &Recorded) -> ArrayView2<'_, f32> {
        let step = &self.steps[matrix.0];
        match &step.source {
            Source::Weight(name) => self.weights[name].view(),
            _ => step.value.view(),
        }
    }

    /// A loss at the last matrix, and the gradient of each weight: `loss` gets the matrix and the place of its gradient.
    pub(crate) fn backward<T>(
        mut self,
        last: &Recorded,
        loss: impl FnOnce(ArrayView2<f32>, &mut Array2<f32>) -> T,
    ) -> (T, Weights) {
        let (rows, columns) = self.value(last).dim();
        let mut gradient = self.buffers.take(rows, columns);
        let value = loss(self.value(last), &mut gradient);
        let mut gradients: Vec<Option<Array2<f32>>> = self.steps.iter().map(|_| None).collect();
        gradients[last.0] = Some(gradient);
        let mut of_weights = Weights::new();
        while let Some(Step { value, source }) = self.steps.pop() {
            let Some(gradient) = gradients.pop().flatten() else { continue };
            let used = match source {
                Source::Weight(name) => {
                    of_weights.insert(name, gradient);
                    None
                }
                Source::SideBySide(parts) => {
                    let mut first = 0;
                    for part in parts {
                        let last = first + self.value(&part).ncols();
                        gradients[part.0] = Some(gradient.slice(s![.., first..last]).to_owned());
                        first = last;
                    }
                    Some(gradient)
                }
                Source::Features(weight) => {
                    let features = self.features.expect("the way there had features");
                    let mut of_weight = self.buffers.take(features.num_columns(), gradient.ncols());
                    features.apply_adjoint(gradient.view(), &mut of_weight);
                    gradients[weight.0] = Some(of_weight);
                    Some(gradient)
                }
                Source::AdjNorm(x) => {
                    let mut of_x = self.buffers.take(self.adj_norm.num_columns(), gradient.ncols());
                    self.adj_norm.apply_adjoint(gradient.view(), &mut of_x);
                    gradients[x.0] = Some(of_x);
                    Some(gradient)
                }
                Source::MatMul(x, weight) => {
                    let of_weight = gemm::transposed_product(self.value(&x), gradient.view());
                    let (n, columns) = self.value(&x).dim();
                    let mut of_x = self.buffers.take(n, columns);
                    let numbers = of_x.as_slice_mut().expect("it is in standard layout");
                    gemm::product(gradient.view(), self.value(&weight).t(), numbers);
                    gradients[x.0] = Some(of_x);
                    gradients[weight.0] = Some(of_weight);
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
                Source::WithLength(x, columns, length, factors) => {
                    gradients[x.0] =
                        Some(rows::back_to_any_length(gradient, &value, columns, length, &factors));
                    None
                }
                Source::Scale(x, log_factor) => {
                    let factor = (self.value(&log_factor)[[0, 0]] * 0.5).exp();
                    let sum: f64 = gradient.iter().zip(value.iter()).map(|(&g, &y)| f64::from(g * y)).sum();
                    gradients[log_factor.0] = Some(Array2::from_elem((1, 1), (0.5 * sum) as f32));
                    gradients[x.0] = Some(gradient * factor);
                    None
                }
                Source::Sample(heads, kl, term) => {
                    let of_heads = self.take(&heads);
                    gradients[heads.0] = Some(latent::backward(&gradient, &value, of_heads, &kl, term));
                    Some(gradient)
                }
            };
            self.buffers.give(value);
            used.into_iter().for_each(|gradient| self.buffers.give(gradient));
        }
        (value, of_weights)
    }

    /// What a matrix is, for the last step that needs it: a copy if the way back, or another step, needs it too.
    fn take(&mut self, matrix: &Recorded) -> Array2<f32> {
        let step = &mut self.steps[matrix.0];
        if !step.source.needs_its_value() {
            return std::mem::take(&mut step.value);
        }
        let (rows, columns) = self.value(matrix).dim();
        let mut copy = self.buffers.take(rows, columns);
        copy.assign(&self.value(matrix));
        copy
    }

    /// Frees a matrix after the last step that needs it, unless the way back needs it too.
    fn free(&mut self, matrix: &Recorded) {
        let step = &mut self.steps[matrix.0];
        if !step.source.needs_its_value() {
            self.buffers.give(std::mem::take(&mut step.value));
        }
    }

    fn put(&mut self, value: Array2<f32>, source: Source) -> Recorded {
        self.steps.push(Step { value, source });
        Recorded(self.steps.len() - 1)
    }
}

impl Tape for HostTape<'_> {
    type Matrix = Recorded;

    fn weight(&mut self, name: &str) -> Recorded {
        self.put(Array2::default((0, 0)), Source::Weight(name.into()))
    }

    fn side_by_side(&mut self, mut matrices: Vec<Recorded>) -> Recorded {
        if matrices.len() == 1 {
            return matrices.remove(0);
        }
        let views: Vec<ArrayView2<f32>> = matrices.iter().map(|matrix| self.value(matrix)).collect();
        let value = concatenate(Axis(1), &views).expect("they have as many rows");
        self.put(value.as_standard_layout().into_owned(), Source::SideBySide(matrices))
    }

    fn project(&mut self, weight: Recorded, dropout: Option<Dropout>) -> Recorded {
        match (self.features, dropout) {
            (Some(features), _) => {
                let mut value = self.buffers.take(features.num_rows(), self.value(&weight).ncols());
                features.apply(self.value(&weight), &mut value);
                self.put(value, Source::Features(weight))
            }
            (None, None) => weight,
            (None, Some(dropout)) => {
                let value = rows::without_rows(self.value(&weight).to_owned(), dropout);
                self.put(value, Source::DropRows(weight, dropout))
            }
        }
    }

    fn propagate(&mut self, x: Recorded) -> Recorded {
        let mut value = self.buffers.take(self.adj_norm.num_rows(), self.value(&x).ncols());
        self.adj_norm.apply(self.value(&x), &mut value);
        self.free(&x);
        self.put(value, Source::AdjNorm(x))
    }

    fn matmul(&mut self, x: Recorded, weight: Recorded) -> Recorded {
        let (rows, columns) = (self.value(&x).nrows(), self.value(&weight).ncols());
        let mut value = self.buffers.take(rows, columns);
        let numbers = value.as_slice_mut().expect("it is in standard layout");
        gemm::product(self.value(&x), self.value(&weight), numbers);
        self.put(value, Source::MatMul(x, weight))
    }

    fn relu(&mut self, x: Recorded) -> Recorded {
        let value = rows::relu(self.take(&x));
        self.put(value, Source::Relu(x))
    }

    fn drop(&mut self, x: Recorded, dropout: Dropout) -> Recorded {
        // The step before may need its own value on the way back.
        let value = rows::dropped(self.value(&x).to_owned(), dropout);
        self.put(value, Source::Drop(x, dropout))
    }

    fn add_row(&mut self, x: Recorded, row: Recorded) -> Recorded {
        let value = self.take(&x);
        let value = rows::plus_row(value, self.value(&row));
        self.put(value, Source::AddRow(x, row))
    }

    fn with_length(&mut self, x: Recorded, columns: Range<usize>, length: f64) -> Recorded {
        let (value, factors) = rows::with_length(self.take(&x), columns.clone(), length);
        self.put(value, Source::WithLength(x, columns, length, factors))
    }

    fn scale(&mut self, x: Recorded, log_factor: Recorded) -> Recorded {
        let factor = (self.value(&log_factor)[[0, 0]] * 0.5).exp();
        let value = self.value(&x).to_owned() * factor;
        self.put(value, Source::Scale(x, log_factor))
    }

    fn sample(&mut self, heads: Recorded, noise: Noise, term: KlTerm) -> (Recorded, Vec<f64>) {
        let (n, width) = self.value(&heads).dim();
        let mut z = self.buffers.take(n, width / 2);
        let kl = latent::sample(self.value(&heads), noise, &mut z);
        (self.put(z, Source::Sample(heads, kl.clone(), term)), kl)
    }
}
