"""What holds for every law: decay, noise floor, and goals that lack what a law needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ctr_env.errors import DataError
from ctr_env.geometry import moved, pose_error, twist_between

from .servoed_gripper import DT, LAWS, context, facing, laws, run

GOAL = facing(0.05, -0.03, 1.1, 0.4)


@pytest.mark.parametrize("name", LAWS)
def test_small_errors_decay_by_one_minus_gain_times_period(name):
    gain = 6.0
    start = moved(GOAL, np.array([1e-5, -2e-5, 1.5e-5, 2e-5, 1e-5, -3e-5]))
    errors = np.array([pose_error(pose, GOAL) for pose in run(laws(gain)[name], start, GOAL, 20)])
    expected = (1.0 - gain * DT) ** np.arange(21)
    np.testing.assert_allclose(errors / errors[0], np.stack([expected, expected], axis=1), rtol=2e-3)


@pytest.mark.parametrize("name", LAWS)
def test_white_noise_of_the_goal_leaves_its_variance_times_g_over_two_minus_g(name):
    """In each direction that the law sees: here along the camera's x axis."""
    rng, share, sigma, steps = np.random.default_rng(7), 0.4, 1e-5, 4000
    law, axis = laws(share / DT)[name], (GOAL.rotation.as_matrix())[:, 0]
    ee, offsets = GOAL, np.empty(steps)
    for k in range(steps):
        seen = moved(GOAL, np.concatenate([sigma * rng.standard_normal() * axis, np.zeros(3)]))
        ee = moved(ee, law.twist(context(ee, seen)), DT)
        offsets[k] = axis @ twist_between(GOAL, ee)[:3]
    assert offsets[50:].var() == pytest.approx(sigma**2 * share / (2.0 - share), rel=0.12)


@pytest.mark.parametrize("name", [name for name in LAWS if not name.startswith("pbvs")])
def test_an_image_based_law_names_the_estimate_that_a_goal_lacks(name):
    blind = replace(context(GOAL, GOAL), camera_T_base=None)
    with pytest.raises(DataError, match="camera_T_base"):
        laws(1.0)[name].twist(blind)
