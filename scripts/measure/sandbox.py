"""The cost of the sandbox: a start, a build, an end at each limit."""

import os
import re
import shutil
import statistics
import sys
import tempfile

from measure.world import CHECKOUT, ROUNDS, interleave, only, table


def measure(world):
    starts(world, "an ordinary user")
    if os.getuid() == 0:
        starts(world.as_root(), "root")
    inside(world)
    overhead(world)
    limits(world)


def starts(world, who):
    true = "/usr/bin/true"
    bwrap = ["bwrap", "--unshare-all", "--ro-bind", world.tree, "/", "--proc", "/proc", "--dev", "/dev", true]
    times = interleave(
        max(ROUNDS, 30),
        bare=lambda: world.run([true])[0],
        bubblewrap=lambda: world.run(bwrap)[0],
        zwieback=lambda: world.run([world.binary, "shell", "--", true])[0],
    )
    table(f"start and end of /usr/bin/true as {who}, whole process, ratio to bubblewrap", times, "bubblewrap")
    verdict("to bubblewrap", ratio(times, "zwieback", "bubblewrap"), 1.1)


def ratio(times, own, peer):
    return statistics.median(one / other for one, other in zip(times[own], times[peer]))


def verdict(what, measured, aim, form=".2f"):
    word = "reached" if measured <= aim else "NOT reached"
    print(f"  aim: {what} at most {aim:{form}}: {word}, {measured:{form}}")


def inside(world):
    """The same without the start of a program, from a small runner and from a large one."""
    said = world.cargo(["bench", "-p", "zwieback-sandbox", "--bench", "start", "--no-run"])
    made = re.search(r"\(([^()]*start-[0-9a-f]+)\)", said).group(1)
    program = shutil.copy(os.path.join(CHECKOUT, made), f"{world.dir}/start")
    print("\nstart, run and end of /usr/bin/true, in one process")
    said = world.run([program, world.tree, str(max(ROUNDS, 30))])[2].rstrip()
    print(said)
    for name, aim in {"a sandbox ": 2.5, "a sandbox of a runner of 1 GiB": 1.1}.items():
        found = re.search(rf"^{name} +min.*ratio ([0-9.]+)", said, re.M)
        verdict(f"{name.strip()}, ratio", float(found.group(1)), aim)


def overhead(world):
    """Processor time of make, as make's parent sees it, with the same compiler on both sides."""
    versions = [world.run([*prefix, "gcc", "-dumpfullversion"])[2].split()[-1]
                for prefix in ([], [world.binary, "shell", "--"])]
    if versions[0] != versions[1]:
        return print(f"\nskipped: this machine's gcc is {versions[0]}, the toolchain's {versions[1]}")
    archive = only(f"{world.home}/.local/share/zwieback/store", "lua-5.4*", world)
    script = "make -s -j1 linux >/dev/null 2>&1 || exit; times"
    def outside():
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            os.chmod(folder, 0o777)
            world.run(["tar", "-xf", archive, "--strip-components=1", "-C", folder])
            return children(world.run(["sh", "-c", script], cwd=folder)[2])
    def within():
        return children(world.run([world.binary, "shell", "lua", "--", "sh", "-c", script])[2])
    times = interleave(max(ROUNDS // 3, 5), outside=outside, inside=within)
    table("lua compiled, processor time, ratio to outside", times, "outside")
    verdict("inside to outside", ratio(times, "inside", "outside"), 1.02)


def children(text):
    """The last line of `times`: processor time of the shell's children."""
    parts = re.findall(r"(\d+)m([\d.]+)s", text.strip().splitlines()[-1])
    return sum(int(minutes) * 60 + float(seconds) for minutes, seconds in parts)


def limits(world):
    print("\nfrom the first use of a thing to the end of everything, at each limit (exit 101)")
    perl = "perl -e '{}'"
    cases = {
        "memory": ('memory = "200 MiB"', perl.format('push @a, "x" x (1 << 20) while 1')),
        "processes": ("processes = 60", perl.format("fork while 1")),
        "disk": ('disk = "24 MiB"', "cat /dev/zero > full; sleep 60"),
        "log": ('log = "1 MiB"', "yes"),
        "time": ('time = "2 s"', "trap '' TERM INT HUP; while :; do sleep 60; done"),
    }
    slowest = 0
    for name, (limit, script) in cases.items():
        world.recipe("bomb", script, limit)
        command = [world.binary, "build", "bomb", "--once", "--offline"]
        walls = []
        for _ in range(5):
            wall, _, text = world.run(command, codes=(101,))
            if f"limit of {name}" not in text:
                sys.exit(text)
            walls.append(wall - (2 if name == "time" else 0))
        print(f"  {name:34} median {statistics.median(walls) * 1e3:9.0f} ms, at most {max(walls) * 1e3:.0f} ms")
        slowest = max(slowest, max(walls))
    verdict("seconds of the slowest", slowest, 2.0)
