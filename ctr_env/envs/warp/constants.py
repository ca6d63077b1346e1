"""What stays the same during the episodes of N worlds, on their device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ctr_env.envs.episode import Episode
from ctr_env.geometry import inverse_matrix
from ctr_env.scenes.world.scene import Scene

__all__ = ["EpisodeConstants"]


class EpisodeConstants(NamedTuple):
    """Float64 tensors of N episodes whose cameras and goals stand still."""

    joint_bias: Tensor
    """``(N, n)`` offsets of the joint encoders, rad."""
    intrinsics: Tensor
    """``(N, 4)`` fx, fy, cx, cy, pixels."""
    camera_T_base: Tensor
    """``(N, 4, 4)`` true poses."""
    camera_T_goal: Tensor
    """``(N, 4, 4)`` goals in the frames of the cameras."""
    base_T_goal: Tensor
    """``(N, 4, 4)`` goals."""

    @classmethod
    def of(cls, episodes: Sequence[Episode], scene: Scene, device: torch.device) -> EpisodeConstants:
        """The constants of episodes of a scene."""
        world_T_base = scene.world_T_base.as_matrix()
        bases = np.stack([inverse_matrix(e.camera_start.as_matrix()) @ world_T_base for e in episodes])
        goals = np.stack([e.goal_pose.as_matrix() for e in episodes])
        cameras = np.array([(e.camera.fx, e.camera.fy, e.camera.cx, e.camera.cy) for e in episodes])
        biases = np.stack([e.draws["sensors.joint_bias"] for e in episodes])
        return cls(*(torch.from_numpy(part).to(device) for part in (biases, cameras, bases, bases @ goals, goals)))
