"""Sources of frames for a pose evaluation: a folder, a recording, or generated frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from ctr_env.datasets.folders import Folder, rejected_frame
from ctr_env.datasets.labelled import LabelledFrame
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.errors import DataError, SamplingError
from ctr_env.runs.configuration import require_choice
from ctr_env.runs.seeds import SPLITS, frame_seed
from ctr_env.scenes.randomization.presets import PRESETS

__all__ = ["SYNTHETIC", "FolderSource", "FrameSource", "SyntheticSource", "UnusableFrameError", "synthetic_set"]

SYNTHETIC = "synthetic:"
"""Prefix of the name of a set of generated frames."""


def synthetic_set(data: str) -> tuple[str | None, str]:
    """Preset and split of a set of generated frames.

    Args:
        data: ``synthetic:SPLIT``, ``synthetic:PRESET/SPLIT``, or ``synthetic:PRESET`` for its split ``test``.

    Returns:
        Name of the preset, ``None`` where the set names none; and of the split.

    Raises:
        ConfigurationError: If a name is unknown.
    """
    first, _, second = data.removeprefix(SYNTHETIC).partition("/")
    if not second and first in SPLITS:
        return None, first
    require_choice(f"data {data!r}: split or preset", first, (*SPLITS, *PRESETS))
    require_choice(f"data {data!r}: split", second or "test", SPLITS)
    return first, second or "test"


class UnusableFrameError(DataError):
    """A frame that cannot be read or generated, or has neither a pose nor a marked point.

    Attributes:
        file: File at fault, or the name of a frame that could not be generated.
        reason: What is wrong.
    """

    def __init__(self, file: str, reason: str) -> None:
        """Record the cause."""
        super().__init__(f"{file}: {reason}")
        self.file, self.reason = file, reason


class FrameSource(ABC):
    """Frames in order."""

    conventions: Mapping[str, str] = {}
    """Conventions under which files are read (see :class:`~ctr_env.datasets.folders.Folder`)."""

    @abstractmethod
    def __len__(self) -> int:
        """Number of frames."""

    @abstractmethod
    def key(self, index: int) -> str:
        """Identity of a frame, which changes with the content of its files."""

    @abstractmethod
    def read(self, index: int) -> LabelledFrame:
        """One frame, with a pose or at least a marked point.

        Raises:
            UnusableFrameError: If the frame cannot be used.
        """

    def close(self) -> None:  # noqa: B027 - most sources hold no resources
        """Free resources."""


class FolderSource(FrameSource):
    """The first frames of a folder in a known layout, or of a recording."""

    def __init__(self, folder: Folder, frames: int | None) -> None:
        """List the frames.

        Args:
            folder: The folder or recording.
            frames: Largest number of frames; ``None``: all.
        """
        self._folder = folder
        self._names = folder.names[:frames]
        self.conventions = folder.conventions

    def __len__(self) -> int:
        """Number of frames."""
        return len(self._names)

    def key(self, index: int) -> str:
        """The name, and the sizes and modification times of the files."""
        states = [file.stat() for file in self._folder.files(self._names[index]) if file.is_file()]
        return " ".join([self._names[index], *(f"{s.st_size}-{s.st_mtime_ns}" for s in states)])

    def read(self, index: int) -> LabelledFrame:
        """One frame from its files."""
        name = self._names[index]
        try:
            frame = self._folder.read(name)
        except (ValueError, OSError) as error:
            raise UnusableFrameError(*rejected_frame(self._folder, name, error)) from error
        if frame.camera_T_base is None and frame.marked is None:
            raise UnusableFrameError(
                f"{name}.json", "no pose, and fewer than 3 keypoints with a location to find it from"
            )
        return frame


class SyntheticSource(FrameSource):
    """Frames generated on demand, named by their number in the split."""

    def __init__(self, sampler: FrameSampler, split: str, seed: int, frames: int) -> None:
        """Choose the frames.

        Args:
            sampler: Generates the frames; closed with the source.
            split: One of :data:`~ctr_env.runs.seeds.SPLITS`.
            seed: Number of the data set.
            frames: Number of frames.

        Raises:
            ConfigurationError: If the split is unknown or a number is out of range.
        """
        frame_seed(split, seed, frames - 1)
        self._sampler, self._split, self._seed, self._frames = sampler, split, seed, frames

    def __len__(self) -> int:
        """Number of frames."""
        return self._frames

    def key(self, index: int) -> str:
        """The number."""
        return f"{index:06d}"

    def read(self, index: int) -> LabelledFrame:
        """Generate one frame."""
        name = self.key(index)
        try:
            return self._sampler.sample(frame_seed(self._split, self._seed, index), name)
        except SamplingError as error:
            raise UnusableFrameError(name, str(error)) from error

    def close(self) -> None:
        """Free the sampler's rendering context."""
        self._sampler.close()
