"""Contact sheet and plot of an adaptation: masks and silhouettes before and after it, curves of loss and agreement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ctr_env.calibration.pseudo_label import PseudoLabel, posed_mask
from ctr_env.calibration.static_camera import StaticCameraSolver
from ctr_env.datasets.frame import Frame
from ctr_env.drawing.contact_sheet import Row, Tile, contact_sheet
from ctr_env.drawing.figures import new_figure, save_figure
from ctr_env.drawing.primitives import draw_mask_boundary
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["adaptation_sheet", "plot_adaptation"]

_MASK, _SILHOUETTE = (90, 200, 255), (255, 140, 30)
_TILE = 400  # pixels wide


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
        columns: Number of images to show, at equal steps through all.
        flipped: Whether the images are mirrored; they are shown unmirrored.
        device: Device of the network: ``"auto"``, ``"cpu"`` or ``"cuda[:n]"``.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    frames = [frame for group in images for frame in group]
    chosen = np.unique(np.linspace(0, len(frames) - 1, min(columns, len(frames))).round().astype(int))
    rows = []
    for title, file in weights.items():
        settings = {"weights": str(file), "tracking": False, "device": device}
        estimator = CtRNetEstimator(RobotKinematics(robot), settings)
        solver = StaticCameraSolver(estimator.pipeline)
        label = solver.pseudo_labels if fixed_camera else solver.independent_labels
        labels = [each for group in images for each in label(group)]
        score = float(np.mean([each.score for each in labels]))
        tiles = [_tile(estimator, frames[i], labels[i], flipped) for i in chosen]
        rows.append(Row(tiles, f"{title}: agreement {score:.3f} over {len(frames)} images"))
    size = _TILE, max(tile.image.shape[0] for row in rows for tile in row.tiles)
    return contact_sheet(rows, size, legend={"predicted mask": _MASK, "silhouette at the pose": _SILHOUETTE})


def _tile(estimator: CtRNetEstimator, frame: Frame, label: PseudoLabel, flipped: bool) -> Tile:
    assert frame.image is not None
    mask = estimator.estimate(frame).mask
    height = round(_TILE * frame.camera.height / frame.camera.width)
    image = cv2.resize(frame.image, (_TILE, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
    if mask is not None:
        draw_mask_boundary(image, mask >= 0.5, _MASK)
    if label.camera_T_base is None:
        return Tile(image[:, ::-1] if flipped else image, ("no valid pose",), warning=True)
    draw_mask_boundary(image, posed_mask(estimator.pipeline.model.view(frame), label.camera_T_base), _SILHOUETTE)
    caption = f"mask IoU {label.mask_iou:.2f}, contour inlier ratio {label.contour_inlier_ratio:.2f}"
    return Tile(image[:, ::-1] if flipped else image, (caption,))


def plot_adaptation(steps: Sequence[Mapping[str, float]], rounds: Sequence[Mapping[str, float]], path: Path) -> None:
    """Plot the loss (means of 20 steps) and the evaluations of the averaged network over the progress, as a PNG.

    Args:
        steps: Terms of the loss of every step, with its ``"progress"``.
        rounds: ``"progress"``, ``"score"``, ``"usable"`` and ``"contour_inlier_ratio"`` of every evaluation.
        path: File to write.
    """
    figure = new_figure(10.0, 3.8)
    left, right = figure.subplots(1, 2)
    names = [name for name in (steps[0] if steps else {}) if name not in ("progress", "error_px")]
    for name in names:
        values = _means([step[name] for step in steps])
        if values[0] > 0.0:  # terms differ by a factor of 100: each is relative to its first value
            left.plot(_means([step["progress"] for step in steps]), [v / values[0] for v in values], label=name)
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
    save_figure(figure, path)


def _means(values: Sequence[float], count: int = 20) -> list[float]:
    return [float(np.mean(values[i : i + count])) for i in range(0, len(values), count)]
