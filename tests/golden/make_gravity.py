#!/usr/bin/env python3
"""Makes gravity.json: the gravity decoder's loss and gradient by PyTorch's autograd (in float64) and the
out-degree-normalised adjacency by scipy, for vgae's tests to compare with.

Usage: python3 make_gravity.py   (needs numpy, scipy and torch; the versions used stand in gravity.json)
"""

import json
from pathlib import Path

import numpy as np
import scipy
import scipy.sparse as sp
import torch

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(20191103)

# Seven nodes: 0 and 1 point to each other, a cycle, an edge apart, and node 6 without edges.
NUM_NODES = 7
EDGES = [(0, 1), (1, 0), (1, 2), (2, 3), (3, 1), (5, 4)]
WEIGHTS = [1.0, 0.5, 2.0, 3.25, 0.125, 4.0]


def adjacency(weights):
    u, v = np.array(EDGES).T
    return sp.csr_matrix((weights, (u, v)), shape=(NUM_NODES, NUM_NODES))


def row_stochastic(adj):
    """D_out^-1 (A + I)."""
    adj = adj + sp.eye(NUM_NODES)
    return (sp.diags(1 / np.asarray(adj.sum(1)).ravel()) @ adj).toarray()


def logits(z, lam):
    """mass_v - lambda ln(|z_u - z_v|^2 + 0.01), [source, target]."""
    position, mass = z[:, :-1], z[:, -1]
    squared = (position[:, None] - position[None]).square().sum(-1)
    return mass[None, :] - lam * torch.log(squared + 0.01)


def loss_case(width, lam):
    z = rng.standard_normal((NUM_NODES, width)).astype(np.float32).astype(np.float64)
    z[3] = z[2]  # Two nodes in one place.
    z = torch.tensor(z, requires_grad=True)
    adj = torch.tensor(adjacency(np.ones(len(EDGES))).toarray())
    n, ones = NUM_NODES, adj.sum()
    pos_weight, norm = (n * n - ones) / ones, n * n / (2 * (n * n - ones))
    x = logits(z, lam)
    value = norm * torch.nn.functional.binary_cross_entropy_with_logits(x, adj + torch.eye(n), pos_weight=pos_weight)
    value.backward()
    return {"lambda": lam, "z": z.tolist(), "logits": x.tolist(), "value": value.item(), "gradient": z.grad.tolist()}


golden = {
    "made_with": {"numpy": np.__version__, "scipy": scipy.__version__, "torch": torch.__version__},
    "num_nodes": NUM_NODES, "edges": EDGES, "weights": WEIGHTS,
    "adj_norm": row_stochastic(adjacency(np.ones(len(EDGES)))).tolist(),
    "weighted_adj_norm": row_stochastic(adjacency(WEIGHTS)).tolist(),
    "losses": [loss_case(4, 1.0), loss_case(2, 0.05), loss_case(18, 10.0)],
}
Path(__file__).with_name("gravity.json").write_text(json.dumps(golden, indent=1) + "\n")
