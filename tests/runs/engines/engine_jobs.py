"""Functions that the tests run on engines; worker processes import this module by its name."""

import os
import signal
import time

from ctr_env.runs.engines.worker import THREADS

kept = []  # what a worker process keeps between jobs


def square(x):
    kept.append(x)
    return x * x, os.getpid(), list(kept)


def fail(x):
    raise ValueError(f"bad {x}")


def die_once(job):
    """Kill the process of job 2 at its first begin, and record every begin."""
    folder, x = job
    with (folder / f"{x}").open("a") as file:
        file.write("begun\n")
    if x == 2 and (folder / "2").read_text().count("begun") == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def die(x):
    if x == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.02)
    return x


def threads(x):
    return {name: os.environ.get(name) for name in THREADS}


def sleep(seconds):
    time.sleep(seconds)
    return os.getpid()
