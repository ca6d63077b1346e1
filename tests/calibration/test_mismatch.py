"""Images whose joint angles belong to another instant: found with a guess why, and left out of the calibration."""

from dataclasses import replace

import numpy as np
import pytest

from ctr_env.calibration.advice import advice
from ctr_env.calibration.calibrate import calibrate
from ctr_env.calibration.mismatch import Mismatch, find_mismatches, in_words, judged
from ctr_env.calibration.report import calibration_data
from ctr_env.geometry import twist_between
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")


@pytest.fixture(scope="module")
def truth(labelled):
    return next(iter(labelled.values())).camera_T_base


def exchanged(frames, one, other):
    """The frames with the joint angles of two of them exchanged."""
    found = dict(frames)
    found[one] = replace(frames[one], joint_positions=frames[other].joint_positions)
    found[other] = replace(frames[other], joint_positions=frames[one].joint_positions)
    return found


def test_right_joint_angles_are_not_doubted(frames, estimator, truth):
    assert find_mismatches(frames, estimator.pipeline, truth) == []


def test_exchanged_joint_angles_are_found_and_named(frames, estimator, truth):
    one, other = list(frames)[1:3]
    found = find_mismatches(exchanged(frames, one, other), estimator.pipeline, truth)
    assert [(each.name, each.guess, each.image_of) for each in found] == [
        (one, "swapped", other), (other, "swapped", one)
    ]  # fmt: skip
    assert all(each.better_ratio > each.contour_inlier_ratio + 0.2 for each in found)


def test_a_delay_is_found_where_joint_velocities_are_known(frames, estimator, truth):
    name, late = list(frames)[3], 0.3
    velocities = np.array([0.8, -0.7, 0.6, 0.8, -0.5, 0.4, 0.3])
    shown = frames[name].joint_positions
    given = {
        **frames,
        name: replace(frames[name], joint_positions=shown - late * velocities, joint_velocities=velocities),
    }
    (found,) = find_mismatches(given, estimator.pipeline, truth)
    assert (found.name, found.guess) == (name, "delayed")
    assert found.delay_s == pytest.approx(late, abs=0.05)


def test_joint_angles_that_nothing_explains_are_of_unknown_origin(frames, estimator, truth):
    name = list(frames)[4]
    rng = np.random.default_rng(3)
    wrong = np.clip(frames[name].joint_positions + rng.choice([-0.12, 0.12], 7), PANDA.lower, PANDA.upper)
    (found,) = find_mismatches(
        {**frames, name: replace(frames[name], joint_positions=wrong)}, estimator.pipeline, truth
    )
    assert (found.name, found.guess) == (name, "unknown")


def test_a_calibration_leaves_them_out_and_says_so(frames, estimator, found, truth):
    one, other = list(frames)[1:3]
    again = calibrate(exchanged(frames, one, other), estimator)
    assert [fit.name for fit in again.fits] == [name for name in frames if name not in (one, other)]
    away = twist_between(again.camera_T_base, truth)
    assert np.linalg.norm(away[:3]) < 0.012
    hints = advice(again, np.stack([f.joint_positions for f in frames.values()]), PANDA)
    assert any(f"{one} (those of {other} fit)" in hint for hint in hints)
    data = calibration_data(again, PANDA.robot, frames[one].camera)
    assert [each["joint_angles_of"] for each in data["mismatched"]] == [other, one]
    assert found.mismatches == ()


@pytest.mark.parametrize("offset", [pytest.param(0.03, marks=pytest.mark.slow), 0.06])
def test_an_offset_of_all_readings_leaves_one_image_out_at_most(frames, estimator, offset):
    """It is a fault of the set-up, which the images must show."""
    offsets = np.array([0.0, offset, 0.0, -offset, 0.0, 0.0, 0.0])
    given = {n: replace(f, joint_positions=f.joint_positions + offsets) for n, f in frames.items()}
    found = calibrate(given, estimator)
    assert len(found.fits) >= len(frames) - 1


def test_many_exchanged_or_late_readings_leave_nothing_out():
    swapped = [Mismatch(str(i), 0.1, 0.6, image_of="a") for i in range(4)]
    late = [Mismatch(str(i), 0.1, 0.6, delay_s=0.1) for i in range(3)]
    assert all(each.left_out for each in judged(swapped[:3], 8))
    assert not any(each.left_out for each in judged(swapped, 8))
    assert all(each.left_out for each in judged(late[:1], 8))
    assert not any(each.left_out for each in judged(late, 8))
    assert [each.left_out for each in judged([*swapped[:1], *late], 16)] == [True, True, True, True]
    assert [each.left_out for each in judged([*swapped[:1], *late], 11)] == [True, False, False, False]


def test_sentences():
    assert in_words([]) == ""
    found = [Mismatch("a", 0.1, 0.6, image_of="b"), Mismatch("c", 0.1, 0.6, delay_s=-0.12), Mismatch("d", 0.1, 0.5)]
    start = (
        "3 images do not show the robot at the joint angles given: a (those of b fit), c (those of 0.12 s before fit), "
        "d (others fit, of unknown origin); "
    )
    assert in_words(found) == start + "none is left out: the set-up may be what is wrong"
    assert in_words([replace(each, left_out=True) for each in found]) == start + "left out of the solution"
    assert in_words([replace(found[0], left_out=True), *found[1:]]) == start + "1 of them left out of the solution"
    assert in_words(found[:1]).startswith("1 image does not")
