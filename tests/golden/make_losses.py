#!/usr/bin/env python3
"""Makes losses.json: the losses of weighted and of bipartite graphs and their gradients, by PyTorch's autograd in
float64, written down as their formulas stand in src/loss.rs, with dense matrices.

Usage: python3 make_losses.py   (needs numpy and torch; the versions used stand in losses.json)
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(20261124)

# Nodes 0, 1 and 2 are the sources of the bipartite graphs; node 6 has no edge.
NUM_NODES, NUM_SOURCES, WIDTH, LAMBDA = 7, 3, 4, 0.8
EDGES = [(0, 3), (0, 4), (1, 3), (2, 5)]
WEIGHTS = [0.25, 4.0, 1.5, 2.0]
NEGATIVES = [(0, 5), (1, 6), (0, 5), (2, 3)]
RELATIVE = torch.tensor(WEIGHTS) / np.mean(WEIGHTS)


def dense(weights, directed=False):
    """A + I, and the factor of each of its ones."""
    ones, factors = torch.eye(NUM_NODES), torch.ones(NUM_NODES, NUM_NODES)
    for (u, v), weight in zip(EDGES, weights):
        for i, j in [(u, v)] if directed else [(u, v), (v, u)]:
            ones[i, j], factors[i, j] = 1, weight
    return ones, factors


def over_all(logits, ones, factors, num_ones):
    n = NUM_NODES
    pos_weight, norm = (n * n - num_ones) / num_ones, n * n / (2 * (n * n - num_ones))
    return norm * binary_cross_entropy_with_logits(logits, ones, pos_weight=pos_weight * factors)


def exact(z, weights):
    return over_all(z @ z.T, *dense(weights), 2 * len(EDGES))


def gravity(z, weights):
    coordinates, mass = z[:, :-1], z[:, -1]
    squares = ((coordinates[:, None] - coordinates[None]) ** 2).sum(2)
    return over_all(mass[None] - LAMBDA * (squares + 0.01).log(), *dense(weights, directed=True), len(EDGES))


def sampled(z, weights):
    def logits(pairs):
        return (z[[u for u, _ in pairs]] * z[[v for _, v in pairs]]).sum(1)
    return 0.5 * (weights * softplus(-logits(EDGES))).mean() + 0.5 * softplus(logits(NEGATIVES)).mean()


def bipartite(z, weights):
    s, m = NUM_SOURCES, len(EDGES)
    ones, factors = (matrix[:s, s:] for matrix in dense(weights))
    num_pairs = s * (NUM_NODES - s)
    pos_weight, norm = (num_pairs - m) / m, num_pairs / (2 * (num_pairs - m))
    return norm * binary_cross_entropy_with_logits(z[:s] @ z[s:].T, ones, pos_weight=pos_weight * factors)


def case(loss, weights):
    values = rng.standard_normal((NUM_NODES, WIDTH)).astype(np.float32).astype(np.float64)
    z = torch.tensor(values, requires_grad=True)
    value = loss(z, weights)
    value.backward()
    return {"loss": loss.__name__, "is_weighted": weights is RELATIVE, "z": z.tolist(), "value": value.item(),
            "gradient": z.grad.tolist()}


losses = [exact, gravity, sampled, bipartite]
golden = {
    "made_with": {"numpy": np.__version__, "torch": torch.__version__},
    "num_nodes": NUM_NODES, "num_sources": NUM_SOURCES, "lambda": LAMBDA,
    "edges": EDGES, "weights": WEIGHTS, "negatives": NEGATIVES,
    "cases": [case(loss, weights) for loss in losses for weights in [torch.ones(len(EDGES)), RELATIVE]],
}
Path(__file__).with_name("losses.json").write_text(json.dumps(golden, indent=1) + "\n")
