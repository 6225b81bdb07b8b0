#!/usr/bin/env python3
"""Checks the formats of edge lists and embeddings against the programs that they come from.

Usage: python3 tests/formats.py VGAE          (VGAE: the program to check)
       python3 tests/formats.py --fixtures    (makes tests/golden/formats again)
       python3 tests/formats.py --documents   (only those that networkx writes as text)

It needs pandas and pyarrow, polars, scipy, networkx, igraph, gensim; what is not installed is skipped, and said so.
"""

import csv
import gzip
import importlib
import itertools
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

FIXTURES = Path(__file__).resolve().parent / "golden" / "formats"
# The fixtures: node e is in no edge. tests/library/formats/mod.rs knows these numbers.
NAMES = "abcde"
EDGES = [(0, 1, 2.0), (1, 2, 0.5), (2, 3, 1.0), (0, 3, 3.0)]


class Skipped(Exception):
    pass


def need(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        raise Skipped(f"{name} is not installed") from None


# ---- Writing graphs ----

def table(edges, ids):
    pyarrow = need("pyarrow")
    sources, targets, weights = zip(*edges)
    return pyarrow.table({"source": [ids[u] for u in sources], "target": [ids[v] for v in targets],
                          "weight": pyarrow.array(weights, pyarrow.float64())})


def matrix(edges, size, weights=True):
    scipy = need("scipy.sparse")
    sources, targets, values = zip(*edges)
    half = scipy.coo_array((values if weights else [1.0] * len(edges), (sources, targets)), shape=(size, size))
    return half + half.T


def graph(edges, ids, kind="Graph"):
    networkx = need("networkx")
    made = getattr(networkx, kind)()
    made.add_nodes_from(ids)
    made.add_weighted_edges_from((ids[u], ids[v], weight) for u, v, weight in edges)
    return made


def igraph_of(edges, ids):
    """A graph whose nodes are n0, n1, … with the ids as their names."""
    made = need("igraph").Graph(len(ids), [(u, v) for u, v, _ in edges])
    made.vs["name"], made.es["weight"] = list(ids), [weight for _, _, weight in edges]
    return made


def write_fixtures():
    import networkx
    import pyarrow.parquet
    import scipy.io
    import scipy.sparse
    small = {"store_schema": False, "write_statistics": False}
    names = table(EDGES, NAMES)
    pyarrow.parquet.write_table(names, FIXTURES / "snappy.parquet", compression="snappy", **small)
    pyarrow.parquet.write_table(names, FIXTURES / "brotli.parquet", compression="brotli", **small)
    numbers = table(EDGES, range(10, 15)).select(["weight", "target", "source"])
    pyarrow.parquet.write_table(numbers, FIXTURES / "zstd.pq", compression="zstd", row_group_size=3, **small)
    missing = pyarrow.table({"source": ["a", None], "target": ["b", "c"]})
    pyarrow.parquet.write_table(missing, FIXTURES / "null.parquet", **small)
    fractions = pyarrow.table({"source": [1.0, 2.0], "target": [2, 3]})
    pyarrow.parquet.write_table(fractions, FIXTURES / "fractions.parquet", **small)
    pyarrow.parquet.write_table(names.slice(0, 0), FIXTURES / "header.parquet", **small)
    adjacency = matrix(EDGES, 5)
    scipy.io.mmwrite(FIXTURES / "symmetric.mtx", adjacency)
    scipy.io.mmwrite(FIXTURES / "general.mtx", scipy.sparse.triu(adjacency), field="pattern", symmetry="general")
    scipy.sparse.save_npz(FIXTURES / "csr.npz", adjacency.tocsr())
    scipy.sparse.save_npz(FIXTURES / "csc.npz", scipy.sparse.csc_matrix(matrix(EDGES, 5, weights=False) != 0),
                          compressed=False)
    scipy.sparse.save_npz(FIXTURES / "coo.npz", scipy.sparse.triu(adjacency, format="coo"))
    scipy.sparse.save_npz(FIXTURES / "bsr.npz", scipy.sparse.bsr_array(adjacency))
    networkx.write_graphml(graph(EDGES, NAMES), FIXTURES / "undirected.graphml")
    networkx.write_graphml(graph(EDGES, NAMES, "DiGraph"), FIXTURES / "directed.graphml")
    igraph_of(EDGES, NAMES).write_graphml(str(FIXTURES / "igraph.graphml"))
    write_documents(networkx)


def write_documents(networkx):
    undirected, directed = graph(EDGES, NAMES), graph(EDGES, NAMES, "DiGraph")
    networkx.write_gml(undirected, FIXTURES / "undirected.gml")
    networkx.write_gml(directed, FIXTURES / "directed.gml")
    networkx.write_pajek(undirected, FIXTURES / "undirected.net")
    networkx.write_pajek(directed, FIXTURES / "directed.net")
    networkx.write_gexf(undirected, FIXTURES / "undirected.gexf")
    networkx.write_gexf(directed, FIXTURES / "directed.gexf")
    for name, made in (("undirected", undirected), ("directed", directed)):
        links = networkx.node_link_data(made, edges="links")
        (FIXTURES / f"{name}.json").write_text(json.dumps(links))
    (FIXTURES / "cytoscape.json").write_text(json.dumps(networkx.cytoscape_data(undirected), indent=1))


# ---- Checking ----

def vgae(*arguments):
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"formats: vgae {' '.join(map(str, arguments))} failed:\n{done.stderr}")
    return done.stdout


