"""From fetched packages to a ready toolchain, and how fast its tree is hashed."""

import glob
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time

from measure.world import CHECKOUT, ROUNDS, interleave, table

# What an unpacked toolchain is to cost, in parts of the other side's time.
AIMS = {"dpkg": 0.6, "mmdebstrap": 0.15, "ready": 0.010, "hash": 0.9}


def measure(world):
    debs = packages(world)
    print(f"\ntoolchain c, {len(debs)} packages, {sum(map(os.path.getsize, debs)) / 1e6:.1f} MB")
    times = interleave(ROUNDS, **{"zwieback": lambda: ours(world), "dpkg-deb -x": lambda: dpkg(world, debs)})
    table("from fetched files to a ready tree", times, "dpkg-deb -x")
    pairs = statistics.median(own / other for own, other in zip(times["zwieback"], times["dpkg-deb -x"]))
    verdict("of dpkg-deb's time", pairs, AIMS["dpkg"])
    whole_root(world, debs, statistics.median(times["zwieback"]))
    hashing(world)


def packages(world):
    """The packages of the lock as files, copied out of the store."""
    with open(f"{world.project}/toolchains/c/zwieback.lock") as file:
        names = dict(re.findall(r'file = "([^"]+)"\nsha256 = "[0-9a-f]+"\nblake3 = "([0-9a-f]+)"', file.read()))
    folder = f"{world.dir}/debs"
    os.mkdir(folder)
    for name, blake3 in names.items():
        shutil.copy(f"{store(world)}/blobs/{blake3[:2]}/{blake3}", f"{folder}/{name}")
        os.chmod(f"{folder}/{name}", 0o644)
    return sorted(glob.glob(f"{folder}/*.deb"))


def store(world):
    return f"{world.home}/.local/share/zwieback/store"


def ours(world):
    """The whole program, sandbox and `true` included, on a store that has the packages and no tree."""
    for part in ["trees", "assemblies"]:
        subprocess.run(["chmod", "-R", "u+w", f"{store(world)}/{part}"], check=True)
        subprocess.run(["rm", "-rf", *glob.glob(f"{store(world)}/{part}/*")], check=True)
    return world.run([world.binary, "shell", "--", "/usr/bin/true"])[0]


def dpkg(world, debs):
    """One process that unpacks one package after the other."""
    target = f"{world.dir}/unpacked"
    shutil.rmtree(target, ignore_errors=True)
    os.mkdir(target)
    world.own()
    return world.run(["sh", "-ec", 'to=$1; shift; for deb; do dpkg-deb -x "$deb" "$to"; done', "sh", target, *debs])[0]


def whole_root(world, debs, own):
    """mmdebstrap's root of the same packages, which it finds downloaded; it does fetch lists."""
    if not shutil.which("mmdebstrap") or os.getuid() != 0:
        print("\nskipped: mmdebstrap, which is to be installed and run by root")
        return
    target = f"{world.dir}/root"
    names = ",".join(sorted(os.path.basename(deb).split("_")[0] for deb in debs))
    hook = f'mkdir -p "$1/var/cache/apt/archives/partial" && cp {world.dir}/debs/*.deb "$1/var/cache/apt/archives/"'
    began = time.perf_counter()
    made = subprocess.run(["mmdebstrap", "--mode=root", "--variant=essential", f"--include={names}", f"--setup-hook={hook}",
                           "bookworm", target], capture_output=True, text=True)
    wall = time.perf_counter() - began
    if made.returncode:
        print(f"\nskipped: mmdebstrap failed: {made.stderr.strip().splitlines()[-1]}")
        return
    print(f"\nmmdebstrap --variant=essential, once: {wall:.1f} s")
    verdict("of mmdebstrap's time", own / wall, AIMS["mmdebstrap"])
    shutil.rmtree(target)


def hashing(world):
    b3sum = shutil.which("b3sum") or built(world)
    trees = glob.glob(f"{store(world)}/trees/*/usr/bin/gcc")
    tree = trees[0].removesuffix("/usr/bin/gcc")
    files = [path for path, _, names in os.walk(tree) for path in [f"{path}/{name}" for name in names]
             if not os.path.islink(path)]
    listed = f"{world.dir}/files"
    with open(listed, "w") as file:
        file.write("".join(f"{path}\0" for path in files))
    bench = bench_program(world)
    ready = []

    def own():
        whole, made = map(float, world.run([bench, "hash", store(world), os.path.basename(tree)])[2].split())
        ready.append(made)
        return whole

    def peer():
        return world.run(["sh", "-c", f"xargs -0 -n 100000 {b3sum} --no-names < {listed} > /dev/null"])[0]

    times = interleave(ROUNDS, **{"zwieback": own, "b3sum": peer})
    table(f"hashing {len(files)} files of its tree, warm", times, "b3sum")
    speed = statistics.median(other / mine for mine, other in zip(times["zwieback"], times["b3sum"]))
    verdict("of b3sum's throughput", speed, AIMS["hash"], least=True)
    verdict("s for a second recipe with the same toolchain", min(ready), AIMS["ready"])


def built(world):
    """b3sum as its authors publish it, built for this measurement."""
    world.cargo(["install", "--quiet", "--locked", "--root", f"{world.dir}/tools", "b3sum"])
    return f"{world.dir}/tools/bin/b3sum"


def bench_program(world):
    said = world.cargo(["bench", "--no-run", "-p", "zwieback-host", "--bench", "store", "--message-format=json"])
    messages = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    programs = [it["executable"] for it in messages if it.get("executable") and it["target"]["name"] == "store"]
    if not programs:
        sys.exit(f"cargo built no benchmark in {CHECKOUT}")
    return shutil.copy(programs[-1], f"{world.dir}/store-bench")


def verdict(what, value, aim, least=False):
    met = value >= aim if least else value <= aim
    sign = "≥" if least else "≤"
    print(f"  {value:.3f} {what}; the aim is {sign} {aim}: {'met' if met else 'MISSED'}")
