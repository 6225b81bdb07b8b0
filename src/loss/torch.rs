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
    num_nodes: i64,
    form: Form,
}

enum Form {
    Exact,
    Sampled { weighting: Weighting, negatives_per_edge: i64 },
}

/// What a logit costs, as [`super::neighbours::Slope`].
struct Slope {
    softplus: f64,
    linear: f64,
}

impl TorchLoss {
    /// For the training edges `train`, on `device`; none for a loss that is computed elsewhere.
    pub(crate) fn new(
        train: &EdgeList,
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
        Some(TorchLoss { edges, keys, num_nodes, form })
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

    fn exact(&self, z: &Tensor) -> (f64, Tensor) {
        let n = self.num_nodes as f64;
        let num_ones = 2.0 * self.edges.size()[1] as f64;
        let (pos_weight, norm) = ((n * n - num_ones) / num_ones, n * n / (2.0 * (n * n - num_ones)));
        let mut gradient = z.zeros_like();
        let mut value = 0.0;
        let height = (TILE_PAIRS / self.num_nodes).max(1);
        for first in (0..self.num_nodes).step_by(height as usize) {
            let rows = height.min(self.num_nodes - first);
            let logits = z.narrow(0, first, rows).matmul(&z.transpose(0, 1));
            value += logits.softplus().sum(Kind::Double).double_value(&[]);
            let of_rows = logits.sigmoid().matmul(z);
            gradient.narrow(0, first, rows).copy_(&of_rows);
        }
        // On the ones, softplus(x) = softplus(−x) + x is replaced by pos_weight · softplus(−x).
        let change = Slope { softplus: pos_weight - 1.0, linear: -1.0 };
        value += add_pairs(z, &self.edges, &change, &mut gradient) + add_diagonal(z, &change, &mut gradient);
        let scale = norm / (n * n);
        (scale * value, gradient * (2.0 * scale))
    }

    fn sampled(&self, z: &Tensor, negatives: &Tensor, weighting: Weighting) -> (f64, Tensor) {
        let (n, num_edges) = (self.num_nodes as f64, self.edges.size()[1] as f64);
        let absent = match weighting {
            Weighting::Balanced => 1.0,
            Weighting::Unbiased => (n * n - 2.0 * num_edges - n) / (n * n - 2.0 * num_edges),
        };
        let present = Slope { softplus: 0.25 / num_edges, linear: 0.0 };
        let of_negative = 0.25 * absent / negatives.size()[1] as f64;
        // softplus(x) = softplus(−x) + x.
        let absent = Slope { softplus: of_negative, linear: of_negative };
        let mut gradient = z.zeros_like();
        let mut value = add_pairs(z, &self.edges, &present, &mut gradient);
        if weighting == Weighting::Unbiased {
            value += add_diagonal(z, &present, &mut gradient);
        }
        value += add_pairs(z, negatives, &absent, &mut gradient);
        (value, gradient * 2.0)
    }

    /// `count` ordered pairs that are no edges, uniform with replacement, [2, count].
    fn draw(&self, count: i64, seed: u64) -> Tensor {
        tch::manual_seed(seed as i64);
        let mut drawn = Tensor::zeros([2, 0], (Kind::Int64, self.edges.device()));
        while drawn.size()[1] < count {
            // Some more than are missing, as a few are edges.
            let missing = count - drawn.size()[1];
            let pairs = Tensor::randint(
                self.num_nodes,
                [2, missing + missing / 16 + 16],
                (Kind::Int64, self.edges.device()),
            );
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

/// Σ over both directions of each pair of what its logit costs; half its gradient is added to `gradient`.
fn add_pairs(z: &Tensor, pairs: &Tensor, slope: &Slope, gradient: &mut Tensor) -> f64 {
    let (u, v) = (pairs.get(0), pairs.get(1));
    let (of_u, of_v) = (z.index_select(0, &u), z.index_select(0, &v));
    let (value, slopes) = costs(&of_u, &of_v, slope);
    let _ = gradient.index_add_(0, &u, &(of_v * &slopes));
    let _ = gradient.index_add_(0, &v, &(of_u * &slopes));
    2.0 * value
}

/// As [`add_pairs`], of each node with itself, once.
fn add_diagonal(z: &Tensor, slope: &Slope, gradient: &mut Tensor) -> f64 {
    let (value, slopes) = costs(z, z, slope);
    *gradient += z * slopes;
    value
}

/// What the logits of rows beside each other cost, and their derivatives, [m, 1].
fn costs(left: &Tensor, right: &Tensor, slope: &Slope) -> (f64, Tensor) {
    let x = (left * right).sum_dim_intlist([1i64].as_slice(), true, Kind::Float);
    let minus = -&x;
    let value = minus.softplus() * slope.softplus + &x * slope.linear;
    (value.sum(Kind::Double).double_value(&[]), minus.sigmoid() * -slope.softplus + slope.linear)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::{ExactReconstruction, SampledEdges};
    use crate::tensor::{from_rows, to_vec};

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

    #[test]
    fn the_losses_are_those_of_the_kernels() {
        let (edges, z) = (graph(), z(34, 5));
        let tensor = from_rows(&z, 34, 5);
        let loss = TorchLoss::new(&edges, LossKind::Exact, 1, Device::Cpu).unwrap();
        let expected = ExactReconstruction::new(&edges).value_and_gradient(&z, 5);
        assert_same(loss.value_and_gradient(&tensor, 0), expected);
        let negatives: Vec<Pair> = vec![(0, 9), (33, 4), (4, 33), (0, 9)];
        for (kind, weighting) in
            [(LossKind::Sampled, Weighting::Balanced), (LossKind::Reweighted, Weighting::Unbiased)]
        {
            let loss = TorchLoss::new(&edges, kind, 1, Device::Cpu).unwrap();
            let sampled = SampledEdges::new(edges.pairs().to_vec(), 34, weighting);
            let expected = sampled.with(negatives.clone()).value_and_gradient(&z, 5);
            assert_same(loss.sampled(&tensor, &ends(&negatives), weighting), expected);
        }
    }

    #[test]
    fn the_draws_are_absent_pairs_by_the_seed() {
        let edges = graph();
        let loss = TorchLoss::new(&edges, LossKind::Sampled, 3, Device::Cpu).unwrap();
        let drawn = loss.draw(5000, 7);
        assert_eq!(drawn.size(), [2, 5000]);
        assert_eq!(drawn, loss.draw(5000, 7));
        assert_ne!(drawn, loss.draw(5000, 8));
        let end = |row| Vec::<i64>::try_from(drawn.get(row)).unwrap();
        assert!(end(0).iter().zip(end(1)).all(|(&u, v)| u != v && !edges.contains((u as u32, v as u32))));
    }
}
