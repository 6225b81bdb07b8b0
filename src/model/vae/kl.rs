//! The KL of Gaussian latents, as autograd tensors.

use tch::{Kind, Tensor};

/// Returns the mean over the n rows of KL(q(z) ‖ N(0, I)), in nats, for `mean` and `log_variance`, [n, d].
pub(crate) fn kl(mean: &Tensor, log_variance: &Tensor) -> Tensor {
    let num_rows = mean.size()[0] as f64;
    (mean.square() + log_variance.exp() - log_variance - 1.0).sum(Kind::Float) * (0.5 / num_rows)
}

/// Returns [`kl`] with free bits: a dimension whose mean over the rows is below `free` nats counts as `free`,
/// without a gradient; see [`crate::kernels::tape::KlTerm`].
pub(crate) fn kl_above(mean: &Tensor, log_variance: &Tensor, free: f64) -> Tensor {
    let num_rows = mean.size()[0] as f64;
    let terms = mean.square() + log_variance.exp() - log_variance - 1.0;
    let per_dimension = terms.sum_dim_intlist([0i64].as_slice(), false, Kind::Float) * (0.5 / num_rows);
    per_dimension.clamp_min(free).sum(Kind::Float)
}
