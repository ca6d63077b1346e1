"""Maximum likelihood of an error process: the joint density of the errors of an episode."""

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
_NODES, _WEIGHTS = (torch.from_numpy(each) for each in np.polynomial.hermite_e.hermegauss(7))


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

    def __init__(
        self, inputs: int, presets: int, hidden: int, bias: NDArray[np.float64], rng: np.random.Generator
    ) -> None:
        """A network whose output is the ``(O,)`` bias at first.

        Args:
            inputs: Number of features.
            presets: Number of the last features that name the preset; their weights are parameters of their own.
            hidden: Hidden units.
            bias: The bias.
            rng: Draws the first weights of the hidden units.
        """
        super().__init__()
        self.bias = nn.Parameter(torch.tensor(bias))
        self.linear = nn.Parameter(torch.zeros(len(bias), inputs - presets, dtype=torch.float64))
        self.preset = nn.Parameter(torch.zeros(len(bias), presets, dtype=torch.float64))
        self.output = nn.Parameter(torch.zeros(len(bias), hidden, dtype=torch.float64))
        self.hidden = nn.Parameter(torch.tensor(rng.normal(0.0, inputs**-0.5, (hidden, inputs))))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """``(..., O)`` outputs for ``(..., F)`` features."""
        linear = torch.cat([self.linear, self.preset], dim=1)
        return self.bias + x @ linear.T + torch.tanh(x @ self.hidden.T + self.hidden_bias) @ self.output.T

    def penalty(self) -> Tensor:
        """Sum of squares of the weights, biases excepted."""
        return (self.linear**2).sum() + (self.preset**2).sum() + (self.output**2).sum() + (self.hidden**2).sum()

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """The parameters by name."""
        found = {name: value.detach().numpy().copy() for name, value in self.named_parameters()}
        found["linear"] = np.hstack([found["linear"], found.pop("preset")])
        return found


