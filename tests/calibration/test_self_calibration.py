"""Set-ups that are wrong in known ways: found, with honest standard deviations, and right ones left alone."""

from dataclasses import replace

import numpy as np
import pytest

from ctr_env.calibration.calibrate import AUTO, calibrate
from ctr_env.calibration.findings import described
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.mirrored import Mirror
from ctr_env.geometry import pose_error
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.catalogue import get_robot
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")
OFFSETS = np.array([0.0, -0.015, 0.005, 0.014, 0.0, -0.012, 0.0])


def render(count, seed, **fields):
    sampler = FrameSampler("panda", 480, 360, {"preset": "mild", **fields}, fixed_camera=9)
    found = [sampler.sample(frame_seed("validation", seed, i), f"{i}") for i in range(count)]
    sampler.close()
    return found


@pytest.fixture(scope="module")
def true():
    return render(14, 71)


def given(labelled, offsets=0.0, focal=1.0, lag=0.0, speed=0.0, distortion=None):
    """Frames whose readings and intrinsics are wrong."""
    rng, frames = np.random.default_rng(3), {}
    for each in labelled:
        velocities = rng.normal(0.0, speed, 7) if speed else None
        joints = each.joint_positions - offsets - (lag * velocities if speed else 0.0)
        camera = replace(each.camera, fx=focal * each.camera.fx, fy=focal * each.camera.fy)
        camera = camera if distortion is None else replace(camera, distortion=distortion)
        frames[each.name] = replace(each.frame(), joint_positions=joints, camera=camera, joint_velocities=velocities)
    return frames


def block(found, name):
    return next(each for each in found.comparisons if each.name == name)


def test_a_right_set_up_is_left_alone(true, estimator):
    plain, auto = (calibrate(given(true), estimator, estimate=names) for names in ((), (AUTO,)))
    assert auto.estimated == ()
    np.testing.assert_array_equal(auto.camera_T_base.as_matrix(), plain.camera_T_base.as_matrix())
    assert (
        {each.name for each in plain.comparisons}
        == {each.name for each in auto.comparisons}
        == {
            *("joint_offsets", "time_offset", "focal_length", "principal_point", "distortion"),
        }
    )
    assert "no joint velocities" in block(auto, "time_offset").reason
    assert block(auto, "focal_length").evidence < 0.0


def test_offsets_and_focal_length_are_found_together(true, estimator):
    frames, truth = given(true, offsets=OFFSETS, focal=1.05), true[0].camera_T_base
    plain, auto = (calibrate(frames, estimator, estimate=names) for names in ((), (AUTO,)))
    assert set(auto.estimated) >= {"joint_offsets", "focal_length"}
    focal, offsets = block(auto, "focal_length"), block(auto, "joint_offsets")
    assert abs(focal.values[0] + np.log(1.05)) < min(3.0 * focal.std[0], 0.015)
    assert np.abs(offsets.values - OFFSETS)[1:4].max() < 0.006
    assert (np.abs(offsets.values - OFFSETS) < 3.5 * offsets.std).all()
    home = PANDA.base_T_ee(PANDA.home + OFFSETS)
    errors = [
        pose_error(each.camera_T_base * PANDA.base_T_ee(PANDA.home + each.setup.joint_offsets), truth * home)[0]
        for each in (plain, auto)
    ]
    assert errors[1] < 0.5 * errors[0]
    assert plain.estimated == () and block(plain, "focal_length").evident
    assert "shorter than given" in described(block(plain, "focal_length"))


def test_late_joint_readings_are_found(true, estimator):
    frames = given(true, lag=0.05, speed=0.4)
    found = calibrate(frames, estimator, estimate=("time_offset",))
    lag = block(found, "time_offset")
    assert lag.estimated
    assert abs(lag.values[0] - 0.05) < min(4.0 * lag.std[0], 0.012)
    assert "joint readings lag behind the images by" in described(lag)
    assert found.setup.time_offset_s == lag.values[0]


def test_distortion_that_the_camera_lacks_is_found(estimator):
    labelled = render(12, 72, **{"camera.distortion": {"constant": -0.2}})
    found = calibrate(given(labelled, distortion=()), estimator, estimate=(AUTO,))
    assert "distortion" in found.estimated
    corner = 0.7 * labelled[0].camera.width / labelled[0].camera.fx  # radius of a corner
    true, seen = labelled[0].camera.distortion[0], block(found, "distortion").values
    assert true * corner**2 == pytest.approx(seen[0] * corner**2 + seen[1] * corner**4, abs=0.03)


def test_what_is_asked_for_is_estimated_without_evidence(true, estimator):
    found = calibrate(given(true[:6]), estimator, estimate=("principal_point",))
    assert found.estimated == ("principal_point",)
    assert np.abs(block(found, "principal_point").values).max() < 12.0
    with pytest.raises(ValueError, match="'zoom'; valid names: auto, joint_offsets"):
        calibrate(given(true[:6]), estimator, estimate=("zoom",))


def test_a_mirrored_set_up_is_that_of_the_mirrored_robot():
    """A right arm with known offsets, calibrated in the mirror: its own offsets come out."""
    mirror = Mirror(get_robot("baxter_right"))
    sampler = FrameSampler("baxter_right", 480, 360, "mild", fixed_camera=4)
    labelled = [sampler.sample(frame_seed("validation", 73, i), f"{i}") for i in range(8)]
    sampler.close()
    offsets = np.array([0.0, 0.03, 0.0, -0.03, 0.0, 0.03, 0.0])
    frames = {
        each.name: mirror.frame(replace(each.frame(), joint_positions=each.joint_positions - offsets))
        for each in labelled
    }
    left = CtRNetEstimator(RobotKinematics("baxter"), {"tracking": False})
    found = calibrate(frames, left, estimate=("joint_offsets",)).reflected(mirror, labelled[0].camera.width)
    values = block(found, "joint_offsets").values
    np.testing.assert_array_equal(values, found.setup.joint_offsets)
    assert np.sign(values[[1, 3]]).tolist() == [1.0, -1.0]
    assert np.abs(values - offsets)[[1, 3]].max() < 0.015
    assert pose_error(found.camera_T_base, labelled[0].camera_T_base)[0] < 0.05


def test_auto_stands_alone(true, estimator):
    with pytest.raises(ValueError, match="'auto' stands alone, not beside focal_length"):
        calibrate(given(true[:2]), estimator, estimate=(AUTO, "focal_length"))


def test_a_pose_that_cannot_be_improved_is_kept_with_a_reason(true, estimator, monkeypatch):
    """The corrected set-up has no calibration: the one as given stands."""
    plain = calibrate(given(true[:6]), estimator)
    monkeypatch.setattr(
        "ctr_env.calibration.calibrate.corrected_frames",
        lambda frames, setup: {name: replace(f, image=np.zeros_like(f.image)) for name, f in frames.items()},
    )
    kept = calibrate(given(true[:6]), estimator, estimate=("principal_point",))
    assert kept.estimated == ()
    np.testing.assert_array_equal(kept.camera_T_base.as_matrix(), plain.camera_T_base.as_matrix())
    assert "the corrected set-up has no calibration" in block(kept, "principal_point").reason
