"""Opening files in the programs of a desktop."""

from __future__ import annotations

import os
import subprocess
import sys
import webbrowser
from pathlib import Path

from ctr_env.evaluation.servo.rerun_recording import require_rerun

__all__ = ["has_display", "open_file"]


def has_display() -> bool:
    """Whether windows can be opened."""
    if sys.platform in ("darwin", "win32"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def open_file(path: Path) -> bool:
    """Open a recording in the Rerun viewer, another file in the browser; whether that was possible.

    Raises:
        MissingDependencyError: If a recording is to be opened and ``rerun`` is not installed.
    """
    if path.suffix == ".rrd":
        require_rerun()
    if not has_display():
        return False
    if path.suffix == ".rrd":
        subprocess.Popen([sys.executable, "-m", "rerun", str(path)], start_new_session=True)
        return True
    return webbrowser.open(path.resolve().as_uri())