def random_edges(size, count):
    """Distinct pairs, with weights that f32 holds exactly; the last two nodes are in none."""
    rng = random.Random(7)
    pairs = rng.sample(list(itertools.combinations(range(size - 2), 2)), count)
    return [(u, v, rng.randrange(1, 400) / 16) for u, v in pairs]


def check_read(path, run, expected, num_nodes, *flags):
    """Trains on `path`; the split's edges must be the `expected` ones, {frozenset of ids: weight or None}."""
    vgae("train", path, "--epochs", 2, "--quiet", "--force", "-o", run, *flags)
    found = {}
    for part in ("train", "validation", "test"):
        with open(run / "split" / f"{part}.csv", newline="") as file:
            for row in csv.DictReader(file):
                weight = float(row["weight"]) if row.get("weight") else None
                found[frozenset((row["source"], row["target"]))] = weight
    assert found == expected, f"{path.name}: {len(found)} edges, not the {len(expected)} that were written"
    counts = json.loads((run / "run.json").read_text())["counts"]
    assert counts["num_nodes"] == num_nodes, f"{path.name}: {counts['num_nodes']} nodes, not {num_nodes}"


def edges_of(edges, ids, weights=True):
    return {frozenset((str(ids[u]), str(ids[v]))): weight if weights else None for u, v, weight in edges}


def check_parquet(place, edges, size):
    pandas, pq = need("pandas"), need("pyarrow.parquet")
    for codec in ("snappy", "zstd", "gzip", "lz4", "none"):
        for kind, ids in (("names", [f"knoten {at}" for at in range(size)]), ("numbers", range(1000, 1000 + size))):
            expected, nodes = edges_of(edges, ids), len({end for edge in edges for end in edge[:2]})
            path = place / f"{codec}-{kind}.parquet"
            pq.write_table(table(edges, ids), path, compression=codec, row_group_size=50)
            check_read(path, place / "run", expected, nodes)
            frame = table(edges, ids).to_pandas()
            frame.to_parquet(path, compression=None if codec == "none" else codec)
            check_read(path, place / "run", expected, nodes)
    frame["source"] = frame["source"].astype("uint64") + 2**63
    frame["target"] = frame["target"].astype("int32")
    frame.sample(frac=1, random_state=1).to_parquet(place / "types.pq")
    expected = {frozenset((str(ids[u] + 2**63), str(ids[v]))): weight for u, v, weight in edges}
    ends = {u for u, _, _ in edges}, {v for _, v, _ in edges}
    check_read(place / "types.pq", place / "run", expected, len(ends[0]) + len(ends[1]))
    frame = pandas.DataFrame({"von": pandas.Categorical(map(str, frame.target)), "nach": frame.source.astype(str)})
    frame.to_parquet(place / "categories.parquet")
    unweighted = {edge: None for edge in expected}
    check_read(place / "categories.parquet", place / "run", unweighted, len(ends[0]) + len(ends[1]))


def check_polars(place, edges, size):
    polars = need("polars")
    ids = [f"n{at}" for at in range(size)]
    frame = polars.DataFrame({"source": [ids[u] for u, _, _ in edges], "target": [ids[v] for _, v, _ in edges],
                              "w": [weight for _, _, weight in edges]})
    frame.write_parquet(place / "polars.parquet")
    nodes = len({end for edge in edges for end in edge[:2]})
    check_read(place / "polars.parquet", place / "run", edges_of(edges, ids), nodes, "--weight-column", "w")


