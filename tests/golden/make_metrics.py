#!/usr/bin/env python3
"""Makes metrics.json: AUC, average precision and Brier score by scikit-learn, on scores with many ties, for vgae's
tests to compare with.

Usage: python3 make_metrics.py   (needs numpy and scikit-learn; the versions used stand in metrics.json)
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

rng = np.random.default_rng(20230612)


def case(name, probabilities, labels):
    probabilities, labels = np.asarray(probabilities, float), np.asarray(labels, bool)
    return {
        "name": name, "probabilities": probabilities.tolist(), "labels": labels.tolist(),
        "roc_auc": roc_auc_score(labels, probabilities),
        "average_precision": average_precision_score(labels, probabilities),
        "brier": brier_score_loss(labels, probabilities),
    }


def tied(size, steps, share):
    """Probabilities on a grid, so that most tie, and labels that lean on them."""
    probabilities = rng.integers(0, steps + 1, size) / steps
    return probabilities, rng.random(size) < share * (0.5 + probabilities)


golden = {
    "made_with": {"numpy": np.__version__, "sklearn": sklearn.__version__},
    "cases": [
        case("all alike", [0.5] * 9, [1, 0, 0, 1, 0, 0, 1, 0, 0]),
        case("two values", [0, 1, 1, 0, 1, 0, 0, 1], [0, 1, 0, 1, 1, 0, 0, 1]),
        case("a grid of four", *tied(200, 3, 0.5)),
        case("a grid of eleven, few edges", *tied(300, 10, 0.06)),
        case("no tie", rng.random(150), rng.random(150) < 0.4),
        case("the edge of every bin", np.repeat(np.arange(11) / 10, 6), np.arange(66) % 4 == 0),
    ],
}
Path(__file__).with_name("metrics.json").write_text(json.dumps(golden) + "\n")
