"""The parameters of an error model, and the file that holds them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ctr_env.errors import ConfigurationError, DataError, MissingFileError
from ctr_env.runs.files import replacing

from .covariance import COVARIANCE_NUMBERS
from .network import SmallNetwork
from .process import ErrorProcess
from .validity import HISTORY, ValidityChain
from .view import ArmView, feature_names

__all__ = ["ErrorModel", "ErrorModelHeader", "load_error_model", "save_error_model"]

_HEADER_KEY = "ctr_env/error_model@2"
_FARTHEST = 3.0  # standard deviations of the recorded views, beyond which features are clipped
_DIMENSIONS = {"errors": 6, "covariances": COVARIANCE_NUMBERS, "gripper": 6}
Arrays = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class ErrorModelHeader:
    """Description of an error model; every value has a JSON form."""

    robot: str
    """Name of the robot."""
    joints: int
    """Number of the arm's joints."""
    presets: tuple[str, ...]
    """Randomisation presets of the recorded episodes, the mildest one first."""
    systematic_m: float
    """Standard deviation of the systematic error in the reported covariances, metres, as
    :attr:`ctr_env.estimators.PoseEstimator.systematic_m`."""
    systematic_rad: float
    """The same of the rotation vector, radians."""
    reasons: Mapping[str, float]
    """Why estimates were not valid, with the share of each reason."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """How the model came to be: weights and their hash, episodes, frames, versions."""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    """What was measured on episodes that the fit did not use."""


@dataclass(frozen=True)
class ErrorModel:
    """Distributions of an estimator's errors, covariances and dropouts, given the view.

    Attributes:
        header: Description.
        arrays: Parameters by name; see :meth:`shapes`.
    """

    header: ErrorModelHeader
    arrays: Arrays

    def __post_init__(self) -> None:
        """Check names and shapes.

        Raises:
            DataError: With the first array that is missing, superfluous, misshapen or not finite.
        """
        wanted = self.shapes(self.header, self.arrays)
        for name in sorted(wanted.keys() | self.arrays.keys()):
            if name not in self.arrays or name not in wanted:
                raise DataError(f"the error model {'lacks' if name in wanted else 'has an unknown'} array {name!r}")
            if self.arrays[name].shape != wanted[name]:
                raise DataError(f"error model array {name!r} has shape {self.arrays[name].shape}, not {wanted[name]}")
            if not np.isfinite(self.arrays[name]).all():
                raise DataError(f"error model array {name!r} is not finite")

    @staticmethod
    def shapes(header: ErrorModelHeader, arrays: Arrays) -> dict[str, tuple[int, ...]]:
        """Shapes of all arrays; networks have as many hidden units as their ``hidden_bias`` in ``arrays``.

        * ``feature_mean``, ``feature_std``: of the recorded views;
        * ``errors.*``: :class:`.process.ErrorProcess` of the error twist at the view's centre in units of the reported
          covariance's Cholesky factor;
        * ``covariances.*``: the same of reported covariances (:mod:`.covariance`), clipped to ``covariance_range``, the
          smallest and largest recorded;
        * ``gripper.*``: the same of the observed gripper's error twist (mm and mrad, camera axes at its origin) minus
          ``gripper_gain`` times the pose's error there; ``gripper_seen.*``: log odds that the gripper is observed;
        * ``validity.*``: :class:`.validity.ValidityChain`;
        * ``rejected``: mean and standard deviation of the logs of distance (m) and angle (rad) by which poses err that
          are not valid, ``(2, 2)``.
        """
        inputs = len(feature_names(header.joints)) + len(header.presets)
        found: dict[str, tuple[int, ...]] = {"feature_mean": (inputs,), "feature_std": (inputs,)}
        found |= {"gripper_gain": (6, 6), "rejected": (2, 2), "covariance_range": (2, COVARIANCE_NUMBERS)}
        for name, dimension in _DIMENSIONS.items():
            hidden = _hidden(arrays, f"{name}.network.")
            found |= _prefixed(name, ErrorProcess.shapes(inputs, hidden, dimension))
        for name, more in (("validity", len(HISTORY)), ("gripper_seen", 0)):
            found |= _prefixed(name, SmallNetwork.shapes(inputs + more, _hidden(arrays, f"{name}."), 1))
        return found

    def standardised(self, view: ArmView, preset: str) -> NDArray[np.float64]:
        """``(F,)`` features of a view under a preset, by mean and standard deviation of the recorded ones, clipped."""
        chosen = [float(preset == name) for name in self.header.presets]
        x = (np.concatenate([view.features, chosen]) - self.arrays["feature_mean"]) / self.arrays["feature_std"]
        return np.asarray(x.clip(-_FARTHEST, _FARTHEST))

    def process(self, name: str) -> ErrorProcess:
        """The process of ``"errors"``, ``"covariances"`` or ``"gripper"``."""
        names = [each.name for each in fields(ErrorProcess) if each.name != "network"]
        return ErrorProcess(self._network(f"{name}.network."), **{n: self.arrays[f"{name}.{n}"] for n in names})

    @property
    def validity(self) -> ValidityChain:
        """The chain of valid and invalid estimates."""
        return ValidityChain(self._network("validity."))

    @property
    def gripper_seen(self) -> SmallNetwork:
        """From features to the log odds that a valid estimate observes the gripper."""
        return self._network("gripper_seen.")

    def recorded_preset(self, name: str) -> str:
        """The preset whose errors stand for those under a preset.

        That is the preset itself; ``none``, which draws less than any other, has the errors of the mildest one.

        Raises:
            ConfigurationError: If no such episodes were recorded.
        """
        if name == "none":
            return self.header.presets[0]
        if name not in self.header.presets:
            raise ConfigurationError(
                f"the error model of {self.header.robot} was fitted under the presets "
                f"{', '.join(self.header.presets)}, not {name!r}; choose one of these as the estimator's "
                "randomization, or fit a model with ctr-env fit-error-model"
            )
        return name

    def _network(self, prefix: str) -> SmallNetwork:
        return SmallNetwork(**{each.name: self.arrays[prefix + each.name] for each in fields(SmallNetwork)})


def save_error_model(path: Path, model: ErrorModel) -> None:
    """Write a model atomically, in single precision."""
    arrays = {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in model.arrays.items()}
    text = json.dumps(asdict(model.header), allow_nan=False)
    with replacing(path) as scratch:
        scratch.write_bytes(save(arrays, metadata={_HEADER_KEY: text}))


def load_error_model(path: Path) -> ErrorModel:
    """Read a file of :func:`save_error_model`.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If it is not such a file, or an array is missing or misshapen.
    """
    if not path.is_file():
        raise MissingFileError(f"no error model {path}; ctr-env fit-error-model writes one")
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name).astype(np.float64) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise DataError(f"{path} is not a safetensors file ({error})") from error
    if _HEADER_KEY not in metadata:
        found = ", ".join(sorted(metadata)) or "none"
        raise DataError(f"{path} has no header {_HEADER_KEY!r} (its metadata: {found}); fit-error-model writes it")
    header = _header(metadata[_HEADER_KEY], path)
    try:
        return ErrorModel(header, arrays)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _header(text: str, path: Path) -> ErrorModelHeader:
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}: the header {_HEADER_KEY!r} is not JSON: {error}") from error
    names = {entry.name for entry in fields(ErrorModelHeader)}
    if not isinstance(values, dict) or set(values) != names:
        found = ", ".join(sorted(values)) if isinstance(values, dict) else type(values).__name__
        raise DataError(f"{path}: the header has the fields {found}; needed: {', '.join(sorted(names))}")
    return ErrorModelHeader(**{**values, "presets": tuple(values["presets"])})


def _hidden(arrays: Arrays, prefix: str) -> int:
    array = arrays.get(f"{prefix}hidden_bias")
    return 0 if array is None else array.size


def _prefixed(name: str, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {f"{name}.{key}": shape for key, shape in shapes.items()}
