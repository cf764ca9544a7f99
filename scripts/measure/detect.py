"""What of the seeded defects is found, explained and mended; beside reprotest where that is installed.

ROUNDS (default 10) builds of each seed under each profile; PEER_ROUNDS (default ROUNDS) of reprotest,
which needs root: apt-get install reprotest disorderfs faketime sudo locales-all. SEEDS names single
seeds. PARTS names a folder where the row of each seed is kept when it is measured, and from where the rows
of the others are read: a long measurement can be made seed by seed. ZWIEBACK_BLESS=1 writes the table into
docs/nondeterminism.md.
"""

import json
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from detect import page
from detect.elsewhere import Elsewhere
from detect.reprotest import Reprotest
from detect.seeds import Baker, all_seeds, is_right

ROUNDS = int(os.environ.get("ROUNDS", "10"))
PEER_ROUNDS = int(os.environ.get("PEER_ROUNDS", str(ROUNDS)))
# A twin sleeps most of its three seconds; what the peer does is work from end to end.
AT_ONCE, PEERS_AT_ONCE = 8, 3


def measure(world):
    corpus = all_seeds()
    wanted = os.environ.get("SEEDS", "").split()
    seeds = [seed for seed in corpus if not wanted or seed.name in wanted]
    baker = Baker(world, seeds)
    rows = {seed.name: {"seed": seed} for seed in seeds}
    for profile in ("strict", "hermetic"):
        found = repeat(AT_ONCE, seeds, ROUNDS, lambda seed: baker.twin(seed.name, profile, "--no-confirm")[0])
        for name, count in found.items():
            rows[name][profile] = count
    explain(baker, rows)
    prove(baker, rows, Elsewhere(world))
    if Reprotest.is_here() and PEER_ROUNDS:
        peer = Reprotest(seeds)
        for name, count in repeat(PEERS_AT_ONCE, seeds, PEER_ROUNDS, lambda seed: peer.builds(seed.name)).items():
            rows[name]["peer"] = count
        race(baker, peer, rows)
        peer.close()
    else:
        print("skipped: reprotest is not installed, or this is not root")
    page.show(with_others(rows, corpus), ROUNDS, PEER_ROUNDS)


def with_others(rows, corpus):
    """These rows and those that were measured before with as many rounds, in the order of the corpus."""
    folder = os.environ.get("PARTS")
    if not folder:
        return list(rows.values())
    os.makedirs(folder, exist_ok=True)
    for name, row in rows.items():
        with open(f"{folder}/{name}.json", "w") as file:
            json.dump({key: value for key, value in row.items() if key != "seed"} | {"of": [ROUNDS, PEER_ROUNDS]}, file)
    found = []
    for seed in corpus:
        path = f"{folder}/{seed.name}.json"
        if os.path.exists(path):
            with open(path) as file:
                row = json.load(file)
            if row.pop("of") == [ROUNDS, PEER_ROUNDS]:
                found.append(row | {"seed": seed})
    return found


def repeat(at_once, seeds, rounds, builds):
    """How often the builds of each seed differed; nothing where they could not be made."""
    with ThreadPoolExecutor(at_once) as pool:
        # Round after round: a busy minute then slows every seed alike.
        tried = [(seed.name, pool.submit(builds, seed)) for _ in range(rounds) for seed in seeds]
        counts = {}
        for name, differs in tried:
            counts.setdefault(name, []).append(differs.result())
    return {name: None if None in said else sum(said) for name, said in counts.items()}


def explain(baker, rows):
    """One more build each, with every cause confirmed, and one with the advice applied."""
    def one(row):
        seed = row["seed"]
        if seed.expected["strict"] == "detected" and baker.twin(seed.name, "strict")[0]:
            row["cause"], row["advice"] = is_right(seed, baker.report(seed.name))
        if not seed.is_control:
            row["mended"] = not baker.twin(f"{seed.name}-mended", "strict", "--no-confirm")[0]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, rows.values()))


def prove(baker, rows, elsewhere):
    """What the sandbox fixes has the same bytes where everything around it differs."""
    fixed = [row for row in rows.values() if row["seed"].expected["hermetic"] == "fixed"]
    def one(row):
        name = row["seed"].name
        here = baker.twin(name, "hermetic")[1]
        row["same elsewhere"] = here != "" and here == elsewhere.twin(name)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, fixed))


def race(baker, peer, rows):
    """How long it takes to name the build path as the cause, side by side."""
    if "dwarf-path" not in rows:
        return
    def clock(what):
        began = time.perf_counter()
        what()
        return time.perf_counter() - began
    pairs = [(clock(lambda: baker.twin("dwarf-path", "strict")),
              clock(lambda: peer.builds("dwarf-path", "--auto-build"))) for _ in range(min(ROUNDS, 5))]
    ratio = statistics.median(own / other for own, other in pairs)
    own, other = (statistics.median(times) for times in zip(*pairs))
    print(f"\nbuild path named as the cause of dwarf-path: {own:.1f} s, reprotest --auto-build {other:.1f} s, "
          f"median ratio {ratio:.2f} (aim: at most 0.50)")
