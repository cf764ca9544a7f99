"""The log and the gate: a decision, a proof and an append in a log of ten thousand and of a million entries."""

import os
import re
import sys

SIZES = os.environ.get("ENTRIES", "10000 1000000").split()
# The figure, how it is asked for, and what is too much or too little.
AIMS = [
    ("decision", "ms", "at most", {10_000: 10, 1_000_000: 20}),
    ("inclusion", "ms", "at most", {1_000_000: 1}),
    ("append", "entries/s", "at least", {10_000: 2000, 1_000_000: 2000}),
    ("generation", "s", "at most", {1_000_000: 120}),
]
# Memory is flat if a hundred times as many entries take no more than this many megabytes more.
FLAT = 8


def figures(text):
    """The figures of each log, by its size."""
    found = {}
    for line in text.splitlines():
        if match := re.fullmatch(r"entries (\d+) in the log", line):
            log = found.setdefault(int(match[1]), {})
        elif found and (match := re.fullmatch(r"([a-z-]+) ([\d.]+) (\S+)", line)):
            log[match[1]] = (float(match[2]), match[3])
    return found


def verdict(held):
    return "held" if held else "NOT HELD"


def judge(size, log):
    print(f"\na log of {size} entries")
    for name, (value, unit) in log.items():
        aims = [(how, most[size]) for aim, _, how, most in AIMS if aim == name and size in most]
        asked = ""
        for how, most in aims:
            held = value <= most if how == "at most" else value >= most
            asked = f"  {how} {most} {unit}: {verdict(held)}"
        print(f"  {name:20} {value:12.3f} {unit}{asked}")


def measure(world):
    text = world.cargo(["bench", "--quiet", "-p", "zwieback-trust", "--bench", "gate", "--", *SIZES])
    found = figures(text)
    if sorted(found) != sorted(int(size) for size in SIZES):
        sys.exit(f"the benchmark did not come to its end:\n{text}")
    for size, log in found.items():
        judge(size, log)
    memory = [found[size]["decision-memory"][0] for size in sorted(found)]
    held = memory[-1] - memory[0] <= FLAT
    print(f"\nmemory of a decision: {', '.join(f'{it:.0f} MB' for it in memory)}: flat is {verdict(held)}")
