"""Charts of a calibration's page: residuals by image and joint, and the scene in space."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ctr_env.drawing.page.chart import Chart, Line, Panel
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .result import POOR_FIT, Calibration

__all__ = ["joint_chart", "residual_chart", "scene_chart"]

Joints = NDArray[np.float64]
"""``(n,)`` joint positions of an image, rad."""

_ARMS = 6  # joint configurations that the scene shows at most
_FRUSTUM_M = 0.25
_ENLARGED = 10.0  # times, the ellipsoid of the position's error
_CIRCLE = np.linspace(0.0, 2.0 * np.pi, 49)


def residual_chart(found: Calibration) -> Chart:
    """Contour inlier ratio of every image, and distance of its own estimate from the calibrated pose."""
    names = tuple(fit.name for fit in found.fits)
    x = np.arange(float(len(names)))
    ratios = np.array([fit.pseudo_label.contour_inlier_ratio for fit in found.fits])
    away = _distances_mm(found)
    panels = (
        Panel([Line("contour inlier ratio", x, ratios, 0, mark="marks")], "image", "contour inlier ratio",
              y_range=(0.0, 1.0), categories=names, levels=((POOR_FIT, "hardly fits"),)),
        Panel([Line("own pose", x, away, 1, mark="marks")], "image", "own pose, mm away",
              categories=names),
    )  # fmt: skip
    return Chart(
        "residuals", "Images", "Left: share of the projected contour within two pixels of the mask boundary. Right: "
        "distance of the base as estimated from the image alone; images without a valid estimate have none.",
        f"Contour inlier ratios from {ratios.min():.2f} to {ratios.max():.2f}.", panels,
    )  # fmt: skip


def joint_chart(found: Calibration, joints: Mapping[str, Joints], kinematics: RobotKinematics) -> Chart:
    """The same distance against each joint angle: a trend tells of an offset of that joint."""
    angles = np.degrees(np.stack([joints[fit.name] for fit in found.fits]))
    away = _distances_mm(found)
    panels = tuple(
        Panel([Line("own pose", angles[:, i], away, 1, mark="marks")], f"{name}, deg", "distance, mm")
        for i, name in enumerate(kinematics.robot.arm_joints)
    )
    return Chart(
        "joints", "Joints", "Distance of the image's own pose from the calibrated one, against each joint angle.",
        "One panel for each joint.", panels,
    )  # fmt: skip


def scene_chart(found: Calibration, joints: Mapping[str, Joints], kinematics: RobotKinematics) -> Chart:
    """The camera's frustum, the arm in some joint configurations, and the error ellipsoid of the base."""
    camera, pose = found.setup.camera, found.camera_T_base
    corners = np.array([[0, 0], [camera.width, 0], [camera.width, camera.height], [0, camera.height]], float)
    rays = (corners - (camera.cx, camera.cy)) / (camera.fx, camera.fy)
    far = _FRUSTUM_M * np.column_stack([rays, np.ones(4)])
    apex = np.zeros((1, 3))
    frustum = np.concatenate(
        [apex, far[:1], far[1:2], apex, far[2:3], far[1:2], far[2:3], far[3:4], apex, far[3:4], far[:1]]
    )
    lines = [_line("camera", frustum, 0)]
    chosen = np.unique(np.linspace(0, len(found.fits) - 1, _ARMS).round().astype(int))
    arms = []
    for i in chosen:
        q = joints[found.fits[i].name]
        chain = np.vstack([np.zeros(3), kinematics.keypoints(q), kinematics.base_T_ee(q).translation])
        arms += [pose.apply(chain), np.full((1, 3), np.nan)]
    lines.append(_line("arm", np.concatenate(arms), 2))
    lines.append(_line(f"base: one standard deviation, {_ENLARGED:.0f} times enlarged", _ellipsoid(found), 1))
    return Chart(
        "scene", "Scene", "In the camera's frame (x right, y down, z forward), metres; drag to rotate.",
        f"The base lies {np.linalg.norm(pose.translation):.2f} m from the camera.",
        (Panel(lines, "x, m", "y, m", z_label="z, m"),),
    )  # fmt: skip


def _distances_mm(found: Calibration) -> NDArray[np.float64]:
    return np.array([1e3 * np.linalg.norm(fit.twist[:3]) for fit in found.fits])


def _ellipsoid(found: Calibration) -> NDArray[np.float64]:
    """Three ellipses through the principal axes, with gaps between them."""
    variances, axes = np.linalg.eigh(found.covariance[:3, :3])
    half = _ENLARGED * axes * np.sqrt(np.maximum(variances, 0.0))
    parts = []
    for i, j in ((0, 1), (1, 2), (0, 2)):
        parts.append(np.cos(_CIRCLE)[:, None] * half[:, i] + np.sin(_CIRCLE)[:, None] * half[:, j])
        parts.append(np.full((1, 3), np.nan))
    return np.concatenate(parts) + found.camera_T_base.translation


def _line(name: str, points: NDArray[np.float64], style: int) -> Line:
    return Line(name, points[:, 0], points[:, 1], style, z=points[:, 2])
