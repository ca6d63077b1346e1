"""All engines keep one contract."""

import os
import time
from importlib import import_module
from pathlib import Path

import pytest

from ctr_env.errors import ConfigurationError
from ctr_env.runs.engines.choice import make_engine
from ctr_env.runs.engines.local import LocalEngine
from ctr_env.runs.engines.worker import THREADS


@pytest.fixture
def jobs(monkeypatch):
    """The module of functions, found by its name in every process."""
    folder = str(Path(__file__).parent)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")]))
    return import_module("engine_jobs")


def engines(tmp_path):
    pytest.importorskip("ray")
    pytest.importorskip("submitit")
    yield make_engine("local", 2)
    yield make_engine("ray", 2)
    yield make_engine("slurm", 2, folder=tmp_path / "slurm", parameters={"cluster": "local"})


def test_one_worker_is_this_process_in_order(jobs):
    ended = list(LocalEngine(1).run(jobs.square, [3, 1, 2]))
    assert [each.index for each in ended] == [0, 1, 2]
    assert [each.result[0] for each in ended] == [9, 1, 4]
    assert {each.result[1] for each in ended} == {os.getpid()}
    jobs.kept.clear()


def test_several_workers_are_processes_that_keep_their_state(jobs):
    ended = list(LocalEngine(2).run(jobs.square, list(range(8))))
    assert sorted(each.index for each in ended) == list(range(8))
    assert all(each.result[0] == each.index**2 for each in ended)
    pids = {each.result[1] for each in ended}
    assert len(pids) == 2 and os.getpid() not in pids
    assert max(len(each.result[2]) for each in ended) > 1


def test_every_worker_computes_on_one_thread_and_this_process_only_for_the_run(jobs, monkeypatch):
    monkeypatch.delenv("LP_NUM_THREADS", raising=False)
    for workers in (1, 2):
        assert all(each.result == dict(THREADS) for each in LocalEngine(workers).run(jobs.threads, [0, 1]))
    assert "LP_NUM_THREADS" not in os.environ


def test_no_job_is_lost_or_repeated_when_its_worker_is_killed(jobs, tmp_path):
    ended = list(LocalEngine(2).run(jobs.die_once, [(tmp_path, x) for x in range(6)]))
    assert sorted(each.result for each in ended) == list(range(6))
    begun = {x: (tmp_path / f"{x}").read_text().count("begun") for x in range(6)}
    assert begun == {0: 1, 1: 1, 2: 2, 3: 1, 4: 1, 5: 1}


def test_a_job_that_kills_its_worker_each_time_is_given_up_and_the_others_end(jobs):
    ended = {each.index: each for each in LocalEngine(2, attempts=2).run(jobs.die, list(range(5)))}
    assert ended.pop(1).lost == "worker died"
    assert {index: each.result for index, each in ended.items()} == {i: i for i in (0, 2, 3, 4)}


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_of_the_function_is_raised(jobs, workers):
    with pytest.raises(ValueError, match="bad 1"):
        list(LocalEngine(workers).run(jobs.fail, [1]))


def test_closing_ends_the_workers_at_once(jobs):
    run = LocalEngine(2).run(jobs.sleep, [0.0, 60.0, 60.0])
    pid = next(run).result
    start = time.monotonic()
    run.close()
    assert time.monotonic() - start < 10
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.slow
def test_all_engines_give_the_same_results_and_give_up_the_same_job(jobs, tmp_path):
    for engine in engines(tmp_path):
        ended = {each.index: (each.result, each.lost) for each in engine.run(jobs.die, list(range(4)))}
        assert ended == {0: (0, ""), 1: (None, "worker died"), 2: (2, ""), 3: (3, "")}, engine


@pytest.mark.slow
def test_all_engines_raise_the_exception_of_the_function(jobs, tmp_path):
    for engine in engines(tmp_path):
        with pytest.raises(ValueError, match="bad 1"):
            list(engine.run(jobs.fail, [1]))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"name": "dask"}, "unknown engine 'dask'; valid names: local, ray, slurm"),
        ({"workers": 0}, "workers must be at least 1, not 0"),
        ({"address": "auto"}, "address='auto' is for the engine ray, not local"),
        ({"name": "ray", "parameters": {"timeout_min": 1}}, "is for the engine slurm, not ray"),
    ],
)
def test_wrong_choices_are_named(arguments, message):
    with pytest.raises(ConfigurationError, match=message):
        make_engine(**arguments)
