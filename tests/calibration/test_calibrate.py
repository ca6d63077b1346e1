from dataclasses import replace

import numpy as np
import pytest

from ctr_env.calibration.calibrate import calibrate
from ctr_env.calibration.static_camera import StaticCameraSolver
from ctr_env.errors import CalibrationError
from ctr_env.estimators.fusion.fuse import fuse
from ctr_env.estimators.mirrored import Mirror
from ctr_env.geometry import moved, twist_between
from ctr_env.scenes.robots.catalogue import get_robot
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")


def test_all_images_together_give_the_pose_and_its_error_bar(found, labelled):
    truth = next(iter(labelled.values())).camera_T_base
    away = twist_between(found.camera_T_base, truth)
    alone = [np.linalg.norm(twist_between(fit.own.camera_T_base, truth)[:3]) for fit in found.fits if fit.own.valid]
    assert np.linalg.norm(away[:3]) < 0.01
    assert np.linalg.norm(away[:3]) < np.median(alone)
    assert away @ np.linalg.solve(found.covariance, away) < 40.0  # six degrees of freedom
    assert len(found.fits) == 8
    assert np.median([fit.pseudo_label.contour_inlier_ratio for fit in found.fits]) > 0.5


@pytest.mark.slow
def test_refining_brings_a_pose_that_is_off_back(frames, estimator, labelled, monkeypatch):
    """One alignment of all contours would do it too, so that is made to miss here."""
    truth, off = next(iter(labelled.values())).camera_T_base, np.array([0.006, -0.005, 0.0, 0.0, 0.0, 0.006])
    some = dict(list(frames.items())[:5])
    aligned = StaticCameraSolver.shared_pose
    monkeypatch.setattr(StaticCameraSolver, "shared_pose", lambda *given: moved(aligned(*given), off))
    plain, refined = calibrate(some, estimator), calibrate(some, estimator, refined=True)
    away = [np.linalg.norm(twist_between(each.camera_T_base, truth)[:3]) for each in (plain, refined)]
    assert away[1] < 0.6 * away[0]


def test_the_systematic_error_is_that_of_the_weights(frames, estimator, found, monkeypatch):
    np.testing.assert_allclose(np.diag(found.systematic), estimator.systematic_m**2)
    some = dict(list(frames.items())[:4])
    plain = calibrate(some, estimator).covariance
    monkeypatch.setattr(estimator, "systematic_m", 0.0)
    monkeypatch.setattr(estimator, "systematic_rad", 0.0)
    assert np.trace(calibrate(some, estimator).covariance) < np.trace(plain)


def test_images_of_one_configuration_count_once(frames, estimator, found):
    """However many of them a video has: neither the error bar nor the halves are fooled."""
    names = list(frames)
    many = {**frames, **{f"again{i}": frames[names[0]] for i in range(12)}}
    again = calibrate(many, estimator)
    assert (len(again.fits), again.configurations, found.configurations) == (20, found.configurations, 8)
    np.testing.assert_allclose(again.covariance, found.covariance, rtol=0.2, atol=1e-7)
    np.testing.assert_allclose(again.camera_T_base.as_matrix(), found.camera_T_base.as_matrix(), atol=1e-3)
    with pytest.raises(CalibrationError, match="the 3 images with a valid estimate show 1 joint configuration"):
        calibrate({str(i): frames[names[0]] for i in range(3)}, estimator)


def test_a_mirrored_calibration_is_the_same_in_the_mirror_s_world(found):
    mirror = Mirror(get_robot("baxter_right"))
    there = found.reflected(mirror, 320)
    back = there.reflected(mirror, 320)
    np.testing.assert_allclose(back.camera_T_base.as_matrix(), found.camera_T_base.as_matrix(), atol=1e-12)
    for name in ("covariance", "halves", "halves_covariance"):
        np.testing.assert_allclose(getattr(back, name), getattr(found, name), atol=1e-15)
        assert not np.allclose(getattr(there, name), getattr(found, name))
    for far, near in zip(there.fits, found.fits, strict=True):
        between = twist_between(there.camera_T_base, far.own.camera_T_base)
        np.testing.assert_allclose(far.twist, between, atol=1e-9)  # of the mirrored poses themselves
        assert np.linalg.norm(far.twist[:3]) == pytest.approx(np.linalg.norm(near.twist[:3]))
        assert far.pseudo_label.camera_T_base is None or not np.allclose(
            far.pseudo_label.camera_T_base.as_matrix(), near.pseudo_label.camera_T_base.as_matrix()
        )


def test_the_halves_know_nothing_of_what_all_images_share(found):
    valid = [fit.own for fit in found.fits if fit.own.valid]
    apart = [fuse([e.camera_T_base for e in half], [e.covariance for e in half]) for half in (valid[::2], valid[1::2])]
    whole = 2.0 * sum(half.covariance for half in apart)  # with the same factor as the halves
    assert np.linalg.eigvalsh(found.halves_covariance).min() > 0.0
    for part in (slice(0, 3), slice(3, 6)):  # in sum: where estimates scatter, the halves' covariance is widened
        assert np.trace(found.halves_covariance[part, part]) < np.trace(whole[part, part])


def test_images_without_the_robot_are_rejected(frames, estimator):
    blank = {name: replace(f, image=np.full((240, 320, 3), 90, np.uint8)) for name, f in list(frames.items())[:3]}
    with pytest.raises(CalibrationError, match=r"valid in 0 of 3 images \(.*at least 2"):
        calibrate(blank, estimator)
