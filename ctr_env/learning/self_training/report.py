"""Report of an adaptation: masks and silhouettes before and after it, and curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ctr_env.calibration.pseudo_label import PseudoLabel, posed_mask
from ctr_env.datasets.frame import Frame
from ctr_env.drawing.primitives import draw_mask_boundary, draw_text
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.runs.files import replacing
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .teacher import Evaluation, Teacher

__all__ = ["adaptation_sheet", "plot_adaptation"]

_MASK, _SILHOUETTE = (90, 200, 255), (255, 140, 30)
_TILE = 400  # pixels wide
_STRIP = 28
_TEXT, _MUTED = (30, 30, 30), (110, 115, 122)


def adaptation_sheet(
    weights: Mapping[str, Path],
    robot: str,
    images: Sequence[Sequence[Frame]],
    fixed_camera: bool,
    columns: int = 6,
    flipped: bool = False,
    device: str = "auto",
) -> NDArray[np.uint8]:
    """A row for each weights file: mask boundaries (blue) and silhouettes at the pseudo-labels (orange).

    Args:
        weights: Weights files by the title of their row.
        robot: Robot, by name.
        images: Unlabelled images by camera.
        fixed_camera: Whether each camera is static.
        columns: Number of images to show, evenly spaced among all.
        flipped: Whether the images are mirrored; they are shown as they were before.
        device: Where networks run.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    frames = [frame for group in images for frame in group]
    chosen = np.unique(np.linspace(0, len(frames) - 1, min(columns, len(frames))).round().astype(int))
    rows = []
    for title, file in weights.items():
        teacher = Teacher(file, RobotKinematics(robot), fixed_camera, device)
        pseudo_labels = teacher.pseudo_labels(images)
        tiles = [_tile(teacher.estimator, frames[i], pseudo_labels[i], flipped) for i in chosen]
        header = np.full((_STRIP, tiles[0].shape[1] * len(tiles), 3), 255, np.uint8)
        score = Evaluation.of(pseudo_labels, 1.0).score
        draw_text(header, f"{title}: agreement {score:.3f} over {len(frames)} images", (4, 19), _TEXT)
        rows += [header, np.hstack(_same_height(tiles))]
    return np.vstack(rows)


def _tile(estimator: CtRNetEstimator, frame: Frame, label: PseudoLabel, flipped: bool) -> NDArray[np.uint8]:
    assert frame.image is not None
    found, pose = estimator.estimate(frame).mask, label.camera_T_base
    height = round(_TILE * frame.camera.height / frame.camera.width)
    image = cv2.resize(frame.image, (_TILE, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
    if found is not None:
        draw_mask_boundary(image, found >= 0.5, _MASK)
    if pose is not None:
        draw_mask_boundary(image, posed_mask(estimator.pipeline.model.view(frame), pose), _SILHOUETTE)
    if flipped:
        image = image[:, ::-1]
    strip = np.full((_STRIP, _TILE, 3), 255, np.uint8)
    agreement = f"IoU {label.mask_iou:.2f}  contour {label.contour_inlier_ratio:.2f}"
    draw_text(strip, "not found" if pose is None else agreement, (4, 19), _MUTED)
    return np.vstack([image, strip])


def _same_height(tiles: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    most = max(tile.shape[0] for tile in tiles)
    return [np.pad(t, ((0, most - t.shape[0]), (0, 0), (0, 0)), constant_values=255) for t in tiles]


def plot_adaptation(steps: Sequence[Mapping[str, float]], rounds: Sequence[Mapping[str, float]], path: Path) -> None:
    """Curves of the loss (means of 20 steps) and of the teacher's evaluations over the progress, as a PNG.

    Args:
        steps: Parts of the loss of every step, with its ``"progress"``.
        rounds: ``"progress"``, ``"score"``, ``"usable"`` and ``"contour_inlier_ratio"`` of every evaluation.
        path: Where to write.
    """
    figure = Figure(figsize=(10.0, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    names = [name for name in (steps[0] if steps else {}) if name not in ("progress", "error_px")]
    for name in names:
        values = _means([s[name] for s in steps])
        if values[0] > 0.0:  # the parts differ a hundredfold: each is shown relative to its first value
            left.plot(_means([s["progress"] for s in steps]), [v / values[0] for v in values], label=name)
    left.set(xlabel="progress", ylabel="relative to the first value", title="Loss")
    for name, label in (
        ("score", "agreement"),
        ("contour_inlier_ratio", "contour inlier ratio"),
        ("usable", "images used"),
    ):
        right.plot([r["progress"] for r in rounds], [r[name] for r in rounds], "o-", label=label)
    right.set(xlabel="progress", ylim=(0.0, 1.02), title="Agreement of the averaged network, without labels")
    for axes in (left, right):
        axes.grid(alpha=0.25)
        if axes.lines:
            axes.legend()
    with replacing(path) as scratch:
        figure.savefig(scratch, format="png", dpi=110)


def _means(values: Sequence[float], count: int = 20) -> list[float]:
    return [float(np.mean(values[i : i + count])) for i in range(0, len(values), count)]
