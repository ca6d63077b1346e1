"""A calibration as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from ctr_env.datasets.frame import Frame
from ctr_env.drawing.page.images import image_strip, image_uri
from ctr_env.drawing.page.markup import element
from ctr_env.drawing.page.page import make_page
from ctr_env.drawing.page.section import Html, Section
from ctr_env.drawing.page.table import MISSING, Column, Number, Table
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.mirrored import Mirror
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .findings import board_in_words, described
from .overlays import agreement, overlay
from .page_charts import joint_chart, residual_chart, scene_chart
from .result import Calibration
from .ros import static_transform_command, urdf_joint

__all__ = ["calibration_html"]

_WIDTH = 640  # pixels of an overlay
_MOST = 40  # overlays; of more images evenly chosen ones in the order of their contour inlier ratios


def calibration_html(
    found: Calibration,
    shown: Calibration,
    frames: Mapping[str, Frame],
    estimator: CtRNetEstimator,
    kinematics: RobotKinematics,
    data: Mapping[str, Any],
    mirror: Mirror | None = None,
) -> str:
    """The page.

    Args:
        found: The calibration of the robot.
        shown: The calibration of the robot in ``frames``: ``found``, or that of its mirror image.
        frames: The images by name, with the joint positions and camera of the set-up.
        estimator: The estimator that was used.
        kinematics: The robot that was calibrated.
        data: Content of ``calibration.json``.
        mirror: How ``frames`` are mirrored, if they are; they are shown unmirrored.
    """
    joints = {name: frame.joint_positions for name, frame in frames.items()}
    if mirror is not None:
        joints = {name: mirror.joints(each) for name, each in joints.items()}
    std = np.sqrt(np.diag(found.covariance))
    facts = (
        ("Robot", str(data["robot"])),
        ("Images", str(len(found.fits))),
        ("Joint configurations", str(found.configurations)),
        ("Position, ± mm", f"{1e3 * std[:3].max():.1f}"),
        ("Rotation, ± deg", f"{np.degrees(std[3:].max()):.2f}"),
        ("Halves differ by", f"{data['halves_differ']['position_mm']:.1f} mm"),
        ("Estimated beside the pose", ", ".join(found.estimated).replace("_", " ") or "nothing"),
    )
    overlays = Html(_overlays(shown, frames, estimator, mirror is not None))
    charts = [residual_chart(found), joint_chart(found, joints, kinematics)]
    on_the_robot = "The silhouette at the calibrated pose must lie on the robot; lowest agreement first."
    set_up: list[Html | Table] = [_set_up(found)]
    if found.board is not None:
        set_up.append(Html(element("p", escape(f"Board: {board_in_words(found.board)}."))))
    sections = (
        Section("result", "Result", "Where base and camera are, with standard deviations.", [_poses(data)]),
        Section("advice", "What would help", "", [Html(_list(data["advice"]))]),
        Section("setup", "Set-up", "What the set-up may have wrong, tried jointly with the pose.", set_up),
        Section("images", "Images", on_the_robot, [overlays]),
        Section("residuals", "Residuals", "How each image agrees with the calibrated pose.", charts),
        Section("scene", "Scene", "Camera, arm and error.", [scene_chart(found, joints, kinematics)]),
        Section("use", "Use it", "For ROS 2 and for the robot's URDF.", [Html(_use(data))]),
    )
    return make_page("Camera calibration", str(data["command"]), facts, sections)


def _poses(data: Mapping[str, Any]) -> Table:
    rows = []
    for title, matrix, prefix in (
        ("base in the camera", "camera_T_base", ""),
        ("camera in the base", "base_T_camera", "base_T_camera_"),
    ):
        position = 1e3 * np.asarray(data[matrix])[:3, 3]
        quaternion = np.asarray(data[f"{matrix}_quaternion_xyzw"])
        stds = [*data[f"{prefix}position_std_mm"], *data[f"{prefix}rotation_std_deg"]]
        pairs = (f"{value:.1f} ± {std:.1f}" for value, std in zip(position, stds[:3], strict=True))
        rotation = ", ".join(f"{value:.4f}" for value in quaternion)
        rows.append((title, *pairs, rotation, ", ".join(f"{std:.2f}" for std in stds[3:])))
    columns = ("", "x, mm", "y, mm", "z, mm", "quaternion x, y, z, w", "rotation, ± deg")
    return Table("poses", "Poses", "One standard deviation.", tuple(map(Column, columns)), tuple(rows))


def _set_up(found: Calibration) -> Table:
    rows = []
    for each in found.comparisons:
        tried = len(each.values) > 0
        what = described(each) if tried else each.reason
        evidence, gain = (Number(value) if tried else MISSING for value in (each.evidence, each.bic_gain))
        without, with_it = (Number(ratio) if tried else MISSING for ratio in each.inlier_ratios)
        verdict = "estimated" if each.estimated else "evident, not estimated" if each.evident else "as given"
        rows.append((each.name.replace("_", " "), verdict, what, evidence, gain, without, with_it))
    columns = (
        Column("parameter", numeric=False), Column("verdict", numeric=False), Column("found", numeric=False),
        Column("evidence"), Column("fall of BIC"), Column("without", group="contour inlier ratio"),
        Column("with", group="contour inlier ratio"),
    )  # fmt: skip
    note = "Evidence is twice the logarithm of the Bayes factor; ten or more is very strong."
    return Table("setup", "Parameters", note, columns, tuple(rows))


def _list(sentences: Sequence[str]) -> str:
    if not sentences:
        return element("p", "Nothing stands out.")
    return element("ul", *(element("li", escape(sentence)) for sentence in sentences))


def _overlays(shown: Calibration, frames: Mapping[str, Frame], estimator: CtRNetEstimator, flipped: bool) -> str:
    order = sorted(shown.fits, key=lambda fit: fit.pseudo_label.contour_inlier_ratio)
    chosen = np.unique(np.linspace(0, len(order) - 1, min(_MOST, len(order))).round().astype(int))
    images = []
    for fit in (order[i] for i in chosen):
        uri = image_uri(overlay(shown, frames[fit.name], estimator, _WIDTH, flipped), _WIDTH)
        fits, own = agreement(fit)
        images.append((uri, f"{fit.name} with the silhouette at the calibrated pose", f"{fit.name}: {fits}; {own}"))
    return image_strip("images with the silhouette at the calibrated pose", images)


def _use(data: Mapping[str, Any]) -> str:
    listings = (("Static transform", static_transform_command(data)), ("URDF joint", urdf_joint(data)))
    return "".join(
        element("h3", title) + element("pre", element("code", escape(text)), tabindex="0", aria_label=title)
        for title, text in listings
    )
