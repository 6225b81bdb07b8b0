//! The losses of inner products with libtorch, for its devices.

use tch::{Device, Kind, Tensor};

use super::Weighting;
use crate::config::LossKind;
use crate::graph::{EdgeList, Pair};

/// Logits of a tile of the sum over all pairs; a few tensors of as many numbers are held at a time.
const TILE_PAIRS: i64 = 1 << 26;

/// [`super::ExactReconstruction`] and [`super::SampledEdges`] on a device: the former by tiles of whole rows, O(n²·d)
/// time and O(n·d + a tile) memory.
pub(crate) struct TorchLoss {
    /// The ends of each edge, [2, m].
    edges: Tensor,
    /// u·n + v of each edge, ascending.
    keys: Tensor,
    /// What the term of each edge is multiplied by, [m, 1], where that is not 1.
    weights: Option<Tensor>,
    num_nodes: i64,
    /// Of a bipartite graph.
    num_sources: Option<i64>,
    form: Form,
}

enum Form {
    Exact,
    Sampled { weighting: Weighting, negatives_per_edge: i64 },
}

/// What a logit costs, as [`super::neighbours::Slope`].
#[derive(Clone, Copy)]
struct Slope {
    softplus: f64,
    weighted: f64,
    linear: f64,
}

impl TorchLoss {
    /// For the training edges `train`, whose terms are multiplied by `weights`, if there are any, on `device`; none for
    /// a loss that is computed elsewhere.
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
        // Edges are sorted, the lower node first.
        let keys = edges.get(0) * num_nodes + edges.get(1);
        let weights = weights.map(|weights| Tensor::from_slice(weights).view([-1, 1]).to_device(device));
        let num_sources = train.num_sources().map(|num_sources| num_sources as i64);
        Some(TorchLoss { edges, keys, weights, num_nodes, num_sources, form })
    }

    /// The loss at `z`, [n, d], and its gradient, [n, d]; negatives are drawn by `seed`.
    pub(crate) fn value_and_gradient(&self, z: &Tensor, seed: u64) -> (f64, Tensor) {
        tch::no_grad(|| match self.form {
            Form::Exact => self.exact(&z.detach()),
            Form::Sampled { weighting, negatives_per_edge } => {
                let negatives = self.draw(negatives_per_edge * self.edges.size()[1], seed);
                self.sampled(&z.detach(), &negatives, weighting)
            }
        })
    }

    /// The number of ordered pairs that the exact loss is a mean over.
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
        // Rows meet all nodes, or, of a bipartite graph, sources meet targets, which stands for both ways round.
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
                let mut of_columns = gradient.narrow(0, first_column, num_columns);
                of_columns += probabilities.transpose(0, 1).matmul(&rows);
            }
        }
        // On the ones, softplus(x) = softplus(−x) + x is replaced by pos_weight · weight · softplus(−x).
        let change = Slope { softplus: -1.0, weighted: num_absent / num_ones, linear: -1.0 };
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
        let absent = match has_diagonal {
            false => 1.0,
            true => (n * n - 2.0 * num_edges - n) / (n * n - 2.0 * num_edges),
        };
        let present = Slope { softplus: 0.0, weighted: 0.25 / num_edges, linear: 0.0 };
        let of_negative = 0.25 * absent / negatives.size()[1] as f64;
        // softplus(x) = softplus(−x) + x.
        let absent = Slope { softplus: of_negative, weighted: 0.0, linear: of_negative };
        let mut gradient = z.zeros_like();
        let mut value = add_pairs(z, &self.edges, self.weights.as_ref(), &present, &mut gradient);
        if has_diagonal {
            value += add_diagonal(z, &present, &mut gradient);
        }
        value += add_pairs(z, negatives, None, &absent, &mut gradient);
        (value, gradient * 2.0)
    }

    /// `count` ordered pairs that are no edges, uniform with replacement, [2, count]; of a bipartite graph from sources to
    /// targets.
    fn draw(&self, count: i64, seed: u64) -> Tensor {
        tch::manual_seed(seed as i64);
        let mut drawn = Tensor::zeros([2, 0], (Kind::Int64, self.edges.device()));
        while drawn.size()[1] < count {
            // Some more than are missing, as a few are edges.
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
            let place = key.searchsorted(&self.keys, false, false, "left", None::<Tensor>);
            let place = place.clamp_max(self.keys.size()[0] - 1);
            let is_absent = self.keys.index_select(0, &place).ne_tensor(&key).logical_and(&u.ne_tensor(&v));
            let absent = pairs.index_select(1, &is_absent.nonzero().view([-1]));
            drawn = Tensor::cat(&[drawn, absent], 1);
        }
        drawn.narrow(1, 0, count)
    }
}

/// Pairs as a tensor of [2, m].
fn ends(pairs: &[Pair]) -> Tensor {
    let [u, v]: [Vec<i64>; 2] = [|pair: &Pair| pair.0, |pair: &Pair| pair.1]
        .map(|end| pairs.iter().map(|pair| end(pair).into()).collect());
    Tensor::stack(&[Tensor::from_slice(&u), Tensor::from_slice(&v)], 0)
}

/// Σ over both directions of each pair, of weight 1 without `weights`, of what its logit costs; half its gradient is added
/// to `gradient`.
fn add_pairs(
    z: &Tensor,
    pairs: &Tensor,
    weights: Option<&Tensor>,
    slope: &Slope,
    gradient: &mut Tensor,
) -> f64 {
    let (u, v) = (pairs.get(0), pairs.get(1));
    let (of_u, of_v) = (z.index_select(0, &u), z.index_select(0, &v));
    let (value, slopes) = costs(&of_u, &of_v, weights, slope);
    let _ = gradient.index_add_(0, &u, &(of_v * &slopes));
    let _ = gradient.index_add_(0, &v, &(of_u * &slopes));
    2.0 * value
}

/// As [`add_pairs`], of each node with itself, once.
fn add_diagonal(z: &Tensor, slope: &Slope, gradient: &mut Tensor) -> f64 {
    let (value, slopes) = costs(z, z, None, slope);
    *gradient += z * slopes;
    value
}

/// What the logits of rows beside each other cost, and their derivatives, [m, 1].
fn costs(left: &Tensor, right: &Tensor, weights: Option<&Tensor>, slope: &Slope) -> (f64, Tensor) {
    let x = (left * right).sum_dim_intlist([1i64].as_slice(), true, Kind::Float);
    let minus = -&x;
    let Slope { softplus, weighted, linear } = *slope;
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

    /// The sources 0 to 11 and the targets 12 to 33, with weights.
    fn bipartite() -> EdgeList {
        let pairs: Vec<Pair> = (0..60).map(|at| (at * 7 % 12, 12 + at * at % 22)).collect();
        let weights = (0..60).map(|at| 0.5 + (at % 5) as f32).collect();
        EdgeList::new(34, pairs, Some(weights)).0.across_kinds(12).unwrap()
    }

    #[test]
    fn the_losses_are_those_of_the_kernels() {
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
    fn the_draws_are_absent_pairs_by_the_seed() {
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
