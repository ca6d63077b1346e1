"""Network weights as safetensors files with a header: architecture, robot, recipe, metrics, uncertainty model.

Kernels and matrices are stored in half precision, which halves the file; vectors (biases, and statistics of
normalisations, which can exceed half precision) stay in single precision.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from ctr_env.errors import ConfigurationError, DataError, DataWarning, MissingFileError
from ctr_env.runs.configuration import config_from_mapping
from ctr_env.runs.files import replacing

from .architectures import make_network
from .uncertainty import UncertaintyModel
from .validity import EVIDENCE

__all__ = [
    "WeightsHeader",
    "load_network",
    "load_weights",
    "read_header",
    "save_weights",
    "tensor_differences",
    "without_counters",
]

_HEADER_KEY = "ctr_env/weights@1"
_MOST_NAMES = 8


@dataclass(frozen=True, kw_only=True)
class WeightsHeader:
    """Description of a weights file; every value has a JSON form.

    Raises:
        ConfigurationError: If a value is not what the field says.
    """

    architecture: str
    """Name in ``ARCHITECTURES``."""
    robot: str
    """Name of the robot that the network was trained on."""
    keypoints: tuple[tuple[str, float, float, float], ...]
    """Link name and the point x, y, z in that link's frame, metres, of each keypoint in the order of the output."""
    input_size: tuple[int, int]
    """Width and height of the network's input, pixels."""
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    """Subtracted from RGB in [0, 1]; the defaults are ImageNet's statistics."""
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    """Divides the difference."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """How the weights came to be: data, steps, seed, source."""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    """What was measured with these very weights."""
    uncertainty: UncertaintyModel = field(default_factory=UncertaintyModel)
    """Constants of the uncertainty model; a mapping of its fields is accepted too."""

    def __post_init__(self) -> None:
        """Check every value, and convert the lists and mappings of a JSON reader."""
        for name in ("architecture", "robot"):
            self._require(name, "a name", isinstance(getattr(self, name), str))
        self._require("keypoints", "a non-empty list of [link, x, y, z]", _are_keypoints(self.keypoints))
        object.__setattr__(self, "keypoints", tuple((k[0], *map(float, k[1:])) for k in self.keypoints))
        sizes = _are_numbers(self.input_size, 2) and all(isinstance(n, int) and n > 0 for n in self.input_size)
        self._require("input_size", "width and height, two positive whole numbers of pixels", sizes)
        object.__setattr__(self, "input_size", tuple(self.input_size))
        for name in ("mean", "std"):
            self._require(name, "three numbers", _are_numbers(getattr(self, name), 3))
            object.__setattr__(self, name, tuple(float(number) for number in getattr(self, name)))
        self._require("std", "three positive numbers", min(self.std) > 0.0)
        for name in ("recipe", "metrics"):
            self._require(name, "a mapping", isinstance(getattr(self, name), Mapping))
        object.__setattr__(self, "uncertainty", config_from_mapping(UncertaintyModel, self.uncertainty))

    def _require(self, name: str, what: str, fits: bool) -> None:
        if not fits:
            raise ConfigurationError(f"WeightsHeader.{name} must be {what}, not {getattr(self, name)!r}")


def save_weights(path: Path | str, network_state: Mapping[str, Tensor], header: WeightsHeader) -> None:
    """Write weights atomically.

    Args:
        path: File to write, ``.safetensors``.
        network_state: A module's ``state_dict()``; counters of batches are left out.
        header: Their description.

    Raises:
        DataError: If a weight is not finite, or the header has no JSON form; an earlier file is kept.
    """
    tensors = {name: _stored(name, tensor) for name, tensor in without_counters(network_state).items()}
    try:
        text = json.dumps(asdict(header), allow_nan=False)
    except TypeError as error:
        raise DataError(f"WeightsHeader has no JSON form: {error}") from error
    with replacing(Path(path)) as scratch:
        scratch.write_bytes(save(tensors, metadata={_HEADER_KEY: text}))


def load_weights(path: Path | str) -> tuple[dict[str, Tensor], WeightsHeader]:
    """Read weights, floating-point ones as float32, and their header.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If it is not a safetensors file that :func:`save_weights` wrote.
    """
    tensors, header = _opened(path, lambda file: {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    return {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}, header


def read_header(path: Path | str) -> WeightsHeader:
    """The header of a weights file; its tensors are not read.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If it is not a safetensors file that :func:`save_weights` wrote.
    """
    return _opened(path, lambda file: None)[1]


def load_network(path: Path | str) -> tuple[nn.Module, WeightsHeader]:
    """The network of a weights file, in evaluation mode, and the header.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If it is no weights file, its architecture is unknown or its tensors are not that architecture's.
    """
    state, header = load_weights(path)
    try:
        network = make_network(header.architecture, len(header.keypoints))
    except ValueError as error:
        raise DataError(f"{path}: {error}") from error
    differences = tensor_differences(state, network.state_dict())
    if differences:
        kind = f"{header.architecture} with {len(header.keypoints)} keypoints"
        raise DataError(f"{path} does not hold the weights of {kind}: {'; '.join(differences.values())}")
    network.load_state_dict(state, strict=False)  # strict but for the counters, which are compared above
    return network.eval(), header


def _opened(path: Path | str, read: Callable[[Any], Any]) -> tuple[Any, WeightsHeader]:
    """The result of ``read`` on an opened weights file, and its header."""
    if not Path(path).is_file():
        raise MissingFileError(f"no weights file {path}")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            content = read(file)
    except SafetensorError as error:
        prior = "; ctr-env convert-weights makes one of a published .pth checkpoint"
        raise DataError(f"{path} is not a safetensors file ({error}){prior}") from error
    return content, _read_header(metadata, path)


def tensor_differences(given: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, str]:
    """How a state dict differs from the one that is needed; counters of batches are ignored.

    Returns:
        A sentence, with the count and at most eight names, for each of ``"missing"``, ``"superfluous"`` and
        ``"misshapen"`` that occurs.
    """
    given, wanted = without_counters(given), without_counters(wanted)
    found = {
        "missing": [name for name in wanted if name not in given],
        "superfluous": [name for name in given if name not in wanted],
        "misshapen": [
            f"{name} is {tuple(given[name].shape)}, should be {tuple(wanted[name].shape)}"
            for name in wanted
            if name in given and given[name].shape != wanted[name].shape
        ],
    }
    return {kind: _listed(kind, names) for kind, names in found.items() if names}


def without_counters(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict without the batch counters of batch normalisations, which inference does not use."""
    return {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}