def check_matrix_market(place, edges, size):
    io, sparse = need("scipy.io"), need("scipy.sparse")
    ids = range(1, size + 1)
    path = place / "matrix.mtx"
    for symmetry in ("symmetric", "general"):
        io.mmwrite(path, matrix(edges, size), symmetry=symmetry, comment="two\nlines")
        check_read(path, place / "run", edges_of(edges, ids), size)
        zipped = place / "matrix.mtx.gz"
        zipped.write_bytes(gzip.compress(path.read_bytes()))
        check_read(zipped, place / "run", edges_of(edges, ids), size)
        io.mmwrite(path, matrix(edges, size), field="pattern", symmetry=symmetry)
        check_read(path, place / "run", edges_of(edges, ids, weights=False), size)
        io.mmwrite(path, sparse.coo_array(matrix(edges, size) * 16, dtype=int), symmetry=symmetry)
        expected = {edge: weight * 16 for edge, weight in edges_of(edges, ids).items()}
        check_read(path, place / "run", expected, size)


def check_npz(place, edges, size):
    numpy, sparse = need("numpy"), need("scipy.sparse")
    path = place / "matrix.npz"
    for kind, compressed in itertools.product(("csr", "csc", "coo"), (True, False)):
        for made in (matrix(edges, size).asformat(kind), getattr(sparse, f"{kind}_matrix")(matrix(edges, size))):
            sparse.save_npz(path, made, compressed=compressed)
            check_read(path, place / "run", edges_of(edges, range(size)), size)
    for dtype in (bool, "i1", "u1", "i4", "u8", "f4"):
        ones = matrix(edges, size, weights=False).tocsr().astype(dtype)
        ones.indices, ones.indptr = ones.indices.astype(numpy.int64), ones.indptr.astype(numpy.int64)
        sparse.save_npz(path, ones)
        check_read(path, place / "run", edges_of(edges, range(size), weights=False), size)


def check_graphml(place, edges, size):
    networkx = need("networkx")
    ids = [f'n{at} <&"é' for at in range(size)]
    path = place / "graph.graphml"
    for kind in ("Graph", "DiGraph", "MultiGraph"):
        networkx.write_graphml(graph(edges, ids, kind), path)
        check_read(path, place / "run", edges_of(edges, ids), size)
    zipped = place / "graph.graphml.gz"
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    check_read(zipped, place / "run", edges_of(edges, ids), size)
    networkx.write_graphml(networkx.Graph(graph(edges, ids).edges), path)
    nodes = len({end for edge in edges for end in edge[:2]})
    check_read(path, place / "run", edges_of(edges, ids, weights=False), nodes)


def check_documents(place, edges, size):
    networkx = need("networkx")
    names = [f'n{at} <&"é' for at in range(size)]
    plain = [f"n{at}" for at in range(size)]
    for kind in ("Graph", "DiGraph"):
        networkx.write_gml(graph(edges, names, kind), place / "graph.gml")
        check_read(place / "graph.gml", place / "run", edges_of(edges, range(size)), size)
        check_read(place / "graph.gml", place / "run", edges_of(edges, names), size, "--node-names", "label")
        networkx.write_pajek(graph(edges, plain, kind), place / "graph.net")
        check_read(place / "graph.net", place / "run", edges_of(edges, range(1, size + 1)), size)
        check_read(place / "graph.net", place / "run", edges_of(edges, plain), size, "--node-names", "label")
        for form in ({"edges": "links"}, {"edges": "edges"}):
            data = networkx.node_link_data(graph(edges, names, kind), **form)
            (place / "graph.json").write_text(json.dumps(data))
            check_read(place / "graph.json", place / "run", edges_of(edges, names), size)
        (place / "graph.json").write_text(json.dumps(networkx.cytoscape_data(graph(edges, names, kind)), indent=2))
        check_read(place / "graph.json", place / "run", edges_of(edges, names), size)


def check_gexf(place, edges, size):
    networkx = need("networkx")
    ids = [f'n{at} <&"é' for at in range(size)]
    path = place / "graph.gexf"
    for version, kind in itertools.product(("1.1draft", "1.2draft"), ("Graph", "DiGraph", "MultiGraph")):
        networkx.write_gexf(graph(edges, ids, kind), path, version=version)
        check_read(path, place / "run", edges_of(edges, ids), size)
        networkx.write_gexf(graph(edges, ids, kind), path, version=version, encoding="iso-8859-1")
        check_read(path, place / "run", edges_of(edges, ids), size)
    zipped = place / "graph.gexf.gz"
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    check_read(zipped, place / "run", edges_of(edges, ids), size)
    made = graph(edges, ids)
    networkx.set_node_attributes(made, {node: f"name {node}" for node in ids}, "label")
    networkx.write_gexf(made, path)
    check_read(path, place / "run", edges_of(edges, [f"name {node}" for node in ids]), size, "--node-names", "label")


