#!/usr/bin/env python3
"""Makes networks.json: the forward pass, the loss and every weight's gradient of each encoder and decoder, by
PyTorch's autograd in float64, that vgae's own tests compare with.

Usage: python3 make_networks.py   (needs numpy and torch; the versions used stand in networks.json)
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, layer_norm, softplus

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(20190524)

# Seven nodes: a triangle with a tail, an edge apart, and node 6 without edges.
NUM_NODES = 7
EDGES = [(0, 1), (0, 2), (1, 2), (2, 3), (4, 5)]
# A sample for the sampled loss: edges, then negatives; one of them comes twice.
SAMPLE_EDGES = [(0, 1), (2, 3), (4, 5)]
SAMPLE_NEGATIVES = [(0, 3), (6, 1), (0, 3), (5, 2), (4, 6), (3, 4)]

ADJ = torch.zeros(NUM_NODES, NUM_NODES)
for u, v in EDGES:
    ADJ[u, v] = ADJ[v, u] = 1.0
SCALE = (ADJ + torch.eye(NUM_NODES)).sum(1) ** -0.5
ADJ_NORM = SCALE[:, None] * (ADJ + torch.eye(NUM_NODES)) * SCALE


def matrix(rows, columns):
    """Random numbers that an f32 holds exactly, to be learnt."""
    values = rng.standard_normal((rows, columns)).astype(np.float32).astype(np.float64)
    return torch.tensor(values, requires_grad=True)


def unit_rows(x):
    squares = (x * x).sum(1, keepdim=True)
    return x * torch.where(squares > 1e-24, squares.clamp_min(1e-24).rsqrt(), torch.zeros(()))


def exact(logits):
    """norm · weighted binary cross-entropy over all pairs against A + I, as in Kipf & Welling's code."""
    n, ones = NUM_NODES, ADJ.sum()
    pos_weight, norm = (n * n - ones) / ones, n * n / (2 * (n * n - ones))
    return norm * binary_cross_entropy_with_logits(logits, ADJ + torch.eye(n), pos_weight=pos_weight)


def sampled(logit_of):
    """½ mean over edges + ½ mean over negatives."""
    edges, negatives = torch.tensor(SAMPLE_EDGES), torch.tensor(SAMPLE_NEGATIVES)
    return 0.5 * softplus(-logit_of(edges)).mean() + 0.5 * softplus(logit_of(negatives)).mean()


def kl_of_dimensions(mean, log_variance):
    q = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    p = torch.distributions.Normal(torch.zeros(()), torch.ones(()))
    return torch.distributions.kl_divergence(q, p).mean(0)


def case(name, model, x, weights, encode, decoder="inner-product", loss="exact", cosine=False, bias=False, free=0.0,
         layers=None, **settings):
    """`encode` gives the heads from X and the weights; the sample's noise is 0: z is the mean."""
    heads = encode(torch.eye(NUM_NODES) if x is None else x, weights)
    mean, log_variance = heads[0], heads[1] if len(heads) > 1 else None
    z = unit_rows(mean) * (0.5 * weights["decoder.log_temperature"]).exp() if cosine else mean

    def logit_of(pairs):
        product = z[pairs[:, 0]] * z[pairs[:, 1]]
        if decoder == "inner-product":
            return product.sum(1)
        if decoder == "residual-mlp":
            hidden, layer = product, 1
            while f"decoder.hidden{layer}.weight" in weights:
                sums = hidden @ weights[f"decoder.hidden{layer}.weight"] + weights[f"decoder.hidden{layer}.bias"]
                hidden, layer = torch.relu(layer_norm(sums + product, sums.shape[1:])), layer + 1
            return (hidden @ weights["decoder.output.weight"] + weights["decoder.output.bias"]).squeeze(1)
        hidden = torch.relu(product @ weights["decoder.hidden.weight"] + weights["decoder.hidden.bias"])
        return (hidden @ weights["decoder.output.weight"] + weights["decoder.output.bias"]).squeeze(1)

    total = exact(z @ z.T) if loss == "exact" else sampled(logit_of)
    if log_variance is not None:
        total = total + 0.3 * kl_of_dimensions(mean, log_variance).clamp_min(free).sum()
    total.backward()
    config = {"model": model, "hidden": 4, "latent": 3, "layers": layers, "bias": bias, "dropout": 0.0, "feature_transform": "none",
              "normalize_embeddings": cosine, "decoder": decoder, "gravity_lambda": 1.0, "likelihood": "auto"} | settings
    return {"name": name, "config": config, "loss_kind": loss, "free_bits": free,
            "features": None if x is None else x.tolist(),
            "weights": {key: value.tolist() for key, value in weights.items()},
            "mean": mean.tolist(), "log_variance": None if log_variance is None else log_variance.tolist(),
            "all_pairs": logit_of(torch.tensor([(u, v) for u in range(NUM_NODES) for v in range(NUM_NODES)])).tolist(),
            "loss": total.item(), "gradients": {key: value.grad.tolist() for key, value in weights.items()}}


def gcn(layers, normalize=lambda x: x):
    def encode(x, weights):
        for layer in range(1, layers):
            x = ADJ_NORM @ x @ weights[f"encoder.gcn{layer}.weight"] + bias_of(weights, f"gcn{layer}")
            x = torch.relu(normalize(x))
        return [ADJ_NORM @ x @ weights[f"encoder.{head}.weight"] + bias_of(weights, head)
                for head in ("mean", "log_variance") if f"encoder.{head}.weight" in weights]
    return encode


