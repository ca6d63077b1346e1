"""The gripper's paths in the image and in space, for the best, the median and the worst episode of every system."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ctr_env.drawing.page.chart import Chart, Line, Panel
from ctr_env.evaluation.servo.trace import Trace

from .grouping import by_system
from .ranking import best_median_worst
from .study_data import Episode, StudyData

__all__ = ["image_size", "trajectory_charts"]

_POINTS = 60
_STYLES = {"best": 2, "median": 0, "worst": 1, "goal": 7}
_MOST_SYSTEMS = {"image": 12, "space": 8}  # browsers draw few panels in space at a time

Paths = Mapping[str, Mapping[str, tuple[Episode, Trace]]]


def trajectory_charts(data: StudyData) -> tuple[Chart, ...]:
    """Charts of the paths in the image and in space; none if no traces are kept."""
    paths: dict[str, dict[str, tuple[Episode, Trace]]] = {}
    for system, episodes in by_system(data.episodes).items():
        found = {
            rank: (episode, trace)
            for rank, episode in best_median_worst(episodes).items()
            if (trace := data.trace(episode)) is not None
        }
        if found:
            paths[system] = found
    return (_image_chart(paths), _space_chart(paths)) if paths else ()


def image_size(trace: Trace) -> tuple[int, int]:
    """Width and height of an episode's images, pixels, from the gripper's position in pixels and in shares of them."""
    shares = 0.5 * (trace["gripper_view"] + 1.0)
    frame = np.argmax(np.abs(shares).min(axis=1))
    width, height = (trace["gripper_px"][frame] / shares[frame]).round().astype(int)
    return int(width), int(height)


def _image_chart(paths: Paths) -> Chart:
    shown = dict(list(paths.items())[: _MOST_SYSTEMS["image"]])
    return Chart(
        key="paths-image",
        title="Paths in the image",
        caption="The gripper's origin in the image, from its start to the end of the episode (marker), and the goal, "
        "in the episodes with the smallest, the median and the largest true position error of each system."
        + _left_out(paths, shown),
        summary=_summary("the image", paths),
        panels=[_image_panel(system, ranked) for system, ranked in shown.items()],
    )


def _image_panel(system: str, ranked: Mapping[str, tuple[Episode, Trace]]) -> Panel:
    lines: list[Line] = []
    for rank, (_, trace) in ranked.items():
        lines += _path_lines(rank, _thinned(trace["gripper_px"]))
    for _, trace in ranked.values():
        lines += _goal_lines(_thinned(trace["goal_px"]))
    width, height = image_size(next(iter(ranked.values()))[1])
    return Panel(
        lines,
        "x, right (px)",
        "y, down (px)",
        title=system,
        x_range=(0.0, width),
        y_range=(height, 0.0),
        same_scale=True,
    )


def _space_chart(paths: Paths) -> Chart:
    shown = dict(list(paths.items())[: _MOST_SYSTEMS["space"]])
    return Chart(
        key="paths-space",
        title="Paths in space",
        caption="The same paths in the axes of the camera, relative to the goal, which is the origin: "
        "x to the right, y down, z away from the camera." + _left_out(paths, shown),
        summary=_summary("space", paths),
        panels=[_space_panel(system, ranked) for system, ranked in shown.items()],
    )


def _space_panel(system: str, ranked: Mapping[str, tuple[Episode, Trace]]) -> Panel:
    lines: list[Line] = []
    for rank, (_, trace) in ranked.items():
        lines += _path_lines(rank, _thinned(1e3 * (trace["gripper_camera_m"] - trace["goal_camera_m"])))
    lines.append(_line("goal", np.zeros((1, 3)), _STYLES["goal"], "marks"))
    return Panel(lines, "x, right (mm)", "y, down (mm)", "z, away (mm)", title=system)


def _path_lines(rank: str, path: NDArray[np.float64]) -> list[Line]:
    """A path and its end."""
    number, end = _STYLES[rank], path[-1:]
    return [_line(rank, path, number), _line(rank, end, number, "marks")]


def _goal_lines(goal: NDArray[np.float64]) -> list[Line]:
    """The goal at the end, and its path if it moves."""
    lines = [_line("goal", goal[-1:], _STYLES["goal"], "marks")]
    return lines if np.ptp(goal, axis=0).max() <= 1.0 else [_line("goal", goal, _STYLES["goal"]), *lines]


def _line(name: str, points: NDArray[np.float64], style: int, mark: str = "line") -> Line:
    return Line(name, points[:, 0], points[:, 1], style, z=points[:, 2] if points.shape[1] == 3 else None, mark=mark)


def _thinned(points: NDArray[np.float64]) -> NDArray[np.float64]:
    chosen = np.unique(np.linspace(0, len(points) - 1, min(len(points), _POINTS)).round().astype(int))
    return np.asarray(points, dtype=float)[chosen]


def _left_out(paths: Paths, shown: Paths) -> str:
    return "" if len(paths) == len(shown) else f" The first {len(shown)} of {len(paths)} systems are shown."


def _summary(where: str, paths: Paths) -> str:
    seeds = [
        f"{system} {', '.join(f'{rank} seed {episode.seed}' for rank, (episode, _) in ranked.items())}"
        for system, ranked in paths.items()
    ]
    return f"Paths of the gripper in {where}. Episodes: {'; '.join(seeds)}."
