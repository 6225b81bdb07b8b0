#!/usr/bin/env python3
"""Makes baselines.json: scores of networkx, scipy and scikit-learn that vgae's baselines are compared with.

Usage: python3 make_baselines.py   (needs networkx, numpy, scipy and scikit-learn; the versions stand in the file)
"""

import json
import re
from pathlib import Path

import networkx as nx
import numpy as np
import scipy
import scipy.sparse as sp
import sklearn
from scipy.sparse.linalg import eigsh
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.preprocessing import normalize

rng = np.random.default_rng(1953)

# Zachary's club (whose node 11 is the only friend of nobody, and has one friend), an edge apart, and node 36
# without edges.
GRAPH = nx.Graph(nx.karate_club_graph().edges())
GRAPH.add_nodes_from(range(34, 37))
GRAPH.add_edge(34, 35)
n = GRAPH.number_of_nodes()
PAIRS = [(0, 33), (0, 11), (11, 0), (11, 12), (34, 35), (34, 36), (36, 36), (36, 2), (0, 1), (5, 6), (7, 7)]
PAIRS += [tuple(map(int, rng.integers(0, n, 2))) for _ in range(40)]

adj = nx.to_scipy_sparse_array(GRAPH, nodelist=range(n), weight=None, format="csr", dtype=float)
degree = adj.sum(1)
counts = rng.poisson(0.4, (n, 9)).astype(float)
counts[[3, 36]] = 0


def normalised(adj):
    """D^-1/2 (A + I) D^-1/2."""
    adj = adj + sp.eye_array(adj.shape[0])
    scale = sp.diags_array(adj.sum(1) ** -0.5)
    return (scale @ adj @ scale).tocsr()


def scores_of(matrix):
    return [float(matrix[u, v]) for u, v in PAIRS]


def networkx_scores(function):
    """networkx refuses no pair of distinct nodes; a node with itself is left out."""
    return [next(iter(function(GRAPH, [pair])))[2] if pair[0] != pair[1] else None for pair in PAIRS]


def katz(beta, steps):
    return sum(beta**step * np.linalg.matrix_power(adj.toarray(), step) for step in range(1, steps + 1))


def pagerank(restart, steps):
    walk = adj @ sp.diags_array(1 / np.maximum(degree, 1))
    seen = np.eye(n)
    for _ in range(steps):
        seen = restart * np.eye(n) + (1 - restart) * (walk @ seen)
    return seen + seen.T


def paths_of_three():
    scale = sp.diags_array(1 / np.sqrt(np.maximum(degree, 1)))
    return (adj @ scale @ adj @ scale @ adj).toarray()


def spectral_of_all():
    """Enough eigenvectors that all with positive eigenvalues are among them."""
    values, vectors = np.linalg.eigh(normalised(adj).toarray())
    scaled = vectors * np.maximum(values, 0)
    return scaled @ scaled.T


tfidf = TfidfTransformer().fit_transform(sp.csr_matrix(counts))
adj_norm = normalised(adj)
once, twice = adj_norm @ tfidf, adj_norm @ adj_norm @ tfidf
between = cosine_similarity(tfidf, once)
spread = sum(0.15 * 0.85**k * np.linalg.matrix_power(adj_norm.toarray(), k) for k in range(10)) @ tfidf
spread += 0.85**10 * np.linalg.matrix_power(adj_norm.toarray(), 10) @ tfidf
similarity = cosine_similarity(tfidf)
hubness = np.sort(np.where(np.eye(n), 0, similarity), axis=1)[:, -10:].sum(axis=1) / 10


def best_match():
    """The largest cosine of u with a neighbour of v, 0 without any."""
    best = np.zeros((n, n))
    for v in range(n):
        for w in GRAPH.neighbors(v):
            best[:, v] = np.maximum(best[:, v], similarity[:, w])
    return (best + best.T) / 2


# A connected graph that is large enough to have more eigenvectors than the score uses.
LARGE = nx.connected_watts_strogatz_graph(400, 6, 0.3, seed=1)
large_pairs = list(LARGE.edges())[:15] + [tuple(map(int, rng.integers(0, 400, 2))) for _ in range(25)]
large_adj = nx.to_scipy_sparse_array(LARGE, nodelist=range(400), weight=None, format="csr", dtype=float)
values, vectors = eigsh(normalised(large_adj), k=129, which="LA", v0=np.ones(400))
order = np.argsort(values)[::-1]
gap = float(values[order[127]] - values[order[128]])
scaled = (vectors * values)[:, order[:128]]

