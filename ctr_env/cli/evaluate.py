"""``ctr-env evaluate``: the accuracy of an estimator on single images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from rich.console import Console

from ctr_env.errors import ConfigurationError
from ctr_env.evaluation.pose.recording_files import RecordingFiles
from ctr_env.evaluation.pose.runner import run_pose_study
from ctr_env.evaluation.pose.study import PoseStudy
from ctr_env.evaluation.pose.summary import pose_table

from .command import ResultCommand
from .environment import NetworkOptions, with_network
from .images import RecordingOptions
from .progress import counting_progress
from .sections import Section, values

__all__ = ["Evaluate"]

_FILES = ("joints", "camera", "pose")


@dataclass(frozen=True, kw_only=True)
class Evaluate(NetworkOptions, RecordingOptions, ResultCommand):
    """Compare an estimator's poses with the true ones, each image on its own: table, JSON, plot, sheet.

    Every evaluated frame is kept; the same command resumes an interrupted run.
    """

    name = "evaluate"
    resumable = True
    not_in_digest = ("frames", "metrics")

    study: Annotated[PoseStudy, Section(hide=("recording",), defaults={"estimator": "ctrnet"})]
    pose: Path | None = None
    """File with the pose of the camera of ``--images``, as ``ctr-env calibrate`` writes it."""
    metrics: Literal["dream", "ctrnet", "all"] = "all"
    """Convention of the printed areas under curves; the JSON file has all."""

    def name_parts(self) -> list[str]:
        """Robot, estimator and data."""
        return [self.study.robot, str(self.study.estimator), str(self.images or self.study.data)]

    def run(self) -> int:
        """Run the evaluation, show its table and say where its files are."""
        folder = self.folder
        result = self._evaluate(folder)
        _show(result, folder, self.metrics)
        self.copy_result(result)
        return 0

    def _evaluate(self, folder: Path) -> dict[str, Any]:
        """Run the evaluation with a progress bar; the content of its result file."""
        chosen = values(self.study)
        config = with_network(chosen["estimator"], chosen.get("estimator_config", {}), self)
        data = self.study.data if self.images is None else str(self.images)
        study = PoseStudy(**chosen | {"data": data, "estimator_config": config, "recording": self._recording()})
        with counting_progress("{task.fields[note]}") as progress:
            bar = progress.add_task("frames", total=None, note="")
            valid = 0

            def advance(done: int, total: int, record: dict[str, Any] | None) -> None:
                nonlocal valid
                valid += record is not None and record["valid"]
                progress.update(bar, completed=done, total=total, note=f"{valid} valid")

            return run_pose_study(study, folder, self.command_line, advance)

    def _recording(self) -> RecordingFiles | None:
        self.require_images("pose")
        if self.images is None:
            return None
        if self.study.data != PoseStudy.data:
            raise ConfigurationError("give --data or --images, not both")
        files = {name: getattr(self, name) for name in _FILES}
        missing = [f"--{name}" for name, file in files.items() if file is None]
        if missing:
            raise ConfigurationError(f"--images needs {', '.join(missing)} too")
        return RecordingFiles(**files, rectified=self.rectified, joint_names=self.joint_name_map or {})


def _show(result: dict[str, Any], folder: Path, metrics: str) -> None:
    """Print the table of a result and where its files are."""
    config, rejected = result["config"], result["skipped"]
    title = f"{config['robot']}  {config['data']}  estimator: {config['estimator']}"
    Console().print(pose_table(result["summary"], title, metrics))
    if rejected:
        print(f"{len(rejected)} frames rejected, the first: {rejected[0]['file']}: {rejected[0]['reason']}")
    for name, file in (("plot", "evaluate.png"), ("sheet", "sheet.png"), ("JSON", "evaluate.json")):
        print(f"{name:7} {folder / file}")
