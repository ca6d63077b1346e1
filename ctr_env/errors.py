"""Exceptions of the package, by cause.

Every exception that is raised for a user's mistake, an unusable file or an infeasible request derives from
:class:`CtrEnvError`; the command line prints these in one line and lets any other error through with its traceback.
Each also derives from the closest built-in exception, so that ``except ValueError`` works as usual.
"""

from __future__ import annotations

__all__ = [
    "CalibrationError",
    "ConfigurationError",
    "CtrEnvError",
    "DataError",
    "DataWarning",
    "MissingDependencyError",
    "MissingFileError",
    "RenderError",
    "RunFolderError",
    "SamplingError",
    "StorageError",
    "TooFewPosesError",
    "TrainingError",
    "UsageError",
    "WorkerError",
]


class CtrEnvError(Exception):
    """Base class of all exceptions of this package."""


class ConfigurationError(CtrEnvError, ValueError):
    """A setting or argument is unknown or out of range; the message names it, its value and the valid ones."""


class DataError(CtrEnvError, ValueError):
    """A file or an array cannot be used; the message names it and what is wrong."""


class DataWarning(UserWarning):
    """A file was read under an assumption that its author may not share; the message names both."""


class MissingFileError(CtrEnvError, FileNotFoundError):
    """A file or folder does not exist, or a folder holds nothing of what is looked for."""


class MissingDependencyError(CtrEnvError, ImportError):
    """An optional package is not installed; the message names the extra that brings it."""


class RunFolderError(CtrEnvError, ValueError):
    """A folder holds a run with other settings."""


class RenderError(CtrEnvError, RuntimeError):
    """No image could be rendered; the message names the backend and the remedy."""


class SamplingError(CtrEnvError, RuntimeError):
    """The randomisation leaves no acceptable episode or frame; the message names the fields in the way."""


class CalibrationError(CtrEnvError, RuntimeError):
    """The images do not determine the camera's pose."""


class TooFewPosesError(CalibrationError):
    """The robot is found in too few images, although these would do: an adaptation of the network may help."""


class TrainingError(CtrEnvError, RuntimeError):
    """A training diverged, or has nothing to learn from."""


class StorageError(CtrEnvError, OSError):
    """Results cannot be written, such as on a full disk; what was written before is kept."""


class UsageError(CtrEnvError, RuntimeError):
    """Calls came in an order, from a thread or from a process that does not allow them."""


class WorkerError(CtrEnvError, RuntimeError):
    """A worker process ended from outside."""
