"""Batched CtRNet gives the poses of the ordinary estimator without contour alignment."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctr_env.datasets.frame import Frame
from ctr_env.envs.config import ServoConfig
from ctr_env.envs.world import World
from ctr_env.errors import ConfigurationError
from ctr_env.estimators import make_estimator
from ctr_env.estimators.batched.base import BatchedFrame
from ctr_env.estimators.batched.ctrnet import BatchedCtRNet
from ctr_env.geometry.batched import error_of_poses
from ctr_env.scenes.robots.kinematics import RobotKinematics

CPU = torch.device("cpu")
SETTINGS = {"precision": "float32"}
WORLDS = 5


@pytest.fixture(scope="module")
def arm() -> RobotKinematics:
    return RobotKinematics("panda")


@pytest.fixture(scope="module")
def sequences(arm) -> list[list[tuple[Frame, np.ndarray]]]:
    """Three frames of each of five episodes, with the true poses; the arm moves, the camera stands still."""
    world = World(ServoConfig(width=480, height=360), arm, make_estimator("ground_truth", None, arm))
    found = []
    for seed in range(WORLDS):
        episode = world.begin(seed, {})
        frames = []
        for step in range(3):
            image = world.camera.image(episode, {}, step).copy()
            scene = world.scene
            frames.append((Frame(scene.joint_positions, scene.camera, step / 30, image), scene.camera_T_base_matrix))
            world.advance(episode, np.full(arm.n, 0.2), step)
        found.append(frames)
    world.camera.close()
    return found


def _batch(sequences, step: int, rows=slice(None), image=None) -> BatchedFrame:
    frames = [sequence[step][0] for sequence in sequences[rows]]
    images = torch.from_numpy(np.stack([frame.image for frame in frames])) if image is None else image
    cameras = [frame.camera for frame in frames]
    return BatchedFrame(
        step / 30,
        torch.from_numpy(np.stack([frame.joint_positions for frame in frames])),
        torch.tensor([[c.fx, c.fy, c.cx, c.cy] for c in cameras], dtype=torch.float64),
        torch.eye(4, dtype=torch.float64).repeat(len(frames), 1, 1),  # not to be used
        lambda: images,
    )


def test_poses_are_those_of_the_ordinary_estimator(arm, sequences):
    batched = BatchedCtRNet(arm, CPU, SETTINGS)
    found = [batched.estimate(_batch(sequences, step)) for step in range(3)]
    for i, sequence in enumerate(sequences):
        single = make_estimator("ctrnet", SETTINGS | {"align_contour": False}, arm)
        single.reset(np.random.default_rng(0))
        for step, (frame, true) in enumerate(sequence):
            expected = single.estimate(frame)
            pose = found[step].camera_T_base[i]
            assert bool(found[step].valid[i]) == expected.valid
            assert found[step].time_s == expected.time_s
            distance, angle = (
                part.item()
                for part in error_of_poses(pose[None], torch.from_numpy(expected.camera_T_base.as_matrix())[None])
            )
            off = np.linalg.norm(pose[:3, 3].numpy() - true[:3, 3])
            assert distance < 0.25 * max(
                off, 0.02
            )  # interpolation and the prior's edges differ, by less than the error
            assert angle < 0.01
            ratio = found[step].covariance[i].diagonal().numpy() / np.diag(expected.covariance)
            assert (np.abs(np.log(ratio)) < 0.4).all()


def test_worlds_do_not_depend_on_each_other(arm, sequences):
    whole = BatchedCtRNet(arm, CPU, SETTINGS).estimate(_batch(sequences, 0))
    part = BatchedCtRNet(arm, CPU, SETTINGS).estimate(_batch(sequences, 0, slice(1, 3)))
    assert part.camera_T_base.numpy() == pytest.approx(whole.camera_T_base[1:3].numpy(), abs=1e-4)


def test_a_world_without_a_robot_is_not_valid_and_is_searched_again(arm, sequences):
    estimator = BatchedCtRNet(arm, CPU, SETTINGS)
    images = torch.from_numpy(np.stack([sequence[0][0].image for sequence in sequences])).clone()
    images[1] = 128
    first = estimator.estimate(_batch(sequences, 0, image=images))
    assert first.valid.tolist() == [i != 1 for i in range(WORLDS)]
    assert first.camera_T_base.isfinite().all()
    assert first.covariance.isfinite().all()
    again = estimator.estimate(_batch(sequences, 1))
    assert again.valid.all()


def test_reset_forgets_the_poses(arm, sequences):
    estimator = BatchedCtRNet(arm, CPU, SETTINGS)
    first = estimator.estimate(_batch(sequences, 0))
    estimator.estimate(_batch(sequences, 1))
    estimator.reset(0)
    assert torch.equal(estimator.estimate(_batch(sequences, 0)).camera_T_base, first.camera_T_base)


@pytest.mark.parametrize("setting", ["align_contour", "tracking", "passes", "nonsense"])
def test_settings_without_meaning_are_named(arm, setting):
    with pytest.raises(ConfigurationError, match=f"no setting '{setting}'; it has: keypoints, max_position_std"):
        BatchedCtRNet(arm, CPU, {setting: True})


def test_robots_that_need_mirrored_images_are_rejected():
    with pytest.raises(ConfigurationError, match="does not mirror images"):
        BatchedCtRNet(RobotKinematics("baxter_right"), CPU)
