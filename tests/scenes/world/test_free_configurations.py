import numpy as np
import pytest

from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.world.free_configurations import chain_clearance, draw_configuration, joint_range


@pytest.mark.parametrize("robot", ["panda", "baxter"])
def test_draws_fill_the_range_and_gather_at_home(robot):
    kinematics, rng = RobotKinematics(robot), np.random.default_rng(0)
    lower, upper = joint_range(kinematics)
    assert np.all(lower > kinematics.lower) and np.all(upper < kinematics.upper)
    draws = np.array([draw_configuration(kinematics, rng) for _ in range(400)])
    assert np.all(draws >= lower) and np.all(draws <= upper)
    assert np.all(np.ptp(draws, axis=0) > 0.9 * (upper - lower))
    near = np.abs(draws - np.clip(kinematics.home, lower, upper)).max(axis=1) <= 0.8 + 1e-9
    assert 0.4 < near.mean() < 0.6


def test_the_clearance_is_that_of_the_nearest_segment():
    chain = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])
    assert chain_clearance(chain, np.array([0.5, 0.0, 0.3])) == pytest.approx(0.3)
    assert chain_clearance(chain, np.array([1.2, 0.5, 0.0])) == pytest.approx(0.2)
    assert chain_clearance(chain, np.array([-3.0, 4.0, 0.0])) == pytest.approx(5.0)
