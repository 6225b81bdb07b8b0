#!/usr/bin/env python3
"""Measures vgae's speed and memory beside what people use instead, in turn on one machine, and writes
results/performance.md from results/performance.json, which holds what was measured.

Usage: make bench   (or: python3 benches/measure/performance.py [SECTION…] [--peers DIR --python PROGRAM])

Sections: exact, sampled, accuracy, scale, growth, io, threads, profile, limits; all of them unless some are named. DIR
holds the peers' scripts (kipf_dense.py, pyg_autoencoder.py) and PROGRAM is a Python that has what they need (torch,
torch_geometric, pandas); without them vgae is measured alone. The profile needs Linux's perf, and addr2line and readelf.
Graphs are made in --work, which is kept.
"""

import argparse
import collections
import csv
import json
import os
import platform
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STORE = ROOT / "results" / "performance.json"
REPORT = ROOT / "results" / "performance.md"
SECTIONS = ["exact", "sampled", "accuracy", "scale", "growth", "io", "threads", "profile", "limits"]

SAMPLES_PER_SECOND = 1999
# What the parts of a profile are, by the file that the time is spent in.
PARTS = {"loss/dense.rs": "all pairs", "loss/exact.rs": "all pairs", "loss/neighbours.rs": "listed pairs",
         "operator": "sparse products", "gemm.rs": "dense products", "tape/latent.rs": "latent",
         "loss/sampled.rs": "drawing negatives", "graph/edge_list.rs": "drawing negatives",
         "tape": "ReLU, Adam and the tape", "read": "reading", "graph": "reading", "split": "reading",
         "run": "writing"}


def measure(command, cwd=None):
    """Wall and processor seconds, peak memory and stdout of a command."""
    print("  " + " ".join(str(part) for part in command)[-150:], file=sys.stderr, flush=True)
    start = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], cwd=cwd, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status != 0:
        raise SystemExit(f"failed: {command}")
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "mb": usage.ru_maxrss / 1024, "stdout": output}


