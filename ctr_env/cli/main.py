"""Entry point of the ``ctr-env`` command: dispatch to the commands, and how errors are shown."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import TextIO

import ctr_env
from ctr_env.errors import CtrEnvError, DataWarning

__all__ = ["COMMANDS", "main"]

COMMANDS = {
    "servo": ("servo:Servo", "run servoing episodes: table, JSON, plot, videos"),
    "study": ("study:Study", "run a study file, here or on a cluster: one row per episode"),
    "evaluate": ("evaluate:Evaluate", "evaluate an estimator on single images: table, JSON, plot, sheet"),
    "demo": ("demo:Demo", "a short servo from pixels, with videos"),
    "report": ("report:Report", "a page, tables and figures of a study"),
    "view": ("view:View", "open an episode's video, or a recording of it in the Rerun viewer"),
    "preview": ("preview:Preview", "a sheet of randomised images"),
    "generate": ("generate:Generate", "render labelled images of a robot"),
    "pretrain": ("pretrain:Pretrain", "train a network on synthetic images"),
    "adapt": ("adapt:Adapt", "adapt a trained network to unlabelled images of a robot"),
    "train-rl": ("train_rl:TrainRl", "train a policy by reinforcement learning"),
    "calibrate": ("calibrate:Calibrate", "find the pose of a fixed camera from images of the moving robot"),
    "fit-uncertainty": ("fit_uncertainty:FitUncertainty", "fit the uncertainty model of a network"),
    "fit-error-model": ("fit_error_model:FitErrorModel", "record ctrnet and fit the error model of ctrnet_model"),
    "export-onnx": ("export_onnx:ExportOnnx", "write a network as an ONNX file"),
    "convert-weights": ("convert_weights:ConvertWeights", "convert a published CtRNet checkpoint"),
    "doctor": ("doctor:Doctor", "try every rendering backend"),
}
"""Commands with the class of their options, which is imported when the command runs, and a summary."""

_INTERRUPTED = 130
_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; its exit status.

    Args:
        arguments: Words after ``ctr-env``; ``None``: those of the process.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    name = words[0] if words else ""
    if name in ("-h", "--help"):
        print(_help())
    elif name == "--version":
        print(f"ctr-env {ctr_env.__version__}")
    elif name not in COMMANDS:
        said = f"unknown command {name!r}" if name else "a command is needed"
        print(f"ctr-env: {said}; valid names: {', '.join(COMMANDS)}", file=sys.stderr)
        return _USAGE
    else:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return _run(name, words[1:])
    return 0


def _run(name: str, words: Sequence[str]) -> int:
    resumable, debug = False, "--debug" in words
    try:
        from .parsing import parse

        module, _, kind = COMMANDS[name][0].partition(":")
        options_class = getattr(import_module(f"{__package__}.{module}"), kind)
        resumable = options_class.resumable
        options = parse(options_class, words)
        debug = options.debug
        status: int = options.run()
    except CtrEnvError as error:
        if debug:
            raise
        print(f"ctr-env {name}: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        told = "the same command resumes" if resumable else "the same command starts from the beginning"
        print(f"\nctr-env {name}: interrupted; {told}", file=sys.stderr)
        return _INTERRUPTED
    return status


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning on stderr: one of this package about data in one line, others with their origin."""
    if issubclass(category, DataWarning):
        text = f"ctr-env: warning: {message}\n"
    else:
        text = warnings.formatwarning(message, category, filename, lineno, line)
    (file or sys.stderr).write(text)


def _help() -> str:
    width = max(map(len, COMMANDS))
    rows = [f"  {name:{width}}  {summary}" for name, (_, summary) in COMMANDS.items()]
    return "\n".join(
        [
            "usage: ctr-env COMMAND [OPTIONS]",
            "",
            str(ctr_env.__doc__).strip().splitlines()[0],
            "",
            "commands:",
            *rows,
            "",
            "ctr-env COMMAND --help lists the options of a command.",
        ]
    )
