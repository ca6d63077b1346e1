"""Folders of frames in the layouts that are known."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

from ctr_env.errors import ConfigurationError
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .ctrnet_baxter import CtRNetBaxterFolder
from .dream_reader import DreamFolder
from .frame import Frame
from .labelled import LabelledFrame

__all__ = ["Folder", "RejectedFrame", "open_folder", "rejected_frame"]


class Folder(Protocol):
    """Frames that are read by name: from a folder in some layout, or from a recording."""

    names: list[str]
    """Names of the frames."""

    @property
    def conventions(self) -> dict[str, str]:
        """How the files were read where that can be done in several ways, for result files."""

    def files(self, name: str) -> list[Path]:
        """The files that a frame is read from."""

    def read_unlabelled(self, name: str) -> Frame:
        """Image, joint angles and camera of a frame, without reading labels."""

    def read(self, name: str) -> LabelledFrame:
        """One frame with the labels that it has."""


class RejectedFrame(NamedTuple):
    """A frame that cannot be used."""

    file: str
    """Name of the file at fault, with its folder if frames lie in several, or of the frame."""
    reason: str
    """What is wrong."""


def rejected_frame(folder: Folder, name: str, error: Exception) -> RejectedFrame:
    """The frame whose reading raised an error."""
    for file in folder.files(name):
        if str(file) in str(error):
            own = f"{name}{file.suffix}"
            return RejectedFrame(own if file.as_posix().endswith(f"/{own}") else file.name, str(error))
    return RejectedFrame(name, str(error))


def open_folder(folder: Path, kinematics: RobotKinematics, units: str = "auto", pixel_centres: str = "auto") -> Folder:
    """A folder in the layout of DREAM and NDDS, or CtRNet's Baxter set.

    Args:
        folder: The folder.
        kinematics: The robot in the images.
        units: Unit of length of a DREAM folder, one of :data:`~.dream_reader.UNITS`.
        pixel_centres: Pixel centres of a DREAM folder, one of :data:`~.dream_reader.PIXEL_CENTRES`.

    Raises:
        MissingFileError: If it holds no frames.
        DataError: If its files cannot be understood, or show another robot.
        ConfigurationError: If an option is unknown, or given for CtRNet's Baxter set, whose conventions are known.
    """
    if CtRNetBaxterFolder.recognises(folder):
        if (units, pixel_centres) != ("auto", "auto"):
            raise ConfigurationError(f"{folder} is CtRNet's Baxter set: units and pixel_centres are not its options")
        return CtRNetBaxterFolder(folder, kinematics)
    return DreamFolder(folder, kinematics, units, pixel_centres)
