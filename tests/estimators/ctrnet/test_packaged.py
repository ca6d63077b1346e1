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

FRAMES = 6


@pytest.mark.parametrize("name", ["panda", "baxter"])
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
    assert packaged_robots() == ("baxter", "panda")
    with pytest.raises(ValueError, match="baxter, panda"):
        packaged_weights(ROBOTS["baxter_right"])


@pytest.mark.parametrize("name", ["panda", "baxter", "baxter_right"])
def test_they_find_the_robot_in_new_images(name):
    """Also the right arm, by way of a mirror: a wrong sign anywhere would put it metres off."""
    kinematics = RobotKinematics(name)
    estimator = make_estimator("ctrnet", {"tracking": False}, kinematics)
    sampler = FrameSampler(name, randomization="mild")
    errors, overlaps = [], []
    for i in range(FRAMES):
        frame = sampler.sample(frame_seed("validation", 2, i))
        estimate = estimator.estimate(frame.frame())
        points = kinematics.keypoints(frame.joint_positions)
        away = estimate.camera_T_base.apply(points) - frame.camera_T_base.apply(points)
        errors.append(np.linalg.norm(away, axis=1).mean() if estimate.valid else np.inf)
        assert 0.0 < estimate.contour_inlier_ratio <= 1.0
        found = estimate.mask > 0.5
        overlaps.append((found & frame.mask).sum() / (found | frame.mask).sum())
    sampler.close()
    assert np.median(errors) < 0.06
    assert np.median(overlaps) > 0.8