def check_igraph(place, edges, size):
    path = place / "igraph.graphml"
    ids = [f'knoten {at} <&"é' for at in range(size)]
    igraph_of(edges, ids).write_graphml(str(path))
    check_read(path, place / "run", edges_of(edges, [f"n{at}" for at in range(size)]), size)
    check_read(path, place / "run", edges_of(edges, ids), size, "--node-names", "name")




def embeddings(place, edges, size):
    """A run with labels, and its embeddings as CSV: ids and numbers."""
    numpy = need("numpy")
    data = place / "data"
    data.mkdir()
    (data / "edges.csv").write_text("source,target\n" + "".join(f"n{u},n{v}\n" for u, v, _ in edges))
    (data / "labels.csv").write_text("node,label\n" + "".join(f"n{at},kind {at % 3}\n" for at in range(size)))
    vgae("train", data, "--epochs", 2, "--quiet", "-o", place / "embedded")
    rows = list(csv.reader(vgae("embed", place / "embedded", "--log-variance").splitlines()))
    return rows[0], [row[0] for row in rows[1:]], numpy.array([row[1:] for row in rows[1:]], numpy.float32)


def check_embed_npy(place, header, ids, numbers):
    numpy = need("numpy")
    vgae("embed", place / "embedded", "--log-variance", "-o", place / "z.NPY")
    assert (numpy.load(place / "z.NPY") == numbers).all()
    assert (place / "z.ids.csv").read_text().split("\n")[1:-1] == ids


def check_embed_parquet(place, header, ids, numbers):
    pandas = need("pandas")
    need("pyarrow")
    vgae("embed", place / "embedded", "--log-variance", "-o", place / "z.parquet")
    frame = pandas.read_parquet(place / "z.parquet")
    assert list(frame.columns) == header and list(frame.node) == ids
    assert set(map(str, frame.dtypes.iloc[1:])) == {"float32"}
    assert (frame.iloc[:, 1:].to_numpy() == numbers).all()


def check_embed_polars(place, header, ids, numbers):
    polars = need("polars")
    vgae("embed", place / "embedded", "--log-variance", "--format", "parquet", "-o", place / "z.any")
    frame = polars.read_parquet(place / "z.any")
    assert frame.columns == header and frame["node"].to_list() == ids
    assert (frame.drop("node").to_numpy() == numbers).all()


def check_embed_word2vec(place, header, ids, numbers):
    models = need("gensim.models")
    vgae("embed", place / "embedded", "--log-variance", "-o", place / "z.w2v")
    vectors = models.KeyedVectors.load_word2vec_format(str(place / "z.w2v"), binary=False)
    assert vectors.index_to_key == ids and (vectors.vectors == numbers).all()


def check_embed_projector(place, header, ids, numbers):
    numpy = need("numpy")
    vgae("embed", place / "embedded", "--log-variance", "-o", place / "z.tsv")
    assert (numpy.loadtxt(place / "z.tsv", delimiter="\t", dtype=numpy.float32) == numbers).all()
    lines = [line.split("\t") for line in (place / "z.metadata.tsv").read_text().splitlines()]
    assert lines == [["node", "label"], *([node, f"kind {int(node[1:]) % 3}"] for node in ids)]


def main():
    size = 60
    edges = random_edges(size, 300)
    readers = (check_parquet, check_polars, check_matrix_market, check_npz, check_graphml, check_gexf, check_igraph, check_documents)
    writers = (check_embed_npy, check_embed_parquet, check_embed_polars, check_embed_word2vec, check_embed_projector)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        made = embeddings(place, edges, size)
        for check in (*readers, *writers):
            try:
                check(place, *(made if check in writers else (edges, size)))
                print(f"formats: {check.__name__} passes")
            except Skipped as reason:
                print(f"formats: {check.__name__} skipped: {reason}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    if sys.argv[1] == "--fixtures":
        write_fixtures()
    elif sys.argv[1] == "--documents":
        write_documents(need("networkx"))
    else:
        PROGRAM = sys.argv[1]
        main()
