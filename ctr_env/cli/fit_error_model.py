"""``ctr-env fit-error-model``: record the real estimator, fit its error model, compare both on held-out episodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from ctr_env.errors import ConfigurationError, MissingFileError
from ctr_env.evaluation.error_model.study import ErrorModelStudy
from ctr_env.runs.engines.local import available_cores
from ctr_env.runs.versions import versions
from ctr_env.scenes.robots.catalogue import get_robot

from .command import ResultCommand
from .progress import counting_progress
from .sections import Section, values

__all__ = ["FitErrorModel"]


@dataclass(frozen=True, kw_only=True)
class FitErrorModel(ResultCommand):
    """Fit an error model of ctrnet, for the estimator ctrnet_model, to episodes in which ctrnet closes the loop.

    Every recorded episode is kept: the same command resumes an interrupted run, and one with more episodes continues
    it. The model is fitted to one part of the episodes and compared with ctrnet on another one.
    """

    name = "fit-error-model"
    resumable = True
    not_in_digest = ("episodes", "workers")

    study: Annotated[ErrorModelStudy, Section()]
    workers: int = available_cores()
    """Number of processes; the results do not depend on it."""

    def name_parts(self) -> list[str]:
        """Robot and presets."""
        return [str(self.study.robot), *self.study.randomization]

    def run(self) -> int:
        """Record, fit, compare, and say where the model is."""
        from ctr_env.evaluation.error_model.runner import run_error_model_study  # imports torch

        study = ErrorModelStudy(**values(self.study))
        robot = get_robot(study.robot)
        if robot.network_robot != robot.name or robot.mirror_of is not None:
            other = robot.mirror_of or robot.network_robot
            raise ConfigurationError(f"{robot.name} uses the error model of {other}; fit that one: --robot {other}")
        if study.weights is not None and not study.weights.is_file():
            raise MissingFileError(f"no such weights file: {study.weights}")
        with counting_progress("{task.fields[note]}") as progress:
            bar = progress.add_task("episodes", total=study.episodes, note="")

            def recorded() -> None:
                progress.update(bar, advance=1)

            def fitting(part: str, step: int, loss: float) -> None:
                progress.update(bar, note=f"fitting {part}: step {step}, validation loss {loss:.3f}")

            result = run_error_model_study(study, self.folder, self.command_line, recorded, fitting, self.workers)
        _show(result)
        self.copy_result(result | {"versions": versions("torch")})
        print(f"model   {self.folder / 'error_model.safetensors'}\nplot    {self.folder / 'quantiles.png'}")
        return 0


def _show(result: dict[str, Any]) -> None:
    """Print the comparison."""
    print(
        f"held out: {result['episodes']} episodes, {result['frames']} frames; {result['replays']} replays of the model"
    )
    for part in ("marginal", "conditional"):
        for name, row in result[part].items():
            shown = "   ".join(
                f"p{level} {each['real']:.3g} [{each['interval'][0]:.3g}, {each['interval'][1]:.3g}]"
                f" model {each['model']:.3g}{'' if each['inside'] else ' *'}"
                for level, each in row.items()
            )
            print(f"{name:28s}{shown}")
    for row in result["autocorrelation"]:
        if row["model"] is None:
            continue
        low, high = row["model_interval"]
        shown = f"{row['real']:.2f}, model {row['model']:.2f} [{low:.2f}, {high:.2f}]"
        print(f"autocorrelation, path {row['path']}: {shown}")
    for name, share in {**result["valid_share"], "after an invalid one": result["persistence"]}.items():
        if share:
            low, high = share["interval"]
            print(f"valid, {name}: {share['real']:.3f} [{low:.3f}, {high:.3f}], model {share['model']:.3f}")
    if energy := result["energy_distance"]:
        print(f"energy distance of halves: {energy['real']:.4f} (95 %: {energy['interval'][1]:.4f}), "
              f"model {energy['model']:.4f}, p = {energy['p']:.2f}")  # fmt: skip
    print("figures marked * lie outside the interval of resampled episodes")
