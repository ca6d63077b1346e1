"""Maximum likelihood of an error process: the joint Student-t density of the errors of an episode."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["Batch", "Network", "ProcessLikelihood", "batch_of"]

_LEAST_SHARE = 1e-4
_LEAST_DOF = 1.0
_NORMAL_DOF = 1e5


@dataclass(frozen=True)
class Batch:
    """E episodes of at most T frames.

    Attributes:
        x: ``(E, T, F)`` standardised features.
        values: ``(E, T, D)`` errors; 0 in frames that are not there.
        path: ``(E, T)``.
        there: ``(E, T)`` 1 for a frame, 0 for padding.
    """

    x: Tensor
    values: Tensor
    path: Tensor
    there: Tensor

    @property
    def count(self) -> float:
        """Number of values."""
        return float(self.there.sum()) * self.values.shape[-1]


def batch_of(
    x: Sequence[NDArray[np.float64]], values: Sequence[NDArray[np.float64]], path: Sequence[NDArray[np.float64]]
) -> Batch:
    """Episodes as one batch; those without a frame are left out."""
    kept = [i for i, rows in enumerate(values) if len(rows)]
    longest = max((len(values[i]) for i in kept), default=0)

    def padded(rows: NDArray[np.float64]) -> Tensor:
        missing = longest - len(rows)
        return torch.from_numpy(np.pad(rows, [(0, missing), *[(0, 0)] * (rows.ndim - 1)])).double()

    def stacked(arrays: Sequence[NDArray[np.float64]]) -> Tensor:
        return torch.stack([padded(arrays[i]) for i in kept])

    return Batch(stacked(x), stacked(values), stacked(path), stacked([np.ones(len(rows)) for rows in values]))


class Network(nn.Module):
    """The trainable form of :class:`~ctr_env.estimators.error_model.network.SmallNetwork`."""

    def __init__(self, inputs: int, hidden: int, bias: NDArray[np.float64], rng: np.random.Generator) -> None:
        """A network whose output is the ``(O,)`` bias at first."""
        super().__init__()
        self.bias = nn.Parameter(torch.tensor(bias))
        self.linear = nn.Parameter(torch.zeros(len(bias), inputs, dtype=torch.float64))
        self.output = nn.Parameter(torch.zeros(len(bias), hidden, dtype=torch.float64))
        self.hidden = nn.Parameter(torch.tensor(rng.normal(0.0, inputs**-0.5, (hidden, inputs))))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """``(..., O)`` outputs for ``(..., F)`` features."""
        return self.bias + x @ self.linear.T + torch.tanh(x @ self.hidden.T + self.hidden_bias) @ self.output.T

    def penalty(self) -> Tensor:
        """Sum of squares of the weights, biases excepted."""
        return (self.linear**2).sum() + (self.output**2).sum() + (self.hidden**2).sum()

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """The parameters by name."""
        return {name: value.detach().numpy().copy() for name, value in self.named_parameters()}


class ProcessLikelihood(nn.Module):
    """The trainable form of :class:`~ctr_env.estimators.error_model.process.ErrorProcess`."""

    def __init__(
        self,
        inputs: int,
        hidden: int,
        values: NDArray[np.float64],
        rng: np.random.Generator,
        alike: bool = False,
        normal: bool = False,
    ) -> None:
        """Start at the mean and scale of ``(N, D)`` values, with equal shares.

        Args:
            inputs: Number of features.
            hidden: Hidden units of the network.
            values: The values.
            rng: Draws the network's first weights.
            alike: Whether all components have the same shares and length, which costs one factorisation instead of D.
            normal: Whether errors are normal: very many degrees of freedom, which are not fitted.
        """
        super().__init__()
        self._dimension = values.shape[1]
        spread = np.subtract(*np.quantile(values, (0.75, 0.25), axis=0)) / 1.35
        bias = np.concatenate([np.median(values, axis=0), np.log(np.maximum(spread, 1e-6))])
        self.network = Network(inputs, hidden, bias, rng)
        self.below = nn.Parameter(torch.zeros(self._dimension, self._dimension, dtype=torch.float64))
        kernels = 1 if alike else self._dimension
        self.share_odds = nn.Parameter(torch.zeros(kernels, 3, dtype=torch.float64))
        self.log_length = nn.Parameter(torch.full((kernels,), math.log(0.1), dtype=torch.float64))
        dof = torch.tensor([_NORMAL_DOF if normal else 4.0], dtype=torch.float64)
        self.log_dof = nn.Parameter(torch.log(dof), requires_grad=not normal)

    def shape_parameters(self) -> list[nn.Parameter]:
        """The parameters that are fitted and do not depend on the view."""
        return [p for p in (self.below, self.share_odds, self.log_length, self.log_dof) if p.requires_grad]

    @property
    def mixing(self) -> Tensor:
        """``(D, D)`` lower triangular, unit diagonal."""
        return torch.tril(self.below, -1) + torch.eye(len(self.below), dtype=torch.float64)

    @property
    def shares(self) -> Tensor:
        """``(D, 3)``, or ``(1, 3)`` where all are alike, with sum one."""
        return _LEAST_SHARE + (1.0 - 3.0 * _LEAST_SHARE) * torch.softmax(self.share_odds, dim=1)

    @property
    def dof(self) -> Tensor:
        """``(1,)`` degrees of freedom."""
        return _LEAST_DOF + torch.exp(self.log_dof)

    def forward(self, batch: Batch) -> Tensor:
        """``(E,)`` log density of each episode's values."""
        mean, log_scale = self.network(batch.x).chunk(2, dim=-1)
        there = batch.there[..., None]
        scaled = there * (batch.values - mean) * torch.exp(-log_scale)
        u = torch.linalg.solve_triangular(self.mixing, scaled.transpose(1, 2), upper=False, unitriangular=True)
        L = torch.linalg.cholesky(self._correlations(batch))
        if L.shape[1] == 1:
            white = torch.linalg.solve_triangular(L[:, 0], u.transpose(1, 2), upper=False)
        else:
            white = torch.linalg.solve_triangular(L, u[..., None], upper=False)[..., 0]
        square = (white**2).sum(dim=(1, 2))
        each = self._dimension / L.shape[1]
        log_det = 2.0 * each * torch.log(torch.diagonal(L, dim1=-2, dim2=-1)).sum(dim=(1, 2))
        log_det = log_det + 2.0 * (there * log_scale).sum(dim=(1, 2))
        n, dof = batch.there.sum(dim=1) * batch.values.shape[-1], self.dof
        constant = torch.lgamma(0.5 * (dof + n)) - torch.lgamma(0.5 * dof) - 0.5 * n * torch.log(math.pi * dof)
        return constant - 0.5 * log_det - 0.5 * (dof + n) * torch.log1p(square / dof)

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """The parameters of the process by name."""
        found = {f"network.{name}": value for name, value in self.network.arrays().items()}
        shares = self.shares.expand(self._dimension, 3)
        length = torch.exp(self.log_length).expand(self._dimension)
        for name, value in (("mixing", self.mixing), ("shares", shares), ("length", length), ("dof", self.dof)):
            found[name] = value.detach().numpy().copy()
        return found

    def _correlations(self, batch: Batch) -> Tensor:
        """``(E, D, T, T)``, or ``(E, 1, T, T)`` where all are alike: correlations along episodes.

        Those of each component of ``u``; identity for padding.
        """
        distance = (batch.path[:, :, None] - batch.path[:, None, :]).abs()[:, None]
        constant, varying, independent = (part[None, :, None, None] for part in self.shares.T)
        K = constant + varying * torch.exp(-distance / torch.exp(self.log_length)[None, :, None, None])
        both = (batch.there[:, :, None] * batch.there[:, None, :])[:, None]
        own = 1.0 - batch.there[:, None] * (1.0 - independent[..., 0])  # 1 for padding
        return both * K + torch.diag_embed(own)
