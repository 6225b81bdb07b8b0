#!/usr/bin/env python3
"""Makes combiner.json: scikit-learn's logistic regression on standardised scores, the two classes weighing alike, that
vgae's own tests compare with.

Usage: python3 make_combiner.py   (needs numpy and scikit-learn; the versions used stand in combiner.json)
"""

import json
from pathlib import Path

import numpy as np
import sklearn
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


golden = {"made_with": {"numpy": np.__version__, "scikit-learn": sklearn.__version__},
          "cases": [case(20, 20), case(15, 60)]}
Path(__file__).with_name("combiner.json").write_text(json.dumps(golden, indent=1) + "\n")
