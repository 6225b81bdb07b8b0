//! The tape of this crate's own kernels.

use std::borrow::Cow;
use std::ops::Range;

use ndarray::{Array2, ArrayView2, Axis, concatenate, s};

use super::{Dropout, KlTerm, Noise, Tape, Weights, latent, rows};
use crate::gemm;
use crate::operator::Operator;

/// Matrices, and how each was made of earlier ones.
pub(crate) struct HostTape<'a> {
    weights: &'a Weights,
    adj_norm: &'a Operator<'a>,
    features: Option<&'a Operator<'a>>,
    steps: Vec<Step<'a>>,
}

/// A matrix on the tape.
pub(crate) struct Recorded(usize);

struct Step<'a> {
    /// Empty once no further step and no way back needs it.
    value: Cow<'a, Array2<f32>>,
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
    /// Whether the way back through a step needs what came out of it.
    fn needs_its_value(&self) -> bool {
        matches!(self, Source::Relu(_) | Source::WithLength(..) | Source::Scale(..) | Source::Sample(..))
    }
}

impl<'a> HostTape<'a> {
    /// For `weights` by name, Â and X (`None` for I).
    pub(crate) fn new(
        weights: &'a Weights,
        adj_norm: &'a Operator<'a>,
        features: Option<&'a Operator<'a>>,
    ) -> Self {
        HostTape { weights, adj_norm, features, steps: Vec::new() }
    }

    /// What a matrix is.
    pub(crate) fn value(&self, matrix: &Recorded) -> ArrayView2<'_, f32> {
        self.steps[matrix.0].value.view()
    }

    /// What a matrix is, for good.
    pub(crate) fn into_value(mut self, matrix: Recorded) -> Array2<f32> {
        self.take(&matrix).into_owned()
    }

    /// The gradient of each weight, for the `gradient` of the last matrix.
    pub(crate) fn backward(mut self, gradient: Array2<f32>) -> Weights {
        let mut gradients: Vec<Option<Array2<f32>>> = self.steps.iter().map(|_| None).collect();
        *gradients.last_mut().expect("something was computed") = Some(gradient);
        let mut of_weights = Weights::new();
        while let Some(Step { value, source }) = self.steps.pop() {
            let Some(gradient) = gradients.pop().flatten() else { continue };
            match source {
                Source::Weight(name) => {
                    of_weights.insert(name, gradient);
                }
                Source::SideBySide(parts) => {
                    let mut first = 0;
                    for part in parts {
                        let last = first + self.value(&part).ncols();
                        gradients[part.0] = Some(gradient.slice(s![.., first..last]).to_owned());
                        first = last;
                    }
                }
                Source::Features(weight) => {
                    let features = self.features.expect("the way there had features");
                    gradients[weight.0] = Some(features.apply_adjoint(gradient.view()));
                }
                Source::AdjNorm(x) => gradients[x.0] = Some(self.adj_norm.apply_adjoint(gradient.view())),
                Source::MatMul(x, weight) => {
                    let of_weight = gemm::transposed_product(self.value(&x), gradient.view());
                    let weight_value = self.value(&weight);
                    gradients[x.0] = Some(gemm::product(gradient.view(), weight_value.t()));
                    gradients[weight.0] = Some(of_weight);
                }
                Source::Relu(x) => {
                    gradients[x.0] = Some(rows::back_through_relu(gradient, &value));
                }
                Source::Drop(x, dropout) => gradients[x.0] = Some(rows::dropped(gradient, dropout)),
                Source::DropRows(x, dropout) => gradients[x.0] = Some(rows::without_rows(gradient, dropout)),
                Source::AddRow(x, row) => {
                    gradients[row.0] = Some(rows::sum_of_rows(&gradient));
                    gradients[x.0] = Some(gradient);
                }
                Source::WithLength(x, columns, length, factors) => {
                    gradients[x.0] =
                        Some(rows::back_to_any_length(gradient, &value, columns, length, &factors));
                }
                Source::Scale(x, log_factor) => {
                    let factor = (self.value(&log_factor)[[0, 0]] * 0.5).exp();
                    let sum: f64 = gradient.iter().zip(value.iter()).map(|(&g, &y)| f64::from(g * y)).sum();
                    gradients[log_factor.0] = Some(Array2::from_elem((1, 1), (0.5 * sum) as f32));
                    gradients[x.0] = Some(gradient * factor);
                }
                Source::Sample(heads, kl, term) => {
                    let of_heads = self.take(&heads).into_owned();
                    gradients[heads.0] = Some(latent::backward(&gradient, &value, of_heads, &kl, term));
                }
            }
        }
        of_weights
    }

    /// What a matrix is, for the last step that needs it: a copy if the way back needs it too.
    fn take(&mut self, matrix: &Recorded) -> Cow<'a, Array2<f32>> {
        let step = &mut self.steps[matrix.0];
        match step.source.needs_its_value() {
            true => step.value.clone(),
            false => std::mem::replace(&mut step.value, Cow::Owned(Array2::zeros((0, 0)))),
        }
    }

    /// Frees a matrix after the last step that needs it, unless the way back needs it too.
    fn free(&mut self, matrix: &Recorded) {
        if !self.steps[matrix.0].source.needs_its_value() {
            self.steps[matrix.0].value = Cow::Owned(Array2::zeros((0, 0)));
        }
    }

    fn put(&mut self, value: Array2<f32>, source: Source) -> Recorded {
        self.steps.push(Step { value: Cow::Owned(value), source });
        Recorded(self.steps.len() - 1)
    }
}

