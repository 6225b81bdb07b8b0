//! The losses of inner products with libtorch, on any of its devices.

use tch::{Device, Kind, Tensor};

use super::Weighting;
use crate::config::LossKind;
use crate::graph::{EdgeList, Pair};

/// The largest number of logits in a tile of the sum over all pairs. A few tensors of this size exist at a
/// time.
const TILE_PAIRS: i64 = 1 << 26;

/// [`super::ExactReconstruction`] and [`super::SampledEdges`] on a device. The exact loss is computed in
/// tiles of whole rows: O(n²·d) time, O(n·d + tile) memory.
pub(crate) struct TorchLoss {
    /// The ends of each edge, [2, m].
    edges: Tensor,
    /// The key u·n + v of each edge, ascending.
    keys: Tensor,
    /// The factor of the term of each edge, [m, 1]; `None` if all are 1.
    weights: Option<Tensor>,
    num_nodes: i64,
    /// The number of sources of a bipartite graph; `None` for other graphs.
    num_sources: Option<i64>,
    form: Form,
}

enum Form {
    Exact,
    Sampled { weighting: Weighting, negatives_per_edge: i64 },
}

/// The cost of a logit, as in [`super::neighbours::Cost`].
#[derive(Clone, Copy)]
struct Cost {
    softplus: f64,
    weighted: f64,
    linear: f64,
}

impl TorchLoss {
    /// Builds the loss of the training edges `train` on `device`, with the terms of the edges multiplied by
    /// `weights` if given. Returns `None` for a loss that only the host computes.
    pub(crate) fn new(
        train: &EdgeList,
        weights: Option<&[f32]>,
        loss: LossKind,
        negatives_per_edge: usize,
        device: Device,
    ) -> Option<Self> {
        let negatives_per_edge = negatives_per_edge as i64;
        let form = match loss {
            LossKind::Exact => Form::Exact,
            LossKind::Sampled => Form::Sampled { weighting: Weighting::Balanced, negatives_per_edge },
            LossKind::Reweighted => Form::Sampled { weighting: Weighting::Unbiased, negatives_per_edge },
            LossKind::Subgraph | LossKind::Auto => return None,
        };
        let num_nodes = train.num_nodes() as i64;
        let edges = ends(train.pairs()).to_device(device);
        // The edges are sorted, with the lower node first, so that the keys ascend.
        let keys = edges.get(0) * num_nodes + edges.get(1);
        let weights = weights.map(|weights| Tensor::from_slice(weights).view([-1, 1]).to_device(device));
        let num_sources = train.num_sources().map(|num_sources| num_sources as i64);
        Some(TorchLoss { edges, keys, weights, num_nodes, num_sources, form })
    }

    /// Returns the loss at `z`, [n, d], and its gradient, [n, d]. Negatives are drawn with `seed`.
    pub(crate) fn value_and_gradient(&self, z: &Tensor, seed: u64) -> (f64, Tensor) {
        tch::no_grad(|| match self.form {
            Form::Exact => self.exact(&z.detach()),
            Form::Sampled { weighting, negatives_per_edge } => {
                let negatives = self.draw(negatives_per_edge * self.edges.size()[1], seed);
                self.sampled(&z.detach(), &negatives, weighting)
            }
        })
    }

    /// Returns the number of ordered pairs over which the exact loss is a mean.
    fn num_pairs(&self) -> f64 {
        let n = self.num_nodes;
        self.num_sources.map_or(n * n, |num_sources| 2 * num_sources * (n - num_sources)) as f64
    }

    fn exact(&self, z: &Tensor) -> (f64, Tensor) {
        let num_pairs = self.num_pairs();
        let num_ones = 2.0 * self.edges.size()[1] as f64;
        let num_absent = (num_pairs - num_ones).max(1.0);
        let mut gradient = z.zeros_like();
        let mut value = 0.0;
        // Each tile pairs some nodes with all nodes or, in a bipartite graph, some sources with all targets;
        // the latter also cover the pairs in the other direction.
        let (num_rows, first_column) =
            self.num_sources.map_or((self.num_nodes, 0), |sources| (sources, sources));
        let num_columns = self.num_nodes - first_column;
        let columns = z.narrow(0, first_column, num_columns);
        let height = (TILE_PAIRS / num_columns).max(1);
        for first in (0..num_rows).step_by(height as usize) {
            let rows = z.narrow(0, first, height.min(num_rows - first));
            let logits = rows.matmul(&columns.transpose(0, 1));
            value += logits.softplus().sum(Kind::Double).double_value(&[]);
            let probabilities = logits.sigmoid();
            gradient.narrow(0, first, rows.size()[0]).copy_(&probabilities.matmul(&columns));
            if self.num_sources.is_some() {
                let mut column_gradient = gradient.narrow(0, first_column, num_columns);
                column_gradient += probabilities.transpose(0, 1).matmul(&rows);
            }
        }
        // At the ones of y, replace softplus(x) = softplus(−x) + x by pos_weight · weight · softplus(−x).
        let change = Cost { softplus: -1.0, weighted: num_absent / num_ones, linear: -1.0 };
        let weights = self.weights.as_ref();
        if self.num_sources.is_none() {
            value += add_diagonal(z, &change, &mut gradient);
        } else {
            value *= 2.0;
        }
        value += add_pairs(z, &self.edges, weights, &change, &mut gradient);
        let scale = 0.5 / num_absent;
        (scale * value, gradient * (2.0 * scale))
    }

