"""The network that is being adapted: one optimiser step on unlabelled and synthetic images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ctr_env.estimators.ctrnet.output import NetworkOutput
from ctr_env.estimators.ctrnet.weights import WeightsHeader
from ctr_env.estimators.silhouette.renderer import SilhouetteRenderer
from ctr_env.learning.averaging import averaged_model
from ctr_env.learning.optimisation import LocalBackend, Optimisation
from ctr_env.learning.supervised.augmentation import Example
from ctr_env.learning.supervised.batch import collate, example_tensors, network_inputs
from ctr_env.learning.supervised.loss import supervised_loss
from ctr_env.learning.supervised.pose_loss import pose_loss
from ctr_env.runs.device import native_dtype, resolve_device

from .config import AdaptationConfig
from .objective import unlabelled_loss

__all__ = ["Student"]

_WARM_UP, _FIRST_RATE = 0.05, 0.02  # share of the adaptation, share of the peak learning rate


class Student:
    """A network, its averaged weights and its optimiser.

    Attributes:
        device: Where it computes.
    """

    def __init__(
        self,
        network: nn.Module,
        header: WeightsHeader,
        config: AdaptationConfig,
        chain: int,
        progress: Callable[[], float],
        state: dict[str, Any] | None = None,
    ) -> None:
        """Prepare a trained network for adaptation.

        Args:
            network: The network.
            header: Header of its weights.
            config: Settings.
            chain: Number of keypoints whose pose error counts in synthetic images, which come first.
            progress: Progress of the adaptation, 0 to 1, which the learning rate follows.
            state: State of an interrupted adaptation (see :meth:`state_dict`).
        """
        self.device = resolve_device(config.device)
        self._header, self._config, self._chain = header, config, chain
        network = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=0.0)
        self._optimisation = Optimisation(network, optimizer, averaged_model(network, config.ema), LocalBackend())
        if state is not None:
            self._optimisation.load_state_dict(state)
        self._optimisation.schedule(optimizer, progress, _WARM_UP, _FIRST_RATE)
        self._dtype = native_dtype(self.device)

    @property
    def average(self) -> dict[str, Tensor]:
        """The averaged weights as the network's ``state_dict``; the teacher uses them, and they are the result."""
        return self._optimisation.average.module.state_dict()

    def learn(
        self,
        step: int,
        own: Sequence[Example],
        surfaces: Tensor,
        replayed: Sequence[Example],
        renderer: SilhouetteRenderer,
    ) -> dict[str, float]:
        """One optimiser step.

        Args:
            step: Its number.
            own: Examples of unlabelled images with their pseudo-labels.
            surfaces: ``(B, V, 3)`` float32 mesh vertices in the camera frame at the pseudo-labels, metres.
            replayed: Examples of synthetic images.
            renderer: Renders silhouettes of that mesh.

        Returns:
            The loss and its parts.

        Raises:
            TrainingError: If the loss or its gradient is not finite; the weights are then unchanged.
        """
        batch = collate([example_tensors(example) for example in (*own, *replayed)]).to(self.device)
        self._optimisation.network.train()
        with torch.autocast(self.device.type, self._dtype, enabled=self._dtype is not torch.float32):
            output: NetworkOutput = self._optimisation.network(*network_inputs(batch, self._header))
        first, rest = slice(0, len(own)), slice(len(own), None)
        vertices = surfaces.to(self.device)
        parts = unlabelled_loss(_rows(output, first), batch.rows(first), vertices, renderer, self._config)
        if replayed:
            known, labels = _rows(output, rest), batch.rows(rest)
            parts["replay"] = supervised_loss(known, labels)["loss"] + pose_loss(known, labels, self._chain)
            parts["loss"] = parts["loss"] + parts["replay"]
        return self._optimisation.step(step, parts)

    def advance(self) -> None:
        """Set the learning rate of the next step; call it when the progress has advanced."""
        self._optimisation.advance()

    def state_dict(self) -> dict[str, Any]:
        """State to resume from."""
        return self._optimisation.state_dict()


def _rows(output: NetworkOutput, rows: slice) -> NetworkOutput:
    return NetworkOutput(*(part[rows] for part in output))
