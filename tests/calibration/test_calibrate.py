import json
import re
from dataclasses import replace

import numpy as np
import pytest
import yaml
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.calibration.advice import advice
from ctr_env.calibration.calibrate import calibrate
from ctr_env.calibration.page import calibration_page
from ctr_env.calibration.report import calibration_data, write_calibration
from ctr_env.calibration.static_camera import StaticCameraSolver
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.errors import CalibrationError
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.fusion.fuse import fuse
from ctr_env.estimators.mirrored import Mirror
from ctr_env.estimators.systematic_error import systematic_covariance
from ctr_env.geometry import moved, twist_between
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.catalogue import get_robot
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")


@pytest.fixture(scope="module")
def labelled():
    """Frames of one camera, by name."""
    sampler = FrameSampler("panda", 320, 240, "mild", fixed_camera=6)
    found = [sampler.sample(frame_seed("validation", 51, i), f"{i:06d}") for i in range(8)]
    sampler.close()
    return {frame.name: frame for frame in found}


@pytest.fixture(scope="module")
def frames(labelled):
    return {name: frame.frame() for name, frame in labelled.items()}


@pytest.fixture(scope="module")
def estimator():
    return CtRNetEstimator(PANDA, {"tracking": False})


@pytest.fixture(scope="module")
def found(frames, estimator):
    return calibrate(frames, estimator)


def test_all_images_together_give_the_pose_and_its_error_bar(found, labelled):
    truth = next(iter(labelled.values())).camera_T_base
    away = twist_between(found.camera_T_base, truth)
    alone = [np.linalg.norm(twist_between(fit.own.camera_T_base, truth)[:3]) for fit in found.fits if fit.own.valid]
    assert np.linalg.norm(away[:3]) < 0.01
    assert np.linalg.norm(away[:3]) < np.median(alone)
    assert away @ np.linalg.solve(found.covariance, away) < 40.0  # six degrees of freedom
    assert len(found.fits) == 8
    assert np.median([fit.pseudo_label.contour_inlier_ratio for fit in found.fits]) > 0.5


def test_refining_brings_a_pose_that_is_off_back(frames, estimator, labelled, monkeypatch):
    """One alignment of all contours would do it too, so that is made to miss here."""
    truth, off = next(iter(labelled.values())).camera_T_base, np.array([0.006, -0.005, 0.0, 0.0, 0.0, 0.006])
    some = dict(list(frames.items())[:5])
    aligned = StaticCameraSolver.shared_pose
    monkeypatch.setattr(StaticCameraSolver, "shared_pose", lambda *given: moved(aligned(*given), off))
    plain, refined = calibrate(some, estimator), calibrate(some, estimator, refined=True)
    away = [np.linalg.norm(twist_between(each.camera_T_base, truth)[:3]) for each in (plain, refined)]
    assert away[1] < 0.6 * away[0]


def test_files_say_the_same_and_can_be_read_by_others(found, frames, tmp_path):
    camera = next(iter(frames.values())).camera
    write_calibration(calibration_data(found, PANDA.robot, camera), tmp_path)
    data = json.loads((tmp_path / "calibration.json").read_text())
    np.testing.assert_allclose(np.array(data["camera_T_base"]) @ np.array(data["base_T_camera"]), np.eye(4), atol=1e-12)
    np.testing.assert_allclose(data["camera_T_base"], found.camera_T_base.as_matrix())
    place = yaml.safe_load((tmp_path / "calibration.yaml").read_text())
    assert (place["header"]["frame_id"], place["child_frame_id"]) == ("panda_link0", "camera_optical_frame")
    values = place["transform"]
    turn = Rotation.from_quat([values["rotation"][axis] for axis in "xyzw"])
    pose = RigidTransform.from_components([values["translation"][axis] for axis in "xyz"], turn)
    np.testing.assert_allclose(pose.as_matrix(), np.array(data["base_T_camera"]), atol=1e-12)
    assert len(data["frames"]) == 8 and data["frames"][0]["name"] == "000000"
    assert data["uncertainty"] == "measured"
    rng = np.random.default_rng(0)
    off = [moved(found.camera_T_base, twist) for twist in rng.multivariate_normal(np.zeros(6), found.covariance, 4000)]
    back = [each.inv() for each in off]
    for prefix, pose, near in (("", found.camera_T_base, off), ("base_T_camera_", found.camera_T_base.inv(), back)):
        spread = np.std([twist_between(pose, each) for each in near], axis=0)
        np.testing.assert_allclose(1e3 * spread[:3], data[f"{prefix}position_std_mm"], rtol=0.06)
        np.testing.assert_allclose(np.degrees(spread[3:]), data[f"{prefix}rotation_std_deg"], rtol=0.06)


def test_the_systematic_error_is_that_of_the_weights(frames, estimator, found, monkeypatch):
    some = dict(list(frames.items())[:4])
    plain = calibrate(some, estimator).covariance
    monkeypatch.setattr(estimator, "systematic_m", 0.0)
    monkeypatch.setattr(estimator, "systematic_rad", 0.0)
    assert np.trace(calibrate(some, estimator).covariance) < np.trace(plain)
    np.testing.assert_allclose(np.diag(found.systematic), 0.0025**2)


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


def test_the_page_shows_every_image(found, frames, estimator):
    page = calibration_page(found, frames, estimator)
    assert page.shape[1] > 1600 and page.dtype == np.uint8
    assert (np.abs(page.astype(int) - (255, 140, 30)).max(axis=-1) < 40).sum() > 500


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


@pytest.mark.parametrize("scale", [0.95, 1.05])
def test_a_wrong_focal_length_is_said(frames, estimator, scale):
    """The pose hides it in the distance: the base is centimetres off while the covariance claims millimetres."""
    wrong = {
        name: replace(frame, camera=replace(frame.camera, fx=scale * frame.camera.fx, fy=scale * frame.camera.fy))
        for name, frame in frames.items()
    }
    solver, pose = StaticCameraSolver(estimator.pipeline), calibrate(wrong, estimator)
    assert solver.inlier_ratio(list(wrong.values()), pose.camera_T_base, 1.0 / scale) > 0.0
    assert pose.focal_scale == pytest.approx(1.0 / scale, abs=0.02)
    joints = np.arange(2.0)[:, None] * np.ones(PANDA.n)
    word = "longer" if scale < 1.0 else "shorter"
    assert re.search(
        rf"a focal length about \d %% {word} fits".replace("%%", "%"), " ".join(advice(pose, joints, PANDA))
    )
    assert calibration_data(pose, PANDA.robot, next(iter(wrong.values())).camera)["intrinsics_suspect"]


def test_a_right_focal_length_is_not_suspected(found):
    assert abs(found.focal_scale - 1.0) < 0.025
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
    many = replace(found, covariance=systematic_covariance() + 1.2e-6 * np.eye(6))
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
    assert "2 of 8 images hardly fit (000000, 000001)" in said and "try --adapt" in said
    assert "2 of 8 images hardly fit" in again and "--adapt" not in again


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
    assert np.linalg.eigvalsh(whole - found.halves_covariance).min() > 1e-7


def test_images_without_the_robot_are_rejected(frames, estimator):
    blank = {name: replace(f, image=np.full((240, 320, 3), 90, np.uint8)) for name, f in list(frames.items())[:3]}
    with pytest.raises(CalibrationError, match=r"valid in 0 of 3 images \(.*at least 2"):
        calibrate(blank, estimator)