    fn sampled(&self, z: &Tensor, negatives: &Tensor, weighting: Weighting) -> (f64, Tensor) {
        let (n, num_edges) = (self.num_nodes as f64, self.edges.size()[1] as f64);
        let has_diagonal = weighting == Weighting::Unbiased && self.num_sources.is_none();
        let absent_share = match has_diagonal {
            false => 1.0,
            true => (n * n - 2.0 * num_edges - n) / (n * n - 2.0 * num_edges),
        };
        let present = Cost { softplus: 0.0, weighted: 0.25 / num_edges, linear: 0.0 };
        let negative_factor = 0.25 * absent_share / negatives.size()[1] as f64;
        // softplus(x) = softplus(−x) + x.
        let absent = Cost { softplus: negative_factor, weighted: 0.0, linear: negative_factor };
        let mut gradient = z.zeros_like();
        let mut value = add_pairs(z, &self.edges, self.weights.as_ref(), &present, &mut gradient);
        if has_diagonal {
            value += add_diagonal(z, &present, &mut gradient);
        }
        value += add_pairs(z, negatives, None, &absent, &mut gradient);
        (value, gradient * 2.0)
    }

    /// Seeds `count` ordered pairs that are not edges, uniformly with replacement, [2, count]; in a bipartite
    /// graph, from a source to a target.
    fn draw(&self, count: i64, seed: u64) -> Tensor {
        tch::manual_seed(seed as i64);
        let mut drawn = Tensor::zeros([2, 0], (Kind::Int64, self.edges.device()));
        while drawn.size()[1] < count {
            // Draw more than are missing, because some are edges.
            let missing = count - drawn.size()[1];
            let options = (Kind::Int64, self.edges.device());
            let num_drawn = missing + missing / 16 + 16;
            let pairs = match self.num_sources {
                None => Tensor::randint(self.num_nodes, [2, num_drawn], options),
                Some(num_sources) => {
                    let sources = Tensor::randint(num_sources, [num_drawn], options);
                    let targets = Tensor::randint_low(num_sources, self.num_nodes, [num_drawn], options);
                    Tensor::stack(&[sources, targets], 0)
                }
            };
            let (u, v) = (pairs.get(0), pairs.get(1));
            let key = u.minimum(&v) * self.num_nodes + u.maximum(&v);
            let index = key.searchsorted(&self.keys, false, false, "left", None::<Tensor>);
            let index = index.clamp_max(self.keys.size()[0] - 1);
            let is_absent = self.keys.index_select(0, &index).ne_tensor(&key).logical_and(&u.ne_tensor(&v));
            let absent = pairs.index_select(1, &is_absent.nonzero().view([-1]));
            drawn = Tensor::cat(&[drawn, absent], 1);
        }
        drawn.narrow(1, 0, count)
    }
}

/// Returns `pairs` as a tensor, [2, m].
fn ends(pairs: &[Pair]) -> Tensor {
    let [u, v]: [Vec<i64>; 2] = [|pair: &Pair| pair.0, |pair: &Pair| pair.1]
        .map(|end| pairs.iter().map(|pair| end(pair).into()).collect());
    Tensor::stack(&[Tensor::from_slice(&u), Tensor::from_slice(&v)], 0)
}

/// Returns the cost of the logits of `pairs`, summed over both directions of each pair, and adds half the
/// gradient of the sum to `gradient`. Without `weights` all pairs have weight 1.
fn add_pairs(
    z: &Tensor,
    pairs: &Tensor,
    weights: Option<&Tensor>,
    cost: &Cost,
    gradient: &mut Tensor,
) -> f64 {
    let (u, v) = (pairs.get(0), pairs.get(1));
    let (u_rows, v_rows) = (z.index_select(0, &u), z.index_select(0, &v));
    let (value, slopes) = costs(&u_rows, &v_rows, weights, cost);
    let _ = gradient.index_add_(0, &u, &(v_rows * &slopes));
    let _ = gradient.index_add_(0, &v, &(u_rows * &slopes));
    2.0 * value
}

/// Returns the cost of the logits of each node with itself, counted once, and adds half the gradient to
/// `gradient`.
fn add_diagonal(z: &Tensor, cost: &Cost, gradient: &mut Tensor) -> f64 {
    let (value, slopes) = costs(z, z, None, cost);
    *gradient += z * slopes;
    value
}

