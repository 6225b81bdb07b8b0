#!/usr/bin/env python3
"""Measures what comes after training, and writes results/applying.md: scores at volume, predictions (exact and by an
index), calibration, thresholds, and links of nodes that the model never saw.

Usage: python3 benches/measure/applying.py [--vgae PROGRAM] [--large FILE] [--pairs 10000000] [--seeds 5]

Cora is taken from datasets/; FILE is an edge list of a million edges or so, without features; without it the parts
that need it are left out. Sections: volume, predict, calibration, inductive; all of them unless some are named.
"""

import argparse
import csv
import gzip
import json
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "results" / "applying.md"
SECTIONS = ["volume", "predict", "calibration", "inductive"]
CORA = ROOT / "datasets" / "cora"


def run(program, *arguments):
    """Wall seconds, peak memory in MB, stdout and stderr of the program."""
    command = [str(program), *[str(argument) for argument in arguments]]
    print("  " + " ".join(command)[-140:], file=sys.stderr, flush=True)
    with tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        said.seek(0)
        stderr = said.read()
    if status != 0:
        raise SystemExit(f"failed: {command}\n{stderr}")
    return {"wall": wall, "mb": usage.ru_maxrss / 1024, "stdout": output, "stderr": stderr}


def ids_of(path):
    """The node ids of an edge list of two columns."""
    opened = gzip.open(path, "rt") if str(path).endswith(".gz") else open(path)
    with opened as file:
        rows = csv.reader(file)
        next(rows)
        return sorted({field for row in rows for field in row[:2]})


