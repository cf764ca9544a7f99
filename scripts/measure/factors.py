"""What it costs to vary: a trivial and a long build, a shifted clock; and whether it is honest.

FACTORS names some of its parts (trivial, single, overhead, honest, real; default all). The first three
are timings, which want a machine that does nothing else (BENCH_LOCKS): about 50 s, 100 s and 15 s a round.
ROUNDS sets the number of rounds. TRIALS (default 60) is the number of builds with a defect of time.
"""

import os
import re
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from measure.world import ROUNDS, interleave, table

TRIALS = int(os.environ.get("TRIALS", "60"))
# How long the long recipe is, in seconds.
LONG = 12
# How many pairs of compilations are measured without letting others have the machine.
AT_A_TIME = 2
# A twin sleeps most of its three seconds.
AT_ONCE = 6

# Each keeps a time in its output and takes some milliseconds.
TIME_DEFECTS = {
    "date-macro": "unset SOURCE_DATE_EPOCH; echo 'const char *when = __DATE__ __TIME__;' > a.c; cc -c -o $OUT/a.o a.c",
    "ar": "echo 'int a;' > a.c; cc -c a.c; ar rcU $OUT/a.a a.o",
    "gzip": "echo a > a; gzip a; cp a.gz $OUT/",
    "tar": "echo a > a; tar cf $OUT/a.tar a",
    "stat": "echo a > a; stat -c %Y a > $OUT/a",
    "date": "date > $OUT/a",
}

# The build path ends up in debug information unless the hint's flag maps it away.
REAL = {"lua": "MYCFLAGS", "zlib": "CFLAGS", "bzip2": "CFLAGS", "figlet": "CFLAGS"}
FLAG = "-ffile-prefix-map=$PWD=."
# No recipe of the project's; locked when it is measured.
FIGLET = """[recipe]
name = "figlet"
version = "2.2.5"
toolchains = ["c"]

[sources.figlet]
purl = "pkg:deb/debian/figlet@2.2.5-3?arch=source"
file = "figlet_2.2.5.orig.tar.gz"

[[steps]]
name = "compile"
dir = "figlet"
run = "make -j$ZWIEBACK_JOBS"

[[steps]]
name = "install"
dir = "figlet"
run = "make install DESTDIR=$OUT prefix=/usr"
"""


def measure(world):
    parts = {"trivial": trivial, "single": single, "overhead": overhead, "honest": honest, "real": real}
    wanted = os.environ.get("FACTORS", "").split() or list(parts)
    said = []
    for name in wanted:
        parts[name](world, said)
    print("\nverdicts")
    for what, is_met, figure in said:
        print(f"  {'met' if is_met else 'NOT MET':8} {what}: {figure}")


def trivial(world, said):
    world.recipe("trivial", "echo a > $OUT/a", "")
    with world.alone():
        walls = [build(world, "trivial", "--rebuild")[0] for _ in range(max(ROUNDS, 5))]
    said.append(("twin of a trivial recipe, at most 3.5 s", statistics.median(walls) <= 3.5,
                 f"median {statistics.median(walls):.2f} s, least {min(walls):.2f} s"))


def single(world, said):
    """Single-threaded work of a good 10 s, once and twice."""
    def count(number):
        world.recipe("single", f"i=0; while [ $i -lt {number} ]; do i=$((i + 1)); done; echo $i > $OUT/a", "")
        return build(world, "single", "--once")[0]
    def pair(number):
        with world.alone():
            return count(number), build(world, "single", "--rebuild")[0]
    with world.alone():
        empty, some = count(1), count(1_000_000)
    number = int(1_000_000 * LONG / (some - empty))
    pairs = [pair(number) for _ in range(3)]
    ratios = [(twice - 3) / once for once, twice in pairs]
    once = min(once for once, _ in pairs)
    said.append(("long single-threaded recipe, at most 1.15 x one run + 3 s", statistics.median(ratios) <= 1.15,
                 f"(twin - 3 s) / one run of {once:.1f} s: median {statistics.median(ratios):.2f}, "
                 f"least {min(ratios):.2f}, most {max(ratios):.2f} of {len(pairs)}"))