/// Returns the total cost of the logits of corresponding rows, and its derivative with respect to each logit,
/// [m, 1].
fn costs(left: &Tensor, right: &Tensor, weights: Option<&Tensor>, cost: &Cost) -> (f64, Tensor) {
    let x = (left * right).sum_dim_intlist([1i64].as_slice(), true, Kind::Float);
    let minus = -&x;
    let Cost { softplus, weighted, linear } = *cost;
    let (value, gradient) = match weights {
        None => (minus.softplus() * (softplus + weighted), minus.sigmoid() * -(softplus + weighted)),
        Some(weights) => {
            let factors = weights * weighted + softplus;
            (minus.softplus() * &factors, minus.sigmoid() * -factors)
        }
    };
    ((value + x * linear).sum(Kind::Double).double_value(&[]), gradient + linear)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::tensor::{from_rows, to_vec};
    use crate::model::loss::{ExactReconstruction, SampledEdges};

    fn graph() -> EdgeList {
        crate::read::data("datasets/karate".as_ref(), &Default::default()).unwrap().edges
    }

    fn z(n: usize, d: usize) -> Vec<f32> {
        (0..n * d).map(|at| ((at * 37 % 101) as f32 - 50.0) / 60.0).collect()
    }

    fn assert_same((value, gradient): (f64, Tensor), (expected, expected_gradient): (f64, Vec<f32>)) {
        assert!((value - expected).abs() < 1e-5 * expected, "{value}, expected {expected}");
        let size = expected_gradient.iter().fold(0f32, |most, value| most.max(value.abs()));
        for (found, expected) in to_vec(&gradient).iter().zip(&expected_gradient) {
            assert!((found - expected).abs() < 1e-5 * size, "{found}, expected {expected}");
        }
    }

    /// Returns a weighted graph with sources 0 to 11 and targets 12 to 33.
    fn bipartite() -> EdgeList {
        let pairs: Vec<Pair> = (0..60).map(|at| (at * 7 % 12, 12 + at * at % 22)).collect();
        let weights = (0..60).map(|at| 0.5 + (at % 5) as f32).collect();
        EdgeList::new(34, pairs, Some(weights)).0.across_kinds(12).unwrap()
    }

    #[test]
    fn the_losses_match_those_of_the_host() {
        let z = z(34, 5);
        let tensor = from_rows(&z, 34, 5);
        for edges in [graph(), bipartite()] {
            let weights = crate::model::loss::relative_weights(&edges, &edges);
            let loss = TorchLoss::new(&edges, weights.as_deref(), LossKind::Exact, 1, Device::Cpu).unwrap();
            let exact = match &weights {
                None => ExactReconstruction::new(&edges),
                Some(weights) => ExactReconstruction::weighted(&edges, weights),
            };
            assert_same(loss.value_and_gradient(&tensor, 0), exact.value_and_gradient(&z, 5));
            let negatives: Vec<Pair> = vec![(0, 16), (33, 4), (4, 33), (0, 16)];
            for (kind, weighting) in
                [(LossKind::Sampled, Weighting::Balanced), (LossKind::Reweighted, Weighting::Unbiased)]
            {
                let loss = TorchLoss::new(&edges, weights.as_deref(), kind, 1, Device::Cpu).unwrap();
                let sampled = SampledEdges::new(edges.clone(), weighting);
                let sampled = match &weights {
                    None => sampled,
                    Some(weights) => sampled.weighted(weights.clone()),
                };
                let expected = sampled.with(negatives.clone()).value_and_gradient(&z, 5);
                assert_same(loss.sampled(&tensor, &ends(&negatives), weighting), expected);
            }
        }
    }

    #[test]
    fn draws_are_non_edges_determined_by_the_seed() {
        let edges = graph();
        let loss = TorchLoss::new(&edges, None, LossKind::Sampled, 3, Device::Cpu).unwrap();
        let drawn = loss.draw(5000, 7);
        assert_eq!(drawn.size(), [2, 5000]);
        assert_eq!(drawn, loss.draw(5000, 7));
        assert_ne!(drawn, loss.draw(5000, 8));
        let end = |row| Vec::<i64>::try_from(drawn.get(row)).unwrap();
        assert!(end(0).iter().zip(end(1)).all(|(&u, v)| edges.is_candidate((u as u32, v as u32))));
        let edges = bipartite();
        let drawn = TorchLoss::new(&edges, None, LossKind::Sampled, 3, Device::Cpu).unwrap().draw(5000, 7);
        let end = |row| Vec::<i64>::try_from(drawn.get(row)).unwrap();
        assert!(end(0).iter().zip(end(1)).all(|(&u, v)| edges.is_candidate((u as u32, v as u32))));
    }
}
