"""The switched law keeps the gripper in the image where position-based servoing loses it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ctr_env.controllers import AdaptiveGain, CartesianFeature, ImagePointLaw, SwitchedConfig
from ctr_env.controllers.pbvs import PoseLaw
from ctr_env.controllers.switched import SwitchedLaw, image_margin
from ctr_env.errors import ConfigurationError, DataError
from ctr_env.geometry import pose_error

from .servoed_gripper import CAMERA, CAMERA_T_BASE, SQUARE, context, facing, laws, run

PLATE = 4.0 * SQUARE  # its corners swing far out while it rotates
START, GOAL = facing(-0.2, 0.21, 1.0), facing(0.2, 0.21, 1.0, 0.5 * np.pi)


def margins(poses, points=SQUARE):
    return np.array([image_margin(CAMERA, CAMERA_T_BASE * pose, points) for pose in poses])


def test_points_stay_in_the_image_where_position_based_servoing_loses_them():
    """Near the lower border, a quarter of a turn takes the plate's corners out of the image and back."""
    gain = AdaptiveGain.constant(2.0)
    pose_law = PoseLaw(CartesianFeature(), gain)
    law = SwitchedLaw(pose_law, ImagePointLaw(PLATE, gain, "current"))
    law.twist(context(START, GOAL))
    assert not law.image_based
    lost, kept = (run(each, START, GOAL, 200) for each in (pose_law, law))
    assert margins([START, GOAL], PLATE).min() > law.enter_margin
    assert margins(lost, PLATE).min() < 0.0
    assert law.image_based
    assert margins(kept, PLATE).min() > 0.04
    assert max(pose_error(kept[-1], GOAL)) < 1e-4


def test_inside_the_image_it_is_position_based():
    law = laws(2.0)
    start, goal = facing(0.1, 0.0, 1.2, 1.0), facing(-0.1, 0.05, 1.0)
    for one, other in zip(run(law["switched"], start, goal, 50), run(law["pbvs"], start, goal, 50), strict=True):
        np.testing.assert_array_equal(one.as_matrix(), other.as_matrix())


def test_it_switches_with_hysteresis():
    law, goal = laws(1.0)["switched"], facing()
    seen = []
    for y in (0.1, 0.38, 0.34, 0.30, 0.1):
        law.twist(context(facing(0.0, y, 1.0), goal))
        seen.append(law.image_based)
    assert margins([facing(0.0, 0.38, 1.0)])[0] < law.enter_margin < margins([facing(0.0, 0.34, 1.0)])[0]
    assert seen == [False, True, True, False, False]


def test_it_names_the_camera_that_a_goal_lacks():
    with pytest.raises(DataError, match=r"ServoGoal\.camera"):
        laws(1.0)["switched"].twist(replace(context(START, GOAL), camera=None))


def test_margins_are_ordered():
    with pytest.raises(ConfigurationError, match=r"leave_margin must not be below enter_margin, not 0\.1 and 0\.2"):
        SwitchedConfig(enter_margin=0.2, leave_margin=0.1)
