#!/usr/bin/env python3
"""Makes golden.json: values of scipy, PyTorch (in float64) and scikit-learn that vgae's tests compare with.

Usage: python3 make.py   (needs numpy, scipy, torch and scikit-learn; the versions used stand in golden.json)
"""

import json
from pathlib import Path

import numpy as np
import scipy
import scipy.sparse as sp
import sklearn
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(20161121)

# Seven nodes: a triangle with a tail, an edge apart, and node 6 without edges.
NUM_NODES = 7
EDGES = [(0, 1), (0, 2), (1, 2), (2, 3), (4, 5)]
WEIGHTS = [1.0, 0.5, 2.0, 3.25, 0.125]


def adjacency(weights):
    u, v = np.array(EDGES).T
    adj = sp.csr_matrix((weights, (u, v)), shape=(NUM_NODES, NUM_NODES))
    return adj + adj.T


def normalised(adj):
    """D^-1/2 (A + I) D^-1/2."""
    adj = adj + sp.eye(NUM_NODES)
    scale = sp.diags(np.asarray(adj.sum(1)).ravel() ** -0.5)
    return (scale @ adj @ scale).toarray()


def matrix(rows, columns, scale=1.0):
    """Random numbers that an f32 holds exactly."""
    return (scale * rng.standard_normal((rows, columns))).astype(np.float32).astype(np.float64)


def reconstruction(z):
    """norm · weighted binary cross-entropy over all pairs against A + I, as in Kipf & Welling's code."""
    adj = torch.tensor(adjacency(np.ones(len(EDGES))).toarray())
    n, ones = NUM_NODES, adj.sum()
    pos_weight, norm = (n * n - ones) / ones, n * n / (2 * (n * n - ones))
    return norm * torch.nn.functional.binary_cross_entropy_with_logits(
        z @ z.T, adj + torch.eye(n), pos_weight=pos_weight)


def kl(mean, log_variance):
    """The mean over the nodes of KL(N(mean, exp(log_variance)) ‖ N(0, I)), by torch.distributions."""
    q = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    p = torch.distributions.Normal(torch.zeros(()), torch.ones(()))
    return torch.distributions.kl_divergence(q, p).sum(1).mean()


def leaf(array):
    return torch.tensor(array, requires_grad=True)


def gcn_case(features):
    """A two-layer GCN, its two heads, and the gradients of the GAE's loss and of reconstruction + 0.3 KL."""
    adj_norm = torch.tensor(normalised(adjacency(np.ones(len(EDGES)))))
    num_features = NUM_NODES if features is None else features.shape[1]
    x = torch.eye(NUM_NODES) if features is None else torch.tensor(features)
    weights = {"encoder.gcn1.weight": leaf(matrix(num_features, 4)), "encoder.mean.weight": leaf(matrix(4, 3)),
               "encoder.log_variance.weight": leaf(matrix(4, 3))}
    hidden = torch.relu(adj_norm @ x @ weights["encoder.gcn1.weight"])
    mean = adj_norm @ hidden @ weights["encoder.mean.weight"]
    log_variance = adj_norm @ hidden @ weights["encoder.log_variance.weight"]
    # The sample is taken with ε = 0 here: z is the mean, and the KL still reaches the log-variance.
    loss = reconstruction(mean) + 0.3 * kl(mean, log_variance)
    loss.backward()
    return {"features": None if features is None else features.tolist(),
            "weights": {name: value.tolist() for name, value in weights.items()},
            "mean": mean.tolist(), "log_variance": log_variance.tolist(), "loss": loss.item(),
            "gradients": {name: value.grad.tolist() for name, value in weights.items()}}


def loss_case():
    z = leaf(matrix(NUM_NODES, 3))
    value = reconstruction(z)
    value.backward()
    return {"z": z.tolist(), "value": value.item(), "gradient": z.grad.tolist()}


def kl_case():
    mean, log_variance = leaf(matrix(NUM_NODES, 3)), leaf(matrix(NUM_NODES, 3))
    value = kl(mean, log_variance)
    value.backward()
    return {"mean": mean.tolist(), "log_variance": log_variance.tolist(), "value": value.item(),
            "mean_gradient": mean.grad.tolist(), "log_variance_gradient": log_variance.grad.tolist()}


def metric_case(name, scores, labels):
    return {"name": name, "scores": [float(score) for score in scores], "labels": [bool(label) for label in labels],
            "roc_auc": roc_auc_score(labels, scores), "average_precision": average_precision_score(labels, scores)}


def metric_cases():
    labels = rng.integers(0, 2, 200)
    scores = rng.standard_normal(200)
    return [
        metric_case("no ties", scores + labels, labels),
        metric_case("many ties", np.round(scores + labels), labels),
        metric_case("all tied", np.zeros(6), [0, 1, 1, 0, 0, 0]),
        metric_case("perfect", [3, 2, 1, 0], [1, 1, 0, 0]),
        metric_case("upside down", [0, 1, 2, 3], [1, 1, 0, 0]),
        metric_case("zero and minus zero tie", [0.0, -0.0, 1.0, -1.0], [1, 0, 1, 0]),
        metric_case("logits that f32 sigmoids would tie", [40.0, 41.0, 42.0, 39.0, 60.0], [1, 0, 1, 0, 1]),
        metric_case("far apart", [1e300, -1e300, 1e-300, 0.0], [1, 0, 1, 0]),
        metric_case("one positive", rng.standard_normal(50), np.eye(1, 50, 17, dtype=int)[0]),
    ]


features = matrix(NUM_NODES, 5)
features[features < 0] = 0
golden = {
    "made_with": {"numpy": np.__version__, "scipy": scipy.__version__, "torch": torch.__version__,
                  "scikit-learn": sklearn.__version__},
    "num_nodes": NUM_NODES, "edges": EDGES, "weights": WEIGHTS,
    "adj_norm": normalised(adjacency(np.ones(len(EDGES)))).tolist(),
    "weighted_adj_norm": normalised(adjacency(WEIGHTS)).tolist(),
    "gcn": gcn_case(features), "featureless_gcn": gcn_case(None),
    "reconstruction": loss_case(), "kl": kl_case(), "metrics": metric_cases(),
}
Path(__file__).with_name("golden.json").write_text(json.dumps(golden, indent=1) + "\n")