class Bench:
    def __init__(self, arguments):
        self.vgae, self.python, self.peers = arguments.vgae, arguments.python, arguments.peers
        self.rounds, self.work = arguments.rounds, Path(arguments.work)
        self.work.mkdir(parents=True, exist_ok=True)

    def own(self, data, *flags, threads=0):
        run = self.work / "run"
        command = [self.vgae, "--quiet", "--threads", threads, "train", data, "--force", "-o", run, *flags]
        result = measure(command)
        with open(run / "history.csv") as file:
            epochs = [float(row["train_seconds"]) for row in csv.DictReader(file)]
        record = json.loads((run / "run.json").read_text())
        metrics = json.loads((run / "metrics.json").read_text())
        result.update(epoch=statistics.median(epochs) if epochs else 0.0, timings=record["timings"], auc=metrics["test"]["roc_auc"],
                      ap=metrics["test"]["average_precision"])
        del result["stdout"]
        return result

    def peer(self, script, *flags):
        result = measure([self.python, script, *flags], cwd=self.peers)
        line = json.loads(result.pop("stdout").strip().splitlines()[-1])
        milliseconds = line.get("epoch_ms_median") or line["train_step_ms_median_min"][0]
        result.update(epoch=milliseconds / 1000, auc=line["test_auc"][0] / 100)
        return result

    def in_turn(self, contestants, rounds=None):
        """The median round of each contestant, by its wall time, the contestants taking turns."""
        results = {name: [] for name in contestants}
        for _ in range(rounds or self.rounds):
            for name, run in contestants.items():
                results[name].append(run())
        middle = lambda runs: {
            key: statistics.median(run[key] for run in runs) if isinstance(runs[0][key], float) else runs[0][key]
            for key in runs[0]}
        return {name: middle(runs) for name, runs in results.items()}

    def exact(self):
        found = {}
        for data, epochs, dense_epochs in [("cora", 200, 200), ("pubmed", 20, 3)]:
            contestants = {"vgae": lambda: self.own(ROOT / "datasets" / data, "--model", "vgae", "--loss", "exact",
                                                    "--epochs", epochs)}
            if self.peers:
                def kipf(impl, epochs):
                    return lambda: self.peer("kipf_dense.py", "--model", "gcn_vae", "--dataset", data, "--impl", impl,
                                             "--seeds", "0-0", "--epochs", epochs)
                contestants["PyTorch, dense n²"] = kipf("dense", dense_epochs)
                contestants["PyTorch, row blocks"] = kipf("blocked", epochs)
            found[data] = self.in_turn(contestants, None if data == "cora" else 1)
        found["pubmed"]["vgae, 200 epochs"] = self.own(ROOT / "datasets" / "pubmed", "--loss", "exact")
        return found

    def sampled(self):
        found = {}
        for data in ["cora", "pubmed"]:
            contestants = {"vgae": lambda: self.own(ROOT / "datasets" / data, *pyg_recipe(NUM_NODES[data]))}
            if self.peers:
                contestants["PyTorch Geometric"] = lambda: self.peer(
                    "pyg_autoencoder.py", "--variational", "--dataset", data, "--seeds", "0-0")
            found[data] = self.in_turn(contestants, None if data == "cora" else 1)
        return found

    def accuracy(self):
        seeds = range(5)
        found = {}
        for data in ["cora", "pubmed"]:
            kinds = {"exact": ["--loss", "exact"], "reweighted": ["--loss", "reweighted"],
                     "reweighted, 5 negatives": ["--loss", "reweighted", "--negatives-per-edge", 5],
                     "subgraph": ["--loss", "subgraph"], "sampled": ["--loss", "sampled"],
                     "sampled, PyTorch Geometric's recipe": pyg_recipe(NUM_NODES[data])}
            found[data] = {}
            for name, flags in kinds.items():
                flags = [*flags, "--validate-every", 200]
                runs = [self.own(ROOT / "datasets" / data, *flags, "--seed", seed) for seed in seeds]
                found[data][name] = {key: statistics.mean(run[key] for run in runs) for key in ["auc", "ap", "epoch"]}
            if self.peers:
                flags = ["--variational", "--dataset", data, "--seeds", "0-4", "--eval-every-epoch", 0]
                found[data]["PyTorch Geometric"] = self.peer("pyg_autoencoder.py", *flags)
        return found

    def scale(self):
        """Ten epochs of a million nodes."""
        data = self.barabasi_albert(1_000_000, 5, 128)
        contestants = {"vgae": lambda: self.own(data, *pyg_recipe(10**6), "--epochs", 10)}
        if self.peers:
            contestants["PyTorch Geometric"] = lambda: self.peer(
                "pyg_autoencoder.py", "--variational", "--dataset", "ba", "--nodes", 1_000_000, "--feat-dim", 128,
                "--epochs", 3, "--seeds", "0-0", "--eval-every-epoch", 0)
        return self.in_turn(contestants, 1)

    def growth(self):
        found = {}
        for num_nodes, degree in [(10_000, 5), (100_000, 5), (1_000_000, 5), (3_000_000, 10)]:
            data = self.barabasi_albert(num_nodes, degree, 0)
            found[f"{num_nodes}"] = dict(self.own(data, "--loss", "reweighted", "--epochs", 5, "--validate-every", 5),
                                         edges=num_nodes * degree)
        return found

    def io(self):
        lines = self.work / "lines.csv"
        if not lines.exists():
            chosen = random.Random(1)
            with open(lines, "w") as file:
                file.write("source,target\n")
                for _ in range(10_000_000):
                    file.write(f"user_{chosen.randrange(10**6)},user_{chosen.randrange(10**6)}\n")
        # A score that needs no training: what is measured is the reading.
        own = lambda threads: lambda: self.own(lines, "--model", "preferential-attachment", threads=threads)
        contestants = {"vgae": own(0), "vgae, one thread": own(1)}
        if self.python:
            pandas = ("import pandas, time, json; start = time.perf_counter(); "
                      f"frame = pandas.read_csv({str(lines)!r}, dtype=str); read = time.perf_counter() - start; "
                      "ids, _ = pandas.factorize(pandas.concat([frame['source'], frame['target']])); "
                      "print(json.dumps({'read': read, 'all': time.perf_counter() - start}))")
            contestants["pandas"] = lambda: measure([self.python, "-c", pandas])
        return self.in_turn(contestants)

    def threads(self):
        data = self.barabasi_albert(1_000_000, 5, 128)
        own = lambda threads: lambda: self.own(data, *pyg_recipe(10**6), "--epochs", 3, threads=threads)
        million = self.in_turn({"1": own(1), "2": own(2)}, 1)
        run = self.work / "run"
        for output in ["embeddings.csv", "embeddings.npy"]:
            for threads in ["1", "2"]:
                command = [self.vgae, "--quiet", "--threads", threads, "embed", run, "--force", "-o",
                           self.work / output]
                million[threads][output] = measure(command)["wall"]
        small = self.in_turn({name: (lambda threads: lambda: self.own(
            ROOT / "datasets" / "pubmed", "--loss", "exact", "--epochs", 10, threads=threads))(int(name))
            for name in ["1", "2"]}, 1)
        return {"million": million, "pubmed": small}

    def profile(self):
        """On one thread: the share of each part in what the process takes, an epoch's time, and that of its pass over all
        pairs."""
        if not all(shutil.which(program) for program in ["perf", "addr2line", "readelf"]):
            return {}
        million = self.barabasi_albert(1_000_000, 5, 128)
        found = {}
        for name, data, flags in [("Cora, exact", ROOT / "datasets" / "cora", ["--loss", "exact", "--epochs", 500]),
                                  ("PubMed, exact", ROOT / "datasets" / "pubmed", ["--loss", "exact", "--epochs", 20]),
                                  ("PubMed, sampled", ROOT / "datasets" / "pubmed",
                                   [*pyg_recipe(NUM_NODES["pubmed"]), "--epochs", 300]),
                                  ("a million nodes, sampled", million, [*pyg_recipe(10**6), "--epochs", 8])]:
            run, record = self.work / "run", self.work / "perf.data"
            measure(["perf", "record", "-e", "cpu-clock", "-F", SAMPLES_PER_SECOND, "-o", record, self.vgae, "--quiet", "--threads",
                     1, "train", data, "--force", "-o", run, *flags, "--validate-every", flags[-1]])
            with open(run / "history.csv") as file:
                epoch = statistics.median(float(row["train_seconds"]) for row in csv.DictReader(file))
            parts, num_samples = shares(self.vgae, record)
            found[name] = {"epoch": epoch, "shares": parts, "all_pairs":
                           parts.get("all pairs", 0) * num_samples / SAMPLES_PER_SECOND / flags[-1]}
        return found

    def limits(self):
        """What the machine gives PyTorch's matrix product and a copy of memory, on two threads."""
        if not self.python:
            return {}
        program = """
import json, time, torch
a = torch.randn(2048, 2048)
def best(run):
    times = []
    for _ in range(8):
        start = time.perf_counter(); run(); times.append(time.perf_counter() - start)
    return min(times)
b, c = torch.zeros(1 << 27), torch.ones(1 << 27)
gemm = lambda: 2 * 2048**3 / best(lambda: a @ a) / 1e9
found = {"gemm_gflops": gemm(), "copy_gb": 2 * 4 * 2**27 / best(lambda: b.copy_(c)) / 1e9}
torch.set_num_threads(1)
print(json.dumps({**found, "gemm_gflops_one": gemm()}))
"""
        return json.loads(measure([self.python, "-c", program])["stdout"])

    def barabasi_albert(self, num_nodes, degree, num_features):
        """A directory with edges.csv and, if there are features, features.csv: each new node takes `degree` ends of
        earlier edges at random."""
        path = self.work / f"ba-{num_nodes}-{degree}-{num_features}"
        if (path / "edges.csv").exists():
            return path
        path.mkdir(parents=True, exist_ok=True)
        chosen = random.Random(0)
        ends = list(range(degree))
        if num_features:
            with open(path / "features.csv", "w") as file:
                file.write("node," + ",".join(f"x{at}" for at in range(num_features)) + "\n")
                for node in range(num_nodes):
                    file.write(f"n{node}," + ",".join(f"{chosen.gauss(0, 1):.4f}" for _ in range(num_features)) + "\n")
        with open(path / "edges.partial", "w") as file:
            file.write("source,target\n")
            for node in range(degree, num_nodes):
                targets = set()
                while len(targets) < degree:
                    targets.add(ends[int(chosen.random() * len(ends))])
                file.writelines(f"n{node},n{target}\n" for target in targets)
                ends.extend(targets)
                ends.extend([node] * degree)
        (path / "edges.partial").rename(path / "edges.csv")
        return path


