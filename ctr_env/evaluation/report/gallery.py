"""Videos of episodes, and failed episodes by reason, as HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

import numpy as np

from ctr_env.drawing.page.markup import element
from ctr_env.drawing.page.table import Number
from ctr_env.evaluation.servo.trace import Trace

from .grouping import by_system
from .intervals import values_of
from .media import MediaBudget, last_image_uri, poster_uri, video_uri
from .quantities import quantity
from .ranking import RANKS, best_median_worst
from .study_data import Episode, StudyData
from .trajectory_charts import image_size

__all__ = ["failure_gallery", "video_gallery"]

_NAMED = 5  # systems, those with the most failures of a reason
_EXAMPLES = 4  # of each reason
_ORDER = ("median", "worst", "best")  # which videos are embedded first


def video_gallery(data: StudyData, budget: MediaBudget) -> str:
    """Videos of the best, the median and the worst recorded episode of every system; empty if there are none."""
    chosen = {
        system: best_median_worst([episode for episode in episodes if data.video(episode) is not None])
        for system, episodes in by_system(data.episodes).items()
    }
    uris: dict[tuple[str, str], str | None] = {}
    for rank in _ORDER:
        for system, ranked in chosen.items():
            if rank in ranked and not budget.spent:
                path = data.video(ranked[rank])
                uris[system, rank] = budget.take(video_uri(path)) if path is not None else None
    blocks = []
    for system, ranked in chosen.items():
        figures = [
            _video(data, ranked[rank], rank, uris.get((system, rank)), budget) for rank in RANKS if rank in ranked
        ]
        if figures:
            blocks.append(element("h3", escape(system)) + element("div", *figures, class_="tiles"))
    return "".join(blocks)


def failure_gallery(data: StudyData, budget: MediaBudget) -> str:
    """Examples of failed episodes for every reason, the most frequent reason first; empty if there are none."""
    failed = [episode for episode in data.episodes if episode.failure is not None]
    blocks = []
    for reason, count in Counter(episode.failure for episode in failed).most_common():
        group = [episode for episode in failed if episode.failure == reason]
        systems = Counter(episode.system for episode in group)
        told = ", ".join(f"{system} {number}" for system, number in systems.most_common(_NAMED))
        told += f" and {len(systems) - _NAMED} more" if len(systems) > _NAMED else ""
        tiles = (_failure(data, episode, budget) for episode in _examples(data, group))
        blocks.append(
            element("h3", f"{escape(str(reason))}: {count} episode{'s' if count > 1 else ''}")
            + element("p", f"By system: {escape(told)}.")
            + element("div", *tiles, class_="tiles")
        )
    return "".join(blocks)


def _examples(data: StudyData, group: Sequence[Episode]) -> list[Episode]:
    """A few episodes, of different systems and with a video where that is possible."""
    found: list[Episode] = []
    ranked = sorted(group, key=lambda episode: data.video(episode) is None)
    for episode in ranked:
        if all(episode.system != other.system for other in found):
            found.append(episode)
    found += [episode for episode in ranked if episode not in found]
    return found[:_EXAMPLES]


def _video(data: StudyData, episode: Episode, rank: str, uri: str | None, budget: MediaBudget) -> str:
    path = data.video(episode)
    assert path is not None
    name = path.relative_to(data.folder).as_posix()
    told = f"{rank}: {_described(episode)}"
    if uri is None:
        link = element("a", escape(name), href=f"{name}")
        shown = element("p", "not embedded, to keep the page small: ", link, class_="absent")
    else:
        poster = budget.take(poster_uri(path)) or False
        shown = element("video", src=uri, poster=poster, controls=True, muted=True, playsinline=True, aria_label=told)
    return element("figure", shown, element("figcaption", element("strong", rank), f" {escape(_described(episode))}"))


def _failure(data: StudyData, episode: Episode, budget: MediaBudget) -> str:
    path = data.video(episode)
    image = None if path is None or budget.spent else budget.take(last_image_uri(path))
    told = _described(episode)
    if image is not None:
        shown = element("img", src=image, alt=f"Last image of the episode: {told}", loading="lazy")
    else:
        trace = data.trace(episode)
        shown = "" if trace is None else _path_drawing(trace, told)
    cell = f" --cell {episode.cell}" if episode.cell else ""
    command = f"ctr-env view {data.folder.name}{cell} --seed {episode.seed}"
    detail = element("p", escape(episode.detail)) if episode.detail else ""
    return element("figure", shown, element("figcaption", f"{escape(told)} {detail}", element("code", escape(command))))


def _described(episode: Episode) -> str:
    shown = quantity("true_position_error_m")
    parts = [episode.system, episode.scenario, f"seed {episode.seed}"]
    values = values_of([episode], shown)
    parts += [f"{Number(values[0]).value_text} {shown.unit}"] if values else []
    return ", ".join(filter(None, parts))


def _path_drawing(trace: Trace, described: str) -> str:
    """The gripper's path and the goal in the image, as a small drawing."""
    width, height = image_size(trace)
    scale = 240.0 / width
    size = (240, round(scale * height))
    step = max(1, len(trace["gripper_px"]) // 40)
    path = np.clip(scale * np.nan_to_num(trace["gripper_px"][::step]), -1e3, 1e3)
    goal = np.clip(scale * np.nan_to_num(trace["goal_px"][-1]), -1e3, 1e3)
    points = " ".join(f"{x:.0f},{y:.0f}" for x, y in path)
    content = [
        element("rect", width="100%", height="100%", class_="frame"),
        element("polyline", points=points, class_="path"),
        element("circle", cx=f"{path[-1, 0]:.0f}", cy=f"{path[-1, 1]:.0f}", r="4", class_="end"),
        element("path", d=f"M{goal[0] - 6:.0f} {goal[1]:.0f}h12m-6 -6v12", class_="goal"),
    ]
    told = f"Path of the gripper (line, end as a dot) and goal (cross) in the image: {described}"
    return element(
        "svg", *content, viewBox=f"0 0 {size[0]} {size[1]}", role="img", aria_label=told, class_="path-drawing"
    )
