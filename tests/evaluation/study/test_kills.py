"""Workers, the command itself and the disk fail; no episode is lost or repeated."""

import errno
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from ctr_env.errors import StorageError
from ctr_env.evaluation.servo.trace import Trace
from ctr_env.evaluation.study.file import read_study
from ctr_env.evaluation.study.runner import run_study
from ctr_env.evaluation.study.store import StudyFolder, read_rows
from ctr_env.runs.engines.base import Engine, Finished
from ctr_env.runs.engines.local import LocalEngine

STUDY = "study: killed\nseeds: {count: 4}\nseconds: 0.5\naxes: {robot: [panda, baxter]}\n"
FOREVER = "study: long\nseeds: {count: 1000}\nseconds: 5\n"
COMMAND = [sys.executable, "-m", "ctr_env", "study"]


@pytest.fixture(scope="module")
def benchmark():
    """The functions of ``benchmarks/kill_study.py``."""
    path = Path(__file__).parents[3] / "benchmarks" / "kill_study.py"
    spec = importlib.util.spec_from_file_location("kill_study", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """``study.parquet`` of the undisturbed study."""
    out = tmp_path_factory.mktemp("whole")
    run_study(read_study(STUDY), out, LocalEngine(1))
    return (out / "study.parquet").read_bytes()


def test_a_killed_worker_loses_and_repeats_no_episode(whole, benchmark, tmp_path):
    killed = []

    def kill(progress):
        if progress.done and not killed:
            killed.extend(benchmark.working(tmp_path))
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    run_study(read_study(STUDY), tmp_path, LocalEngine(2), on_progress=kill)
    assert killed
    assert (tmp_path / "study.parquet").read_bytes() == whole
    benchmark.check_journal(tmp_path, 8)


class Losing(Engine):
    """Loses the first job, as an engine does whose worker died each time."""

    def run(self, function, jobs) -> Generator[Finished, None, None]:
        yield Finished(0, None, "worker died")
        for index, job in enumerate(jobs[1:], 1):
            yield Finished(index, function(job))


def test_an_episode_whose_worker_always_dies_is_a_failed_row(tmp_path):
    rows = run_study(read_study(STUDY), tmp_path, Losing()).to_pylist()
    assert [(row["status"], row["error"]) for row in rows[:2]] == [("crashed", "worker died"), ("done", None)]
    assert len(rows) == 8


def test_a_full_disk_stops_the_study_and_it_resumes(whole, benchmark, tmp_path, monkeypatch):
    save, saved = Trace.save, []

    def full(trace, path):
        if len(saved) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        saved.append(path)
        save(trace, path)

    monkeypatch.setattr(Trace, "save", full)
    with pytest.raises(StorageError, match=r"cannot be written .*No space left on device; make room, then .* resumes"):
        run_study(read_study(STUDY), tmp_path, LocalEngine(1))
    assert len(read_rows(tmp_path)) == 3
    monkeypatch.setattr(Trace, "save", save)
    run_study(read_study(STUDY), tmp_path, LocalEngine(1))
    assert (tmp_path / "study.parquet").read_bytes() == whole
    assert sum(benchmark.check_journal(tmp_path, 8).elements()) == 9  # begins: that of the fourth twice


def test_a_journal_that_was_cut_off_is_continued_on_a_new_line(tmp_path):
    (tmp_path / "journal.jsonl").write_text('{"event": "beg')
    run_study(read_study(STUDY.replace("4}", "1}")), tmp_path, LocalEngine(1))
    lines = (tmp_path / "journal.jsonl").read_text().splitlines()
    assert len(lines) == 5 and json.loads(lines[1])["event"] == "begin"
    assert json.loads((tmp_path / "timing.json").read_text())["episodes"] == 2


@pytest.mark.slow
def test_a_file_system_without_space_stops_the_command_and_it_resumes(whole, benchmark, tmp_path):
    """A real one, of 64 KiB, with processes that write to it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        file = tmp_path / "killed.yaml"
        file.write_text(STUDY)
        words = [*COMMAND, str(file), "--workers", "2", "--out", str(disk / "out")]
        ended = subprocess.run(words, capture_output=True, text=True)
        assert ended.returncode == 1, ended.stderr
        assert "No space left on device; make room, then the same command resumes" in ended.stderr
        subprocess.run(["mount", "-o", "remount,size=10m", disk], check=True)
        ended = subprocess.run(words, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        assert (disk / "out" / "study.parquet").read_bytes() == whole
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.slow
def test_an_interrupt_ends_command_and_workers_quickly(benchmark, tmp_path):
    file, out = tmp_path / "long.yaml", tmp_path / "out"
    file.write_text(FOREVER)
    words = [*COMMAND, str(file), "--workers", "2", "--out", str(out)]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while len(StudyFolder(out).journal.read_text().splitlines() if StudyFolder(out).journal.is_file() else []) < 8:
        time.sleep(0.1)
        assert process.poll() is None
    running, start = benchmark.working(out), time.monotonic()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    error = process.communicate(timeout=60)[1]
    assert time.monotonic() - start < 10
    assert process.returncode == 130 and "interrupted; the same command resumes" in error
    assert running and not any(benchmark.is_worker(pid) for pid in running)
    ends = sum(event["event"] == "end" for event in benchmark.events(out))
    assert ends <= len(read_rows(out)) <= ends + 2  # a worker may end between the record and the event


@pytest.mark.slow
def test_workers_do_not_survive_a_killed_command(benchmark, tmp_path):
    file, out = tmp_path / "long.yaml", tmp_path / "out"
    file.write_text(FOREVER)
    process = subprocess.Popen([*COMMAND, str(file), "--workers", "2", "--out", str(out)])
    while not (running := benchmark.working(out)):
        time.sleep(0.1)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 5
    while any(benchmark.is_worker(pid) for pid in running):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["local", "ray"])
def test_studies_killed_at_random_have_the_rows_of_an_undisturbed_one(engine, whole, benchmark, tmp_path):
    pytest.importorskip("ray")
    file, out = tmp_path / "killed.yaml", tmp_path / "out"
    file.write_text(STUDY)
    words = [*COMMAND, str(file), "--workers", "2", "--engine", engine, "--out", str(out)]
    met = benchmark.run_disturbed(words, out, 4, 1, engine == "local", 0.5)
    assert met.total() > 0
    benchmark.check_journal(out, 8)
    assert (out / "study.parquet").read_bytes() == whole