def shares(program, record):
    """Of the samples of perf's `record`, the fraction in each part of `program`, and how many there are. A sample is in the
    part of the outermost of the functions that were inlined into each other which is in src/, as all kernels are inlined
    into functions of the same name."""
    lines = lambda *command: subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE,
                                            stderr=subprocess.DEVNULL, text=True).stdout.splitlines()
    program = str(Path(program).resolve())
    mapped = [tuple(int(number, 16) for number in match.groups()) for line in
              lines("perf", "script", "-i", record, "--show-mmap-events", "-F", "comm,event")
              if (match := re.search(r"\[0x(\w+)\(0x(\w+)\) @ (?:0x)?(\w+) .*\]: \S+ " + re.escape(program), line))]
    segments = [tuple(int(number, 16) for number in line.split()[1:5]) for line in lines("readelf", "-lW", program)
                if line.split()[:1] == ["LOAD"]]
    counts, elsewhere = collections.Counter(), 0
    for line in lines("perf", "script", "-i", record, "-F", "ip"):
        ip = int(line.split()[0], 16)
        offsets = [ip - start + offset for start, size, offset in mapped if start <= ip < start + size]
        addresses = [offset - first + address for offset in offsets for first, address, _, size in segments
                     if first <= offset < first + size]
        if addresses:
            counts[addresses[0]] += 1
        else:
            elsewhere += 1
    frames, at = collections.defaultdict(list), None
    asked = subprocess.run(["addr2line", "-e", program, "-a", "-i"], input="\n".join(map(hex, counts)), check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    for line in asked.splitlines():
        if line.startswith("0x"):
            at = int(line, 16)
        else:
            frames[at].append(line)
    parts = collections.Counter({"the system and its libraries": elsewhere})
    for address, count in counts.items():
        own = [match[1] for line in frames[address] if (match := re.search(re.escape(str(ROOT)) + r"/src/(.+):\d", line)
                                                        or re.match(r"src/(.+):\d", line))]
        own = [file for file in own if file != "simd.rs"]
        part = next((PARTS[key] for key in [own[-1], own[-1].split("/")[0]] if key in PARTS), "the rest") if own else "the rest"
        parts[part] += count
    num_samples = sum(parts.values())
    return {part: count / num_samples for part, count in parts.most_common()}, num_samples


def pyg_recipe(num_nodes):
    """PyTorch Geometric's reconstruction is twice ours, and its KL has the weight 1/n: against ours, half of it. Its
    convolutions have biases, and features are divided by their sum, but for the random ones."""
    transform = [] if num_nodes == 10**6 else ["--feature-transform", "row"]
    return ["--model", "vgae", "--bias", "--loss", "sampled", "--kl-weight", f"{0.5 / num_nodes:.3g}", *transform]


NUM_NODES = {"cora": 2708, "pubmed": 19717}


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines) + "\n"


