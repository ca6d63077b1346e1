import numpy as np
import pytest

from ctr_env.evaluation.servo.image_motion import depth_excursion, lost_from_view_share, max_image_excursion
from ctr_env.evaluation.servo.trace import Trace


def seen(*positions):
    return Trace(0, {"gripper_view": np.array(positions, dtype=float)})


def test_the_excursion_is_the_larger_axis_and_above_one_outside():
    assert max_image_excursion(seen((0.1, -0.5), (0.3, 0.2))) == 0.5
    assert max_image_excursion(seen((0.1, -0.5), (-1.2, 0.9))) == 1.2


def test_the_share_outside_and_behind_the_camera():
    assert lost_from_view_share(seen((0, 0), (0.99, -0.99), (1.01, 0), (0, -2))) == 0.5
    assert lost_from_view_share(seen((0, 0), (np.nan, np.nan))) == 0.5
    assert max_image_excursion(seen((0.2, 0), (np.nan, np.nan))) == 0.2
    assert max_image_excursion(seen((np.nan, np.nan))) is None


@pytest.mark.parametrize(
    "depths, goal, expected",
    [
        ([1.0, 1.1, 1.2], 1.2, 0.0),
        ([1.0, 1.5, 1.2], 1.2, 0.3),  # retreats beyond the goal
        ([1.0, 0.8, 1.2], 1.2, 0.2),  # approaches first
        ([1.0, 1.0, 1.0], 1.0, 0.0),
    ],
)
def test_depth_excursion(depths, goal, expected):
    gripper = np.column_stack([np.zeros((3, 2)), depths])
    trace = Trace(0, {"gripper_camera_m": gripper, "goal_camera_m": np.tile([0.0, 0.0, goal], (3, 1))})
    assert depth_excursion(trace) == pytest.approx(expected)
