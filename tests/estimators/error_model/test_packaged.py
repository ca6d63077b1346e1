import gymnasium as gym
import numpy as np
import pytest

import ctr_env  # noqa: F401 - registers the environments
from ctr_env._registration import ENVIRONMENTS
from ctr_env.envs.imaging import SceneCamera
from ctr_env.errors import ConfigurationError
from ctr_env.estimators.ctrnet.packaged import packaged_weights
from ctr_env.estimators.error_model.model import load_error_model
from ctr_env.estimators.error_model.packaged import modelled_robots, packaged_error_model
from ctr_env.runs.files import sha256
from ctr_env.scenes.robots.catalogue import get_robot


@pytest.mark.parametrize("robot", modelled_robots())
def test_a_packaged_model_is_of_the_packaged_weights(robot):
    file = packaged_error_model(get_robot(robot))
    header = load_error_model(file).header
    assert header.robot == robot
    assert header.recipe["weights_sha256"] == sha256(packaged_weights(get_robot(robot)))
    assert header.metrics["frames"] > 100
    assert file.stat().st_size < 300_000


def test_robots_with_weights_have_a_model():
    assert set(modelled_robots()) >= {"panda", "baxter"}


def test_a_robot_without_a_model_is_named_with_those_that_have_one():
    with pytest.raises(ConfigurationError, match="no error model for robot 'sawyer'.*it has: baxter, panda"):
        packaged_error_model(type("Robot", (), {"name": "sawyer", "network_robot": "sawyer"}))


MODELLED = [
    name for name, given in ENVIRONMENTS.items() if get_robot(given["robot"]).network_robot in modelled_robots()
]


@pytest.mark.parametrize("env_id", MODELLED)
def test_every_environment_steps_without_an_image(env_id, monkeypatch):
    monkeypatch.setattr(SceneCamera, "image", lambda *_: pytest.fail("an image was rendered"))
    env = gym.make(env_id, estimator="ctrnet_model", disable_env_checker=True)
    valid = []
    env.reset(seed=1)
    for _ in range(8):
        info = env.step(np.zeros(env.action_space.shape, np.float32))[-1]
        valid.append(info["estimate_valid"])
    assert any(valid) and np.isfinite(info["estimate_position_error_m"])
    env.close()