def seconds(value):
    return f"{value * 1000:.2f} ms" if value < 1 else f"{value:.2f} s"


def contest(runs):
    """A row per contestant, and how many times as much each takes as vgae."""
    own = runs["vgae"]
    rows = []
    for name, run in runs.items():
        def cell(key, text):
            return text if name.startswith("vgae") else f"{text} ({run[key] / own[key]:.1f}×)"
        rows.append([name, cell("epoch", seconds(run["epoch"])), cell("wall", f"{run['wall']:.1f} s"),
                     f"{run['cpu']:.1f} s", cell("mb", f"{run['mb']:.0f}"), f"{100 * run['auc']:.1f}"])
    return table(["", "train epoch", "whole process", "user + sys", "peak MB", "test AUC"], rows)


def render(store):
    where = store.get("where", "")
    text = f"# Performance\n\nMade by `make bench` ({where}). Contestants ran in turn; a figure is the median of "
    text += "the rounds, and in brackets stands how many times as much as vgae. An epoch is training alone, a process "
    text += "everything, with imports, reading and writing.\n\n"
    text += "Measured at the commits " + ", ".join(
        f"{at} ({section})" for section, at in store.get("commits", {}).items()) + ".\n\n"
    for section in SECTIONS:
        if section in store and store[section]:
            text += globals()["render_" + section](store[section])
    REPORT.write_text(text.rstrip() + "\n")


