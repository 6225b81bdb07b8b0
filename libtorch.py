#!/usr/bin/env python3
"""Installs a CPU libtorch from pinned PyPI wheels in .libtorch/. Does nothing if it is already installed.

It uses only the standard library and pip. It names the tags of the wheels, so any version of Python can
run it. After an interruption, run it again: it keeps the wheels that are already downloaded. .libtorch/
appears only when it is complete, and only files with the sha256 below are unpacked. The CUDA libraries of
the wheels are not unpacked, except for the two that libtorch_cpu.so is linked against.

Usage: python3 libtorch.py
       python3 libtorch.py --self-test     (checks this script and downloads nothing)
"""

import hashlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

TORCH = "2.11.0"
# For each wheel: its name and version, its size in MB, and its sha256 for each machine.
WHEELS = [
    ("nvidia-cuda-runtime==13.0.96", 3, {
        "x86_64": "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
        "aarch64": "ef9bcbe90493a2b9d810e43d249adb3d02e98dd30200d86607d8d02687c43f55"}),
    ("nvidia-cuda-cupti==13.0.85", 11, {
        "x86_64": "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
        "aarch64": "796bd679890ee55fb14a94629b698b6db54bcfd833d391d5e94017dd9d7d3151"}),
    (f"torch=={TORCH}", 531, {
        "x86_64": "0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756",
        "aarch64": "f99924682ef0aa6a4ab3b1b76f40dc6e273fca09f367d15a524266db100a723f"}),
]
ROOT = Path(__file__).resolve().parent
READY = ROOT / ".libtorch"
PARTIAL = ROOT / ".libtorch.partial"

# Shared libraries that need CUDA or Python, or that are needed only by such libraries.
UNUSED = re.compile(r"cuda(?!rt)|nvshmem|nvrtc|python|shm|global_deps|libtorch\.so|checkpoint|nvperf|pcsampling")


def say(text):
    print(f"libtorch: {text}", file=sys.stderr, flush=True)


