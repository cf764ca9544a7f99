"""Builds whose outcome is a coin: what is said to be confirmed must be behind it. COINS sets the builds of each kind."""

import json
import os

EACH = int(os.environ.get("COINS", "60"))
# What makes the coin, and the factors that may be confirmed as its cause.
KINDS = {
    "elapsed": ("python3 -I -c \"import time; print(time.monotonic_ns() // 1000 % 2)\" > $OUT/side", set()),
    "pid": ("sh -c 'echo $(($$ % 2))' > $OUT/side", {"pids"}),
    "race": ("for i in 1 2; do (: > /dev/null; echo writer $i >> $OUT/side) & done; wait", set()),
    "random": ("bash -c 'echo $((RANDOM % 2))' > $OUT/side", {"entropy", "clock", "pids"}),
    "minute": ("touch f; echo $(($(stat -c %Y f) / 60 % 2)) > $OUT/side", {"created-mtime", "clock"}),
}


def measure(world):
    wrong = 0
    print(f"\n{EACH} builds of each kind of coin: equal, unsteady, confirmed, open")
    for kind, (command, behind) in KINDS.items():
        world.recipe(f"coin-{kind}", command, toolchains='["base", "python"]')
        counts = dict.fromkeys(["equal", "unsteady", "confirmed", "open"], 0)
        for _ in range(EACH):
            finding = throw(world, f"coin-{kind}")
            how = word(finding)
            counts[how] += 1
            if how == "confirmed" and not set(finding["factors"]) <= behind:
                wrong += 1
                print(f"  {kind}: {finding['factors']}: {finding['confirmed']}")
        print(f"  {kind:10} " + "  ".join(f"{count:4}" for count in counts.values()))
    held = "reached" if not wrong else "NOT REACHED"
    print(f"  {held}: {wrong} of {EACH * len(KINDS)} name a confirmed factor that is not the cause")


def throw(world, recipe):
    """What the report says of the only output, or nothing if both runs were equal."""
    build = [world.binary, "-C", world.project, "--quiet", "build", recipe, "--rebuild"]
    if "not reproducible" not in world.run(build, codes=(0, 104))[2]:
        return None
    said = world.run([world.binary, "-C", world.project, "--quiet", "explain", recipe, "--format", "json"],
                     codes=(104,))[2]
    return json.loads(said)["findings"][0]


def word(finding):
    if finding is None:
        return "equal"
    return next((word for word in ["confirmed", "unsteady"] if finding.get(word)), "open")
