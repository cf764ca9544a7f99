"""The seeds of tests/nondeterminism, and how zwieback builds them."""

import json
import os
import shutil
import tomllib

from measure.world import CHECKOUT

DIFFERS = 104
TOOLS = [["seeds"], ["seeds", "java"], ["seeds", "node"], ["seeds", "rust"]]


class Seed:
    """A recipe with one defect, or with none, and what must be said of it."""

    def __init__(self, name):
        self.name = name
        self.folder = f"{CHECKOUT}/tests/nondeterminism/{name}"
        with open(f"{self.folder}/recipe.toml") as file:
            self.text = file.read()
        with open(f"{self.folder}/expected.toml", "rb") as file:
            self.expected = tomllib.load(file)
        self.recipe = tomllib.loads(self.text)

    @property
    def is_control(self):
        return self.expected["strict"] == "quiet"

    @property
    def factor(self):
        return self.expected.get("finding", {}).get("factor", "")

    def mended(self):
        """The recipe with the advice applied."""
        text = self.text.replace(f'name = "{self.name}"', f'name = "{self.name}-mended"', 1)
        for old, new in self.expected["fix"]["replace"].items():
            if old not in text:
                raise ValueError(f"{self.name}: no {old!r}")
            text = text.replace(old, new)
        return text

    def script(self):
        """The steps as one script, for who builds without a sandbox."""
        steps = "\n".join(f"(\n{step['run']}\n)" for step in self.recipe["steps"])
        return (f"set -eu\nexport OUT=$PWD/out SOURCE_DATE_EPOCH=315532800 COLUMNS=${{COLUMNS-80}} "
                f"JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64\nmkdir $OUT\n{steps}\n")


def all_seeds():
    corpus = f"{CHECKOUT}/tests/nondeterminism"
    return [Seed(name) for name in sorted(os.listdir(corpus)) if os.path.isdir(f"{corpus}/{name}")]


class Baker:
    """A project that holds the seeds, each once as it is and once mended."""

    def __init__(self, world, seeds):
        self.world = world
        shutil.copytree(f"{CHECKOUT}/tests/fixtures/toolchains/seeds", f"{world.project}/toolchains/seeds")
        for seed in seeds:
            self.plant(seed.name, seed.text, seed)
            if not seed.is_control:
                self.plant(f"{seed.name}-mended", seed.mended(), seed)
        world.own()
        for tools in TOOLS:
            named = [word for tool in tools for word in ("-t", tool)]
            world.run([world.binary, "shell", *named, "--", "/usr/bin/true"])
        # Eight first builds at once would each make the key.
        world.run([world.binary, "key", "generate"])
        for seed in seeds:
            if "sources" in seed.recipe:
                world.run([world.binary, "lock", seed.name, f"{seed.name}-mended"])

    def plant(self, name, text, seed):
        folder = f"{self.world.project}/recipes/{name}"
        os.makedirs(folder)
        with open(f"{folder}/recipe.toml", "w") as file:
            file.write(text)
        if os.path.isdir(f"{seed.folder}/src") and name == seed.name:
            shutil.copytree(f"{seed.folder}/src", f"{folder}/src")

    def twin(self, name, profile, *options):
        """Whether two runs differ, and what is said on the standard output: where the tree lies, by its digest."""
        command = [self.world.binary, "build", name, "--rebuild", "--profile", profile, *options]
        process = self.world.start(command)
        output, said = process.communicate()
        if process.returncode not in (0, DIFFERS):
            raise RuntimeError(f"{name}: {said.decode()}")
        return process.returncode == DIFFERS, output.decode().strip()

    def report(self, name):
        """What is said of the newest run."""
        process = self.world.start([self.world.binary, "explain", name, "--format", "json"])
        return json.loads(process.communicate()[0])


def is_right(seed, report):
    """Whether cause, factor and place are told, and the cause first."""
    wanted = seed.expected["finding"]
    def fits(found):
        place = "!".join([found["path"], *found["members"]])
        return (found["cause"] == wanted["cause"] and wanted["factor"] in found["factors"]
                and place.startswith(wanted["place"]) and wanted.get("detail", "") in found["detail"])
    hint = seed.expected["fix"]["hint"]
    fitting = [found for found in report["findings"] if fits(found)]
    return bool(fitting), any(hint in (found["fix"] or "") for found in fitting)
