"""Pose templates: where the robot may be, from a coarse grid of rotations, the keypoints and the masks of an image."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.geometry import undistort_pixels

from .hypothesis import Detection, PoseHypothesis
from .robot_model import RobotView

__all__ = ["pose_templates"]

_ELEVATIONS = np.arange(-0.3, 1.31, 0.4)  # rad, of the camera above the base's horizontal plane
_AZIMUTHS, _ROLLS = 12, 8  # of the camera around the base, and of the image, in the whole circle
_APART = 0.9  # rad: least rotation between two templates
_DEPTHS = (0.15, 10.0)  # metres: nearest and farthest base

_MIN_CONFIDENCE, _FEWEST = 0.2, 3  # of the keypoints that place a template
_PIXEL_VARIANCE = 4.0  # px² that are added to each keypoint's: a template is coarse
_OUTLIER, _LOOSEST, _ROUNDS = 3.0, 40.0, 6  # standard deviations, at last and at first; rounds of robust least squares
_KEYPOINT_WEIGHT = 0.15  # of the keypoints' residuals beside the overlap of the masks
_SAMPLES, _CELLS, _LEAST_CELL = 300, 10, 2  # surface points; cells along a mask's extent; pixels of a cell

_Array = NDArray[np.float64]


def pose_templates(view: RobotView, hypothesis: PoseHypothesis, count: int) -> list[RigidTransform]:
    """Poses that agree best with the detections of a hypothesis, whatever pose it has itself.

    PnP finds one pose of keypoints that are partly wrong. Here every rotation of a grid is tried: its translation is
    the robust least-squares solution for the keypoints, its score the overlap (intersection over union) of the robot's
    surface points with the masks, less a robust mean of the keypoints' residuals.

    Args:
        view: The image.
        hypothesis: After detection; that of its coarse pass counts, too.
        count: Largest number of poses.

    Returns:
        Poses with different rotations, the best first; none where too few keypoints are confident.
    """
    detections = [hypothesis.detected]
    if hypothesis.coarse is not None and hypothesis.coarse is not hypothesis.detection:
        detections.append(hypothesis.coarse)
    rotations = _rotations()
    found = _translations(view, detections, rotations)
    if found is None:
        return []
    translations, residuals = found
    scores = np.full(len(rotations), -np.inf)
    near, far = _DEPTHS
    possible = np.flatnonzero((translations[:, 2] > near) & (translations[:, 2] < far))
    overlaps = _overlaps(view, detections, rotations[possible], translations[possible])
    scores[possible] = overlaps - _KEYPOINT_WEIGHT * residuals[possible]
    chosen = _apart(rotations, [int(i) for i in np.argsort(-scores) if np.isfinite(scores[i])], count)
    return [RigidTransform.from_components(translations[i], Rotation.from_matrix(rotations[i])) for i in chosen]


@lru_cache(maxsize=1)
def _rotations() -> _Array:
    """``(N, 3, 3)`` rotations of the base in cameras that look at it from all sides, at any roll."""
    azimuths, rolls = (np.arange(n) * 2.0 * np.pi / n for n in (_AZIMUTHS, _ROLLS))
    elevation, azimuth, roll = (part.ravel() for part in np.meshgrid(_ELEVATIONS, azimuths, rolls, indexing="ij"))
    level = Rotation.from_euler("zx", np.stack([-0.5 * np.pi - azimuth, 0.5 * np.pi + elevation], axis=1))
    return np.asarray((Rotation.from_euler("z", roll[:, None]) * level).as_matrix())


def _translations(view: RobotView, detections: Sequence[Detection], rotations: _Array) -> tuple[_Array, _Array] | None:
    """``(N, 3)`` translations of the base by the keypoints, metres, and ``(N,)`` robust means of their residuals.

    With the rotation known, a keypoint's two equations are linear in the translation. Least squares with Cauchy
    weights, whose scale shrinks from round to round.
    """
    camera = view.camera
    pixels = np.concatenate([undistort_pixels(found.pixels, camera) for found in detections])
    confidence = np.concatenate([found.confidence for found in detections])
    known = (confidence > _MIN_CONFIDENCE) & np.isfinite(pixels).all(axis=1)
    if known.sum() < _FEWEST:
        return None
    variance = np.concatenate([found.variance for found in detections])[known] + _PIXEL_VARIANCE
    rays = (pixels[known] - (camera.cx, camera.cy)) / (camera.fx, camera.fy)
    scale = np.sqrt(camera.fx * camera.fy / variance)
    points = np.concatenate([view.keypoints] * len(detections))[known]
    rotated = points @ rotations.transpose(0, 2, 1)  # (N, K, 3)
    gaps = rays * rotated[..., 2:] - rotated[..., :2]  # (N, K, 2): t_xy - ray * t_z
    depth, trust = np.ones(rotated.shape[:2]), np.ones(rotated.shape[:2])
    rows = np.zeros((len(rays), 2, 3))
    rows[:, 0, 0] = rows[:, 1, 1] = 1.0
    rows[:, :, 2] = -rays
    squares = np.einsum("kai,kaj->kij", rows, rows)
    for number in range(_ROUNDS):
        weights = trust * (scale / depth) ** 2
        normal = np.einsum("nk,kij->nij", weights, squares)
        normal += 1e-9 * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(3)
        right = np.einsum("nk,kai,nka->ni", weights, rows, gaps, optimize=True)
        translations = np.linalg.solve(normal, right[..., None])[..., 0]
        seen = rotated + translations[:, None]
        depth = np.maximum(seen[..., 2], _DEPTHS[0])
        errors = scale * np.linalg.norm(seen[..., :2] / depth[..., None] - rays, axis=-1)
        errors[seen[..., 2] < _DEPTHS[0]] = 1e3
        outlier = _OUTLIER if number >= _ROUNDS - 2 else max(_OUTLIER, _LOOSEST / 2**number)
        trust = 1.0 / (1.0 + (errors / outlier) ** 2)
    return translations, np.log1p((errors / _OUTLIER) ** 2).mean(axis=1)


def _overlaps(view: RobotView, detections: Sequence[Detection], rotations: _Array, translations: _Array) -> _Array:
    """``(N,)`` mean overlap of the masks with the cells in which the robot's surface points lie, 0 to 1."""
    vertices = view.vertices[:: max(1, len(view.vertices) // _SAMPLES)]
    pixels = view.camera.project(vertices @ rotations.transpose(0, 2, 1) + translations[:, None])
    shown = view.camera.contains(pixels)
    return np.asarray(np.mean([_overlap(found, np.where(shown[..., None], pixels, -1e6)) for found in detections], 0))


def _overlap(detection: Detection, pixels: _Array) -> _Array:
    """``(N,)`` intersection over union of a mask with image points ``(N, S, 2)``, in cells of the mask."""
    mask = detection.crop_mask
    height, width = mask.shape
    extent = np.sqrt((mask > 0.5).sum())
    cell = max(_LEAST_CELL, round(extent / _CELLS))
    rows, columns = -(-height // cell), -(-width // cell)
    whole = np.zeros((rows * cell, columns * cell))
    whole[:height, :width] = mask
    share = whole.reshape(rows, cell, columns, cell).mean(axis=(1, 3)).ravel()
    inside = detection.crop.forward(pixels)
    place = np.floor(inside / cell)
    pose, sample = np.nonzero(np.all((inside >= 0.0) & (inside < (width, height)), axis=-1))
    column, row = place[pose, sample].astype(int).T
    covered = np.zeros((len(pixels), rows * columns), dtype=bool)
    covered[pose, row * columns + column] = True
    union = np.maximum(covered, share).sum(axis=1)
    return np.asarray(covered @ share / np.maximum(union, 1e-6))


def _apart(rotations: _Array, order: Sequence[int], count: int) -> list[int]:
    """The first of the rotations, by number, that differ from each other."""
    chosen: list[int] = []
    limit = 1.0 + 2.0 * np.cos(_APART)  # trace of a rotation by that angle
    for i in order:
        if len(chosen) == count:
            break
        if not chosen or (np.einsum("nij,ij->n", rotations[chosen], rotations[i]) < limit).all():
            chosen.append(i)
    return chosen
