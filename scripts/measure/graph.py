"""Two hundred recipes that need each other: what scheduling costs, and what stays the same size."""

import os
import re
import shutil
import statistics
import subprocess
import sys
import time

from measure.build import resident_peak
from measure.world import ROUNDS

FEW, MANY = 20, 200
# Recipes stand in rows; each needs two of the row below.
ROW = 40


def measure(world):
    few, many = (project(world, count) for count in (FEW, MANY))
    print(f"\n{MANY} recipes in rows of {ROW}, each of two steps, each needing two of the row below it")
    baked = {count: bake(world, folder, count) for count, folder in ((FEW, few), (MANY, many))}
    alone = [clock(world, few, ["build", "r000", "--rebuild"])[0] for _ in range(3)]
    print(f"  {MANY} recipes baked twice            {baked[MANY][0]:8.1f} s; one alone {statistics.median(alone):.2f} s,"
          f" so one after another {MANY * statistics.median(alone):.0f} s")
    once = [clock(world, folder, ["build", "--all", "--once", "-j", "1"])[0] for folder in (few, many)]
    print(f"  each of {MANY} run once, one at a time {(once[1] - once[0]) / (MANY - FEW) * 1e3:6.1f} ms, its sandbox and its steps included")
    # Nothing runs, so all that is left is what a recipe costs whoever schedules it: to read and plan it,
    # to look its result up and check it, and to hand it to the next.
    rounds = max(ROUNDS, 10)
    unchanged = {MANY: [], 1: []}
    for _ in range(rounds):
        unchanged[MANY].append(clock(world, many, ["build", "--all"])[0])
        unchanged[1].append(clock(world, many, ["build", "r000"])[0])
    wall, first = (statistics.median(unchanged[count]) for count in (MANY, 1))
    least = min(unchanged[MANY])
    each = (wall - first) / (MANY - 1) * 1e3
    verdict("all unchanged, answered from the store", f"median {wall * 1e3:.0f} ms, least {least * 1e3:.0f} ms", wall < 1, "< 1 s")
    verdict("of that, one recipe more costs", f"{each:.2f} ms", each < 2, "< 2 ms")
    peaks = {count: max(baked[count][1], peak_of_once(world, folder)) / 1024 for count, folder in ((FEW, few), (MANY, many))}
    growth = peaks[MANY] / peaks[FEW]
    verdict("peak memory of the runner", f"{FEW} recipes {peaks[FEW]:.1f} MB, {MANY} recipes {peaks[MANY]:.1f} MB, ratio {growth:.2f}",
            growth < 1.25, "flat: < 1.25")
    second(world, many)


def project(world, count):
    """A project of so many recipes on the toolchain `c`; no result of it answers for another such project."""
    folder = f"{world.dir}/graph-{count}"
    shutil.copytree(f"{world.project}/toolchains/c", f"{folder}/toolchains/c")
    for at in range(count):
        name, needs = f"r{at:03}", []
        if at >= ROW:
            needs = [f"r{at - ROW:03}", f"r{(at - ROW) // ROW * ROW + (at + 7) % ROW:03}"]
        os.makedirs(f"{folder}/recipes/{name}")
        listed = ", ".join(f'"{need}"' for need in needs)
        read = "".join(f"cat {need}/made; " for need in needs)
        with open(f"{folder}/recipes/{name}/recipe.toml", "w") as file:
            file.write(f'[recipe]\nname = "{name}"\nversion = "{count}"\ntoolchains = ["c"]\nneeds = [{listed}]\n\n'
                       f'[[steps]]\nname = "read"\nrun = "{{ {read}echo {name}; }} > made"\n\n'
                       f'[[steps]]\nname = "make"\nrun = "cp made $OUT/made"\n')
    world.own()
    return folder


def bake(world, folder, count):
    """Everything baked twice, for the first time: seconds, and the runner's peak in kB."""
    wall, peak, said = clock(world, folder, ["build", "--all"])
    if f"{count} recipes: {count} built" not in said:
        sys.exit(f"not all were built:\n{said}")
    return wall, peak


def peak_of_once(world, folder):
    return max(clock(world, folder, ["build", "--all", "--once"])[1] for _ in range(3))


def clock(world, folder, arguments):
    """Seconds, peak memory of the runner itself in kB, and what it said."""
    began = time.perf_counter()
    process = world.start([world.binary, "--no-progress", *arguments], cwd=folder,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak = 0
    while process.poll() is None:
        peak = max(peak, resident_peak(process.pid))
        time.sleep(0.002)
    wall = time.perf_counter() - began
    said = process.stderr.read().decode()
    if process.returncode:
        sys.exit(f"zwieback {' '.join(arguments)} ended with {process.returncode}:\n{said}")
    return wall, peak, said


def second(world, folder):
    """What the second recipe pays for a toolchain that the first one had: the time until it is assembled."""
    times = []
    for _ in range(max(ROUNDS, 10)):
        process = world.start([world.binary, "--format", "json", "build", "r001", "--once"], cwd=folder)
        told = {}
        for line in process.stdout:
            event = re.search(rb'"event":"([^"]+)"', line).group(1).decode()
            told.setdefault(event, time.perf_counter())
        process.wait()
        times.append(told["assembled"] - told["fetched"])
    median = statistics.median(times) * 1e3
    verdict("a toolchain that is ready, checked", f"median {median:.2f} ms, least {min(times) * 1e3:.2f} ms", median < 10, "< 10 ms")


def verdict(what, found, holds, aim):
    print(f"  {what:40} {found}  [{'holds' if holds else 'MISSED'}: {aim}]")
