"""A home with a project and a filled store, and how two sides are compared."""

import contextlib
import copy
import fcntl
import glob
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROUNDS = int(os.environ.get("ROUNDS", "15"))
ORDINARY = 64998


class World:
    """A home with a project and a filled store, all of an ordinary user's."""

    def __init__(self):
        self.user = {"user": ORDINARY, "group": ORDINARY, "extra_groups": []} if os.getuid() == 0 else {}
        self.binary = self.compile()
        self.dir = tempfile.mkdtemp(prefix="zwieback-bench-")
        os.chmod(self.dir, 0o755)
        self.home = f"{self.dir}/home"
        self.project = f"{self.dir}/project"
        os.mkdir(self.home)
        for part in ["recipes", "toolchains"]:
            shutil.copytree(f"{CHECKOUT}/{part}", f"{self.project}/{part}")
        self.binary = shutil.copy(self.binary, f"{self.dir}/zwieback")
        self.own()
        for recipe in ["zlib", "lua"]:
            self.run([self.binary, "fetch", recipe])
        self.run([self.binary, "shell", "--", "/usr/bin/true"])
        trees = glob.glob(f"{self.home}/.local/share/zwieback/store/*/*/usr/bin/gcc")
        self.tree = trees[0].removesuffix("/usr/bin/gcc")

    def compile(self):
        """The program as it is in the checkout, or the one that BENCH_BINARY names."""
        if given := os.environ.get("BENCH_BINARY"):
            return given
        self.cargo(["build", "--profile", "dist", "--bin", "zwieback"])
        found = glob.glob(f"{CHECKOUT}/target/*/dist/zwieback") + glob.glob(f"{CHECKOUT}/target/dist/zwieback")
        return max(found, key=os.path.getmtime)

    def cargo(self, arguments):
        made = subprocess.run(["cargo", *arguments], cwd=CHECKOUT, capture_output=True, text=True)
        if made.returncode:
            sys.exit(made.stderr)
        return made.stdout + made.stderr

    def own(self):
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", f"{ORDINARY}:{ORDINARY}", self.dir], check=True)

    def start(self, command, **options):
        """Starts a command as the ordinary user; nothing of the caller's environment comes along."""
        settings = {"cwd": self.project, "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                    "stderr": subprocess.PIPE, "env": {"HOME": self.home, "PATH": "/usr/bin:/bin", "LC_ALL": "C"}}
        return subprocess.Popen(command, **(settings | self.user | options))

    def run(self, command, codes=(0,), **options):
        """Wall-clock seconds, processor seconds of it and all its children, and its output."""
        began = time.perf_counter()
        process = self.start(command, **options)
        output = both(process.stdout, process.stderr)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        text = output.decode(errors="replace")
        if process.returncode not in codes:
            sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{text}")
        return wall, usage.ru_utime + usage.ru_stime, text

    @contextlib.contextmanager
    def alone(self):
        """Holds the files that BENCH_LOCKS names, while something is timed: whoever shares the machine and
        locks them, too, waits meanwhile."""
        with contextlib.ExitStack() as held:
            for path in filter(None, os.environ.get("BENCH_LOCKS", "").split(":")):
                file = held.enter_context(open(path, "a"))
                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def as_root(self):
        """The same project and program with a home and a store of root's."""
        other = copy.copy(self)
        other.user = {}
        other.home = f"{self.dir}/root"
        os.mkdir(other.home)
        other.run([self.binary, "shell", "--", "/usr/bin/true"])
        other.tree = glob.glob(f"{other.home}/.local/share/zwieback/store/*/*/usr/bin/gcc")[0].removesuffix("/usr/bin/gcc")
        return other

    def recipe(self, name, script, limits="", toolchains='["c"]'):
        folder = f"{self.project}/recipes/{name}"
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/recipe.toml", "w") as file:
            file.write(f'[recipe]\nname = "{name}"\nversion = "1"\ntoolchains = {toolchains}\n\n[[steps]]\n'
                       f"name = \"take\"\nrun = '''\n{script}\n'''\n\n[limits]\n{limits}\n")
        self.own()

    def close(self):
        subprocess.run(["chmod", "-R", "u+rwX", self.dir])
        shutil.rmtree(self.dir)


def both(first, second):
    """What two pipes say. Neither may fill up while the other is read."""
    said = {}
    reader = threading.Thread(target=lambda: said.update(second=second.read()))
    reader.start()
    said["first"] = first.read()
    reader.join()
    return said["first"] + said["second"]


def interleave(rounds, **sides):
    """Times of each side; a round runs one of each."""
    times = {name: [] for name in sides}
    for number in range(rounds):
        # Each side is first in turn.
        names = list(sides)
        for name in names[number % len(names):] + names[:number % len(names)]:
            times[name].append(sides[name]())
    return times


def table(title, times, peer):
    print(f"\n{title}")
    for name, list_ in times.items():
        pairs = statistics.median(own / other for own, other in zip(list_, times[peer]))
        least = min(list_) / min(times[peer])
        print(f"  {name:34} min {min(list_) * 1e3:9.2f} ms  median {statistics.median(list_) * 1e3:9.2f} ms"
              f"  ratio {pairs:5.2f} (of the least {least:.2f})")


def only(store, pattern, world):
    """A source archive, unpacked from the store by its lock's digest."""
    name = pattern.split("-")[0]
    with open(f"{world.project}/recipes/{name}/zwieback.lock") as file:
        lock = file.read()
    blake3 = re.search(r'^blake3 = "([0-9a-f]+)"', lock, re.M).group(1)
    found = [path for path in glob.glob(f"{store}/blobs/**/*", recursive=True)
             if os.path.isfile(path) and path.replace("/", "").endswith(blake3)]
    copy = shutil.copy(found[0], f"{world.dir}/{name}.archive")
    os.chmod(copy, 0o644)
    return copy
