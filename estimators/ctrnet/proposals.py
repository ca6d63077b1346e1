"""Stage 1, crop: where to apply the network next, and which pose prior to render into its input."""

from __future__ import annotations

import numpy as np

from .cropping import robot_crop, small_size, whole_image
from .hypothesis import PoseHypothesis, quarter_turns
from .robot_model import RobotView

__all__ = ["Proposals", "around", "around_mask", "around_pose", "coarse", "coarse_turned", "whole"]

Proposals = list[PoseHypothesis]
"""Crops to try in one image; empty where a rule finds no region."""

_HIDDEN = 1.0  # percent of the mask's rows and columns on each side that a crop around the mask may cut off


def coarse(view: RobotView, _: PoseHypothesis | None, size: tuple[int, int]) -> Proposals:
    """The whole image at three quarters of the network's size."""
    return [_whole(view, small_size(size))]


def coarse_turned(view: RobotView, _: PoseHypothesis | None, size: tuple[int, int]) -> Proposals:
    """The whole image rotated by one, two and three quarter turns."""
    return [_whole(view, small_size(size), turns) for turns in (1, 2, 3)]


def whole(view: RobotView, _: PoseHypothesis | None, size: tuple[int, int]) -> Proposals:
    """The whole image at the network's full size."""
    return [_whole(view, size)]


def around(view: RobotView, hypothesis: PoseHypothesis | None, size: tuple[int, int]) -> Proposals:
    """Around the pose where there is one, else around the mask."""
    assert hypothesis is not None
    rule = around_pose if hypothesis.located else around_mask
    return rule(view, hypothesis, size)


def around_pose(view: RobotView, hypothesis: PoseHypothesis | None, size: tuple[int, int]) -> Proposals:
    """Around the robot at the hypothesis' pose, which is also rendered as the prior."""
    assert hypothesis is not None
    if not hypothesis.located:
        return []
    pose, camera = hypothesis.camera_T_base, view.camera
    pixels = camera.project(pose.apply(view.keypoints))
    # a search keeps the rotation of its crops: early poses may be wrong by any rotation
    turns = quarter_turns(pose) if hypothesis.detection is None else hypothesis.crop.quarter_turns
    crop = robot_crop(pixels, camera.width, camera.height, size, turns)
    return [PoseHypothesis(crop, pixels, pose)]


def around_mask(view: RobotView, hypothesis: PoseHypothesis | None, size: tuple[int, int]) -> Proposals:
    """Around the detected mask, or else the detected keypoints, without a prior."""
    assert hypothesis is not None
    found = hypothesis.detected
    rows, columns = np.nonzero(found.mask > 0.5)
    seen = np.stack([columns, rows], axis=1) + 0.5
    enough = len(seen) >= 2
    seen = np.percentile(seen, [_HIDDEN, 100.0 - _HIDDEN], axis=0) if enough else found.pixels[hypothesis.used]
    if len(seen) < 2:
        return []
    crop = robot_crop(seen, view.camera.width, view.camera.height, size, hypothesis.crop.quarter_turns)
    return [PoseHypothesis(crop)]


def _whole(view: RobotView, size: tuple[int, int], turns: int = 0) -> PoseHypothesis:
    return PoseHypothesis(whole_image(view.camera.width, view.camera.height, size, turns))
