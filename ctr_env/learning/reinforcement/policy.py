"""Policy files: the deterministic actor of a trained policy as safetensors, which runs without Stable-Baselines3."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from ctr_env.errors import DataError, MissingFileError
from ctr_env.runs.files import replacing

from .actor import ActorNetwork, ActorSpec

__all__ = ["Policy", "PolicyHeader"]

_KEY = "ctr_env/policy@1"


@dataclass(frozen=True, kw_only=True)
class PolicyHeader:
    """Description of a policy; every value has a JSON form."""

    env: str
    """Id of the environment that it was trained in."""
    settings: Mapping[str, Any]
    """Keyword arguments of that environment, without observations for the critic alone."""
    algorithm: str
    """Algorithm, by name."""
    steps: int
    """Steps of training."""
    network: ActorSpec
    """What the network is made of, and which observations it takes."""
    seed: int = 0
    """Seed of the training."""
    command: str = ""
    """Command line of the training."""
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    """Success rate and mean errors, by split."""


class Policy:
    """Actions for observations.

    Attributes:
        header: Description.
        network: The network.
    """

    def __init__(self, network: ActorNetwork, header: PolicyHeader) -> None:
        """Act with a network."""
        self.network, self.header = network.eval(), header

    def act(self, observation: Mapping[str, Any]) -> NDArray[np.float32]:
        """The deterministic action.

        Args:
            observation: An observation of the environment, or a batch of them; keys that the policy does not know are
                ignored.

        Returns:
            ``(n,)`` in [-1, 1], or ``(N, n)`` of a batch.

        Raises:
            DataError: If an observation is missing or has another shape.
        """
        shapes = self.header.network.observations
        values = {key: np.asarray(self._part(observation, key)) for key in shapes}
        key, shape = next(iter(shapes.items()))
        single = values[key].ndim == len(shape)
        batch = {key: torch.from_numpy(value[None] if single else value) for key, value in values.items()}
        with torch.no_grad():
            actions: NDArray[np.float32] = self.network(batch).numpy()
        return actions[0] if single else actions

    def evaluated(self, split: str, metrics: Mapping[str, Any]) -> Policy:
        """The same policy with the metrics of a split in its header."""
        return Policy(self.network, replace(self.header, evaluation={**self.header.evaluation, split: metrics}))

    def trained_by(self, command: str) -> Policy:
        """The same policy with the command line of its training in its header."""
        return Policy(self.network, replace(self.header, command=command))

    def save(self, file: Path | str) -> None:
        """Write a policy file atomically.

        Raises:
            DataError: If a weight is not finite; an earlier file is kept.
        """
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in self.network.state_dict().items()}
        broken = [name for name, tensor in tensors.items() if not tensor.isfinite().all()]
        if broken:
            raise DataError(f"weights {', '.join(broken)} are not finite: the training that made them diverged")
        with replacing(Path(file)) as scratch:
            scratch.write_bytes(save(tensors, metadata={_KEY: json.dumps(asdict(self.header), allow_nan=False)}))

    @classmethod
    def load(cls, file: Path | str) -> Policy:
        """Read a policy file; nothing is unpickled.

        Raises:
            MissingFileError: If there is no such file.
            DataError: If it is not a file of :meth:`save`.
        """
        if not Path(file).is_file():
            raise MissingFileError(f"no policy file {file}")
        try:
            with safe_open(file, framework="pt") as content:
                header = _read_header((content.metadata() or {}).get(_KEY), file)
                tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118
        except SafetensorError as error:
            raise DataError(f"{file} is not a policy file: {error}") from error
        try:
            network = ActorNetwork(header.network)
            network.load_state_dict(tensors)
        except (RuntimeError, KeyError, TypeError) as error:
            raise DataError(f"{file}: the weights are not those of its header: {error}") from error
        return cls(network, header)

    def _part(self, observation: Mapping[str, Any], key: str) -> Any:
        shape = self.header.network.observations[key]
        if key not in observation:
            raise DataError(f"the policy needs the observation {key!r} {shape}; given: {', '.join(observation)}")
        found = np.shape(observation[key])
        if found[len(found) - len(shape) :] != shape or len(found) - len(shape) not in (0, 1):
            raise DataError(f"the observation {key!r} must be {shape}, or (N, *{shape}), not {found}")
        return observation[key]


def _read_header(text: str | None, file: Path | str) -> PolicyHeader:
    try:
        values = json.loads(text or "")
        network = values["network"]
        network["observations"] = {key: tuple(shape) for key, shape in network["observations"].items()}
        network |= {name: tuple(network[name]) for name in ("layers", "normalised")}
        return PolicyHeader(**values | {"network": ActorSpec(**network)})
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{file} has no header {_KEY!r}, which Policy.save writes: {error}") from error