def bias_of(weights, layer):
    return weights.get(f"encoder.{layer}.bias", 0)


def linear(propagations):
    def encode(x, weights):
        adj = torch.linalg.matrix_power(ADJ_NORM, propagations)
        return [adj @ x @ weights[f"encoder.{head}.weight"] for head in ("mean", "log_variance")
                if f"encoder.{head}.weight" in weights]
    return encode


def rows_normalized(x):
    return layer_norm(x, x.shape[1:])


def averaged(propagations, normalize):
    """Ma, Wang & Zhang 2025: the mean of the rows after each propagation, normalised before the next."""
    def encode(x, weights):
        steps = [ADJ_NORM @ x @ weights["encoder.mean.weight"]]
        for _ in range(1, propagations):
            steps.append(ADJ_NORM @ normalize(steps[-1]))
        return [sum(steps) / propagations]
    return encode


def gnae(x, weights):
    """Ahn & Kim 2021: the mean's rows are normalised to the length 1.8 before they are propagated."""
    heads = []
    for head in ("mean", "log_variance"):
        if f"encoder.{head}.weight" in weights:
            h = x @ weights[f"encoder.{head}.weight"] + weights[f"encoder.{head}.bias"]
            heads.append(ADJ_NORM @ (1.8 * unit_rows(h) if head == "mean" else h))
    return heads


def head_weights(num_inputs, heads=("mean",), bias=False):
    weights = {f"encoder.{head}.weight": matrix(num_inputs, 3) for head in heads}
    if bias:
        weights |= {f"encoder.{head}.bias": matrix(1, 3) for head in heads}
    return weights


def perceptron_weights():
    return {"decoder.hidden.weight": matrix(3, 8), "decoder.hidden.bias": matrix(1, 8),
            "decoder.output.weight": matrix(8, 1), "decoder.output.bias": matrix(1, 1)}


def residual_weights(num_layers):
    layers = {}
    for layer in range(1, num_layers):
        layers |= {f"decoder.hidden{layer}.weight": matrix(3, 3), f"decoder.hidden{layer}.bias": matrix(1, 3)}
    return layers | {"decoder.output.weight": matrix(3, 1), "decoder.output.bias": matrix(1, 1)}


BOTH = ("mean", "log_variance")
features = matrix(NUM_NODES, 5).detach().clamp_min(0)
features[3] = 0
zero_bias = head_weights(5, bias=True)
zero_bias["encoder.mean.bias"] = torch.zeros(1, 3, requires_grad=True)
golden = {
    "made_with": {"numpy": np.__version__, "torch": torch.__version__},
    "num_nodes": NUM_NODES, "edges": EDGES, "sample_edges": SAMPLE_EDGES, "sample_negatives": SAMPLE_NEGATIVES,
    "cases": [
        case("three convolutions", "vgae", features,
             {"encoder.gcn1.weight": matrix(5, 4), "encoder.gcn2.weight": matrix(4, 4)} | head_weights(4, BOTH),
             gcn(3), layers=3),
        case("free bits", "vgae", features, {"encoder.gcn1.weight": matrix(5, 4)} | head_weights(4, BOTH), gcn(2),
             free=0.5),
        case("linear, two propagations", "linear-vgae", features, head_weights(5, BOTH), linear(2), layers=2),
        case("linear without features", "linear-gae", None, head_weights(7), linear(1)),
        case("gnae with a row of zeros", "gnae", features, zero_bias, gnae),
        case("vgnae", "vgnae", features, head_weights(5, BOTH, bias=True), gnae),
        case("cosine", "gae", features, {"encoder.gcn1.weight": matrix(5, 4), "decoder.log_temperature": matrix(1, 1)}
             | head_weights(4), gcn(2), cosine=True),
        case("sampled", "vgae", features, {"encoder.gcn1.weight": matrix(5, 4)} | head_weights(4, BOTH), gcn(2),
             loss="sampled"),
        case("perceptron", "linear-gae", features, head_weights(5) | perceptron_weights(), linear(1),
             decoder="hadamard-mlp", loss="sampled"),
        case("biases", "vgae", features, {"encoder.gcn1.weight": matrix(5, 4), "encoder.gcn1.bias": matrix(1, 4)}
             | head_weights(4, BOTH, bias=True), gcn(2), bias=True),
        case("layer normalisation", "vgae", features,
             {"encoder.gcn1.weight": matrix(5, 4), "encoder.gcn2.weight": matrix(4, 4)} | head_weights(4, BOTH),
             gcn(3, rows_normalized), layers=3, layer_norm=True),
        case("mean of three propagations", "linear-gae", features, head_weights(5), averaged(3, lambda x: x), layers=3,
             average_layers=True),
        case("tuned-gae", "tuned-gae", features, head_weights(5) | residual_weights(3), averaged(3, rows_normalized),
             decoder="residual-mlp", loss="sampled", layers=3, decoder_layers=3),
        case("residual perceptron of four layers", "gae", None, {"encoder.gcn1.weight": matrix(7, 4)} | head_weights(4)
             | residual_weights(4), gcn(2), decoder="residual-mlp", loss="sampled", decoder_layers=4),
    ],
}
Path(__file__).with_name("networks.json").write_text(json.dumps(golden, indent=1) + "\n")