def render_exact(found):
    text = "## The exact loss\n\nVGAE with features, Kipf & Welling's recipe. PyTorch's dense loss builds n×n matrices, "
    text += "as the reference does; the row blocks have the same gradient by hand. Cora, 200 epochs:\n\n"
    text += contest(found["cora"])
    text += "PubMed, 20 epochs (dense: 3, the process in proportion shorter):\n\n"
    pubmed = dict(found["pubmed"])
    long = pubmed.pop("vgae, 200 epochs")
    text += contest(pubmed)
    return text + (f"PubMed, 200 epochs: {long['wall']:.1f} s, {long['mb']:.0f} MB, test AUC "
                   f"{100 * long['auc']:.1f}.\n\n")


def render_sampled(found):
    text = "## The sampled loss\n\nVGAE by the recipe of PyTorch Geometric's example, 200 epochs, validated in each.\n\n"
    for data, runs in found.items():
        text += f"{data}:\n\n" + contest(runs)
    return text


def render_accuracy(found):
    text = "## What the losses give\n\nMeans of five splits (PyTorch Geometric: of its own five), 200 epochs.\n\n"
    rows = [[data, name, f"{100 * run['auc']:.2f}", f"{100 * run['ap']:.2f}" if "ap" in run else "",
             seconds(run["epoch"])] for data, runs in found.items() for name, run in runs.items()]
    return text + table(["data", "loss", "test AUC", "test AP", "train epoch"], rows)


def render_scale(found):
    text = "## A million nodes\n\nBarabási–Albert, 5,000,000 edges, 128 dense features; vgae 10 epochs with a look at "
    text += "the validation part in each, PyTorch Geometric 3 without.\n\n" + contest(found)
    stages = found["vgae"]["timings"]
    return text + "vgae's stages: " + ", ".join(
        f"{name.removesuffix('_seconds')} {value:.1f} s" for name, value in stages.items()) + ".\n\n"


def render_growth(found):
    rows = [[f"{int(nodes):,}", f"{run['edges']:,}", seconds(run["epoch"]),
             f"{run['epoch'] / run['edges'] * 1e9:.0f} ns", f"{run['wall']:.1f} s", f"{run['mb']:.0f}"]
            for nodes, run in found.items()]
    text = "## Growth\n\nBarabási–Albert graphs without features, `--loss reweighted`, 5 epochs.\n\n"
    return text + table(["nodes", "edges", "train epoch", "an edge", "whole process", "peak MB"], rows)


def render_io(found):
    rows = []
    for name, run in found.items():
        if "timings" in run:
            rows.append([name, f"{run['timings']['read_seconds']:.2f} s", f"{run['timings']['split_seconds']:.2f} s"])
        else:
            rows.append([name, f"{json.loads(run['stdout'])['all']:.2f} s", ""])
    text = "## Reading\n\n10,000,000 lines of `source,target`, a million string ids; pandas: `read_csv` and "
    return text + "`factorize`.\n\n" + table(["", "read", "split"], rows)


