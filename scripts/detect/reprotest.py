"""reprotest from Debian's packages, with all that it can vary on this machine.

Three things it asks of a machine are brought along, for its own processes alone: another user to
build as, a sudo that still takes the option it passes, and a /dev/fuse that this user may open.
"""

import os
import shutil
import subprocess
import tempfile

USER = "zwpeer"
SUDO = """#!/bin/sh
# Since CVE-2025-32462 sudo takes -h for listing privileges only; reprotest always passes it.
[ "$1" = -h ] && shift 2
exec /usr/bin/sudo "$@"
"""
START = """set -e
node=$(mktemp -d); mknod "$node/fuse" c 10 229; chmod 666 "$node/fuse"; mount --bind "$node/fuse" /dev/fuse; rm -r "$node"
export PATH="$0:$PATH"; exec reprotest "$@"
"""
VARY = f"--vary=+all,user_group.available+={USER}:{USER},domain_host.use_sudo=1"


class Reprotest:
    """A folder for its work and what it needs."""

    def __init__(self, seeds):
        self.dir = tempfile.mkdtemp(prefix="zwieback-peer-")
        os.chmod(self.dir, 0o755)
        with open(f"{self.dir}/sudo", "w") as file:
            file.write(SUDO)
        os.chmod(f"{self.dir}/sudo", 0o755)
        subprocess.run(["useradd", "--system", USER], stderr=subprocess.DEVNULL)
        for seed in seeds:
            folder = f"{self.dir}/{seed.name}"
            os.mkdir(folder)
            with open(f"{folder}/build.sh", "w") as file:
                file.write(seed.script())
            if os.path.isdir(f"{seed.folder}/src"):
                shutil.copytree(f"{seed.folder}/src", f"{folder}/src")

    @staticmethod
    def is_here():
        return os.getuid() == 0 and all(shutil.which(it) for it in ("reprotest", "sudo", "disorderfs", "faketime"))

    def builds(self, name, *options):
        """Whether two builds differ; nothing if they could not be made."""
        command = ["unshare", "--mount", "sh", "-c", START, self.dir, "--no-diffoscope", VARY, *options,
                   "-c", "sh build.sh", f"{self.dir}/{name}", "out/*"]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}
        ended = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if "WARNING:reprotest" not in ended.stderr or "Traceback" in ended.stderr:
            return None
        return ended.returncode == 1

    def close(self):
        shutil.rmtree(self.dir)
        subprocess.run(["userdel", USER], stderr=subprocess.DEVNULL)
