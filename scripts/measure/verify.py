"""A bundle and its files verified."""

import glob
import os

from measure.world import ROUNDS, interleave, table


def measure(world):
    export = f"{world.dir}/home/export"
    world.run([world.binary, "build", "zlib", "--export", export])
    bundle = glob.glob(f"{export}/*.sigstore.json")[0]
    names = sorted(os.path.relpath(path, export) for path in glob.glob(f"{export}/**/*", recursive=True)
                   if os.path.isfile(path) and not os.path.islink(path)
                   and not path.endswith((".json", "SHA256SUMS")))
    with open(f"{world.dir}/key.pem", "w") as file:
        file.write(world.run([world.binary, "key", "show"])[2])
    os.chmod(f"{world.dir}/key.pem", 0o644)
    ours = [world.binary, "verify", *names, "--bundle", bundle, "--key", f"{world.dir}/key.pem"]
    # Openssl sees no statement and no subjects: only a signature over these bytes, and digests.
    run = lambda line: world.run(["sh", "-c", line], cwd=export)
    run(f"openssl ecparam -name prime256v1 -genkey -noout -out {world.home}/k && "
        f"openssl ec -in {world.home}/k -pubout -out {world.home}/p && "
        f"openssl dgst -sha256 -sign {world.home}/k -out {world.home}/s {bundle}")
    theirs = f"openssl dgst -sha256 -verify {world.home}/p -signature {world.home}/s {bundle} && sha256sum {' '.join(names)}"
    times = interleave(ROUNDS, openssl=lambda: run(theirs)[0], zwieback=lambda: world.run(ours, cwd=export)[0])
    table("zlib's bundle and files verified, ratio to openssl and sha256sum", times, "openssl")
