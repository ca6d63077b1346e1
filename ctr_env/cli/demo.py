"""``ctr-env demo``: a short servo from pixels."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctr_env.evaluation.servo.runner import ServoStudy
from ctr_env.scenes.robots.catalogue import get_robot

from .command import ResultCommand
from .environment import NetworkOptions, with_network
from .servo import run_study, show_result

__all__ = ["Demo"]

_ESTIMATOR = "ctrnet"


@dataclass(frozen=True, kw_only=True)
class Demo(NetworkOptions, ResultCommand):
    """Servo a few times from pixels: CtRNet estimates the camera's pose from images of the arm.

    The results of an earlier demonstration in the same folder are replaced.
    """

    name = "demo"

    robot: str = "panda"
    """Robot, by name or by a YAML file that describes it."""
    episodes: int = 2
    """Number of episodes, each with a video."""
    seed: int = 8
    """Seed of the first episode; the others count up."""

    def name_parts(self) -> list[str]:
        """Robot and estimator."""
        return [self.robot, _ESTIMATOR]

    def run(self) -> int:
        """Run the episodes, show their table and say where the videos are."""
        folder = self.folder
        study = ServoStudy(robot=self.robot, episodes=self.episodes, seed=self.seed, env_config=self._environment())
        _remove_earlier(folder)
        result = run_study(study, folder, self.command_line, self.episodes)
        show_result(result, folder)
        self.copy_result(result)
        return 0

    def _environment(self) -> dict[str, Any]:
        """Moderate views from near by, so that the videos show what happens."""
        near, far = get_robot(self.robot).camera_distance
        return {
            "estimator": _ESTIMATOR,
            "estimator_config": with_network(_ESTIMATOR, {}, self),
            "randomization": {
                "preset": "mild",
                "camera.distance": {"uniform": [near, 0.5 * (near + far)]},
                "camera.azimuth": {"uniform": [-0.5, 0.5]},
                "camera.elevation": {"uniform": [0.25, 0.65]},
                "camera.fov": {"uniform": [0.75, 0.95]},
                "image.noise_std": 0.003,
            },
        }


def _remove_earlier(folder: Path) -> None:
    """Remove what an earlier demonstration would be resumed from, so that the present code is shown."""
    if (folder / "run.json").is_file():
        (folder / "run.json").unlink()
        shutil.rmtree(folder / "traces", ignore_errors=True)