golden = {
    "versions": {"networkx": nx.__version__, "numpy": np.__version__, "scipy": scipy.__version__,
                 "scikit-learn": sklearn.__version__},
    "num_nodes": n,
    "edges": sorted((min(edge), max(edge)) for edge in GRAPH.edges()),
    "pairs": PAIRS,
    "features": counts.tolist(),
    "row": normalize(counts, norm="l1").tolist(),
    "tfidf": tfidf.toarray().tolist(),
    "baselines": {
        "common-neighbours": networkx_scores(
            lambda graph, pairs: [(u, v, len(list(nx.common_neighbors(graph, u, v)))) for u, v in pairs]),
        "jaccard": networkx_scores(nx.jaccard_coefficient),
        "adamic-adar": networkx_scores(nx.adamic_adar_index),
        "resource-allocation": networkx_scores(nx.resource_allocation_index),
        "preferential-attachment": networkx_scores(nx.preferential_attachment),
        "katz": scores_of(katz(0.05, 6)),
        "personalized-pagerank": scores_of(pagerank(0.15, 30)),
        "spectral": scores_of(spectral_of_all()),
        "feature-cosine": scores_of(cosine_similarity(counts)),
        "propagated-cosine": scores_of(cosine_similarity(once)),
        "neighbourhood-cosine": scores_of((between + between.T) / 2),
    },
    "closed_form": {
        "log-katz": scores_of(np.log(1e-6 + katz(0.05, 5))),
        "log-pagerank": scores_of(np.log(1e-6 + pagerank(0.15, 30))),
        "log-degree-sum": [float(np.log1p(degree[u]) + np.log1p(degree[v])) for u, v in PAIRS],
        "log-degree-minimum": [float(np.log1p(min(degree[u], degree[v]))) for u, v in PAIRS],
        "log-neighbour-degree-sum": scores_of(np.add.outer(*[np.log1p(adj @ degree / np.maximum(degree, 1))] * 2)),
        "cosine": scores_of(cosine_similarity(tfidf)),
        "propagated-cosine": scores_of(cosine_similarity(once)),
        "twice-propagated-cosine": scores_of(cosine_similarity(twice)),
        "neighbourhood-cosine": scores_of((between + between.T) / 2),
        "spread-cosine": scores_of(cosine_similarity(spread)),
        "best-match": scores_of(best_match()),
        "hubness-sum": scores_of(np.add.outer(hubness, hubness)),
        # Rounding decides which of equally similar nodes are among the ten, so that no reference has these.
        "similar-neighbours": [None for _ in PAIRS],
        "log-resource-allocation": scores_of(
            np.log(1e-3 + (adj @ sp.diags_array(1 / np.maximum(degree, 1)) @ adj).toarray())),
        "log-paths-of-three": scores_of(np.log(1e-3 + paths_of_three())),
        "log-random-walk": scores_of(np.log(1e-6 + np.linalg.matrix_power(
            (adj @ sp.diags_array(1 / np.maximum(degree, 1))).toarray(), 3) / np.maximum(degree, 1)[:, None])),
        "log-propagation": scores_of(np.log(1e-6 + np.linalg.matrix_power(adj_norm.toarray(), 3))),
        "root-spectral": scores_of(np.cbrt(spectral_of_all())),
        "same-component": [float(nx.has_path(GRAPH, u, v)) for u, v in PAIRS],
    },
    "large": {
        "edges": sorted((min(edge), max(edge)) for edge in LARGE.edges()),
        "pairs": large_pairs,
        "gap": gap,
        "spectral": [float(scaled[u] @ scaled[v]) for u, v in large_pairs],
    },
}


def rounded(value):
    """Twelve digits, so that another version of a library changes only what it computes otherwise."""
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {name: rounded(item) for name, item in value.items()}
    return value


# A line per score, so that a new score is a new line.
lines = json.dumps(rounded(golden), indent=1)
lines = re.sub(r"\[[^\[\]{}]*\]", lambda numbers: " ".join(numbers[0].split()), lines)
Path(__file__).with_name("baselines.json").write_text(lines + "\n")
print(f"gap {gap}")
