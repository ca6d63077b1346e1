"""Running an adaptation with a progress bar, as ``adapt`` and ``calibrate --adapt`` do."""

from __future__ import annotations

from pathlib import Path

from ctr_env.estimators.ctrnet.points import LinkPoint
from ctr_env.estimators.ctrnet.weights import read_header
from ctr_env.learning.self_training.adapter import Adapter
from ctr_env.learning.self_training.config import AdaptationConfig
from ctr_env.learning.self_training.teacher import Evaluation
from ctr_env.learning.supervised.sources import FolderSource, FrameSource, SimulatorSource
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .progress import training_progress

__all__ = ["adapt_with_progress", "replay_source"]


def replay_source(
    config: AdaptationConfig, folder: Path | None, weights: Path, kinematics: RobotKinematics
) -> FrameSource | None:
    """The synthetic images that are replayed: a folder's, new ones from the simulator, or none.

    Args:
        config: Settings of the adaptation.
        folder: Folder of frames with masks; ``None``: the simulator.
        weights: The weights that are adapted.
        kinematics: The robot whose network it is.
    """
    if config.replay_share == 0.0:
        return None
    points = [LinkPoint(*point) for point in read_header(weights).keypoints]
    if folder is not None:
        return FolderSource([folder], kinematics, points)
    return SimulatorSource(config.robot, points, config.seed)


def adapt_with_progress(adapter: Adapter, file: Path) -> None:
    """Run an adaptation to its end; the weights file is written after every round with the best score so far."""
    with training_progress("adapting") as bar:
        task = bar.add_task("estimating pseudo-labels", total=1.0)
        bar.update(task, completed=adapter.progress)

        def step(number: int, progress: float, parts: dict[str, float]) -> None:
            bar.update(task, completed=progress, description=f"step {number}  loss {parts['loss']:.2f}")

        def finished(found: Evaluation) -> None:
            adapter.write(file)
            bar.console.print(
                f"{found.progress:4.0%}  agreement {found.score:.3f}  "
                f"contour inlier ratio {found.contour_inlier_ratio:.2f}  images used {found.usable:.0%}"
            )

        adapter.run(step, finished)