class ProcessLikelihood(nn.Module):
    """The trainable form of :class:`~ctr_env.estimators.error_model.process.ErrorProcess`."""

    def __init__(
        self,
        batch: Batch,
        presets: int,
        hidden: int,
        rng: np.random.Generator,
        alike: bool = False,
        normal: bool = False,
    ) -> None:
        """Start at the median and scale of the values of each preset, with equal shares.

        Args:
            batch: The values.
            presets: Number of the last features that name the preset.
            hidden: Hidden units of the network.
            rng: Draws the network's first weights.
            alike: Whether all components have the same shares and length, which costs one factorisation instead of D.
            normal: Whether errors are normal: no episode is worse than its views explain.
        """
        super().__init__()
        self._dimension, inputs = batch.values.shape[-1], batch.x.shape[-1]
        weights = _start(batch, presets)
        self.network = Network(inputs, presets, hidden, weights[0], rng)
        self.network.preset.data = torch.tensor(weights[1:].T.copy())
        self.below = nn.Parameter(torch.zeros(self._dimension, self._dimension, dtype=torch.float64))
        kernels = 1 if alike else self._dimension
        self.share_odds = nn.Parameter(torch.zeros(kernels, 3, dtype=torch.float64))
        self.log_length = nn.Parameter(torch.full((kernels,), math.log(0.1), dtype=torch.float64))
        self._normal = normal
        self.spread_roots = nn.Parameter(torch.full((2,), 0.7, dtype=torch.float64), requires_grad=not normal)

    def shape_parameters(self) -> list[nn.Parameter]:
        """The parameters that are fitted and do not depend on the view."""
        return [p for p in (self.below, self.share_odds, self.log_length, self.spread_roots) if p.requires_grad]

    @property
    def mixing(self) -> Tensor:
        """``(D, D)`` lower triangular, unit diagonal."""
        return torch.tril(self.below, -1) + torch.eye(len(self.below), dtype=torch.float64)

    @property
    def shares(self) -> Tensor:
        """``(D, 3)``, or ``(1, 3)`` where all are alike, with sum one."""
        return _LEAST_SHARE + (1.0 - 3.0 * _LEAST_SHARE) * torch.softmax(self.share_odds, dim=1)

    @property
    def spreads(self) -> Tensor:
        """``(2,)`` standard deviations of the logs of the episodes' factors."""
        return torch.zeros(2, dtype=torch.float64) if self._normal else self.spread_roots**2

    def forward(self, batch: Batch) -> Tensor:
        """``(E,)`` log density of each episode's values.

        Given the factors ``f`` and ``g`` of an episode, the covariance of a component is ``f c 1 1' + g K``, which
        differs from ``K`` by a scale and a matrix of rank one: ``K`` is factorised once for all factors, over which
        Gauss-Hermite quadrature integrates.
        """
        mean, log_scale = self.network(batch.x).chunk(2, dim=-1)
        there = batch.there[..., None]
        scaled = there * (batch.values - mean) * torch.exp(-log_scale)
        u = torch.linalg.solve_triangular(self.mixing, scaled.transpose(1, 2), upper=False, unitriangular=True)
        L = torch.linalg.cholesky(self._correlations(batch))  # (E, D or 1, T, T)
        ones = batch.there[:, None].expand(L.shape[:3])
        constant = torch.linalg.solve_triangular(L, ones[..., None], upper=False)[..., 0]
        if L.shape[1] == 1:
            white = torch.linalg.solve_triangular(L[:, 0], u.transpose(1, 2), upper=False).transpose(1, 2)
        else:
            white = torch.linalg.solve_triangular(L, u[..., None], upper=False)[..., 0]
        each = self._dimension / L.shape[1]
        log_det = 2.0 * each * torch.log(torch.diagonal(L, dim1=-2, dim2=-1)).sum(dim=(1, 2))
        given = self._given_factors(white, constant.expand_as(white), batch.there.sum(dim=1))
        return given - 0.5 * log_det - (there * log_scale).sum(dim=(1, 2))

    def _given_factors(self, white: Tensor, constant: Tensor, frames: Tensor) -> Tensor:
        """``(E,)`` log density of whitened ``(E, D, T)`` values, integrated over the episodes' factors.

        Args:
            white: The values, as ``K`` whitens them.
            constant: Ones, likewise.
            frames: ``(E,)`` number of frames.
        """
        nodes, weights = (torch.zeros(1).double(), torch.ones(1).double()) if self._normal else (_NODES, _WEIGHTS)
        logs = self.spreads[:, None] * nodes
        log_f, log_g = (part.reshape(-1, 1, 1) for part in torch.meshgrid(*logs, indexing="ij"))
        log_weights = torch.log(torch.outer(weights, weights).reshape(-1, 1) / weights.sum() ** 2)
        square, along, own = (white**2).sum(dim=-1), (white * constant).sum(dim=-1), (constant**2).sum(dim=-1)
        ratio = self.shares[:, 0] * torch.exp(log_f - log_g)  # (49, 1, D)
        by_constant = ratio * along**2 / (1.0 + ratio * own)
        each = torch.exp(-log_g) * (square - by_constant) + torch.log1p(ratio * own)
        each = each + frames[:, None] * (log_g + math.log(2.0 * math.pi))
        return torch.logsumexp(log_weights - 0.5 * each.sum(dim=-1), dim=0)

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """The parameters of the process by name."""
        found = {f"network.{name}": value for name, value in self.network.arrays().items()}
        shares = self.shares.expand(self._dimension, 3)
        length = torch.exp(self.log_length).expand(self._dimension)
        for name, value in (("mixing", self.mixing), ("shares", shares), ("length", length), ("spreads", self.spreads)):
            found[name] = value.detach().numpy().copy()
        return found

    def _correlations(self, batch: Batch) -> Tensor:
        """``(E, D, T, T)``, or ``(E, 1, T, T)`` where all are alike: covariances without the constant part.

        Those of each component of ``u``; identity for padding.
        """
        distance = (batch.path[:, :, None] - batch.path[:, None, :]).abs()[:, None]
        _, varying, independent = (part[None, :, None, None] for part in self.shares.T)
        K = varying * torch.exp(-distance / torch.exp(self.log_length)[None, :, None, None])
        both = (batch.there[:, :, None] * batch.there[:, None, :])[:, None]
        own = 1.0 - batch.there[:, None] * (1.0 - independent[..., 0])  # 1 for padding
        return both * K + torch.diag_embed(own)


def _start(batch: Batch, presets: int) -> NDArray[np.float64]:
    """``(1 + P, 2 D)`` bias and weights of the preset's features that give medians and log scales of each preset."""
    there = batch.there.numpy() > 0.0
    x, values = batch.x.numpy()[there][:, batch.x.shape[-1] - presets :], batch.values.numpy()[there]
    each, which = np.unique(x, axis=0, return_inverse=True)
    rows = []
    for i in range(len(each)):
        own = values[which.ravel() == i]
        spread = np.subtract(*np.quantile(own, (0.75, 0.25), axis=0)) / 1.35
        rows.append(np.concatenate([np.median(own, axis=0), np.log(np.maximum(spread, 1e-6))]))
    return np.asarray(np.linalg.lstsq(np.hstack([np.ones((len(each), 1)), each]), np.array(rows), rcond=None)[0])
