# Tells what clock it sees, and how long its waits are, in the manner of clock.c.
import multiprocessing
import queue
import select
import subprocess
import threading
import time


def wait(name, asked, call):
    began = time.monotonic()
    call()
    print(f"wait-{name} {asked} {int((time.monotonic() - began) * 1000)}\n", end="", flush=True)


def taken(lock):
    lock.acquire()
    return lambda: lock.acquire(timeout=1)


def condition():
    with (it := threading.Condition()):
        it.wait(1)


def child():
    try:
        subprocess.run(["sleep", "9"], timeout=1)
    except subprocess.TimeoutExpired:
        pass


def empty():
    try:
        queue.Queue().get(timeout=1)
    except queue.Empty:
        pass


print("time", int(time.time()))
print("ns", time.time_ns() // 10**9)
print("child", int(subprocess.check_output(["date", "+%s"])), flush=True)
waits = [
    ("event", 500, lambda: threading.Event().wait(0.5)),
    # Of semaphores that processes share: their deadline is one of the wall clock.
    ("shared-event", 500, lambda: multiprocessing.Event().wait(0.5)),
    ("shared-lock", 1000, taken(multiprocessing.Lock())),
    ("lock", 1000, taken(threading.Lock())),
    ("condition", 1000, condition),
    ("queue", 1000, empty),
    ("child", 1000, child),
    ("sleep", 1000, lambda: time.sleep(1)),
    ("select", 1000, lambda: select.select([], [], [], 1)),
]
threads = [threading.Thread(target=wait, args=it) for it in waits]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