def volume(vgae, work, options):
    """Pairs a second: of n and of n/2 pairs, so that the time of opening the run drops out."""
    ids, rng = ids_of(options.large), random.Random(0)
    counts = [options.pairs // 2, options.pairs]
    for count in counts:
        with open(work / f"pairs{count}.csv", "w") as file:
            file.write("source,target\n")
            for _ in range(count // 1000):
                file.write("".join(f"{rng.choice(ids)},{rng.choice(ids)}\n" for _ in range(1000)))
    lines = ["## Scores at volume", "", f"Random pairs of the large graph ({len(ids)} nodes), to a file. Pairs a second are those "
             "of the second half of the", "pairs, so that opening the run (in the seconds) is not in them.", "",
             "| output | pairs | s | million pairs/s | peak MB | of half the pairs, MB |", "|---|---|---|---|---|---|"]
    for name, extra in [("csv", []), ("csv --interval 0.9", ["--interval", 0.9]), ("jsonl", []), ("parquet", [])]:
        found = []
        for count in counts:
            target = work / f"scores.{name.split()[0]}"
            runs = [run(vgae, "score", work / "large", "--pairs", work / f"pairs{count}.csv", "-o", target, "--force", *extra)
                    for _ in range(3)]
            found.append({"wall": min(r["wall"] for r in runs), "mb": max(r["mb"] for r in runs)})
        rate = (counts[1] - counts[0]) / (found[1]["wall"] - found[0]["wall"]) / 1e6
        lines.append(f"| {name} | {counts[1]:,} | {found[1]['wall']:.2f} | {rate:.1f} | {found[1]['mb']:.0f} | {found[0]['mb']:.0f} |")
    return lines + [""]


def predict(vgae, work, options):
    lines = ["## Predictions", "", "Seconds and memory of the whole process; the recall is what the program says of its own answer, "
             "beside what comparing", "the two files gives.", "", "| graph | asked for | s | peak MB | recall said | recall found |",
             "|---|---|---|---|---|---|"]
    graphs = [("cora", "Cora")] + ([("large", "the large graph")] if options.large else [])
    for folder, name in graphs:
        for asked in [["--top", 10], ["--top", 10000], ["--all-nodes", "--top", 10]]:
            rows = {}
            for extra in [[], ["--candidates", "two-hop"], ["--approximate"]]:
                target = work / "best.csv"
                found = run(vgae, "predict", work / folder, *asked, *extra, "-o", target, "--force")
                key = " ".join(extra)
                with open(target) as file:
                    rows[key] = {tuple(row[:2]) for row in list(csv.reader(file))[1:]}
                said = re.search(r"recall ([\d.]+|unknown)", found["stderr"])
                same = len(rows[key] & rows[""]) / len(rows[""])
                lines.append(f"| {name} | {' '.join(map(str, asked + extra))} | {found['wall']:.2f} | {found['mb']:.0f} | "
                             f"{said.group(1) if said else ''} | {same:.4f} |")
    return lines + [""]


def calibration(vgae, work, options):
    lines = ["## Calibration", "", f"Of the test part, the mean of {options.seeds} seeds (the large graph: one), in balance with non-links and "
             "at the graph's density.", "ECE: ten bins of equal width.", "",
             "| graph | model | density | probability | Brier | ECE |", "|---|---|---|---|---|---|"]
    graphs = [(CORA, "Cora", model, options.seeds) for model in ["vgae", "best"]]
    if options.large:
        graphs.append((options.large, "the large graph", "vgae", 1))
    cuts = ["## Thresholds", "", "The cut is chosen on the validation part; precision, recall and predicted pairs are those expected by the test part. Seed 0.", "",
            "| graph | model | asked for | logit | precision | recall | predicted pairs |", "|---|---|---|---|---|---|---|"]
    for data, name, model, seeds in graphs:
        claims = {}
        for seed in range(seeds):
            directory = work / f"calibrated-{seed}"
            run(vgae, "train", data, "--model", model, "--seed", seed, "-o", directory, "--force", "--quiet")
            for method in ["isotonic", "platt"]:
                report = run(vgae, "evaluate", directory, "--reliability", "--calibrate", method, "--json", "--quiet")
                for claim in json.loads(report["stdout"])["probabilities"]:
                    kind = "balance" if claim["density"] == 0.5 else "real"
                    claims.setdefault((kind, claim["probability"]), []).append(claim)
            if seed == 0:
                for aim in [["--precision", 0.5], ["--precision", 0.1], ["--budget", 1000]]:
                    command = [vgae, "threshold", directory, *aim, "--json", "--quiet"]
                    answer = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                    asked = " ".join(map(str, aim))
                    if answer.returncode:
                        cuts.append(f"| {name} | {model} | {asked} | {answer.stderr.strip().removeprefix('error: ')} | | | |")
                        continue
                    cut = json.loads(answer.stdout)
                    cuts.append(f"| {name} | {model} | {asked} | {cut['logit']:.3f} | {cut['precision']:.3f} | {cut['recall']:.3f} | {cut['num_predicted']:,} |")
        for (kind, probability), found in sorted(claims.items(), key=lambda entry: entry[0][0]):
            mean = lambda figure: statistics.mean(claim[figure] for claim in found)
            lines.append(f"| {name} | {model} | {mean('density'):.2e} | {probability} | {mean('brier'):.3g} | "
                         f"{mean('expected_calibration_error'):.3g} |")
    return lines + [""] + cuts + [""]


def auc_and_ap(positive, negative):
    """Both by ranks, ties counted half and together."""
    scored = sorted([(s, 1) for s in positive] + [(s, 0) for s in negative])
    wins = below = 0
    groups, at = [], 0
    while at < len(scored):
        end = at
        while end < len(scored) and scored[end][0] == scored[at][0]:
            end += 1
        edges = sum(label for _, label in scored[at:end])
        negatives = end - at - edges
        wins += edges * (below + negatives / 2)
        below += negatives
        groups.append((edges, negatives))
        at = end
    ap = hits = seen = 0
    for edges, negatives in reversed(groups):
        hits, seen = hits + edges, seen + edges + negatives
        ap += edges / len(positive) * hits / seen
    return wins / len(positive) / len(negative), ap


def inductive(vgae, work, options):
    """Holds out a tenth of Cora's papers whole, trains without them, and ranks their links."""
    with open(CORA / "cora.content") as file:
        words = {line.split("\t", 1)[0]: line.rstrip("\n").split("\t")[1:-1] for line in file}
    with open(CORA / "cora.cites") as file:
        edges = sorted({tuple(sorted(line.split())) for line in file if len(set(line.split())) == 2})
    edges = [edge for edge in edges if edge[0] in words and edge[1] in words]
    papers, known = sorted(words), set(edges)

    def write(name, header, rows):
        with open(work / name, "w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
        return work / name

    def features(name, chosen):
        rows = ([paper, word, 1] for paper in chosen for word, value in enumerate(words[paper]) if value != "0")
        return write(name, ["node", "feature", "value"], rows)

    models = ["gae", "vgae", "linear-vgae", "vgnae", "best", "propagated-cosine"]
    found = {(model, case, how): [] for model in models for case in ("features alone", "half of their links") for how in ("new", "known")}
    for seed in range(options.seeds):
        rng = random.Random(seed)
        new = set(rng.sample(papers, len(papers) // 10))
        old = [edge for edge in edges if not new & set(edge)]
        links = [edge for edge in edges if new & set(edge)]
        rng.shuffle(links)
        all_words = features("all_words.csv", papers)
        old_words = features("old_words.csv", [paper for paper in papers if paper not in new])
        for case, visible in [("features alone", []), ("half of their links", links[: len(links) // 2])]:
            tested = links[len(visible):]
            negatives, choices = set(), sorted(new)
            while len(negatives) < len(tested):
                pair = tuple(sorted((rng.choice(choices), rng.choice(papers))))
                if pair[0] != pair[1] and pair not in known:
                    negatives.add(pair)
            pairs = write("pairs.csv", ["source", "target"], tested + sorted(negatives))
            graph = write("graph.csv", ["source", "target"], old + visible)
            old_graph = write("old.csv", ["source", "target"], old)
            for model in models:
                for how in ("new", "known"):
                    data = [old_graph, "--features", old_words] if how == "new" else [graph, "--features", all_words]
                    run(vgae, "train", *data, "--model", model, "--seed", seed, "--test-fraction", 0, "-o", work / "inductive", "--force", "--quiet")
                    other = ["--graph", graph, "--features", all_words] if how == "new" else []
                    scores = run(vgae, "score", work / "inductive", "--pairs", pairs, *other, "--quiet")["stdout"]
                    logits = [float(row[3]) for row in list(csv.reader(scores.splitlines()))[1:]]
                    found[model, case, how].append(auc_and_ap(logits[: len(tested)], logits[len(tested):]))
    lines = ["## Nodes that the model never saw", "", f"A tenth of Cora's papers is held out whole, a model trained without them, and their links ranked among as many pairs of a "
             "new paper", "and any other that are none, by `vgae score --graph --features`. What is known of the new papers is their words alone, or half of their",
             f"links too. \"Known\": the same pairs by a model that was trained with those papers. Test AUC / AP, mean ± deviation of {options.seeds} seeds, in per cent.", "",
             "| model | words alone: new | known | half of the links: new | known |", "|---|---|---|---|---|"]

    def cell(figures):
        columns = list(zip(*figures))
        texts = [f"{100 * statistics.mean(c):.1f} ± {100 * (statistics.stdev(c) if len(c) > 1 else 0):.1f}" for c in columns]
        return " / ".join(texts)

    for model in models:
        cells = [cell(found[model, case, how]) for case in ("features alone", "half of their links") for how in ("new", "known")]
        lines.append(f"| `{model}` | " + " | ".join(cells) + " |")
    return lines + [""]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], help="which parts to measure")
    parser.add_argument("--vgae", default=str(ROOT / "target" / "release" / "vgae"), help="the program to run")
    parser.add_argument("--large", help="an edge list of a million edges or so")
    parser.add_argument("--pairs", type=int, default=10_000_000, help="how many pairs are scored")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE, text=True).stdout.strip()
    lines = ["# After training", "", f"Made by `make applying` on {platform.machine()}, {os.cpu_count()} cores; each part names its commit."
             + (f" The large graph is {Path(options.large).resolve().parent.name}: `vgae` without features, by default." if options.large else ""), ""]
    before = REPORT.read_text() if REPORT.exists() else ""
    with tempfile.TemporaryDirectory(prefix="vgae-applying-") as folder:
        work = Path(folder)
        run(options.vgae, "train", CORA, "-o", work / "cora", "--quiet")
        if options.large:
            run(options.vgae, "train", options.large, "-o", work / "large", "--quiet")
        parts = {"volume": volume, "predict": predict, "calibration": calibration, "inductive": inductive}
        for section in SECTIONS:
            begin, end = f"<!-- {section} -->", f"<!-- end of {section} -->"
            if section in (options.sections or SECTIONS) and (options.large or section != "volume"):
                heading, *rest = parts[section](options.vgae, work, options)
                lines += [begin, heading, "", f"Commit {commit}, {date.today()}.", *rest, end]
            elif begin in before:
                # What is not measured now stays as it was.
                lines += [begin + before.split(begin)[1].split(end)[0].rstrip("\n"), "", end]
    REPORT.write_text("\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