def _listed(kind: str, names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{len(names)} {kind}: {', '.join(names[:_MOST_NAMES])}{more}"


def _stored(name: str, tensor: Tensor) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    if not tensor.is_floating_point():
        return tensor
    if not tensor.isfinite().all():
        raise DataError(f"weights {name} are not finite: the training that made them diverged")
    half = tensor.half()
    return half if tensor.ndim >= 2 and half.isfinite().all() else tensor.float()


def _read_header(metadata: Mapping[str, str], path: Path | str) -> WeightsHeader:
    if _HEADER_KEY not in metadata:
        found = f"its metadata: {', '.join(sorted(metadata)) or 'none'}"
        raise DataError(f"{path} has no header {_HEADER_KEY!r} ({found}); save_weights writes it")
    try:
        values = json.loads(metadata[_HEADER_KEY])
    except json.JSONDecodeError as error:
        raise DataError(f"{path}: the header {_HEADER_KEY!r} is not JSON: {error}") from error
    names = {entry.name for entry in fields(WeightsHeader)}
    values = _without_old_validity(_current_form(values), path) if isinstance(values, dict) else values
    if not isinstance(values, dict) or set(values) != names:
        found = ", ".join(sorted(values)) if isinstance(values, dict) else type(values).__name__
        raise DataError(f"{path}: the header has the fields {found}; needed: {', '.join(sorted(names))}")
    try:
        return WeightsHeader(**values)
    except ValueError as error:
        raise DataError(f"{path}: {error}") from error


def _without_old_validity(values: dict[str, Any], path: Path | str) -> dict[str, Any]:
    """Header entries without a validity model that was fitted to other evidence than today's."""
    uncertainty = values.get("uncertainty")
    if not isinstance(uncertainty, dict):
        return values
    validity = uncertainty.get("validity")
    if (
        not isinstance(validity, dict)
        or not validity.get("weights")
        or len(validity.get("shifts") or ()) == len(EVIDENCE)
    ):
        return values
    warnings.warn(
        f"{path}: its validity model was fitted by another version and is not used; fit one with ctr-env "
        "fit-uncertainty",
        DataWarning,
        stacklevel=4,
    )
    return {**values, "uncertainty": {name: value for name, value in uncertainty.items() if name != "validity"}}


def _current_form(values: dict[str, Any]) -> dict[str, Any]:
    """Header entries in today's form; earlier files have ``figures`` (with the covariance scale) for ``metrics``.

    Earlier files of adapted weights repeat the measurements of the weights that they started from: these are dropped,
    and the covariance scale is marked as inherited.
    """
    if "figures" not in values:
        return values
    values, metrics = dict(values), values["figures"]
    del values["figures"]
    scale = metrics.get("covariance_scale") if isinstance(metrics, dict) else None
    adapted = isinstance(values.get("recipe"), dict) and "adaptation" in values["recipe"]
    uncertainty: dict[str, Any] = {}
    if scale is not None:
        uncertainty = {"covariance_scale": scale, "measured": not adapted}
        uncertainty["inherited_from"] = "the weights that were adapted" if adapted else ""
    return {"uncertainty": uncertainty, **values, "metrics": {} if adapted else metrics}


def _are_keypoints(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) > 0
        and all(isinstance(k, list | tuple) and k and isinstance(k[0], str) and _are_numbers(k[1:], 3) for k in value)
    )


def _are_numbers(value: Any, count: int) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == count
        and all(isinstance(number, int | float) and math.isfinite(number) for number in value)
    )
