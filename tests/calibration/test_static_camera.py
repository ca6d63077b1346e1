"""Pseudo-labels against the truth."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from ctr_env.calibration.pseudo_label import posed_mask
from ctr_env.calibration.static_camera import StaticCameraSolver
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.ctrnet.packaged import packaged_weights
from ctr_env.estimators.ctrnet.weights import load_weights, save_weights
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.catalogue import get_robot
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")
WEIGHTS = packaged_weights(get_robot("panda"))
NOISE_LEVELS = (0.0, 0.15, 0.3, 0.4, 0.5, 0.6)
"""Standard deviations of factors that weights are multiplied by: networks from good to useless."""


@pytest.fixture(scope="module")
def labelled():
    """Frames of one camera."""
    sampler = FrameSampler("panda", 320, 240, "mild", fixed_camera=5)
    found = [sampler.sample(frame_seed("validation", 31, i)) for i in range(6)]
    sampler.close()
    return found


def solver(file):
    return StaticCameraSolver(CtRNetEstimator(PANDA, {"weights": str(file), "tracking": False}).pipeline)


def errors(pseudo_labels, labelled):
    kinematics = RobotKinematics("panda")
    away = []
    for pseudo_label, label in zip(pseudo_labels, labelled, strict=True):
        points = kinematics.keypoints(label.joint_positions)
        if pseudo_label.camera_T_base is None:
            away.append(1.0)
        else:
            distance = pseudo_label.camera_T_base.apply(points) - label.camera_T_base.apply(points)
            away.append(min(float(np.linalg.norm(distance, axis=1).mean()), 1.0))
    return np.array(away)


def test_images_of_one_camera_share_a_better_pose(labelled):
    frames = [label.frame() for label in labelled]
    alone, together = solver(WEIGHTS).independent_labels(frames), solver(WEIGHTS).pseudo_labels(frames)
    assert all(pseudo_label.usable for pseudo_label in together)
    poses = np.stack([pseudo_label.camera_T_base.as_matrix() for pseudo_label in together])
    np.testing.assert_array_equal(poses, np.broadcast_to(poses[0], poses.shape))
    assert errors(together, labelled).max() < 0.005
    assert errors(together, labelled).max() < np.median(errors(alone, labelled)) + 0.002


def test_the_posed_mask_is_the_robot(labelled):
    frames = [label.frame() for label in labelled[:3]]
    model = CtRNetEstimator(PANDA).pipeline.model
    for label, pseudo_label in zip(labelled, solver(WEIGHTS).pseudo_labels(frames), strict=False):
        mask = posed_mask(model.view(label.frame()), pseudo_label.camera_T_base)
        assert (mask & label.mask).sum() / (mask | label.mask).sum() > 0.93


@pytest.mark.slow
def test_the_score_ranks_networks_as_their_true_error_does(tmp_path):
    sampler = FrameSampler("panda", 320, 240, "mild")
    labelled = [sampler.sample(frame_seed("validation", 31, i)) for i in range(8)]
    sampler.close()
    frames = [label.frame() for label in labelled]
    state, header = load_weights(WEIGHTS)
    scores, truths = [], []
    for level in NOISE_LEVELS:
        noise = torch.Generator().manual_seed(1)
        worse = {
            name: value * (1.0 + level * torch.randn(value.shape, generator=noise)) if value.ndim == 4 else value
            for name, value in state.items()
        }
        save_weights(tmp_path / "worse.safetensors", worse, header)
        pseudo_labels = solver(tmp_path / "worse.safetensors").independent_labels(frames)
        scores.append(np.mean([pseudo_label.score for pseudo_label in pseudo_labels]))
        truths.append(errors(pseudo_labels, labelled).mean())
    assert truths[-1] > 10 * truths[0]
    assert spearmanr(scores, truths).statistic < -0.9


def test_images_without_the_robot_are_not_usable():
    rng = np.random.default_rng(0)
    camera = FrameSampler("panda", 320, 240, "none", fixed_camera=5)
    frame = camera.sample(frame_seed("validation", 31, 0)).frame()
    camera.close()
    blank = [replace(frame, image=np.full((240, 320, 3), int(rng.integers(60, 200)), np.uint8)) for _ in range(3)]
    pseudo_labels = solver(WEIGHTS).pseudo_labels(blank)
    assert not any(pseudo_label.usable for pseudo_label in pseudo_labels)
    assert max(pseudo_label.score for pseudo_label in pseudo_labels) < 0.3
