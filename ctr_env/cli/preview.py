"""``ctr-env preview``: images of a randomisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ctr_env.envs.config import ServoConfig
from ctr_env.evaluation.servo.preview import preview_sheet
from ctr_env.runs.files import write_image

from .command import OutputCommand
from .environment import ENVIRONMENT, NetworkOptions, environment_arguments, randomization_name
from .servo import study_of

__all__ = ["Preview"]


@dataclass(frozen=True, kw_only=True)
class Preview(NetworkOptions, OutputCommand):
    """Render the first images of some episodes, side by side."""

    name = "preview"

    environment: Annotated[ServoConfig, ENVIRONMENT]
    frames: int = 10
    """Number of images, each the first of an episode."""
    seed: int = 0
    """Seed of the first episode; the others count up."""

    def name_parts(self) -> list[str]:
        """Robot and randomisation."""
        return [str(self.environment.robot), randomization_name(self.environment.randomization)]

    def run(self) -> int:
        """Write the sheet and say where it is."""
        env = study_of(environment_arguments(self.environment, self), self.frames, self.seed).make_environment()
        try:
            sheet = preview_sheet(env, range(self.seed, self.seed + self.frames))
        finally:
            env.close()
        file = self.folder / "preview.png"
        write_image(file, sheet)
        print(f"{self.frames} images    {file}")
        return 0
