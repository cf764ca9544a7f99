"""Another machine, as far as one machine can be another: what surrounds zwieback itself differs."""

import os
import shutil
import subprocess

from measure.world import ORDINARY

SURROUNDINGS = {"TZ": "XXX-9", "LC_ALL": "et_EE.UTF-8", "LANGUAGE": "et:fr", "COLUMNS": "200", "USER": "somebody",
                "MAKEFLAGS": "-j7", "SOURCE_DATE_EPOCH": "1", "PATH": "/usr/local/bin:/usr/bin:/bin"}
AS_ROOT = "hostname elsewhere; exec setpriv --reuid {user} --regid {user} --clear-groups "
# Another number of the user, one CPU, an older kernel, no random addresses, another mask.
REST = "unshare --user --map-user=4242 --map-group=4242 taskset -c 0 setarch --uname-2.6 -R sh -c 'umask 077; exec \"$@\"' sh"


class Elsewhere:
    """A project at a longer path, below a repository, in another home."""

    def __init__(self, world):
        self.world = world
        top = f"{world.dir}/another/place/of-another-length"
        self.project, self.home = f"{top}/project", f"{top}/home"
        shutil.copytree(world.project, self.project)
        os.makedirs(self.home)
        subprocess.run(["git", "init", "--quiet", top], check=True)
        for folder, _, files in os.walk(self.project):
            for file in files:
                os.utime(f"{folder}/{file}", (1_000_000_000, 1_000_000_000))
        world.own()
        world.run([world.binary, "key", "generate"], env={"HOME": self.home, "PATH": "/usr/bin:/bin"})

    def twin(self, name):
        """What is said on the standard output: where the tree lies that was built, by its digest."""
        build = [self.world.binary, "build", name, "--rebuild", "--profile", "hermetic"]
        if os.getuid() == 0:
            script = AS_ROOT.format(user=ORDINARY) + REST + ' "$@"'
            command, user = ["unshare", "--uts", "sh", "-c", script, "sh", *build], {"user": 0, "group": 0}
        else:
            command, user = ["sh", "-c", f'exec {REST} "$@"', "sh", *build], {}
        store = f"{self.world.home}/.local/share/zwieback/store"
        environment = SURROUNDINGS | {"HOME": self.home, "ZWIEBACK_STORE": store}
        process = self.world.start(command, cwd=self.project, env=environment, **user)
        output, said = process.communicate()
        if process.returncode:
            print(f"{name} elsewhere: {said.decode()}")
        return output.decode().strip()
