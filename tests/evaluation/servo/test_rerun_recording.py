import sys

import numpy as np
import pytest

from ctr_env.errors import MissingDependencyError
from ctr_env.evaluation.servo.rerun_recording import record_rerun, require_rerun
from ctr_env.evaluation.servo.servo_study import ServoStudy
from ctr_env.evaluation.servo.trace import run_episode

STUDY = ServoStudy(seconds=0.3, env_config={"estimator": "charuco", "width": 160, "height": 120})


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    pytest.importorskip("rerun.chunk")
    file = tmp_path_factory.mktemp("rerun") / "episode.rrd"
    return file, record_rerun(STUDY, 3, file)


def columns(file):
    """Columns of a recording by entity and name, all their rows."""
    import rerun.chunk

    found = {}
    for chunk in rerun.chunk.RrdReader(str(file)).stream().to_chunks():
        batch = chunk.to_record_batch()
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if not name.startswith("log_t"):  # times of the wall clock, and a counter
                found.setdefault((chunk.entity_path.lstrip("/"), name), []).extend(column.to_numpy(False))
    return found


def test_the_recording_holds_what_the_loop_saw_and_did(recorded):
    file, trace = recorded
    entities = {entity for entity, _ in columns(file)}
    image = "world/camera/image"
    assert {image, f"{image}/goal", f"{image}/keypoints/detected", "world/gripper", "world/goal", "events"} <= entities
    assert {f"errors/position/{kind}" for kind in ("true",)} <= entities
    assert (
        len([entity for entity in entities if entity.startswith("joints/velocity/")])
        == trace["joint_velocities"].shape[1]
    )


def test_values_are_those_of_the_trace(recorded):
    file, trace = recorded
    (values,) = [
        rows for (entity, name), rows in columns(file).items() if entity == "errors/position/true" and "calars" in name
    ]
    assert np.ravel(values) == pytest.approx(1e3 * trace["true_position_error_m"])


def test_recording_does_not_change_the_episode(recorded):
    _, trace = recorded
    env = STUDY.make_environment()
    again = run_episode(env, 3)
    env.close()
    assert all((trace[name] == again[name]).all() for name in trace.series if again[name].dtype != float)
    assert np.array_equal(trace["true_position_error_m"], again["true_position_error_m"])


def test_without_rerun_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "rerun", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'ctr-env\[viz\]'"):
        require_rerun()