impl Tape for HostTape<'_> {
    type Matrix = Recorded;

    fn weight(&mut self, name: &str) -> Recorded {
        let value = Cow::Borrowed(&self.weights[name]);
        self.steps.push(Step { value, source: Source::Weight(name.into()) });
        Recorded(self.steps.len() - 1)
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
                let value = features.apply(self.value(&weight));
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
        let value = self.adj_norm.apply(self.value(&x));
        self.free(&x);
        self.put(value, Source::AdjNorm(x))
    }

    fn matmul(&mut self, x: Recorded, weight: Recorded) -> Recorded {
        let value = gemm::product(self.value(&x), self.value(&weight));
        self.put(value, Source::MatMul(x, weight))
    }

    fn relu(&mut self, x: Recorded) -> Recorded {
        let value = rows::relu(self.take(&x).into_owned());
        self.put(value, Source::Relu(x))
    }

    fn drop(&mut self, x: Recorded, dropout: Dropout) -> Recorded {
        // The step before may need its own value on the way back.
        let value = rows::dropped(self.value(&x).to_owned(), dropout);
        self.put(value, Source::Drop(x, dropout))
    }

    fn add_row(&mut self, x: Recorded, row: Recorded) -> Recorded {
        let mut value = self.take(&x).into_owned();
        value += &self.value(&row);
        self.put(value, Source::AddRow(x, row))
    }

    fn with_length(&mut self, x: Recorded, columns: Range<usize>, length: f64) -> Recorded {
        let (value, factors) = rows::with_length(self.take(&x).into_owned(), columns.clone(), length);
        self.put(value, Source::WithLength(x, columns, length, factors))
    }

    fn scale(&mut self, x: Recorded, log_factor: Recorded) -> Recorded {
        let factor = (self.value(&log_factor)[[0, 0]] * 0.5).exp();
        let value = self.value(&x).to_owned() * factor;
        self.put(value, Source::Scale(x, log_factor))
    }

    fn sample(&mut self, heads: Recorded, noise: Noise, term: KlTerm) -> (Recorded, Vec<f64>) {
        let (z, kl) = latent::sample(&self.steps[heads.0].value, noise);
        (self.put(z, Source::Sample(heads, kl.clone(), term)), kl)
    }
}
