"""The result of an episode does not depend on what its process ran before: estimators and controllers are reset."""

import numpy as np
import pytest

from ctr_env.controllers.registry import controller_names
from ctr_env.errors import MissingDependencyError
from ctr_env.estimators.registry import estimator_entries, estimator_names
from ctr_env.evaluation.servo.servo_study import ServoStudy
from ctr_env.evaluation.servo.trace import run_episode


def require_same_traces(study, first, second):
    """Seeds in one order and another, in one environment each, give equal traces."""
    traces = []
    for seeds in (first, second):
        env = study.make_environment()
        traces.append({seed: run_episode(env, seed).series for seed in seeds})
        env.close()
    for seed in set(first) & set(second):
        one, other = traces[0][seed], traces[1][seed]
        assert one.keys() == other.keys()
        assert [name for name in one if not np.array_equal(one[name], other[name])] == [], seed


@pytest.mark.parametrize("controller", controller_names())
def test_controllers_without_images(controller):
    config = {"controller": controller, "estimator": "noisy", "estimator_config": {"dropout": 0.2, "latency_s": 0.05}}
    try:
        study = ServoStudy(task="track", seconds=0.5, env_config=config)
        require_same_traces(study, (0, 1, 2), (2, 0))
    except MissingDependencyError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("robot", ["panda", "baxter"])
def test_randomised_scenes(robot):
    study = ServoStudy(robot, seconds=0.3, env_config={"randomization": "strong"})
    require_same_traces(study, (0, 1, 2), (2, 0))


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [name for name in estimator_names() if estimator_entries()[name].needs_image])
def test_estimators_that_need_images(estimator):
    config = {"estimator": estimator, "randomization": "strong"}
    require_same_traces(ServoStudy(seconds=0.2, env_config=config), (0, 1), (1, 0))


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["sliding_window", "pose_filter", "perturbed"])
@pytest.mark.parametrize("source", ["noisy", "ctrnet"])
def test_estimators_that_wrap_others(estimator, source):
    config = {"estimator": estimator, "estimator_config": {"source": source}, "randomization": "mild"}
    require_same_traces(ServoStudy(seconds=0.4, env_config=config), (0, 1, 2), (2, 0))
