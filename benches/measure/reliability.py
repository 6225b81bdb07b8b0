#!/usr/bin/env python3
"""Measures what vgae can be trusted with, and writes results/reliability.md: kills survived, inputs fuzzed and for how
long, bad inputs, seeds compared over thread counts, planned against measured memory, and a soak.

Usage: python3 benches/measure/reliability.py [--vgae PROGRAM] [--kills 50] [--fuzz-seconds 60] [--seeds 5] [--soak-seconds 300]
                                      [SECTION...]

Sections: kills, fuzz, inputs, threads, numbers, memory, soak, load; all of them unless some are named: then the others'
parts of the report stay. All but memory and load are tests of `cargo test`, which makes less of each. And sanitizer, which
needs a nightly Rust and half an hour of compiling, and is made where it is named.
"""

import argparse
import http.client
import json
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "results" / "reliability.md"


def test(settings, programs, flags=()):
    """Runs tests of these programs; returns the command and the lines of figures that they print."""
    chosen = [word for name in programs for word in ("--test", name)]
    arguments = ["cargo", "test", "--locked", "--release", "--config", ".cargo/checked.toml", "--workspace", "--all-features",
                 *chosen, "--", "--nocapture", *flags]
    shown = " ".join([*(f"{key}={value}" for key, value in settings.items()), *arguments])
    print("  " + shown, file=sys.stderr, flush=True)
    environment = {**os.environ, **{key: str(value) for key, value in settings.items()}}
    done = subprocess.run(arguments, cwd=ROOT, env=environment, text=True, capture_output=True)
    if done.returncode != 0:
        raise SystemExit(f"failed: {shown}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}")
    figures = r"(?:^|\.\.\. )((?:kills|fuzz|threads|soak|bad input|degenerate|hub|of 50 clients)\b.*)"
    lines = [found.group(1) for found in re.finditer(figures, done.stderr + done.stdout, re.MULTILINE)]
    return shown, sorted(set(lines))


def section_of_tests(settings, *modules):
    def section(options, vgae):
        chosen = {key: getattr(options, value) for key, value in settings.items()}
        shown, lines = test(chosen, ["library", "program"], [f"{name}::" for name in modules])
        return [f"`{shown}`", "", *(f"- {line}" for line in lines)]

    return section


def fuzz(options, vgae):
    """All readers at once, so that each has its time however many there are; then the explorer."""
    settings = {"VGAE_FUZZ_SECONDS": options.fuzz_seconds}
    shown, lines = test(settings, ["fuzz"], ["--test-threads", "12"])
    settings = {"VGAE_FUZZ_SECONDS": min(options.fuzz_seconds, 120)}
    also_shown, also = test(settings, ["program"], ["http_fuzzing::"])
    return [f"`{shown}`, `{also_shown}`", "", *(f"- {line}" for line in [*lines, *also])]


GRAPHS = [(1_000, 4_000, "vgae"), (10_000, 50_000, "vgae"), (100_000, 500_000, "gnae"), (300_000, 1_500_000, "vgae"),
          (1_000_000, 5_000_000, "vgae")]


def memory(options, vgae):
    """Planned and measured peaks of random graphs."""
    lines = ["`vgae train EDGES --model MODEL --epochs 20 --no-report`; planned and measured are in `run.json`.", "",
             "| nodes | edges | model | planned MB | measured MB | planned above measured |", "|---:|---:|---|---:|---:|---:|"]
    worst = 0
    for nodes, edges, model in GRAPHS:
        with tempfile.TemporaryDirectory() as work:
            draw = random.Random(nodes)
            path, run = Path(work) / "edges.csv", Path(work) / "run"
            with open(path, "w") as file:
                file.write("source,target\n")
                file.writelines(f"{draw.randrange(nodes)},{draw.randrange(nodes)}\n" for _ in range(edges))
            print(f"  memory: {nodes} nodes, {model}", file=sys.stderr, flush=True)
            subprocess.run([vgae, "train", path, "-o", run, "--model", model, "--epochs", "20", "--no-report", "-q"],
                           check=True, stdout=subprocess.DEVNULL)
            record = json.loads((run / "run.json").read_text())
        planned, measured = (record[f"{name}_memory_bytes"] / 1e6 for name in ["planned", "peak"])
        worst = max(worst, abs(planned / measured - 1))
        lines.append(f"| {nodes:,} | {edges:,} | {model} | {planned:.0f} | {measured:.0f} | {planned / measured - 1:+.1%} |")
    if worst > 0.25:
        raise SystemExit(f"a plan is {worst:.0%} off:\n" + "\n".join(lines))
    return [*lines, "", f"The largest error is {worst:.1%}."]


def of_process(pid):
    """Resident MB and open file handles."""
    status = Path(f"/proc/{pid}/status").read_text()
    resident = int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024
    return resident, len(os.listdir(f"/proc/{pid}/fd"))


