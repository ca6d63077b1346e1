"""One optimiser step: backward pass, finiteness check, clipping, update, averaging, learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel

from ctr_env.errors import TrainingError

from .schedule import progress_schedule

__all__ = ["Backend", "LocalBackend", "Optimisation"]

_GRADIENT_NORM = 5.0


class Backend(Protocol):
    """What an optimiser step needs of the arithmetic and of other processes; Lightning Fabric has these methods."""

    def backward(self, tensor: Tensor) -> None:
        """Compute the gradients of a scalar."""

    def clip_gradients(
        self, module: Any, optimizer: Any, *, max_norm: float, error_if_nonfinite: bool
    ) -> Tensor | None:
        """Scale gradients to a norm of at most ``max_norm`` and return what it was."""

    def all_reduce(self, data: Tensor, *, reduce_op: str) -> Any:
        """Combine a tensor of all processes."""


class LocalBackend:
    """Plain torch in a single process."""

    def backward(self, tensor: Tensor) -> None:
        """Compute the gradients of a scalar."""
        tensor.backward()

    def clip_gradients(self, module: nn.Module, _: Any, *, max_norm: float, error_if_nonfinite: bool) -> Tensor:
        """Scale gradients to a norm of at most ``max_norm`` and return what it was."""
        return nn.utils.clip_grad_norm_(module.parameters(), max_norm, error_if_nonfinite=error_if_nonfinite)

    def all_reduce(self, data: Tensor, *, reduce_op: str) -> Tensor:
        """The tensor itself."""
        return data


class Optimisation:
    """A network with its optimiser, learning-rate schedule and averaged weights.

    Attributes:
        network: The network that is trained.
        average: Moving average of its weights; ``average.module`` has the network's own structure.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: Optimizer,
        average: AveragedModel,
        backend: Backend,
        skips_overflow: bool = False,
    ) -> None:
        """Prepare for :meth:`schedule` and :meth:`step`.

        Args:
            network: The network, as the backend wraps it.
            optimizer: Its optimiser, likewise.
            average: Average of its weights.
            backend: Backward pass and clipping.
            skips_overflow: Whether the backend scales losses and skips steps whose gradients overflow (float16).
        """
        self.network, self.average = network, average
        self._optimizer, self._backend = optimizer, backend
        self._skips_overflow = skips_overflow
        self._scheduler: LambdaLR | None = None

    def schedule(self, optimizer: Optimizer, progress: Callable[[], float], warm_up: float, least: float) -> None:
        """Let the learning rate follow the progress (see :func:`.schedule.progress_schedule`).

        Call it after :meth:`load_state_dict`, if that is called.

        Args:
            optimizer: The optimiser that the backend wraps.
            progress: Progress of the training, 0 to 1.
            warm_up: Share of the training in which the learning rate rises.
            least: Share of the peak learning rate at the start.
        """
        self._scheduler = progress_schedule(optimizer, progress, warm_up, least)

    def step(self, number: int, parts: Mapping[str, Tensor]) -> dict[str, float]:
        """Update the network, unless the loss or a gradient is not finite.

        Args:
            number: Number of the step, for messages.
            parts: Parts of the loss, and the loss to minimise as ``"loss"``.

        Returns:
            The parts as numbers.

        Raises:
            TrainingError: If a part of the loss or a gradient is not finite in any process. Weights, averages and
                optimiser are then as they were before the step; statistics of normalisation layers may not be.
        """
        self._optimizer.zero_grad()
        self._backend.backward(parts["loss"])
        norm = self._backend.clip_gradients(
            self.network, self._optimizer, max_norm=_GRADIENT_NORM, error_if_nonfinite=False
        )
        values = {name: float(value.detach()) for name, value in parts.items()}
        self._require_finite(number, parts["loss"], values, norm)
        self._optimizer.step()
        self.average.update_parameters(self.network)
        return values

    def advance(self) -> None:
        """Set the learning rate of the next step; call it when the progress has advanced."""
        assert self._scheduler is not None
        self._scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        """All that :meth:`load_state_dict` needs to resume."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Resume from a state."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])

    def _require_finite(self, number: int, loss: Tensor, values: Mapping[str, float], norm: Tensor | None) -> None:
        bad = [name for name, value in values.items() if not math.isfinite(value)]
        overflow = norm is not None and not bool(norm.isfinite()) and not self._skips_overflow
        fine = torch.tensor(0.0 if bad or overflow else 1.0, device=loss.device)
        if float(self._backend.all_reduce(fine, reduce_op="min")) == 1.0:
            return
        cause = "in another process, the loss or its gradient is not finite"
        if bad:
            named = [name for name in bad if name != "loss"] or bad
            cause = ", ".join(f"part {name} of the loss is {values[name]}" for name in named)
        elif overflow:
            found = ", ".join(f"{name} {value:.3g}" for name, value in values.items())
            cause = f"the norm of the gradient is {float(norm)} ({found})"  # type: ignore[arg-type]
        raise TrainingError(
            f"step {number}: {cause}; the last checkpoint is intact. The same command resumes from it; if that fails "
            "again, use a lower learning rate or float32"
        )
