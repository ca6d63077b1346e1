import json

import numpy as np
import pyarrow as pa
import pytest

from ctr_env.errors import MissingFileError, RunFolderError, UsageError
from ctr_env.evaluation.servo import episode_job
from ctr_env.evaluation.study.cells import cells_of
from ctr_env.evaluation.study.file import read_study
from ctr_env.evaluation.study.runner import run_study
from ctr_env.evaluation.study.storage import exclusive
from ctr_env.evaluation.study.store import StudyFolder, read_rows, read_trace
from ctr_env.runs.engines.local import LocalEngine
from ctr_env.runs.engines.ray_engine import RayEngine

STUDY = """study: small
seeds: [2, 0, 1]
seconds: 0.4
base: {robot: panda, width: 96, height: 72}
systems:
  truth: {estimator: ground_truth}
  noisy: {estimator: noisy, estimator_config: {dropout: 0.2}}
axes:
  controller_config.gain_at_zero: [3, 4.5]
"""
ONE = "study: one\nseeds: [0, 1]\nseconds: 0.2\n"


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The folder and rows of the small study, run in this process."""
    out = tmp_path_factory.mktemp("study")
    return out, run_study(read_study(STUDY), out, LocalEngine(1))


def counted(monkeypatch):
    """Seeds of the episodes that are run from now on in this process."""
    ran, original = [], episode_job.run_episode
    monkeypatch.setattr(
        episode_job, "run_episode", lambda env, seed, *rest: ran.append(seed) or original(env, seed, *rest)
    )
    return ran


def test_one_row_for_each_episode_with_typed_columns(done):
    out, rows = done
    assert rows.equals(read_rows(out)) and rows.equals(read_rows(out / "study.parquet"))
    cells = cells_of(read_study(STUDY))
    assert rows["cell"].to_pylist() == [cell.digest for cell in cells for _ in range(3)]
    assert rows["seed"].to_pylist() == [0, 1, 2] * 4
    assert set(rows["status"].to_pylist()) == {"done"}
    kinds = {name: rows.schema.field(name).type for name in rows.column_names}
    assert kinds["seed"] == kinds["param.width"] == pa.int64()
    assert kinds["success"] == pa.bool_()
    assert kinds["error"] == kinds["failure"] == kinds["version.mujoco"] == pa.string()
    assert kinds["settling_time_s"] == kinds["param.controller_config.gain_at_zero"] == pa.float64()
    assert rows["param.estimator_config.dropout"].to_pylist() == [None] * 6 + [0.2] * 6
    assert rows["param.seconds"].to_pylist() == [0.4] * 12
    metadata = {key.decode(): value.decode() for key, value in rows.schema.metadata.items()}
    assert metadata["study"] == "small" and metadata["study_file_sha256"] == read_study(STUDY).sha256


def test_rows_do_not_depend_on_number_of_workers(done, tmp_path):
    run_study(read_study(STUDY), tmp_path, LocalEngine(2))
    assert (tmp_path / "study.parquet").read_bytes() == (done[0] / "study.parquet").read_bytes()


@pytest.mark.slow
def test_rows_do_not_depend_on_the_engine(done, tmp_path):
    pytest.importorskip("ray")
    run_study(read_study(STUDY), tmp_path, RayEngine("local", 2))
    assert (tmp_path / "study.parquet").read_bytes() == (done[0] / "study.parquet").read_bytes()


@pytest.mark.slow
def test_rows_of_a_network_do_not_depend_on_number_of_workers(tmp_path):
    """In this process torch has several threads, in workers one; results of networks depend on their number."""
    text = ONE.replace("0.2", "0.3") + "base: {estimator: ctrnet, randomization: strong}\n"
    contents = set()
    for workers in (1, 2):
        run_study(read_study(text), tmp_path / f"{workers}", LocalEngine(workers))
        contents.add((tmp_path / f"{workers}" / "study.parquet").read_bytes())
    assert len(contents) == 1


def test_an_episode_does_not_depend_on_those_before_it(done, tmp_path):
    """One system in another order of cells, and seeds on their own: the same metrics and the same traces."""
    out, rows = done
    for seed in (2, 0):
        text = STUDY.replace("[2, 0, 1]", f"[{seed}]").replace("[3, 4.5]", "[4.5, 3]")
        alone = run_study(read_study(text), tmp_path / f"{seed}", LocalEngine(1))
        for cell in set(rows["cell"].to_pylist()):
            same = [
                next(row for row in table.to_pylist() if (row["cell"], row["seed"]) == (cell, seed))
                for table in (rows, alone)
            ]
            assert same[0] == same[1]
            one, other = read_trace(out, cell, seed), read_trace(tmp_path / f"{seed}", cell, seed)
            assert one.series.keys() == other.series.keys()
            assert all(np.array_equal(one[name], other[name]) for name in one.series)


def test_seeds_are_paired_between_systems(done):
    out, rows = done
    first = {}
    for row in rows.to_pylist():
        first.setdefault(row["seed"], []).append(read_trace(out, row["cell"], row["seed"])["gripper_base_m"][0])
    assert all(np.array_equal(each, starts[0]) for starts in first.values() for each in starts)
    assert len({starts[0].tobytes() for starts in first.values()}) == 3


def test_an_interrupted_study_has_its_rows_and_resumes_with_what_is_missing(tmp_path, monkeypatch):
    def stop(progress):
        if progress.done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(read_study(ONE), tmp_path, LocalEngine(1), on_progress=stop)
    assert read_rows(tmp_path)["seed"].to_pylist() == [0]
    ran = counted(monkeypatch)
    seen = []
    rows = run_study(
        read_study(ONE), tmp_path, LocalEngine(1), on_progress=lambda now: seen.append((now.earlier, now.done))
    )
    assert ran == [1] and seen == [(1, 1), (1, 2)]
    assert rows["seed"].to_pylist() == [0, 1]
    events = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    assert [(event["event"], event["seed"]) for event in events] == [("begin", 0), ("end", 0), ("begin", 1), ("end", 1)]
    assert json.loads((tmp_path / "timing.json").read_text())["episodes"] == 2


def test_a_study_is_continued_with_further_seeds_and_axes(tmp_path, monkeypatch):
    run_study(read_study(ONE), tmp_path, LocalEngine(1))
    ran = counted(monkeypatch)
    more = ONE.replace("[0, 1]", "[0, 1, 5]") + "systems: {base: {}, noisy: {estimator: noisy}}\n"
    rows = run_study(read_study(more), tmp_path, LocalEngine(1))
    assert sorted(ran) == [0, 1, 5, 5]
    assert rows["seed"].to_pylist() == [0, 1, 5] * 2
    assert (tmp_path / "study.yaml").read_text() == more


def test_an_exception_in_an_episode_is_a_row_with_its_reason(tmp_path, monkeypatch):
    original = episode_job.run_episode

    def fail(env, seed, *rest):
        if seed == 0:
            raise RuntimeError("no\ncontact")
        return original(env, seed, *rest)

    monkeypatch.setattr(episode_job, "run_episode", fail)
    rows = run_study(read_study(ONE), tmp_path, LocalEngine(1)).to_pylist()
    assert [(row["status"], row["error"]) for row in rows] == [("crashed", "RuntimeError: no contact"), ("done", None)]
    assert rows[0]["success"] is None and rows[1]["success"] is not None
    record = StudyFolder(tmp_path).read(rows[0]["cell"], 0)
    assert "test_runner.py" in record["traceback"]
    monkeypatch.setattr(episode_job, "run_episode", original)
    ran = counted(monkeypatch)
    run_study(read_study(ONE), tmp_path, LocalEngine(1))
    assert ran == []
    rows = run_study(read_study(ONE), tmp_path, LocalEngine(1), retry_crashed=True).to_pylist()
    assert ran == [0] and rows[0]["status"] == "done"


def test_videos_are_written_of_the_first_seeds_and_change_no_row(tmp_path):
    rows = run_study(read_study(ONE), tmp_path, LocalEngine(1))
    again = run_study(read_study(ONE + "videos: 1\n"), tmp_path, LocalEngine(1))
    assert again.to_pylist() == rows.to_pylist()
    cell = rows["cell"][0].as_py()
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*.mp4")] == [
        StudyFolder(tmp_path).video(cell, 0).relative_to(tmp_path)
    ]


def test_a_folder_of_something_else_or_in_use_is_rejected(tmp_path):
    with exclusive(tmp_path), pytest.raises(UsageError, match="another process is running a study"):
        run_study(read_study(ONE), tmp_path, LocalEngine(1))
    run_study(read_study(ONE), tmp_path, LocalEngine(1))
    with pytest.raises(RunFolderError, match="study='one', now 'two'"):
        run_study(read_study(ONE.replace("one", "two")), tmp_path, LocalEngine(1))


def test_missing_results_are_named(tmp_path):
    with pytest.raises(MissingFileError, match="no results of a study"):
        read_rows(tmp_path)
    with pytest.raises(MissingFileError, match="no time series of seed 3 in cell abcd"):
        read_trace(tmp_path, "abcd", 3)


def test_metrics_are_recomputed_from_the_traces_without_running_an_episode(tmp_path, monkeypatch):
    rows = run_study(read_study(ONE), tmp_path, LocalEngine(1))
    folder, cell = StudyFolder(tmp_path), rows["cell"][0].as_py()
    record = folder.read(cell, 0)
    folder.write(cell, 0, record | {"metrics": record["metrics"] | {"path_length_m": -1.0, "old": 3}})
    ran = counted(monkeypatch)
    assert run_study(read_study(ONE), tmp_path, LocalEngine(1))["path_length_m"][0].as_py() == -1.0
    assert run_study(read_study(ONE), tmp_path, LocalEngine(1), recompute=True).equals(rows)
    assert ran == []


CONTROLLER = """
from ctr_env.controllers import PBVSController


class Mine(PBVSController):
    def reset(self):
        super().reset()
        self.commands = 0

    def command(self, *arguments):
        self.commands += 1
        if self.commands == 4:
            raise ValueError("four commands are enough")
        return super().command(*arguments)
"""


def test_a_controller_of_a_module_beside_the_file_takes_part(tmp_path):
    (tmp_path / "my_study_controller.py").write_text(CONTROLLER)
    text = ONE + "systems: {mine: {controller: 'my_study_controller:Mine'}, pbvs: {controller: pbvs}}\n"
    rows = run_study(read_study(text, folder=tmp_path), tmp_path / "out", LocalEngine(2)).to_pylist()
    assert [row["error"] for row in rows] == ["ValueError: four commands are enough"] * 2 + [None] * 2
