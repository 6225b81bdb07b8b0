//! The sampled loss with a perceptron as decoder.

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::Sample;
use crate::kernels::tape::{Dropout, Weights};
use crate::model::decoder::{HadamardMlp, ResidualMlp};
use crate::model::loss::incidence::Incidence;

/// The number of nodes whose gradient one task sums.
const NODES_PER_TASK: usize = 128;

/// The perceptron that decodes a sample.
pub(crate) enum Perceptron<'a> {
    /// One hidden layer.
    Shallow(&'a HadamardMlp),
    /// Several hidden layers, with the dropout of the step.
    Deep(&'a ResidualMlp, Option<Dropout>),
}

impl Sample<'_> {
    /// Returns the loss at `z`, [n, d] row by row, decoded by a perceptron; its gradient, [n, d]; and the
    /// gradient of the perceptron's weights. This loss is always balanced. O(m·d·k) time and O(m·d) memory for each
    /// hidden layer.
    pub(crate) fn perceptron_value_and_gradient(
        &self,
        z: &[f32],
        d: usize,
        perceptron: Perceptron,
    ) -> (f64, Vec<f32>, Weights) {
        let pairs = [self.edges.edges.pairs(), &self.negatives].concat();
        let (value, gradient) = match perceptron {
            Perceptron::Shallow(perceptron) => {
                let (value, slopes) = self.value_and_slopes(&perceptron.logits(view(z, d), &pairs));
                (value, perceptron.gradient(view(z, d), &pairs, &slopes))
            }
            Perceptron::Deep(perceptron, dropout) => {
                let (logits, forward) = perceptron.forward(view(z, d), &pairs, dropout);
                let (value, slopes) = self.value_and_slopes(&logits);
                (value, perceptron.gradient(forward, &slopes))
            }
        };
        let num_nodes = self.edges.edges.num_nodes();
        let incidence = Incidence::new(&pairs, num_nodes);
        let mut sums = vec![0f32; num_nodes * d];
        sums.par_chunks_mut(NODES_PER_TASK * d).enumerate().for_each(|(task, rows)| {
            for (at, sum) in rows.chunks_exact_mut(d).enumerate() {
                let node = task * NODES_PER_TASK + at;
                for (other, pair) in incidence.of_node(node) {
                    let (slopes, other) = (&gradient.products[pair * d..], &z[other * d..(other + 1) * d]);
                    for ((sum, &slope), &value) in sum.iter_mut().zip(slopes).zip(other) {
                        *sum += slope * value;
                    }
                }
            }
        });
        (value, sums, gradient.weights)
    }

    /// Returns the loss and its derivative with respect to each logit.
    fn value_and_slopes(&self, logits: &[f64]) -> (f64, Vec<f32>) {
        let num_edges = self.edges.edges.len();
        let weights = self.edges.weights.as_deref();
        let edge_weight = 0.5 / num_edges as f64;
        let negative_weight = 0.5 / self.negatives.len() as f64;
        let mut value = 0.0;
        let slopes = logits.iter().enumerate().map(|(at, &logit)| {
            let probability = 1.0 / (1.0 + (-logit).exp());
            let softplus_of_minus = (-logit).max(0.0) + (-logit.abs()).exp().ln_1p();
            if at < num_edges {
                let edge_weight = edge_weight * weights.map_or(1.0, |weights| f64::from(weights[at]));
                value += edge_weight * softplus_of_minus;
                (edge_weight * (probability - 1.0)) as f32
            } else {
                value += negative_weight * (logit + softplus_of_minus);
                (negative_weight * probability) as f32
            }
        });
        let slopes = slopes.collect();
        (value, slopes)
    }
}

fn view(z: &[f32], d: usize) -> ArrayView2<'_, f32> {
    ArrayView2::from_shape((z.len() / d, d), z).expect("z must be [n, d]")
}
