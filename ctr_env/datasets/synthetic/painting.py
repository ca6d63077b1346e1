"""Painting what scenes do not have into single images: windows, marker boards, cables and covers on the arm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.world.fiducials import FACES, CharucoBoardSpec

from .clutter import fill_shape, paint_clutter

__all__ = ["PaintedImage", "link_places", "paint_image"]

Image = NDArray[np.uint8]

_LINK_M = 0.055
"""Half the width of a link, metres: the scale of what is attached to it."""
_NEAREST_M = 0.05
_TAGS = "DICT_APRILTAG_36h11"
_TAG_IDS = 587


class PaintedImage(NamedTuple):
    """An image after painting.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        cover: ``(H, W)`` uint8 coverage of what was painted before the robot, 0 to 255.
    """

    image: Image
    cover: Image


def paint_image(
    image: Image,
    alpha: Image,
    links: NDArray[np.float64],
    draws: Mapping[str, NDArray[np.float64] | float],
    rng: np.random.Generator,
) -> PaintedImage:
    """Paint the objects of the fields ``painted.*`` into an image without camera effects.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        alpha: ``(H, W)`` uint8 coverage by the robot, 0 to 255.
        links: ``(N, 3)`` places along the arm as :func:`link_places` returns them; the last one at the gripper.
        draws: How many objects of each kind, by field name; other names are ignored.
        rng: Source of their shapes, places and colours.
    """
    count = {name.partition(".")[2]: float(value) for name, value in draws.items() if name.startswith("painted.")}
    cover = np.zeros(alpha.shape, np.uint8)
    if not any(count.values()):
        return PaintedImage(image, cover)
    behind, panes = _behind(image, count, rng)
    robot = alpha[..., None].astype(np.float32) / 255.0
    painted = (image * robot + behind * (1.0 - robot)).astype(np.uint8)
    for _ in range(int(count["attachments"])):
        if len(links) >= 2:
            cover = np.maximum(cover, _attach(painted, links, rng))
    if count["markers"] and len(links) and rng.random() < 0.5:
        x, y, scale = links[-1]
        cover = np.maximum(cover, _paint_board(painted, np.array([x, y]), scale * rng.uniform(0.8, 2.0), rng))
    cover = np.maximum(cover, paint_clutter(painted, rng, int(count["foreground"]), size=0.9))
    return PaintedImage(_glared(painted, panes, count["glare"]), cover)


def link_places(points: NDArray[np.float64], camera: PinholeCamera) -> NDArray[np.float64]:
    """Places along an arm in an image, of those points that lie before the camera.

    Args:
        points: ``(K, 3)`` points along the kinematic chain in the camera frame, metres.
        camera: Intrinsics of the image.

    Returns:
        ``(N, 3)`` pixel x, y, and half the width of a link there, pixels.
    """
    before = points[points[:, 2] > _NEAREST_M]
    places = np.column_stack([camera.project(before), camera.fx * _LINK_M / before[:, 2]])
    return places[np.isfinite(places).all(axis=1)]


def _behind(image: Image, count: Mapping[str, float], rng: np.random.Generator) -> tuple[Image, Image]:
    """What is seen where the robot is not, and the ``(H, W)`` panes of windows in it."""
    canvas, panes = image.copy(), np.zeros(image.shape[:2], np.uint8)
    paint_clutter(canvas, rng, int(count["background"]))
    size = np.array(panes.shape[::-1])
    for _ in range(int(count["windows"])):
        _paint_window(canvas, panes, rng)
    for _ in range(int(count["markers"])):
        _paint_board(canvas, rng.uniform(0.0, 1.0, 2) * size, size[1] * rng.uniform(0.03, 0.2), rng)
    return canvas, panes


def _paint_window(canvas: Image, panes: Image, rng: np.random.Generator) -> None:
    """A bright quadrilateral with bars."""
    height, width = panes.shape
    centre = rng.uniform(0.0, 1.0, 2) * (width, 0.7 * height)
    half = height * np.array([rng.uniform(0.1, 0.45), rng.uniform(0.1, 0.5)])
    corners = centre + np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half + rng.normal(0.0, 0.06, (4, 2)) * half
    shape = np.zeros_like(panes)
    cv2.fillConvexPoly(shape, np.round(corners).astype(np.int32), 255, cv2.LINE_AA)
    for _ in range(rng.integers(0, 4)):
        share, turn = rng.uniform(0.2, 0.8), rng.integers(2)
        a, b = (
            (corners[[0, 1]] * (1 - share) + corners[[3, 2]] * share)
            if turn
            else (corners[[0, 3]] * (1 - share) + corners[[1, 2]] * share)
        )
        ends = [tuple(np.round(p).astype(int).tolist()) for p in (a, b)]
        cv2.line(shape, ends[0], ends[1], 0, max(1, round(0.03 * float(half.max()))), cv2.LINE_AA)
    light = rng.uniform(225, 255) * np.array([rng.uniform(0.93, 1.0), rng.uniform(0.96, 1.0), 1.0])
    alpha = shape[..., None] / 255.0
    canvas[:] = (canvas * (1.0 - alpha) + light * alpha).astype(np.uint8)
    np.maximum(panes, shape, out=panes)


def _glared(image: Image, panes: Image, glare: float) -> Image:
    """The image with light that windows scatter in the lens: most of it near them, some everywhere."""
    if glare <= 0.0 or not panes.any():
        return image
    small = cv2.resize(panes, (64, 48), interpolation=cv2.INTER_AREA).astype(np.float32)
    near = cv2.resize(cv2.GaussianBlur(small, (0, 0), 5.0), image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    veil = glare * (near + float(small.mean()))
    return np.asarray((image + veil[..., None]).clip(0, 255), dtype=np.uint8)


def _attach(image: Image, links: NDArray[np.float64], rng: np.random.Generator) -> Image:
    """Paint a cable, a tape or a cover, each as often; returns its ``(H, W)`` coverage."""
    kind, size = int(rng.integers(3)), image.shape[:2]
    shape = _cable(size, links, rng) if kind == 0 else _patch(size, links, kind == 1, rng)
    fill_shape(image, shape, 0.5, rng)
    return shape


def _cable(size: tuple[int, ...], links: NDArray[np.float64], rng: np.random.Generator) -> Image:
    """``(H, W)`` coverage of a cable along the arm."""
    shape = np.zeros(size, np.uint8)
    path = np.array([link[:2] + rng.normal(0.0, 0.7, 2) * link[2] for link in links])
    places = np.linspace(0, len(path) - 1, 40)
    curve = np.stack([np.interp(places, np.arange(len(path)), axis) for axis in path.T], axis=1)
    curve += np.cumsum(rng.normal(0.0, 0.05 * links[-1][2], curve.shape), axis=0)
    thickness = max(1, round(float(np.median(links[:, 2])) * rng.uniform(0.08, 0.3)))
    cv2.polylines(shape, [_limited(curve)], False, 255, min(thickness, 60), cv2.LINE_AA)
    return shape


def _patch(size: tuple[int, ...], links: NDArray[np.float64], narrow: bool, rng: np.random.Generator) -> Image:
    """``(H, W)`` coverage of a tape around one link (narrow), or of a cover of it."""
    shape = np.zeros(size, np.uint8)
    first = int(rng.integers(len(links) - 1))
    a, b = links[first], links[first + 1]
    along = b[:2] - a[:2]
    across = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-6)
    start, length = rng.uniform(0.0, 0.8), rng.uniform(0.05, 0.2) if narrow else rng.uniform(0.3, 0.9)
    near, far = (a[:2] + share * along for share in (start, start + length))
    side_a, side_b = (rng.uniform(0.9, 1.6) * link[2] * across for link in (a, b))
    quad = np.array([near - side_a, near + side_a, far + side_b, far - side_b])
    cv2.fillConvexPoly(shape, _limited(quad), 255, cv2.LINE_AA)
    return shape


def _limited(points: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.round(points).clip(-30_000, 30_000).astype(np.int32)


def _paint_board(image: Image, centre: NDArray[np.float64], half: float, rng: np.random.Generator) -> Image:
    """Paint a tag, a chessboard or a ChArUco board in a random perspective, about ``half`` pixels from centre to edge.

    Returns:
        Its ``(H, W)`` coverage.
    """
    pattern = _pattern(rng)
    height, width = pattern.shape
    sides = half * np.array([width, height]) / max(width, height)
    turn, foreshortening = rng.uniform(0, 2 * np.pi), rng.uniform(0.35, 1.0)
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) * [[1.0], [foreshortening]]
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * sides * rng.uniform(0.9, 1.1, (4, 1))
    target = (centre + corners @ axes).astype(np.float32)
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    H = cv2.getPerspectiveTransform(source, target)
    size = image.shape[1::-1]
    share = cv2.warpPerspective(np.full_like(pattern, 255), H, size, flags=cv2.INTER_AREA)
    drawn = cv2.warpPerspective(pattern, H, size, flags=cv2.INTER_AREA)[..., None] * (
        rng.uniform(0.4, 1.0) * rng.uniform(0.9, 1.0, 3)
    )
    alpha = share[..., None] / 255.0
    image[:] = (image * (1.0 - alpha) + drawn * alpha).clip(0, 255).astype(np.uint8)
    return np.asarray(share, dtype=np.uint8)


def _pattern(rng: np.random.Generator) -> Image:
    """``(h, w)`` grey pattern with a white margin."""
    kind = rng.integers(3)
    if kind == 0:
        dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, _TAGS))
        tag = cv2.aruco.generateImageMarker(dictionary, int(rng.integers(_TAG_IDS)), 80)
        return np.pad(np.asarray(tag, dtype=np.uint8), 12, constant_values=255)
    if kind == 1:
        rows, columns = rng.integers(5, 10, 2)
        squares = (np.indices((rows, columns)).sum(axis=0) % 2).astype(np.uint8) * np.uint8(255)
        return np.pad(np.kron(squares, np.ones((14, 14), np.uint8)), 12, constant_values=255)
    board = CharucoBoardSpec(columns=int(rng.integers(4, 9)), rows=int(rng.integers(3, 7)))
    return np.ascontiguousarray(board.image(FACES[0])[..., 0][::3, ::3])
