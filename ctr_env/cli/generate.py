"""``ctr-env generate``: synthetic labelled images for training and evaluation."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated

from ctr_env.datasets.synthetic.generate import GenerateConfig, generate
from ctr_env.errors import ConfigurationError
from ctr_env.learning.supervised.sources import TRAINING_RANDOMIZATION

from .command import OutputCommand
from .environment import randomization_name
from .progress import counting_progress
from .sections import Section, values

__all__ = ["Generate"]


@dataclass(frozen=True, kw_only=True)
class Generate(OutputCommand):
    """Render labelled images of a robot, in the layout of DREAM.

    Finished frames are kept; the same command resumes an interrupted run, and a larger ``--frames`` continues it.
    """

    name = "generate"
    resumable = True
    not_in_digest = ("frames", "workers")

    frames: int
    """Number of frames that the folder holds in the end."""
    settings: Annotated[GenerateConfig, Section(defaults={"board_share": 0.25})]
    clean: bool = False
    """Randomisation for ``ctr-env pretrain``: views and lenses of ``hard``, without image effects and painted objects,
    which the training adds itself."""
    workers: int = os.cpu_count() or 1
    """Number of processes."""

    def name_parts(self) -> list[str]:
        """Robot, split and randomisation."""
        kind = "clean" if self.clean else randomization_name(self.settings.randomization)
        return [self.settings.robot, self.settings.split, kind]

    def run(self) -> int:
        """Render the missing frames and say where all are."""
        chosen = values(self.settings)
        self._check(chosen["randomization"])
        if self.clean:
            chosen["randomization"] = dict(TRAINING_RANDOMIZATION)
        folder = self.folder
        with counting_progress() as progress:
            task = progress.add_task("frames", total=self.frames)
            for done in generate(GenerateConfig(**chosen), folder, self.frames, self.workers):
                progress.update(task, completed=done)
        print(f"{self.frames} frames    {folder}")
        return 0

    def _check(self, randomization: object) -> None:
        if self.clean and randomization != GenerateConfig.randomization:
            raise ConfigurationError("give --randomization or --clean, not both")
        for name, value in (
            ("frames", self.frames), ("workers", self.workers),
            ("width", self.settings.width), ("height", self.settings.height),
        ):  # fmt: skip
            if value < 1:
                raise ConfigurationError(f"--{name} must be at least 1, not {value}")
