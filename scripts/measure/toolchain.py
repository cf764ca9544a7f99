"""From fetched packages to a ready toolchain."""

import glob
import os
import re
import shutil


def measure(world):
    """The library's own measurement, on the packages that the lock names."""
    store = f"{world.home}/.local/share/zwieback/store"
    with open(f"{world.project}/toolchains/c/zwieback.lock") as file:
        lock = file.read()
    names = dict(re.findall(r'file = "([^"]+)"\nsha256 = "[0-9a-f]+"\nblake3 = "([0-9a-f]+)"', lock))
    blobs = {path.replace("/", "")[-64:]: path for path in glob.glob(f"{store}/blobs/**/*", recursive=True)
             if os.path.isfile(path)}
    debs = f"{world.dir}/debs"
    os.mkdir(debs)
    for name, blake3 in names.items():
        shutil.copy(blobs[blake3], f"{debs}/{name}")
    print("\ntoolchain c from fetched packages")
    said = world.cargo(["bench", "-q", "-p", "zwieback-host", "--bench", "store", "--", *glob.glob(f"{debs}/*.deb")])
    print("\n".join(f"  {line}" for line in said.splitlines() if line.strip()))
