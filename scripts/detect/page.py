"""The table of the seeds: on the screen, and in docs/nondeterminism.md."""

import os
import re

from measure.world import CHECKOUT

PAGE = f"{CHECKOUT}/docs/nondeterminism.md"
BEGIN, END = "<!-- written by scripts/bench detect -->\n", "<!-- end of what was written -->\n"


def show(rows, rounds, peer_rounds):
    rows = list(rows)
    text = table(rows, rounds, peer_rounds) + "\n" + verdicts(rows, rounds)
    print("\n" + text)
    if os.environ.get("ZWIEBACK_BLESS"):
        with open(PAGE) as file:
            page = file.read()
        with open(PAGE, "w") as file:
            file.write(re.sub(f"(?s){BEGIN}.*{END}", lambda _: BEGIN + text + END, page))


def table(rows, rounds, peer_rounds):
    lines = [f"| seed | factor | strict, of {rounds} | cause and place | advice | mended | hermetic, of {rounds} "
             f"| reprotest, of {peer_rounds} |", "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        seed = row["seed"]
        cells = [seed.name, seed.factor or "none", count(row.get("strict")), word(row.get("cause")),
                 word(row.get("advice")), word(row.get("mended")), hermetic(row), count(row.get("peer"))]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def count(number):
    return "–" if number is None else str(number)


def word(holds):
    return {None: "–", True: "right", False: "wrong"}[holds]


def hermetic(row):
    if "same elsewhere" in row:
        return f"{row['hermetic']}, fixed" if row["same elsewhere"] else f"{row['hermetic']}, not the same elsewhere"
    return count(row["hermetic"])


def verdicts(rows, rounds):
    """Each aim and whether it was reached."""
    defects = [row for row in rows if row["seed"].expected["strict"] == "detected"]
    controls = [row for row in rows if row["seed"].is_control]
    others = [row["seed"] for row in rows if row["seed"].expected["strict"] == "uncontrolled"]
    always = sum(row["strict"] == rounds for row in defects)
    quiet = sum(row["strict"] == row["hermetic"] == 0 for row in controls)
    either = sum(row["hermetic"] == rounds or row.get("same elsewhere", False) and row["hermetic"] == 0 for row in defects)
    cause = sum(bool(row.get("cause")) for row in defects)
    hint = sum(bool(row.get("advice") and row.get("mended")) for row in defects)
    peer = [row for row in defects if row.get("peer") is not None]
    lines = [f"- strict: {always} of {len(defects)} defects were found every time (aim: all)",
             f"- {quiet} of {len(controls)} controls were quiet every time under both profiles (aim: all)",
             f"- hermetic: {either} of {len(defects)} were found every time, or are fixed and the same elsewhere (aim: all)",
             f"- cause, factor and place were right for {cause} of {len(defects)} (aim: 9 in 10)",
             f"- the advice, applied, made {hint} of {len(defects)} reproducible (aim: 8 in 10)"]
    if peer:
        found = sum(row["peer"] > 0 for row in peer)
        lines.append(f"- reprotest found {found} of {len(peer)} at least once; it names no cause")
    lines += [f"- {seed.name} is not among them: {seed.expected['why']}" for seed in others]
    return "\n".join(lines) + "\n"
