"""How fast outputs are looked through for secrets, on one processor, over the files of a toolchain."""

import os
import re
import shutil
import statistics

from measure.world import CHECKOUT, ROUNDS

AIM = 500


def measure(world):
    said = world.cargo(["bench", "-p", "zwieback-core", "--bench", "secrets", "--no-run"])
    made = re.search(r"\(([^()]*secrets-[0-9a-f]+)\)", said).group(1)
    program = shutil.copy(os.path.join(CHECKOUT, made), f"{world.dir}/secrets")
    said = world.run([program, world.tree, str(max(ROUNDS, 5))])[2]
    speeds = [int(speed) for speed in re.findall(r"^(\d+) MB/s$", said, re.M)]
    speed = statistics.median(speeds)
    print(f"\nlooking through programs and texts for secrets: {speed:.0f} MB/s of one processor")
    print(f"  aim: at least {AIM} MB/s: {'reached' if speed >= AIM else 'NOT reached'}")