def render_threads(found):
    rows = []
    million, pubmed = found["million"], found["pubmed"]
    for stage in million["1"]["timings"]:
        one, two = (million[threads]["timings"][stage] for threads in "12")
        rows.append([f"{stage.removesuffix('_seconds')} (a million nodes)", f"{one:.2f} s", f"{two:.2f} s",
                     f"{one / two:.2f}×"])
    for output in ["embeddings.csv", "embeddings.npy"]:
        one, two = (million[threads][output] for threads in "12")
        rows.append([f"embed to {output} (a million nodes)", f"{one:.2f} s", f"{two:.2f} s", f"{one / two:.2f}×"])
    one, two = (pubmed[threads]["epoch"] for threads in "12")
    rows.append(["exact epoch (PubMed)", f"{one:.2f} s", f"{two:.2f} s", f"{one / two:.2f}×"])
    return "## Threads\n\n" + table(["stage", "one thread", "two threads", "gain"], rows)


def render_profile(found):
    parts = list(dict.fromkeys(part for run in found.values() for part in run["shares"]))
    rows = [[part, *(f"{100 * run['shares'].get(part, 0):.0f} %" for run in found.values())] for part in parts]
    rows.insert(0, ["an epoch, on one thread", *(seconds(run["epoch"]) for run in found.values())])
    text = "## Where the time goes\n\nShares of the samples of `perf` in whole processes on one thread, reading and "
    text += "start included.\n\n" + table(["", *found], rows)
    # Of n²/2 pairs of 16 numbers each: a product of 2·16 operations, and two of as many back; and, where a vector holds
    # 16 numbers, 48 fused products and 22 other instructions for 16 pairs, as counted in the machine code.
    pairs = {name: NUM_NODES[name.split(",")[0].lower()]**2 / 2 for name in found if name.endswith("exact")}
    within = {name: found[name]["all_pairs"] for name in pairs}
    return text + "In the part of an exact epoch that is spent on all pairs, this makes " + ", ".join(
        f"{pairs[name] * 96 / within[name] / 1e9:.0f} GFLOP/s in products and "
        f"{pairs[name] / 16 * 70 / within[name] / 1e9:.1f} billion vector instructions a second ({name})"
        for name in pairs) + (
        ". A product of matrices alone, below, is all fused products: 32 operations each.\n\n")


def render_limits(found):
    return ("## The machine\n\nPyTorch's product of two 2048×2048 matrices: "
            f"{found['gemm_gflops']:.0f} GFLOP/s on two threads, {found['gemm_gflops_one']:.0f} on one, which "
            f"is {found['gemm_gflops_one'] / 32:.1f} billion fused products a second; a copy of 512 MB: "
            f"{found['copy_gb']:.1f} GB/s read and written.\n\n")


def commit():
    """The commit that is measured, with a + if what is compiled was changed since."""
    git = lambda *words: subprocess.run(["git", *words], cwd=ROOT, check=True, stdout=subprocess.PIPE,
                                        text=True).stdout.strip()
    is_changed = git("status", "--porcelain", "--", "src", "Cargo.toml", "Cargo.lock", "build.rs")
    return git("rev-parse", "--short=7", "HEAD") + ("+" if is_changed else "")


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], metavar="SECTION")
    parser.add_argument("--vgae", default=str(ROOT / "target" / "release" / "vgae"), help="the program to run")
    parser.add_argument("--peers", help="the directory of the peers' scripts")
    parser.add_argument("--python", help="a Python that has what the peers need")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", default=str(ROOT / "target" / "bench"), help="where graphs and runs are put")
    parser.add_argument("--render", action="store_true", help="write the report again and measure nothing")
    arguments = parser.parse_args()
    store = json.loads(STORE.read_text()) if STORE.exists() else {}
    if not arguments.render:
        bench = Bench(arguments)
        for section in arguments.sections or SECTIONS:
            print(section, file=sys.stderr, flush=True)
            store[section] = getattr(bench, section)()
            store.setdefault("commits", {})[section] = commit()
            store["where"] = f"{date.today()}, {processor()}, {os.cpu_count()} cores"
            STORE.write_text(json.dumps(store, indent=1) + "\n")
    render(store)


if __name__ == "__main__":
    main()
