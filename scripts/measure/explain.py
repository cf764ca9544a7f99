"""How fast and in how much memory differences are explained, beside diffoscope where that is installed.

What is compared beside diffoscope are folders, so that both sides start from the same. ROUNDS (default
10) runs each, interleaved; the least counts, the median is shown.
"""

import gzip
import json
import glob
import io
import os
import random
import re
import shutil
import statistics
import tarfile
import time

from detect.seeds import DIFFERS, Baker, all_seeds

ROUNDS = int(os.environ.get("ROUNDS", "10"))
MB = 1 << 20


def measure(world):
    pairs = [seed(world, "dwarf-path"), seed(world, "tar-time"), seed(world, "year")]
    print("\none seed, both trees in the store (aim: at most 200 ms)")
    for name, a, b in pairs:
        show(name, repeat(ROUNDS, [world.binary, "diff", os.path.basename(a), os.path.basename(b)], world), 0.2, 200)
    beside(world, pairs)
    print("\n100 MB, one member differs (aim: at most 1 s and 200 MB)")
    for name, make in [("tree with a 10 MB tar", tree), ("one tar", tar), ("one tar.gz", tgz)]:
        a, b = make(world, 0), make(world, 1)
        stored = [digest(world, folder) for folder in (a, b)]
        show(name, repeat(min(ROUNDS, 5), [world.binary, "diff", *stored], world), 1.0, 200)
        show(f"{name}, from folders", repeat(min(ROUNDS, 5), [world.binary, "diff", a, b], world), None, None)
        remove(a, b)
    print("\n1 GB outputs (no aim but bounded memory)")
    for name, make in [("a file, one byte differs", large), ("a tar, one member differs", large_tar)]:
        a, b = make(world, 0), make(world, 1)
        show(name, repeat(1, [world.binary, "diff", a, b], world), None, None)
        remove(a, b)


def seed(world, name):
    """The two trees that a seed's runs left in the store."""
    wanted = [it for it in all_seeds() if it.name == name]
    if not os.path.isdir(f"{world.project}/toolchains/seeds"):
        Baker(world, [])
    baker = Baker.__new__(Baker)
    baker.world = world
    baker.plant(name, wanted[0].text, wanted[0])
    world.own()
    baker.twin(name, "strict", "--no-confirm")
    records = []
    for path in glob.glob(f"{world.home}/.local/state/zwieback/runs/*/record.json"):
        with open(path) as file:
            records.append(json.load(file))
    record = max((it for it in records if it["recipe"] == name), key=lambda it: it["started"])
    store = f"{world.home}/.local/share/zwieback/store/trees"
    return name, *(f"{store}/{run['outputs'].removeprefix('sha256:')}" for run in record["runs"])


def beside(world, pairs):
    if not shutil.which("diffoscope"):
        return print("skipped: diffoscope is not installed (apt-get install diffoscope-minimal)")
    print("\nbeside diffoscope, from folders")
    for name, a, b in pairs:
        ours, theirs = [], []
        for _ in range(min(ROUNDS, 5)):
            ours.append(run([world.binary, "diff", a, b], world))
            theirs.append(run(["diffoscope", a, b], world))
        show(name, ours, None, None)
        show(f"{name}, diffoscope", theirs, None, None)
        ratio = statistics.median(other[0] / own[0] for own, other in zip(ours, theirs))
        print(f"  {'':38} {ratio:.0f} times as fast; diffoscope names no cause")


def repeat(rounds, command, world):
    return [run(command, world) for _ in range(rounds)]


def run(command, world):
    """Wall-clock seconds and peak memory in MB of a command that finds a difference."""
    began = time.perf_counter()
    process = world.start(command, stderr=None)
    process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    # An error is no answer, however fast: only the code for a difference counts.
    if process.returncode != (1 if command[0] == "diffoscope" else DIFFERS):
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def show(name, runs, seconds, memory):
    walls, peaks = zip(*runs)
    verdict = ""
    if seconds:
        verdict = "reached" if min(walls) <= seconds and max(peaks) <= memory else "NOT reached"
    print(f"  {name:38} min {min(walls) * 1e3:8.1f} ms  median {statistics.median(walls) * 1e3:8.1f} ms"
          f"  peak {max(peaks):6.1f} MB  {verdict}")


def digest(world, folder):
    """The digest of a folder, once a recipe has put it into the store: comparing keeps nothing."""
    name = os.path.basename(folder)
    world.recipe(name, "cp -r src/. $OUT/", f'[sources.src]\npath = "recipes/{name}/src"')
    shutil.copytree(folder, f"{world.project}/recipes/{name}/src")
    world.own()
    world.run([world.binary, "lock", name])
    return re.search(r"/trees/([0-9a-f]{64})", world.run([world.binary, "build", name, "--no-progress"])[2]).group(1)


def members(count, size, side):
    """Files that are the same on both sides, but the one in the middle."""
    for number in range(count):
        words = random.Random(number + (side * 10_000 if number == count // 2 else 0))
        half = words.randbytes(size // 2)
        yield f"part-{number:04}", half + b"the same line again and again\n" * (size // 60)


def pack(file, count, size, side):
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in members(count, size, side):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def folder(world, name, side):
    path = f"{world.dir}/{name}-{side}"
    os.mkdir(path)
    return path


def tree(world, side):
    path = folder(world, "tree", side)
    for name, content in members(2000, 46_000, 0):
        with open(f"{path}/{name}", "wb") as file:
            file.write(content)
    with open(f"{path}/parts.tar", "wb") as file:
        pack(file, 100, MB // 10, side)
    return path


def tar(world, side):
    path = folder(world, "tar", side)
    with open(f"{path}/parts.tar", "wb") as file:
        pack(file, 100, MB, side)
    return path


def tgz(world, side):
    path = folder(world, "tgz", side)
    with gzip.GzipFile(f"{path}/parts.tar.gz", "wb", compresslevel=6, mtime=0) as file:
        pack(file, 100, MB, side)
    return path


def large(world, side):
    path = folder(world, "large", side)
    with open(f"{path}/image", "wb") as file:
        block = random.Random(0).randbytes(MB)
        for number in range(1024):
            file.write(block[:-1] + bytes([side]) if number == 1000 else block)
    return path


def large_tar(world, side):
    path = folder(world, "large-tar", side)
    with open(f"{path}/parts.tar", "wb") as file:
        pack(file, 1024, MB, side)
    return path


def remove(*folders):
    for path in folders:
        shutil.rmtree(path)
