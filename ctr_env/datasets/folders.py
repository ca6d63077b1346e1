"""Folders of frames in any layout that is known."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

from ctr_env.scenes.robots.kinematics import RobotKinematics

from .ctrnet_baxter import CtRNetBaxterFolder
from .dream_reader import DreamFolder
from .frame import Frame
from .labelled import LabelledFrame

__all__ = ["Folder", "RejectedFrame", "open_folder", "rejected_frame"]


class Folder(Protocol):
    """Frames that are read by name: of a folder in some layout, or a recording."""

    names: list[str]
    """Names of the frames."""
    conventions: dict[str, str]
    """How numbers in the files were read: units, pixel centres, and whether that was given or inferred."""

    def files(self, name: str) -> list[Path]:
        """The files that a frame is read from."""

    def read_unlabelled(self, name: str) -> Frame:
        """Image, joint angles and camera of a frame, and nothing else of its files."""

    def read(self, name: str) -> LabelledFrame:
        """One frame with what is known of it."""


class RejectedFrame(NamedTuple):
    """A frame that cannot be used."""

    file: str
    """Name of the file at fault, with its folder if frames lie in several, or of the frame."""
    reason: str
    """What is wrong."""


def rejected_frame(folder: Folder, name: str, error: Exception) -> RejectedFrame:
    """The frame that could not be read, from the error that said so."""
    for file in folder.files(name):
        if str(file) in str(error):
            own = f"{name}{file.suffix}"
            return RejectedFrame(own if file.as_posix().endswith(f"/{own}") else file.name, str(error))
    return RejectedFrame(name, str(error))


def open_folder(folder: Path, kinematics: RobotKinematics, units: str = "auto", pixel_centres: str = "auto") -> Folder:
    """A folder in the layout of DREAM and NDDS, or CtRNet's Baxter set.

    Raises:
        FileNotFoundError: If it holds no frames.
        ValueError: If what it holds cannot be understood, or shows another robot.
    """
    if CtRNetBaxterFolder.recognises(folder):
        return CtRNetBaxterFolder(folder, kinematics)
    return DreamFolder(folder, kinematics, units, pixel_centres)
