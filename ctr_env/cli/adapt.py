"""``ctr-env adapt``: self-training of a network on unlabelled images."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from ctr_env.datasets.folders import Folder, RejectedFrame
from ctr_env.datasets.frame import Frame
from ctr_env.datasets.unlabelled import of_one_camera, read_images
from ctr_env.estimators.ctrnet.packaged import mirror_for, packaged_weights
from ctr_env.estimators.mirrored import Mirror
from ctr_env.learning.self_training.adapter import Adapter
from ctr_env.learning.self_training.config import AdaptationConfig
from ctr_env.learning.self_training.report import adaptation_sheet, plot_adaptation
from ctr_env.runs.configuration import config_from_mapping
from ctr_env.runs.files import write_image, write_json
from ctr_env.runs.versions import versions
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .adaptation import adapt_with_progress, replay_source
from .command import ResultCommand
from .images import DataOptions, image_sources, report_rejected
from .sections import Section, values

__all__ = ["Adapt"]

_WEIGHTS = "weights.safetensors"
_MINUTES = 20.0


@dataclass(frozen=True, kw_only=True)
class Adapt(DataOptions, ResultCommand):
    """Adapt a trained network to images with joint angles and intrinsics, without labels (self-training).

    The length is ``--minutes`` (default: 20) or ``--steps``. The same command resumes from the last checkpoint.
    """

    name = "adapt"
    resumable = True
    not_in_digest = ("device",)

    settings: Annotated[AdaptationConfig, Section(hide=("fixed_camera",))]
    data: tuple[Path, ...] = ()
    """Folders, one for each camera, in the layout of DREAM, or CtRNet's Baxter set; labels are not read."""
    moving_camera: bool = False
    """The camera moves, so that every image has another pose (default: each camera is fixed)."""
    weights: Path | None = None
    """Weights to start from (default: those of the package)."""
    replay: Path | None = None
    """Folder of synthetic frames to replay, see ``ctr-env generate --clean`` (default: rendered on demand)."""

    def name_parts(self) -> list[str]:
        """Robot, weights and data."""
        sources = [str(each) for each in self.data] or [str(self.images)]
        return [self.settings.robot, "ctrnet" if self.weights is None else str(self.weights), sources[0]]

    def run(self) -> int:
        """Adapt, write the report and say where its files are."""
        config, folder = self._config(), self.folder
        kinematics = RobotKinematics(config.robot)
        mirror = mirror_for(kinematics.robot, self.weights)
        if mirror is not None:
            config = config_from_mapping(AdaptationConfig, asdict(config) | {"robot": mirror.robot})
        network_robot = RobotKinematics(config.robot)
        start = self.weights or packaged_weights(network_robot.robot)
        sources = image_sources(self.data, self, kinematics, folder / "images")
        images, rejected = zip(*(self._images(source, mirror) for source in sources), strict=True)
        replay = replay_source(config, self.replay, start, network_robot)
        adapter = Adapter(config, list(images), start, replay, folder)
        adapt_with_progress(adapter, folder / _WEIGHTS)
        result = self._result(adapter, [len(group) for group in images], [each for some in rejected for each in some])
        result["conventions"] = [source.conventions for source in sources]
        sheet = adaptation_sheet(
            {"before": start, "after": folder / _WEIGHTS}, config.robot, list(images), config.fixed_camera,
            flipped=mirror is not None, device=config.device,
        )  # fmt: skip
        write_image(folder / "overlays.png", sheet)
        plot_adaptation(adapter.history, result["rounds"], folder / "curves.png")
        write_json(folder / "adapt.json", result)
        self._show(result, folder)
        return 0

    def _config(self) -> AdaptationConfig:
        chosen = values(self.settings) | {"fixed_camera": not self.moving_camera}
        if chosen["minutes"] is None and chosen["steps"] is None:
            chosen["minutes"] = _MINUTES
        return AdaptationConfig(**chosen)

    def _images(self, source: Folder, mirror: Mirror | None) -> tuple[list[Frame], list[RejectedFrame]]:
        """The images of one source, as the network sees them, and the rejected ones."""
        found = read_images(source)
        if not self.moving_camera:
            found = of_one_camera(found)
        report_rejected(found.rejected)
        return [frame if mirror is None else mirror.frame(frame) for frame in found.frames.values()], found.rejected

    def _result(self, adapter: Adapter, counts: list[int], rejected: list[RejectedFrame]) -> dict[str, Any]:
        rounds = [each.record() for each in adapter.rounds]
        return {
            "schema": "ctr_env/adapt@1",
            "command": self.command_line,
            "config": asdict(adapter.config),
            "versions": versions("torch"),
            "pictures": counts,
            "skipped": [each._asdict() for each in rejected],
            "uncertainty": adapter.header.uncertainty.source,
            "rounds": rounds,
            "summary": {
                "score_before": rounds[0]["score"],
                "score_after": max(each["score"] for each in rounds),
                "steps": adapter.step,
                "minutes": adapter.seconds / 60.0,
            },
        }

    def _show(self, result: dict[str, Any], folder: Path) -> None:
        summary = result["summary"]
        print(f"agreement {summary['score_before']:.3f} -> {summary['score_after']:.3f}, {summary['steps']} steps")
        for title, name in (
            ("weights", _WEIGHTS), ("sheet", "overlays.png"), ("plot", "curves.png"), ("JSON", "adapt.json"),
        ):  # fmt: skip
            print(f"{title:7} {folder / name}")
        self.copy_result(result)
