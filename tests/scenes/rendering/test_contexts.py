"""Which processes and threads may render. Violations once hung or ended the process, hence the subprocesses."""

import subprocess
import sys
import threading

import pytest

from ctr_env.errors import UsageError
from ctr_env.scenes.rendering import contexts
from ctr_env.scenes.rendering.contexts import ContextOwner

SETUP = """
import os, signal, sys, threading
import ctr_env
from ctr_env.scenes.rendering import filament_context
from ctr_env.scenes.rendering.registry import make_renderer
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.scene import Scene

name = sys.argv[1]
filament_context._require_driver = lambda: None  # test_filament tries the driver, which takes a second
scene = Scene(SceneConfig("panda", 32, 24, clutter=0, occluders=0))

def make():
    return make_renderer(name, scene.model, scene.camera_id, 32, 24)

def attempt(call):
    try:
        call()
        return "worked"
    except Exception as error:
        return f"{type(error).__name__}: {error}"

def report(label, call):
    print(label, attempt(call), flush=True)

def in_thread(call):
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
"""

FORK = (
    SETUP
    + """
renderer = make()
renderer.rgb(scene.data)

def in_fork(label, call):
    child = os.fork()
    if child == 0:
        signal.alarm(15)  # ends a child that waits for ever
        report(label, call)
        os._exit(0)
    print(label, "status", os.waitpid(child, 0)[1], flush=True)

in_fork("inherited", lambda: renderer.rgb(scene.data))
in_fork("inherited-close", renderer.close)
in_fork("new", lambda: make().rgb(scene.data))
renderer.close()
in_fork("after-close", lambda: make().rgb(scene.data))
"""
)

THREADS = (
    SETUP
    + """
renderer = make()
renderer.rgb(scene.data)
in_thread(lambda: report("other", lambda: renderer.segmentation(scene.data)))
in_thread(lambda: report("other-close", renderer.close))
report("owner", lambda: renderer.rgb(scene.data))
made = []
def use():
    made.append(make())
    report("second", lambda: made[0].rgb(scene.data))
    make()  # never closed
in_thread(use)
report("ended", lambda: made[0].rgb(scene.data))
report("ended-close", made[0].close)
report("new", lambda: make().rgb(scene.data))
report("owner-close", renderer.close)
"""
)


def run(code, renderer):
    done = subprocess.run([sys.executable, "-P", "-c", code, renderer], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("renderer", ["classic", "filament"])
def test_forked_processes_get_an_error_that_names_the_start_methods(renderer):
    lines = run(FORK, renderer)
    assert [line.split()[0] for line in lines] == [
        label for name in ("inherited", "inherited-close", "new", "after-close") for label in (name, name)
    ]
    assert all(line.endswith("status 0") for line in lines[1::2])
    assert lines[2] == "inherited-close worked"  # which leaves the parent's context alone
    for line in (lines[0], lines[4], lines[6]):
        assert "UsageError: process" in line and 'context="forkserver" or "spawn"' in line


@pytest.mark.parametrize("renderer", ["classic", "filament"])
def test_a_renderer_works_in_its_own_thread_only(renderer):
    results = dict(line.split(maxsplit=1) for line in run(THREADS, renderer))
    for label in ("other", "other-close", "ended"):
        assert results[label].startswith("UsageError: a graphics context belongs to one thread"), results[label]
    for label in ("owner", "second", "ended-close", "new", "owner-close"):
        assert results[label] == "worked", label


def test_the_error_names_both_threads(monkeypatch):
    monkeypatch.setattr(contexts, "_first_process", None)
    owner, errors = ContextOwner(), []

    def require():
        try:
            owner.require()
        except UsageError as error:
            errors.append(str(error))

    thread = threading.Thread(target=require, name="viewer")
    thread.start()
    thread.join()
    owner.require()
    assert f"made in {threading.current_thread().name!r} and used in 'viewer'" in errors[0]


def test_a_process_that_has_not_rendered_may_fork(monkeypatch):
    """The first context counts, not the import of the package or the fork."""
    monkeypatch.setattr(contexts, "_first_process", None)
    ContextOwner().require()
    monkeypatch.setattr(contexts, "_first_process", -1)
    with pytest.raises(UsageError, match=r"was forked from process -1, which has made a graphics context"):
        ContextOwner()