def load(options, vgae):
    """Ten thousand scoring requests while other runs train."""
    requests, connections = 10_000, 8
    with tempfile.TemporaryDirectory() as work:
        data, run = ROOT / "datasets" / "karate", Path(work) / "run"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([vgae, "train", data, "-o", run, "-q"], check=True, **quiet)
        explorer = subprocess.Popen([vgae, "explore", run, "--port", "0"], stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True)
        port = None
        while port is None:
            found = re.search(r"http://127\.0\.0\.1:(\d+)", explorer.stdout.readline())
            port = found and int(found.group(1))
        over = threading.Event()
        num_trainings = 0

        def train():
            nonlocal num_trainings
            while not over.is_set():
                subprocess.run([vgae, "train", data, "-o", Path(work) / "other", "--force", "-q", "--no-report"],
                               check=True, **quiet)
                num_trainings += 1

        failures, answers = [], set()

        def ask(count, seed):
            draw = random.Random(seed)
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            for _ in range(count):
                u, v = draw.sample(range(1, 35), 2)
                connection.request("GET", f"/api/score?source={u}&target={v}")
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200:
                    failures.append((answer.status, body))
                answers.add((min(u, v), max(u, v), json.loads(body).get("logit")))

        trainer = threading.Thread(target=train)
        ask(200, "warm")
        before = of_process(explorer.pid)
        trainer.start()
        start = time.perf_counter()
        askers = [threading.Thread(target=ask, args=(requests // connections, seed)) for seed in range(connections)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        seconds = time.perf_counter() - start
        over.set()
        trainer.join()
        time.sleep(1)
        after = of_process(explorer.pid)
        explorer.terminate()
        explorer.wait(30)
    pairs = {answer[:2] for answer in answers}
    if failures or len(pairs) != len(answers):
        raise SystemExit(f"{len(failures)} failures, first {failures[:1]}; {len(answers)} answers for {len(pairs)} pairs")
    return [f"{requests:,} scoring requests over {connections} connections in {seconds:.1f} s, while {num_trainings} trainings ran "
            f"beside them: all answered, each pair with one logit. The explorer held {before[0]:.1f} MB and {before[1]} file "
            f"handles before, {after[0]:.1f} MB and {after[1]} after."]


def sanitizer(options, vgae):
    """The library's tests and the fuzzed readers with every access to memory checked, of all crates that are Rust."""
    target = f"{platform.machine()}-unknown-linux-gnu"
    settings = {"RUSTFLAGS": "-Zsanitizer=address", "CARGO_PROFILE_DEV_OPT_LEVEL": "1", "CARGO_PROFILE_DEV_DEBUG": "0",
                "CARGO_TARGET_DIR": "target/sanitizer", "VGAE_FUZZ_SECONDS": options.fuzz_seconds}
    arguments = ["cargo", "+nightly", "test", "--locked", "--workspace", "--all-features", "--lib", "--test", "fuzz", "--target", target]
    shown = " ".join([*(f"{key}={value}" for key, value in settings.items()), *arguments])
    print("  " + shown, file=sys.stderr, flush=True)
    environment = {**os.environ, **{key: str(value) for key, value in settings.items()}}
    done = subprocess.run(arguments, cwd=ROOT, env=environment, text=True, capture_output=True)
    if done.returncode != 0 or "Sanitizer" in done.stderr:
        raise SystemExit(f"failed: {shown}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}")
    num_passed = sum(int(count) for count in re.findall(r"(\d+) passed; 0 failed", done.stdout))
    return [f"`{shown}`", "", f"- sanitizer: {num_passed} tests passed, no access to memory that is not theirs, no leak"]


PARTS = {
    "kills": ("Kills, signals, full disks", section_of_tests({"VGAE_KILLS": "kills"}, "interruption")),
    "fuzz": ("Fuzzed readers and explorer", fuzz),
    "inputs": ("Bad inputs, each with its exact message", section_of_tests({}, "bad_input")),
    "threads": ("The same bits on 1, 2 and 4 threads",
                section_of_tests({"VGAE_SEEDS": "seeds"}, "threads", "reproduce")),
    "numbers": ("Degenerate graphs and metamorphic relations",
                section_of_tests({}, "edge_cases", "metamorphic")),
    "memory": ("Planned and measured memory", memory),
    "soak": ("Soak in one process", section_of_tests({"VGAE_SOAK_SECONDS": "soak_seconds"}, "soak")),
    "load": ("Scoring requests beside trainings", load),
    "sanitizer": ("Address sanitizer", sanitizer),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vgae", default=ROOT / "target" / "release" / "vgae")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--fuzz-seconds", type=int, default=60, help="for each reader")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--soak-seconds", type=int, default=300)
    parser.add_argument("sections", nargs="*", metavar="SECTION")
    options = parser.parse_args()
    if unknown := set(options.sections) - set(PARTS):
        parser.error(f"unknown section {unknown.pop()}; expected one of {', '.join(PARTS)}")
    for name in options.sections or [name for name in PARTS if name != "sanitizer"]:
        title, section = PARTS[name]
        print(name, file=sys.stderr, flush=True)
        commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, text=True, capture_output=True).stdout.strip()
        lines = section(options, options.vgae)
        written = {}
        if REPORT.exists():
            for text in REPORT.read_text().split("\n## ")[1:]:
                other, _, body = text.partition("\n")
                written[other] = body.strip("\n")
        written[title] = "\n".join([*lines, "", f"({date.today()}, commit {commit}, {os.cpu_count()} cores)"])
        head = ["# What vgae can be trusted with", "",
                f"Made by `make reliability` ({platform.system()}, {platform.machine()}). A part that was not made again keeps its "
                "date. Each is also a test of `make test` or `make test-torch`, with smaller numbers, but for memory, "
                "requests and the sanitizer."]
        parts = [f"## {title}\n\n{written[title]}" for title, _ in PARTS.values() if title in written]
        REPORT.write_text("\n".join(head) + "\n\n" + "\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