def download(requirement, sha256, machine, folder):
    """Downloads a wheel with pip, which checks the hash and keeps a complete wheel that is already there."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(f"{requirement} --hash=sha256:{sha256}\n")
        requirements.flush()
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
                   "--require-hashes", "--requirement", requirements.name, "--dest", str(folder),
                   "--disable-pip-version-check", "--python-version", "3.12", "--implementation", "cp",
                   "--abi", "cp312", "--abi", "none"]
        for tag in ("manylinux_2_28", "manylinux_2_25", "manylinux_2_17", "manylinux2014"):
            command += ["--platform", f"{tag}_{machine}"]
        if subprocess.run(command, stdout=sys.stderr).returncode != 0:
            sys.exit(f"libtorch: could not download {requirement}; run the same command again to continue, "
                     "or set LIBTORCH to your own libtorch (see README.md)")


def verified(folder, hashes):
    """Returns the wheels in `folder` with these hashes, one for each. Any other file there is removed."""
    found = {}
    for wheel in sorted(folder.iterdir()):
        digest = hashlib.sha256()
        with open(wheel, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        sha256 = digest.hexdigest()
        if sha256 in hashes:
            found[sha256] = wheel
        else:
            wheel.unlink()
            say(f"removed {wheel.name}: its sha256 is {sha256}, which is not one of those expected")
    if len(found) != len(hashes):
        sys.exit(f"libtorch: {len(hashes) - len(found)} of {len(hashes)} wheels are missing or have a wrong "
                 "sha256; nothing was unpacked; run the same command again")
    return [found[sha256] for sha256 in hashes]


def unpack(wheel, folder):
    """Unpacks the headers and the shared libraries for the CPU: torch/include/… and */lib/*.so*."""
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            path = Path(member.filename)
            if path.is_absolute() or ".." in path.parts:
                sys.exit(f"libtorch: {wheel.name} contains {member.filename!r}, which leads out of it; "
                         "expected only paths inside the wheel")
            if path.parts[:2] == ("torch", "include"):
                target = folder / Path(*path.parts[1:])
            elif ".so" in path.name and path.parent.name == "lib" and not UNUSED.search(path.name):
                target = folder / "lib" / path.name
            else:
                continue
            if member.is_dir():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, open(target, "wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)


def self_test():
    """Checks that damaged wheels and members that lead out of their wheel are rejected without a trace."""
    def rejects(expected, action, *arguments):
        try:
            action(*arguments)
        except SystemExit as error:
            if expected not in str(error):
                raise
            say(f"rejected, as expected: {error}")
        else:
            sys.exit(f"libtorch: {action.__name__} accepted {arguments}")

    with tempfile.TemporaryDirectory() as root:
        root = Path(root)
        wheels = root / "wheels"
        wheels.mkdir()

        def wheel(name, members):
            with zipfile.ZipFile(wheels / name, "w") as archive:
                for member, text in members.items():
                    archive.writestr(member, text)
            return hashlib.sha256((wheels / name).read_bytes()).hexdigest()

        good = wheel("a.whl", {"torch/include/ATen/a.h": "a", "torch/lib/libc10.so": "b",
                               "torch/lib/libc10_cuda.so": "c", "torch/x.py": "d",
                               "other/lib/libx.so.1": "e"})
        if [path.name for path in verified(wheels, [good])] != ["a.whl"]:
            sys.exit("libtorch: the good wheel was not found")
        # A truncated wheel, an empty one, one with an extra byte, and, below, one that was not requested.
        whole = (wheels / "a.whl").read_bytes()
        for content in (whole[:-1], b"", whole + b"x"):
            (wheels / "a.whl").write_bytes(content)
            rejects("1 of 1 wheels", verified, wheels, [good])
            if list(wheels.iterdir()):
                sys.exit("libtorch: a wheel with a wrong hash was not removed")
        (wheels / "a.whl").write_bytes(whole)
        (wheels / "b.whl").write_bytes(b"planted")
        if [path.name for path in verified(wheels, [good])] != ["a.whl"] or (wheels / "b.whl").exists():
            sys.exit("libtorch: a wheel that was not requested was not removed")
        unpack(wheels / "a.whl", root / "out")
        files = sorted(str(path.relative_to(root / "out")) for path in (root / "out").rglob("*") if path.is_file())
        if files != ["include/ATen/a.h", "lib/libc10.so", "lib/libx.so.1"]:
            sys.exit(f"libtorch: unpacked {files}")
        before = sorted(root.rglob("*"))
        for at, member in enumerate(("torch/include/../../../evil.h", "/torch/include/evil.h", "../lib/evil.so",
                                     "torch/lib/../../lib/evil.so")):
            wheel(f"evil{at}.whl", {member: "evil"})
            rejects("leads out of it", unpack, wheels / f"evil{at}.whl", root / "out")
            (wheels / f"evil{at}.whl").unlink()
        if sorted(root.rglob("*")) != before or list(root.parent.glob("evil*")):
            sys.exit("libtorch: a member that leads out of its wheel was unpacked")
    say("the self-test passes")


def main():
    version_file = READY / "build-version"
    if version_file.is_file() and version_file.read_text().strip() == TORCH:
        version_file.touch()
        return
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    if sys.platform != "linux" or machine not in WHEELS[0][2]:
        sys.exit(f"libtorch: no pinned libtorch for {sys.platform} {machine}; expected Linux on x86_64 or "
                 f"aarch64; hint: set LIBTORCH to your own libtorch {TORCH} (see README.md)")
    wheels, unpacked = PARTIAL / "wheels", PARTIAL / "libtorch"
    wheels.mkdir(parents=True, exist_ok=True)
    total = sum(megabytes for _, megabytes, _ in WHEELS)
    say(f"downloading libtorch {TORCH} for {machine} from PyPI, {total} MB, once (a minute at 10 MB/s)")
    for requirement, _, sha256 in WHEELS:
        download(requirement, sha256[machine], machine, wheels)
    say("unpacking the headers and the CPU libraries (some seconds)")
    shutil.rmtree(unpacked, ignore_errors=True)
    for wheel in verified(wheels, [sha256[machine] for _, _, sha256 in WHEELS]):
        unpack(wheel, unpacked)
    for name in ("libtorch_cpu.so", "libc10.so", "libgomp.so.1", "libcudart.so.13", "libcupti.so.13"):
        if not (unpacked / "lib" / name).is_file():
            sys.exit(f"libtorch: the wheels do not contain lib/{name}")
    # torch-sys links -ltorch. The wheel's own libtorch.so needs CUDA, so a linker script replaces it.
    (unpacked / "lib" / "libtorch.so").write_text("INPUT(-ltorch_cpu)\n")
    (unpacked / "build-version").write_text(f"{TORCH}\n")
    shutil.rmtree(READY, ignore_errors=True)
    unpacked.rename(READY)
    shutil.rmtree(PARTIAL)
    say(f"ready in {READY.name}/")


if __name__ == "__main__":
    self_test() if sys.argv[1:] == ["--self-test"] else main()