def overhead(world, said):
    """Processor time of one compilation in run B, with the clock shifted and with the clock dropped.

    The supervisor is no part of a step: what it costs is what all of zwieback's processes take more, run A
    and the runner included, which are the same on both sides.
    """
    fix = ["--fix", "clock=to measure what it costs"]
    steps = {}
    def cpu(side, extra):
        total = world.run([world.binary, "build", "lua", "--no-progress", "--rebuild", "-j", "1", *extra])[1]
        steps.setdefault(side, []).append(last_run(world.run([world.binary, "show", "lua", "--format", "json"])[2]))
        return total
    times = {}
    for _ in range(-(-ROUNDS // AT_A_TIME)):
        with world.alone():
            # The first build finds cold caches.
            cpu("cold", fix)
            some = interleave(AT_A_TIME, dropped=lambda: cpu("dropped", fix), shifted=lambda: cpu("shifted", []))
        for side, found in some.items():
            times.setdefault(side, []).extend(found)
    table("lua compiled at -j1, all processor time of a twin with a shifted clock, ratio to without", times, "dropped")
    del steps["cold"]
    table("the same, of the steps of run B alone, as the record has it", steps, "dropped")
    one = statistics.median(steps["dropped"])
    more = [own - other for own, other in zip(times["shifted"], times["dropped"])]
    middle = statistics.median(more) / one
    least = (min(times["shifted"]) - min(times["dropped"])) / one
    said.append(("shifted clock, at most 2 % of a compile's processor time", middle <= 0.02,
                 f"median of {len(more)} pairs {middle:+.1%}, of the least {least:+.1%}, of {one:.2f} s, "
                 f"supervisor included"))


def last_run(text):
    """Processor seconds of all steps of run B, from the record."""
    found = re.findall(r'"cpu_ms":\s*(\d+)', text)
    half = found[len(found) // 2:]
    return sum(int(number) for number in half) / 1000


def honest(world, said):
    for name, script in TIME_DEFECTS.items():
        world.recipe(f"time-{name}", script, "")
    names = [f"time-{name}" for name in TIME_DEFECTS]
    wanted = [names[number % len(names)] for number in range(TRIALS)]
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # One name at a time would wait for itself; each is built by a process of its own.
        codes = list(pool.map(lambda name: build(world, name, "--rebuild", "--no-confirm", codes=(0, 104))[1], wanted))
    false = sum("is not reproducible" not in text for text in codes)
    said.append((f"false passes of time defects, 0 in {TRIALS}", false == 0,
                 f"{false} in {TRIALS}, {AT_ONCE} at once, {time.monotonic() - began:.0f} s"))


def real(world, said):
    """Packages whose default build keeps its path with -g: the cause is named, the flag mends it."""
    figlet(world)
    for name, variable in REAL.items():
        named = path_of(world, name, variable, "-g")
        mended = path_of(world, name, variable, f"-g {FLAG}")
        is_named = "build path in debug information" in named and "-ffile-prefix-map" in named
        said.append((f"{name} with -g in strict: path in debug information, mended by the flag",
                     is_named and "is reproducible" in mended,
                     f"{'named' if is_named else 'not named'}, {'mended' if 'is reproducible' in mended else 'not mended'}"))


def figlet(world):
    folder = f"{world.project}/recipes/figlet"
    os.makedirs(folder)
    with open(f"{folder}/recipe.toml", "w") as file:
        file.write(FIGLET)
    world.own()
    world.run([world.binary, "lock", "figlet"])


def path_of(world, name, variable, flags):
    """Builds a copy of a recipe whose compiler gets these flags."""
    with open(f"{world.project}/recipes/{name}/recipe.toml") as file:
        text = file.read()
    copy = f"{name}-path"
    folder = f"{world.project}/recipes/{copy}"
    os.makedirs(folder, exist_ok=True)
    text = text.replace(f'name = "{name}"', f'name = "{copy}"', 1)
    text = re.sub(r'CFLAGS = "-O2"\n', "", text)
    text = re.sub(r'run = "(\./configure|make -j\$ZWIEBACK_JOBS)([^"]*)"',
                  lambda found: f"run = '{found.group(1)}{found.group(2)}'", text)
    assign = f'{variable}="-O2 {flags}"'
    text = text.replace("run = './configure", f"run = '{assign} ./configure")
    if "configure" not in text:
        text = text.replace("run = 'make -j$ZWIEBACK_JOBS", f"run = 'make -j$ZWIEBACK_JOBS {assign}")
    with open(f"{folder}/recipe.toml", "w") as file:
        file.write(text)
    with open(f"{world.project}/recipes/{name}/zwieback.lock") as file, open(f"{folder}/zwieback.lock", "w") as to:
        to.write(file.read())
    world.own()
    return build(world, copy, "--rebuild", "--profile", "strict", codes=(0, 104))[1]


def build(world, name, *extra, codes=(0,)):
    """Wall-clock seconds and output."""
    wall, _, text = world.run([world.binary, "build", name, "--no-progress", *extra], codes=codes)
    return wall, text
