import re
from dataclasses import replace

import numpy as np
import pytest

from ctr_env.calibration.advice import advice, reason_to_adapt
from ctr_env.calibration.calibrate import calibrate
from ctr_env.calibration.comparison import Comparison
from ctr_env.calibration.findings import focal_scale
from ctr_env.calibration.report import calibration_data
from ctr_env.estimators.fusion.fuse import fuse
from ctr_env.estimators.systematic_error import systematic_covariance
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")


def test_advice_names_what_would_help(found, frames):
    joints = np.stack([frame.joint_positions for frame in frames.values()])
    joints[:, 3] = joints[0, 3]
    said = " ".join(advice(found, joints, PANDA))
    assert "panda_joint4 moved less than 9 degrees" in said


def test_halves_that_disagree_are_told(found):
    """Beyond the 99.9 % quantile of chi-square with six degrees of freedom, 22.5."""
    joints = np.arange(2.0)[:, None] * np.ones(PANDA.n)
    one = np.linalg.cholesky(found.halves_covariance) @ np.ones(6)  # a standard deviation in each of six directions
    apart, near = (replace(found, halves=factor * one) for factor in (2.2, 1.8))  # squared distances 29 and 19
    assert "two halves of the images differ" in " ".join(advice(apart, joints, PANDA))
    assert "two halves of the images differ" not in " ".join(advice(near, joints, PANDA))


@pytest.mark.parametrize("scale", [0.95, pytest.param(1.05, marks=pytest.mark.slow)])
def test_a_wrong_focal_length_is_said(frames, estimator, scale):
    """The pose hides it in the distance: the base is centimetres off while the covariance claims millimetres."""
    wrong = {
        name: replace(frame, camera=replace(frame.camera, fx=scale * frame.camera.fx, fy=scale * frame.camera.fy))
        for name, frame in frames.items()
    }
    pose = calibrate(wrong, estimator)
    assert focal_scale(pose.comparisons) == pytest.approx(1.0 / scale, abs=0.02)  # of a few images
    joints = np.arange(2.0)[:, None] * np.ones(PANDA.n)
    word = "longer" if scale < 1.0 else "shorter"
    assert re.search(rf"the focal length is [456]\.\d ± \d\.\d % {word}", " ".join(advice(pose, joints, PANDA)))
    assert calibration_data(pose, PANDA.robot, next(iter(wrong.values())).camera)["intrinsics_suspect"]


def test_a_right_focal_length_is_not_suspected(found):
    assert abs(focal_scale(found.comparisons) - 1.0) < 0.02
    joints = np.arange(2.0)[:, None] * np.ones(PANDA.n)
    assert "focal length" not in " ".join(advice(found, joints, PANDA))


@pytest.mark.parametrize("count", [2, 4, 7])
def test_the_images_asked_for_do_what_is_said(found, count):
    """By the rule that the covariance itself follows, with as many measurements alike."""
    known = replace(found, covariance=1e-4 * np.eye(6), configurations=count)
    joints = np.arange(2.0)[:, None] * np.ones(PANDA.n)
    said = " ".join(advice(known, joints, PANDA))
    more = int(re.search(r"(\d+) more images in new joint configurations would reduce that by a tenth", said)[1])
    common = systematic_covariance()
    one = count * (known.covariance - common) + common  # of an image, if so many left this
    deviation = [
        np.sqrt(fuse([found.camera_T_base] * n, [one] * n, systematic=common).covariance[0, 0])
        for n in range(1, count + more + 1)
    ]
    assert deviation[count - 1] == pytest.approx(0.01)
    assert deviation[-1] <= 0.9 * deviation[count - 1] < deviation[-2]


def test_no_images_are_asked_for_where_they_would_not_help(found):
    common = systematic_covariance(0.0025, 0.0025)
    many = replace(found, systematic=common, covariance=common + 1.2e-6 * np.eye(6))
    joints = np.arange(2.0)[:, None] * np.ones(PANDA.n)
    assert "further images would hardly help" in " ".join(advice(many, joints, PANDA))


def test_nothing_is_said_of_a_position_that_only_common_errors_spoil(found):
    joints = np.arange(2.0)[:, None] * np.ones(PANDA.n)
    known = replace(found, covariance=1.01 * systematic_covariance(), halves=np.zeros(6))
    assert not [said for said in advice(known, joints, PANDA) if "position" in said]


def test_images_that_do_not_fit_are_named_and_adaptation_offered_once(found):
    poor = [replace(fit, pseudo_label=replace(fit.pseudo_label, contour_inlier_ratio=0.1)) for fit in found.fits[:2]]
    known, joints = replace(found, fits=[*poor, *found.fits[2:]]), np.arange(2.0)[:, None] * np.ones(PANDA.n)
    said, again = (" ".join(advice(known, joints, PANDA, adapted=adapted)) for adapted in (False, True))
    assert "2 of 8 images hardly fit (000000, 000001)" in said and "try --adapt yes" in said
    assert "2 of 8 images hardly fit" in again and "--adapt" not in again


def test_images_that_fit_badly_are_a_reason_to_adapt(found):
    def changed(count, **values):
        fits = [replace(fit, **values) for fit in found.fits[:count]]
        return replace(found, fits=[*fits, *found.fits[count:]], halves=np.zeros(6))

    poor = replace(found.fits[0].pseudo_label, contour_inlier_ratio=0.1)
    lost = replace(found.fits[0].own, valid=False, reason="contour_mismatch")
    assert reason_to_adapt(changed(0)) == ""
    assert reason_to_adapt(changed(1, pseudo_label=poor)) == ""
    assert reason_to_adapt(changed(2, pseudo_label=poor)) == "2 of 8 images hardly fit the calibrated pose"
    assert reason_to_adapt(changed(5, own=lost)) == "only 3 of 8 images have a valid pose"
    apart = replace(changed(0), halves=np.linalg.cholesky(found.halves_covariance) @ np.full(6, 2.2))
    assert "two halves of the images differ" in reason_to_adapt(apart)
    wrong = Comparison("focal_length", estimated=False, evidence=40.0, bic_gain=38.0)
    assert reason_to_adapt(replace(apart, comparisons=(wrong,))) == ""  # the set-up is to be mended first
    assert reason_to_adapt(replace(changed(2, pseudo_label=poor), comparisons=(wrong,))) == ""
