"""Processes that draw start wherever they are needed, also in worker processes."""

import importlib
import multiprocessing

import pytest

from ctr_env.runs.engines.local import LocalEngine
from ctr_env.runs.start_method import graphics_start_method

JOBS = """
import multiprocessing

from ctr_env.runs.start_method import graphics_start_method


def answer(connection):
    connection.send("here")


def ask(job):
    context = multiprocessing.get_context(graphics_start_method())
    ours, theirs = context.Pipe()
    process = context.Process(target=answer, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        return ours.recv()
    finally:
        process.join()
"""


def test_worker_processes_can_start_processes(tmp_path, monkeypatch):
    """Those of joblib call their start method loky, which a new process does not know."""
    (tmp_path / "jobs_that_start_processes.py").write_text(JOBS)
    monkeypatch.syspath_prepend(tmp_path)
    ask = importlib.import_module("jobs_that_start_processes").ask
    assert [each.result for each in LocalEngine(2).run(ask, [0, 1])] == ["here"] * 2


@pytest.mark.parametrize("default", [None, *multiprocessing.get_all_start_methods()])
def test_a_default_that_others_know_is_left_alone(monkeypatch, default):
    monkeypatch.setattr(multiprocessing, "get_start_method", lambda allow_none=False: default)
    monkeypatch.setattr(multiprocessing, "set_start_method", lambda *_, **__: pytest.fail("changed"))
    assert graphics_start_method() in ("forkserver", "spawn")
