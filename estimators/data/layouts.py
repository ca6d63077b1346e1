"""Folders of frames in any layout that is known."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ctr_env.estimators.base import Frame
from ctr_env.scenes.kinematics import RobotKinematics

from .baxter_set import CtRNetBaxterFolder
from .labelled import LabelledFrame
from .ndds_read import FrameFolder

__all__ = ["Folder", "open_folder"]


class Folder(Protocol):
    """Frames that are read by name."""

    names: list[str]

    def files(self, name: str) -> list[Path]:
        """The files that a frame is read from."""

    def read_unlabelled(self, name: str) -> Frame:
        """Picture, joint angles and camera of a frame, and nothing else of its files."""

    def read(self, name: str) -> LabelledFrame:
        """One frame with what is known of it."""


def open_folder(folder: Path, kinematics: RobotKinematics) -> Folder:
    """A folder in the layout of DREAM and NDDS, or CtRNet's Baxter set.

    Raises:
        FileNotFoundError: If it holds no frames.
        ValueError: If what it holds cannot be understood, or shows another robot.
    """
    if CtRNetBaxterFolder.recognises(folder):
        return CtRNetBaxterFolder(folder, kinematics)
    return FrameFolder(folder, kinematics)
