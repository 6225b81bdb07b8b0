#!/usr/bin/env python3
"""Makes combiner.json: scikit-learn's logistic regression on standardised scores, the two classes weighing alike, and
scipy's minimum of a conditional logit, that vgae's own tests compare with.

Usage: python3 make_combiner.py   (needs numpy, scipy and scikit-learn; the versions used stand in combiner.json)
"""

import json
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(20200420)


def case(num_edges, num_negatives):
    labels = np.r_[np.ones(num_edges, bool), np.zeros(num_negatives, bool)]
    scores = rng.standard_normal((len(labels), 4)) * [1, 10, 0.01, 1] + [0, -50, 3, 0]
    scores[:, 0] += 1.5 * labels
    scores[:, 1] -= 8 * labels
    scores[:, 3] = 2.5
    scaler = StandardScaler().fit(scores)
    weights = {True: 1.0, False: num_edges / num_negatives}
    model = LogisticRegression(C=1.0, class_weight=weights, tol=1e-12, max_iter=10000, solver="newton-cholesky")
    model.fit(scaler.transform(scores), labels)
    return {"scores": scores.tolist(), "labels": labels.tolist(), "weights": model.coef_[0].tolist(),
            "intercept": model.intercept_[0], "logits": model.decision_function(scaler.transform(scores)).tolist()}


def ranking(lengths):
    """Lists of a link and its negatives; the first score is higher for links, the second lower."""
    firsts = np.r_[0, np.cumsum(lengths)[:-1]]
    scores = rng.standard_normal((sum(lengths), 3)) * [1, 10, 0.01]
    scores[firsts] += [1, -8, 0]
    return fitted(scores, lengths)


def heavy_tailed(lengths, seed):
    """Lists for which whole steps of Newton's method, up to a change of 2, go back and forth for ever."""
    scores = np.random.default_rng(seed).standard_normal((sum(lengths), 3))
    scores[np.r_[0, np.cumsum(lengths)[:-1]]] += 1
    scores = scores**5
    scores[:, 0] += scores[:, 1] + scores[:, 2]
    return fitted(scores, lengths)


def with_copies(lengths, seed):
    """Lists whose every third pair stands for 7.5 pairs, the links never."""
    firsts = np.r_[0, np.cumsum(lengths)[:-1]]
    scores = np.random.default_rng(seed).standard_normal((sum(lengths), 3))
    scores[firsts] += [2, -1, 0]
    copies = np.where(np.arange(len(scores)) % 3 == 0, 7.5, 1.0)
    copies[firsts] = 1
    return fitted(scores, lengths, copies)


def fitted(scores, lengths, copies=None):
    copies = np.ones(len(scores)) if copies is None else copies
    firsts = np.r_[0, np.cumsum(lengths)[:-1]]
    inputs = StandardScaler().fit_transform(scores)
    lists = [(inputs[first:first + length], copies[first:first + length]) for first, length in zip(firsts, lengths)]

    def loss(weights):
        return weights @ weights / 2 - sum(rows[0] @ weights - logsumexp(rows @ weights, b=b) for rows, b in lists)

    def gradient(weights):
        return weights - sum(rows[0] - softmax(rows @ weights + np.log(b)) @ rows for rows, b in lists)

    found = minimize(loss, np.zeros(3), jac=gradient, method="BFGS", options={"gtol": 1e-11})
    return {"scores": scores.tolist(), "lengths": lengths, "copies": copies.tolist(), "weights": found.x.tolist()}


golden = {"made_with": {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__},
          "cases": [case(20, 20), case(15, 60)], "rankings": [ranking([3, 5, 4, 2, 6] * 4), ranking([1, 9, 30]),
                                                    heavy_tailed([6] * 20, 4251), with_copies([8] * 15, 7)]}
Path(__file__).with_name("combiner.json").write_text(json.dumps(golden, indent=1) + "\n")
