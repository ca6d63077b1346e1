"""The network that is being adapted: one optimiser step on unlabelled and replayed images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ctr_env.estimators.ctrnet.weights import WeightsHeader
from ctr_env.estimators.silhouette.renderer import SilhouetteRenderer
from ctr_env.learning.supervised.augmentation import Example
from ctr_env.learning.supervised.dataset import Batch
from ctr_env.learning.supervised.ema import ExponentialAverage
from ctr_env.learning.supervised.loss import supervised_loss
from ctr_env.learning.supervised.pose_loss import pose_loss
from ctr_env.runs.device import native_dtype, resolve_device

from .config import AdaptationConfig
from .objective import unlabelled_loss

__all__ = ["Student"]

_GRADIENT_NORM = 5.0


class Student:
    """A network, its averaged weights and its optimiser.

    Attributes:
        device: Where it computes.
        average: The averaged weights, which are what teaches and what is kept.
    """

    def __init__(self, network: nn.Module, header: WeightsHeader, config: AdaptationConfig, chain: int) -> None:
        """Take a trained network; ``chain`` is the number of keypoints whose pose error counts in replayed images."""
        self.device = resolve_device(config.device)
        self._network = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._header, self._config, self._chain = header, config, chain
        self.average = ExponentialAverage(self._network, config.ema)
        self._optimizer = torch.optim.AdamW(self._network.parameters(), lr=config.learning_rate, weight_decay=0.0)
        self._kind = native_dtype(self.device)

    def learn(
        self,
        own: Sequence[Example],
        surfaces: NDArray[np.float32],
        replayed: Sequence[Example],
        renderer: SilhouetteRenderer,
        rate: float,
    ) -> dict[str, float]:
        """One step.

        Args:
            own: Examples of unlabelled images, as the teacher labelled them.
            surfaces: ``(B, V, 3)`` the robot's surface in their camera frames, where the teacher has it, metres.
            replayed: Examples of synthetic images.
            renderer: Draws silhouettes of that surface.
            rate: Learning rate.

        Returns:
            The loss and its parts.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        batch = Batch(*(part.to(self.device) for part in _collated([*own, *replayed])))
        self._network.train()
        with torch.autocast(self.device.type, self._kind, enabled=self._kind is not torch.float32):
            output = self._network(*self._inputs(batch))
        first, rest = slice(0, len(own)), slice(len(own), None)
        vertices = torch.from_numpy(surfaces).to(self.device)
        parts = unlabelled_loss(_rows(output, first), _rows(batch, first), vertices, renderer, self._config)
        if replayed:
            known = supervised_loss(_rows(output, rest), _rows(batch, rest))["loss"]
            parts["replay"] = known + pose_loss(_rows(output, rest), _rows(batch, rest), self._chain)
            parts["loss"] = parts["loss"] + parts["replay"]
        self._optimizer.zero_grad()
        parts["loss"].backward()
        nn.utils.clip_grad_norm_(self._network.parameters(), _GRADIENT_NORM)
        self._optimizer.step()
        self.average.update(self._network)
        return {name: float(value.detach()) for name, value in parts.items()}

    def state(self) -> dict[str, Any]:
        """All that :meth:`load` needs to go on."""
        return {
            "network": self._network.state_dict(),
            "average": self.average.state_dict(),
            "updates": self.average.updates,
            "optimizer": self._optimizer.state_dict(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._network.load_state_dict(state["network"])
        self.average.load(state["average"], state["updates"])
        self._optimizer.load_state_dict(state["optimizer"])

    def _inputs(self, batch: Batch) -> tuple[Tensor, Tensor]:
        mean, std = (torch.tensor(v, device=self.device)[:, None, None] for v in (self._header.mean, self._header.std))
        images = (batch.images.float() / 255.0 - mean) / std
        pair = images, batch.priors.float() / 255.0
        return tuple(part.contiguous(memory_format=torch.channels_last) for part in pair)  # type: ignore[return-value]


def _rows(parts: Any, rows: slice) -> Any:
    """Some rows of a named tuple of tensors."""
    return type(parts)(*(part[rows] for part in parts))


def _collated(examples: Sequence[Example]) -> list[Tensor]:
    stacked = [np.stack([getattr(e, name) for e in examples]) for name in ("image", "prior")]
    masks = torch.from_numpy(np.stack([example.mask for example in examples]))[:, None].float() / 255.0
    names = ("pixels", "inside", "seen", "points", "lens")
    rest = [torch.from_numpy(np.stack([getattr(e, name) for e in examples])) for name in names]
    return [*(torch.from_numpy(part).permute(0, 3, 1, 2) for part in stacked), masks, *rest]
