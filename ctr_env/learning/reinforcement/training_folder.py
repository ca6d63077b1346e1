"""Files of a training's folder: settings, checkpoint, best policy and learning curve."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ctr_env.runs.files import write_json
from ctr_env.runs.folder import RunFolder
from ctr_env.runs.naming import content_hashes

from .config import ReinforcementConfig
from .policy import Policy

__all__ = ["TrainingFolder"]

_MAY_CHANGE = ("steps", "evaluate_every", "evaluation_episodes", "save_minutes", "hyperparameters")
_SCHEMA = "ctr_env/learning_curve@1"


@dataclass(frozen=True)
class TrainingFolder:
    """Paths in the folder of a training, and what is known of it.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def checkpoint(self) -> Path:
        """What a training resumes from."""
        return self.path / "checkpoint.safetensors"

    @property
    def policy(self) -> Path:
        """The policy of the best evaluation."""
        return self.path / "policy.safetensors"

    @property
    def curve(self) -> Path:
        """The evaluations: ``{"schema", "evaluations": [{"step", "success_rate", "position_error_m", …}]}``."""
        return self.path / "learning_curve.json"

    def claim(
        self, config: ReinforcementConfig, environment: Mapping[str, Any], hyperparameters: Mapping[str, Any]
    ) -> None:
        """Make the folder one of a training with these settings, and the files and modules that they name.

        Raises:
            RunFolderError: If it holds a run with other settings, or a file or module that they name has changed.
        """
        algorithm = {name: value for name, value in hyperparameters.items() if name != "n_timesteps"}
        settings = {**asdict(config), "environment": dict(environment), "algorithm_settings": algorithm}
        files = content_hashes(environment)
        RunFolder(self.path, "train-rl", {**settings, "files": files} if files else settings, _MAY_CHANGE)

    def evaluations(self) -> list[dict[str, float]]:
        """The evaluations so far: ``step``, and the metrics of the policy at that step; empty if there are none."""
        if not self.curve.is_file():
            return []
        found: list[dict[str, float]] = json.loads(self.curve.read_text())["evaluations"]
        return found

    def write_evaluations(self, evaluations: Sequence[Mapping[str, float]]) -> None:
        """Write the evaluations so far."""
        write_json(self.curve, {"schema": _SCHEMA, "evaluations": list(evaluations)})

    def finished(self, steps: int) -> bool:
        """Whether a training of some steps has ended here: its last policy is evaluated, and the best one is kept."""
        found = self.evaluations()
        return bool(found) and found[-1]["step"] >= steps and self.policy.is_file()

    def best(self, split: str) -> dict[str, float] | None:
        """Metrics of the policy on a split; ``None`` if there is no policy."""
        return dict(Policy.load(self.policy).header.evaluation[split]) if self.policy.is_file() else None
