"""Secrets: how fast outputs are looked through, and what is found beside two scanners in use."""

import os
import random
import re
import shutil
import statistics
import subprocess

from measure.world import CHECKOUT, ROUNDS
from planted import ours

AIM = 500
SEED = 20


def measure(world):
    speed(world)
    recall(world)


def speed(world):
    said = world.cargo(["bench", "-p", "zwieback-model", "--bench", "secrets", "--no-run"])
    made = re.search(r"\(([^()]*secrets-[0-9a-f]+)\)", said).group(1)
    program = shutil.copy(os.path.join(CHECKOUT, made), f"{world.dir}/secrets")
    said = world.run([program, world.tree, str(max(ROUNDS, 5))])[2]
    speeds = [int(speed) for speed in re.findall(r"^(\d+) MB/s$", said, re.M)]
    speed = statistics.median(speeds)
    print(f"\nlooking through programs and texts for secrets: {speed:.0f} MB/s of one processor")
    print(f"  aim: at least {AIM} MB/s: {'reached' if speed >= AIM else 'NOT reached'}")


def recall(world):
    """Each file is a folder of its own. The scanners read it; zwieback builds recipes that install ten of them."""
    planted, harmless = corpus(world)
    told = builds(world, planted | harmless)
    scanners = {"zwieback": lambda name: name in told, "gitleaks": gitleaks(world), "trufflehog": trufflehog(world)}
    print(f"\n{len(planted)} secrets and {len(harmless)} look-alikes")
    print(f"{'':14}{'found':>10}{'false alarms':>16}")
    found = {}
    for scanner, finds in scanners.items():
        hits = {name for name in planted if finds(name)}
        alarms = {name for name in harmless if finds(name)}
        found[scanner] = len(hits)
        print(f"{scanner:14}{len(hits):>6}/{len(planted)}{len(alarms):>13}/{len(harmless)}")
        if scanner == "zwieback":
            print(*(f"  missed: {name}" for name in sorted(set(planted) - hits)), sep="\n")
            print(*(f"  false alarm: {name}" for name in sorted(alarms)), sep="\n")
    best = max(found["gitleaks"], found["trufflehog"])
    print(f"  aim: at least as many as either: {'reached' if found['zwieback'] >= best else 'NOT reached'}")


def corpus(world):
    """Ours is made anew from a seed: nothing of it stands in a file of the checkout. Who knows the rules knows what
    they find; so SECRETS_CORPUS names a folder of somebody else's, planted/KIND/FILE and lookalike/KIND/FILE."""
    chance = random.Random(int(os.environ.get("SEED", SEED)))
    planted = {f"ours-{kind}": (file, text) for kind, file, text, _secret in ours.planted(chance)}
    harmless = {f"ours-alike-{kind}": (file, text) for kind, file, text in ours.harmless(chance)}
    if others := os.environ.get("SECRETS_CORPUS"):
        planted |= given(f"{others}/planted", "theirs")
        harmless |= given(f"{others}/lookalike", "theirs-alike")
    for name, (file, text) in (planted | harmless).items():
        os.makedirs(f"{world.dir}/corpus/{name}")
        with open(f"{world.dir}/corpus/{name}/{file}", "wb") as made:
            made.write(text if isinstance(text, bytes) else text.encode())
    return planted, harmless


def given(folder, prefix):
    found = {}
    for kind in os.listdir(folder):
        for file in os.listdir(f"{folder}/{kind}"):
            with open(f"{folder}/{kind}/{file}", "rb") as opened:
                found[f"{prefix}-{kind}"] = (file, opened.read())
    return found


def builds(world, names):
    """Those of which a build says that they hold a secret."""
    names, told = sorted(names), set()
    recipes = {f"part{at}": names[at : at + 5] for at in range(0, len(names), 5)}
    for recipe, part in recipes.items():
        folder = f"{world.project}/recipes/{recipe}"
        for name in part:
            shutil.copytree(f"{world.dir}/corpus/{name}", f"{folder}/given/{name}")
        with open(f"{folder}/recipe.toml", "w") as file:
            file.write(f'[recipe]\nname = "{recipe}"\nversion = "1"\ntoolchains = ["c"]\n\n'
                       f'[sources.given]\npath = "recipes/{recipe}/given"\n\n'
                       '[[steps]]\nname = "install"\nrun = "cp -r given/. $OUT"\n')
    world.own()
    world.run([world.binary, "lock", *recipes])
    for recipe, part in recipes.items():
        said = world.run([world.binary, "build", recipe], codes=(0, 103))[2]
        if re.search(r"and \d+ more", said):
            raise SystemExit(f"not all of {recipe} is shown: {said}")
        told |= {name for name in part if re.search(rf"^ +{re.escape(name)}/", said, re.M)}
    return told


def gitleaks(world):
    program = obtain(world, "gitleaks")
    report = f"{world.dir}/leaks.json"

    def finds(name):
        asked = [program, "dir", f"{world.dir}/corpus/{name}", "--no-banner", "--exit-code", "9", "--report-path", report]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 9

    return finds


def trufflehog(world):
    program = obtain(world, "trufflehog")

    def finds(name):
        asked = [program, "filesystem", f"{world.dir}/corpus/{name}", "--no-verification", "--no-update", "--json"]
        return b'"DetectorName"' in subprocess.run(asked, capture_output=True, check=False).stdout

    return finds


def obtain(world, package):
    """From Debian's newer suites, into a folder of this run, or of INTEROP_DIR for the next time."""
    place = os.environ.get("INTEROP_DIR", f"{world.dir}/tools")
    script = f'. "{CHECKOUT}/scripts/foreign/obtain.sh" && obtain_debian {package} >&2'
    subprocess.run(["bash", "-euc", script], env=os.environ | {"INTEROP_DIR": place}, check=True)
    return f"{place}/{package}/usr/bin/{package}"
