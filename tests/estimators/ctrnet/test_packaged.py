"""The weights that ship: small enough, say what they are, and find a robot that they were not trained on."""

import numpy as np
import pytest

from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.estimators import make_estimator
from ctr_env.estimators.ctrnet.packaged import packaged_robots, packaged_weights, weights_robot
from ctr_env.estimators.ctrnet.points import paper_keypoints
from ctr_env.estimators.ctrnet.weights import read_header
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.catalogue import ROBOTS
from ctr_env.scenes.robots.kinematics import RobotKinematics


@pytest.mark.parametrize("name", ["panda", "baxter", "ur5"])
def test_files_say_what_they_are(name):
    file = packaged_weights(ROBOTS[name])
    assert file.stat().st_size <= 16e6
    assert weights_robot(file) == name
    header = read_header(file)
    published = paper_keypoints(ROBOTS[name])
    assert header.keypoints[: len(published)] == tuple(map(tuple, published))
    assert header.recipe and header.uncertainty.source == "measured"
    assert header.metrics["validation"]["frames"] >= 200


def test_robots_without_weights_are_told_which_have_some():
    assert packaged_robots() == ("baxter", "panda", "ur5")
    with pytest.raises(ValueError, match="baxter, panda, ur5"):
        packaged_weights(ROBOTS["baxter_right"])


def add_errors(name, frames, seed):
    """ADD of single frames, metres, infinite where not valid, and intersections over unions of masks."""
    kinematics, sampler = RobotKinematics(name), FrameSampler(name, 640, 480, "strong", board_share=0.0)
    labelled = [sampler.sample(frame_seed("test", seed, i)) for i in range(frames)]
    sampler.close()
    estimator = make_estimator("ctrnet", {"tracking": False}, kinematics)
    estimates = estimator.estimate_batch([frame.frame() for frame in labelled])
    errors, overlaps = [], []
    for frame, estimate in zip(labelled, estimates, strict=True):
        points = kinematics.keypoints(frame.joint_positions)
        away = estimate.camera_T_base.apply(points) - frame.camera_T_base.apply(points)
        errors.append(np.linalg.norm(away, axis=1).mean() if estimate.valid else np.inf)
        found = estimate.mask > 0.5
        overlaps.append((found & frame.mask).sum() / (found | frame.mask).sum())
        assert 0.0 < estimate.contour_inlier_ratio <= 1.0 or not estimate.valid
    return errors, overlaps


@pytest.mark.parametrize("name", ["panda", "baxter", "ur5"])
@pytest.mark.parametrize("frames", [24, pytest.param(200, marks=pytest.mark.slow)])
def test_errors_stay_near_those_of_the_model_card(name, frames):
    """On frames that neither training, nor the fit of the uncertainty model, nor the card has used."""
    errors, overlaps = add_errors(name, frames, seed=77)
    card = read_header(packaged_weights(ROBOTS[name])).metrics["validation"]
    assert np.median(errors) <= 1.5 * card["add_median_m"]
    valid = card["valid_share"]
    assert np.mean(np.isfinite(errors)) >= valid - 3.0 * np.sqrt(valid * (1.0 - valid) / frames)
    assert np.mean(overlaps) >= card["mask_iou"] - 0.03


def test_the_right_arm_is_found_by_mirroring():
    """A wrong sign anywhere would put it metres off."""
    errors, overlaps = add_errors("baxter_right", 6, seed=78)
    assert np.median(errors) < 0.02
    assert np.median(overlaps) > 0.9
