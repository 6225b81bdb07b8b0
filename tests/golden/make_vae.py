#!/usr/bin/env python3
"""Makes vae.json: the latent, the loss, every weight's gradient and the reconstruction of variational auto-encoders,
by PyTorch's distributions and autograd in float64, that vgae's own tests compare with.

Usage: python3 make_vae.py   (needs numpy and torch; the versions used stand in vae.json)
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(20131220)
NUM_ROWS, NUM_FEATURES, HIDDEN, LATENT = 6, 5, 4, 3
KL_WEIGHT = 0.7


def matrix(rows, columns):
    """Random numbers that an f32 holds exactly, to be learnt."""
    values = rng.standard_normal((rows, columns)).astype(np.float32).astype(np.float64)
    return torch.tensor(values, requires_grad=True)


def perceptron(x, weights, name, num_hidden):
    for layer in range(1, num_hidden + 1):
        x = torch.relu(x @ weights[f"{name}.layer{layer}.weight"] + weights[f"{name}.layer{layer}.bias"])
    return x


def case(name, likelihood, layers, x):
    num_hidden = layers - 1
    shapes = {}
    for net, inputs in (("encoder", NUM_FEATURES), ("generator", LATENT)):
        for layer in range(1, num_hidden + 1):
            shapes[f"{net}.layer{layer}"] = (inputs if layer == 1 else HIDDEN, HIDDEN)
        last = inputs if num_hidden == 0 else HIDDEN
        heads = {"encoder": ("mean", "log_variance"), "generator": ("output",)}[net]
        shapes |= {f"{net}.{head}": (last, LATENT if net == "encoder" else NUM_FEATURES) for head in heads}
    weights = {}
    for key, (rows, columns) in shapes.items():
        weights |= {f"{key}.weight": matrix(rows, columns), f"{key}.bias": matrix(1, columns)}
    unit = torch.tensor(1.0)
    if likelihood == "gaussian":
        weights["generator.log_variance"] = matrix(1, 1)
        unit = torch.tensor([[0.25]])
    noise = matrix(NUM_ROWS, LATENT).detach()

    hidden = perceptron(x / unit, weights, "encoder", num_hidden)
    mean = hidden @ weights["encoder.mean.weight"] + weights["encoder.mean.bias"]
    log_variance = hidden @ weights["encoder.log_variance.weight"] + weights["encoder.log_variance.bias"]
    posterior = Independent(Normal(mean, (0.5 * log_variance).exp()), 1)
    prior = Independent(Normal(torch.zeros(LATENT), torch.ones(LATENT)), 1)

    def observation(z):
        output = perceptron(z, weights, "generator", num_hidden)
        output = (output @ weights["generator.output.weight"] + weights["generator.output.bias"]) * unit
        if likelihood == "bernoulli":
            return Independent(Bernoulli(logits=output), 1)
        return Independent(Normal(output, (0.5 * weights["generator.log_variance"]).exp().expand_as(output)), 1)

    z = mean + (0.5 * log_variance).exp() * noise
    reconstruction = -observation(z).log_prob(x).mean()
    kl = kl_divergence(posterior, prior.expand(posterior.batch_shape)).mean()
    loss = reconstruction + KL_WEIGHT * kl
    loss.backward()
    gradients = {key: value.grad.tolist() for key, value in weights.items()}
    if likelihood == "gaussian":
        weights["unit"] = unit
    return {"name": name, "likelihood": likelihood, "layers": layers, "x": x.tolist(), "noise": noise.tolist(),
            "weights": {key: value.tolist() for key, value in weights.items()}, "gradients": gradients,
            "mean": mean.tolist(), "log_variance": log_variance.tolist(), "expected": observation(mean).mean.tolist(),
            "reconstruction": reconstruction.item(), "kl": kl.item(), "loss": loss.item()}


binary = torch.tensor(rng.integers(0, 2, (NUM_ROWS, NUM_FEATURES)).astype(np.float64))
binary[2] = 0
numbers = matrix(NUM_ROWS, NUM_FEATURES).detach()
golden = {
    "made_with": {"numpy": np.__version__, "torch": torch.__version__},
    "hidden": HIDDEN, "latent": LATENT, "kl_weight": KL_WEIGHT,
    "cases": [case("bernoulli", "bernoulli", 2, binary), case("gaussian", "gaussian", 2, numbers),
              case("bernoulli, two hidden layers", "bernoulli", 3, binary),
              case("gaussian without hidden layers", "gaussian", 1, numbers)],
}
Path(__file__).with_name("vae.json").write_text(json.dumps(golden, indent=1) + "\n")
