import numpy as np
import pytest

from ctr_env.calibration.interactive.proposals import Proposals
from ctr_env.geometry import look_at, transform
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .simulated_lab import CAMERA

PANDA = RobotKinematics("panda")
POSE = look_at((1.9, 0.3, 0.8), (0.2, 0.0, 0.4)).inv()


@pytest.fixture(scope="module")
def proposals():
    return Proposals(PANDA, CAMERA)


def test_proposals_follow_from_the_seed_and_keep_away_from_what_is_not_wanted(proposals):
    best = proposals.best(POSE, None, PANDA.home)
    again = Proposals(PANDA, CAMERA).best(POSE, None, PANDA.home)
    np.testing.assert_array_equal(best.joint_positions, again.joint_positions)
    other = proposals.best(POSE, None, PANDA.home, [best.joint_positions])
    assert np.abs(other.joint_positions - best.joint_positions).max() > 0.3
    assert best.gain > 0.0 and np.all(np.linalg.eigvalsh(best.independent) > 0.0)


def test_there_is_none_where_the_camera_looks_away(proposals):
    assert proposals.best(transform((0.0, 0.0, -2.0)), None, PANDA.home) is None


def test_a_path_is_needed_from_where_the_arm_is(proposals, monkeypatch):
    asked = []

    def free(self, start, end):
        asked.append(end)
        return len(asked) == 3

    monkeypatch.setattr("ctr_env.calibration.reachable.ReachableConfigurations.path_is_free", free)
    third = proposals.best(POSE, None, PANDA.home)
    assert len(asked) == 3
    first = proposals.best(POSE, None, None)
    assert len(asked) == 3 and first.gain > third.gain
    np.testing.assert_array_equal(first.joint_positions, asked[0])
    np.testing.assert_array_equal(third.joint_positions, asked[2])
