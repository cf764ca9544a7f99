"""Artifacts verified: against three other verifiers, openssl's digest, and a thousand bundles at once."""

import glob
import os
import shutil
import statistics
import subprocess

from measure.world import CHECKOUT, ROUNDS, interleave, table

BUILDER = "https://zwieback.example/builder/sandbox/v1"
POLICY = """version = 1
expires = "2099-01-01T00:00:00Z"

[require]
level = 1
builders = 1
profile = "hermetic"
sources = ["pkg:deb/debian/*", "toolchain:c"]

[require.locks]
network-namespace = ["enforced"]
"""
# The same, and a module, for which an engine is started.
REGO = POLICY + """
[require.rego]
no-perl = '''
package zwieback
deny contains msg if {
  some used in input.builds[_].predicate.buildDefinition.resolvedDependencies
  startswith(used.uri, "pkg:cpan/")
  msg := sprintf("%s comes from CPAN", [used.uri])
}
'''
"""
# What a user of the library writes: the envelope's signature, and the artifact's digest.
SECURESYSTEMSLIB = """
import hashlib, json, sys
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
bundle, pem, artifact = sys.argv[1:]
bundle = json.load(open(bundle))
hint = bundle["verificationMaterial"]["publicKey"]["hint"]
key = SSlibKey.from_crypto(load_pem_public_key(open(pem, "rb").read()), keyid=hint)
envelope = Envelope.from_dict(bundle["dsseEnvelope"])
assert list(envelope.verify([key], 1)) == [hint]
digest = hashlib.sha256(open(artifact, "rb").read()).hexdigest()
assert digest in [subject["digest"]["sha256"] for subject in json.loads(envelope.payload)["subject"]]
"""
MANY = 1000


def measure(world):
    place = evidence(world)
    beside_others(world, place)
    files(world, place)
    hashing(world, place)
    many(world, place)


def evidence(world):
    """zlib's export, the builder's key, a trust root and a policy, in one folder."""
    export = f"{world.home}/export"
    world.run([world.binary, "build", "zlib", "--export", export])
    os.rename(glob.glob(f"{export}/*.sigstore.json")[0], f"{export}/zlib.sigstore.json")
    key = world.run([world.binary, "--quiet", "key", "show"])[2]
    for name, content in [("key.pem", key), ("policy.toml", POLICY), ("rego.toml", REGO)]:
        with open(f"{world.home}/{name}", "w") as file:
            file.write(content)
        os.chmod(f"{world.home}/{name}", 0o644)
    world.run([world.binary, "key", "trust", f"{world.home}/key.pem", "--root", f"{world.home}/root.json",
               "--builder", BUILDER, "--operator", "bench"])
    for name in ["policy", "rego"]:
        world.run([world.binary, "policy", "sign", f"{world.home}/{name}.toml", "-o", f"{world.home}/{name}.json"])
    return export


def trusted(world, policy="policy.json"):
    return ["--trust", f"{world.home}/root.json", "--policy", f"{world.home}/{policy}"]


def beside_others(world, place):
    tools = os.environ.get("INTEROP_DIR") or f"{world.dir}/interop"
    bundle, key, artifact = f"{place}/zlib.sigstore.json", f"{world.home}/key.pem", f"{place}/usr/include/zlib.h"
    # Installs them, and makes sure that they accept the bundle. The system's own programs first: an
    # ordinary user may not be able to run those of whoever measures.
    path = f"/usr/bin:/bin:{os.environ['PATH']}"
    subprocess.run([f"{CHECKOUT}/scripts/interop", bundle, key, artifact], check=True, capture_output=True,
                   env=os.environ | {"INTEROP_DIR": tools, "PATH": path})
    subprocess.run(["chmod", "-R", "a+rX", tools], check=True)
    script = shutil.copy(f"{CHECKOUT}/scripts/foreign/bundle.cjs", f"{world.dir}/bundle.cjs")
    environment = {"NODE_PATH": f"{tools}/node_modules", "PATH": "/usr/bin:/bin", "HOME": world.home}
    python = [f"{tools}/venv/bin/python", "-c", SECURESYSTEMSLIB, bundle, key, artifact]
    cosign = [f"{tools}/cosign/usr/bin/cosign", "verify-blob-attestation", "--key", key, "--bundle", bundle,
              "--type", "slsaprovenance1", "--insecure-ignore-tlog=true", artifact]
    ours = [world.binary, "verify", artifact, "--bundle", bundle]
    # One version of a policy is one text: who has met the other text is another reader.
    another = {"XDG_STATE_HOME": f"{world.home}/another", "PATH": "/usr/bin:/bin", "HOME": world.home}
    times = interleave(
        ROUNDS,
        zwieback=lambda: world.run(ours + trusted(world))[0],
        rego=lambda: world.run(ours + trusted(world, "rego.json"), env=another)[0],
        sigstore=lambda: world.run(["node", script, bundle, key], env=environment)[0],
        securesystemslib=lambda: world.run(python)[0],
        cosign=lambda: world.run(cosign)[0],
        nothing=lambda: world.run(["/usr/bin/true"])[0],
    )
    table("a small artifact, whole process, with trust root and policy; they by a key alone", times, "zwieback")
    verdict("at most 4 ms", statistics.median(times["zwieback"]) * 1e3, 4, "ms")
    for other in ["sigstore", "securesystemslib", "cosign"]:
        faster = statistics.median(theirs / own for own, theirs in zip(times["zwieback"], times[other]))
        verdict(f"at least 10 x faster than {other}", -faster, -10, "x")


