"""The main job against the same two builds by hand."""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

from measure.world import ROUNDS, interleave, only, table


def measure(world):
    jobs = str(os.cpu_count())
    archive = only(f"{world.home}/.local/share/zwieback/store", "zlib-1", world)
    def by_hand():
        for _ in range(2):
            with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
                os.chmod(folder, 0o777)
                script = (f"tar -xf {archive} --strip-components=1 && ./configure --prefix=/usr && "
                          f"make -j{jobs} && make install DESTDIR={folder}/out")
                world.run(["sh", "-c", f"cd {folder} && {{ {script}; }}"], env={"PATH": "/usr/bin:/bin", "CFLAGS": "-O2"})
    def clock(what):
        began = time.perf_counter()
        what()
        return time.perf_counter() - began
    peaks = []
    def twice():
        process = world.start([world.binary, "build", "zlib", "--rebuild", "-j", jobs, "--no-progress"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            peak = max(peak, resident_peak(process.pid))
            time.sleep(0.01)
        peaks.append(peak)
        if process.returncode:
            sys.exit(f"zlib ended with {process.returncode}")
    times = interleave(max(ROUNDS // 2, 5), by_hand=lambda: clock(by_hand), zwieback=lambda: clock(twice))
    table("zlib built twice, ratio to the same by hand without a sandbox", times, "by_hand")
    print(f"  peak memory of the runner itself    {max(peaks) / 1024:9.1f} MB")
    again = [world.run([world.binary, "build", "zlib"])[0] for _ in range(20)]
    print(f"  answered from the store             min {min(again) * 1e3:9.2f} ms  median {statistics.median(again) * 1e3:.2f} ms")


def resident_peak(pid):
    try:
        with open(f"/proc/{pid}/status") as file:
            return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))
    except (OSError, AttributeError):
        return 0
