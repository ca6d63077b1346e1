"""Errors with a part that is constant in an episode, one that varies as the view changes, and one of each frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .network import SmallNetwork

__all__ = ["ErrorProcess", "ErrorState"]

_LARGEST_LOG_SCALE = 5.0


@dataclass(frozen=True)
class ErrorProcess:
    """A D-dimensional process along an episode, of which the marginal distribution depends on the view.

    At a frame with standardised features ``x`` the error is ``mean(x) + exp(log_scale(x)) * mixing @ u``.
    Each component of ``u`` has three independent parts: one constant in an episode, an Ornstein-Uhlenbeck process along
    the path (:meth:`.view.ArmView.path_from`), and one drawn for every frame. They are normal, with variances that sum
    to one, times a factor of the episode: some episodes are worse than their views explain. The constant part has a
    factor of its own, as episodes with large constant errors are not those whose errors scatter. Both factors have
    log-normal distributions with median one.

    Attributes:
        network: From features to means and log scales, ``(2 D,)``.
        mixing: ``(D, D)`` lower triangular with unit diagonal.
        shares: ``(D, 3)`` variances of the constant, the varying and the independent part, with sum one.
        length: ``(D,)`` path over which the correlation of the varying part falls to 1/e.
        spreads: ``(2,)`` standard deviations of the logs of the variances' factors: of the constant part, and of the
            other two.
    """

    network: SmallNetwork
    mixing: NDArray[np.float64]
    shares: NDArray[np.float64]
    length: NDArray[np.float64]
    spreads: NDArray[np.float64]

    @staticmethod
    def shapes(inputs: int, hidden: int, dimension: int) -> Mapping[str, tuple[int, ...]]:
        """Shapes of the arrays of a process by name; those of the network are prefixed ``network.``."""
        network = SmallNetwork.shapes(inputs, hidden, 2 * dimension)
        return {f"network.{name}": shape for name, shape in network.items()} | {
            "mixing": (dimension, dimension),
            "shares": (dimension, 3),
            "length": (dimension,),
            "spreads": (2,),
        }

    def begin(self, rng: np.random.Generator) -> ErrorState:
        """The state of a new episode."""
        dimension = len(self.length)
        factors = np.exp(0.5 * self.spreads * rng.standard_normal(2))
        return ErrorState(self, rng, factors, rng.standard_normal(dimension), rng.standard_normal(dimension))


class ErrorState:
    """One realisation of a process, advanced frame by frame."""

    def __init__(
        self,
        process: ErrorProcess,
        rng: np.random.Generator,
        factors: NDArray[np.float64],
        constant: NDArray[np.float64],
        varying: NDArray[np.float64],
    ) -> None:
        """Begin with ``(D,)`` standard normal parts and the ``(2,)`` square roots of the episode's factors."""
        self._process, self._rng = process, rng
        self._amplitudes = np.sqrt(process.shares.T) * factors[[0, 1, 1], None]
        self._constant = self._amplitudes[0] * constant
        self._varying = varying

    def draw(self, x: NDArray[np.float64], path: float) -> NDArray[np.float64]:
        """``(D,)`` error of the next frame.

        Args:
            x: ``(F,)`` standardised features.
            path: Path since the frame before.
        """
        p, rng = self._process, self._rng
        new, independent = rng.standard_normal((2, len(p.length)))
        kept = np.exp(-path / p.length)
        self._varying = kept * self._varying + np.sqrt(1.0 - kept**2) * new
        u = self._constant + self._amplitudes[1] * self._varying + self._amplitudes[2] * independent
        mean, log_scale = p.network(x).reshape(2, -1)
        scale = np.exp(log_scale.clip(-_LARGEST_LOG_SCALE, _LARGEST_LOG_SCALE))
        return np.asarray(mean + scale * (p.mixing @ u))