def files(world, place):
    names = [os.path.relpath(path, place) for path in glob.glob(f"{place}/usr/**/*", recursive=True)
             if os.path.isfile(path) and not os.path.islink(path)]
    ours = [world.binary, "verify", *names, "--bundle", "zlib.sigstore.json", "--key", f"{world.home}/key.pem"]
    # openssl sees no statement and no subjects: only a signature over these bytes, and digests.
    run = lambda line: world.run(["sh", "-c", line], cwd=place)
    k, p, s = [f"{world.home}/openssl.{part}" for part in ["key", "pub", "sig"]]
    run(f"openssl ecparam -name prime256v1 -genkey -noout -out {k} && openssl ec -in {k} -pubout -out {p} && "
        f"openssl dgst -sha256 -sign {k} -out {s} zlib.sigstore.json")
    theirs = f"openssl dgst -sha256 -verify {p} -signature {s} zlib.sigstore.json && sha256sum {' '.join(names)}"
    times = interleave(ROUNDS, openssl=lambda: run(theirs)[0], zwieback=lambda: world.run(ours, cwd=place)[0])
    table("zlib's bundle and files, ratio to openssl and sha256sum", times, "openssl")


def hashing(world, place):
    big = f"{world.home}/gigabyte"
    with open(big, "wb") as file:
        for _ in range(1024):
            file.write(os.urandom(1 << 20))
    os.chmod(big, 0o644)
    # No subject has these bytes, which is known once all of them are read: exit 4.
    ours = [world.binary, "verify", big, "--bundle", f"{place}/zlib.sigstore.json", *trusted(world)]
    times = interleave(
        max(ROUNDS // 3, 3),
        openssl=lambda: world.run(["openssl", "dgst", "-sha256", big])[0],
        zwieback=lambda: world.run(ours, codes=[4])[0],
    )
    os.remove(big)
    table("1 GiB, ratio to openssl dgst -sha256", times, "openssl")
    throughput = statistics.median(theirs / own for own, theirs in zip(times["zwieback"], times["openssl"]))
    verdict("throughput at least 0.95 x openssl's", -throughput, -0.95, "x")


def many(world, place):
    folder = f"{world.home}/many"
    os.mkdir(folder)
    arguments = []
    for number in range(MANY):
        shutil.copy(f"{place}/zlib.sigstore.json", f"{folder}/{number}.json")
        arguments += ["--bundle", f"{folder}/{number}.json"]
    ours = [world.binary, "verify", f"{place}/usr/include/zlib.h", *arguments, *trusted(world)]
    size = os.path.getsize(f"{place}/zlib.sigstore.json")
    times = interleave(max(ROUNDS // 3, 3), zwieback=lambda: world.run(ours)[0])
    table(f"{MANY} bundles of {size >> 10} KiB, each verified, and the policy over all", times, "zwieback")
    verdict("at most 0.5 s", statistics.median(times["zwieback"]), 0.5, "s")


def verdict(aim, value, most, unit):
    """An aim that asks for at least so much comes with both sides negated."""
    print(f"  {'reached' if value <= most else 'NOT REACHED':12} {aim}: {abs(value):.2f} {unit}")
