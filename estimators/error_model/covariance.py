"""Reported covariances as vectors: relative to what the view implies, so that a model of them is positive definite."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["COVARIANCE_NUMBERS", "covariance_from_vector", "covariance_to_vector"]

COVARIANCE_NUMBERS = 21
"""Length of the vectors."""
_BELOW = np.tril_indices(6, -1)
_SMALLEST = 1e-6
_LARGEST_LOG = 8.0
_LARGEST_Z = 9.0  # of partial correlations: 1 - 3e-8


def covariance_to_vector(covariance: NDArray[np.float64], factor: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(21,)`` vector of a ``(6, 6)`` covariance, relative to a view.

    The logs of the standard deviations, then the Fisher transforms of the canonical partial correlations (Lewandowski,
    Kurowicka and Joe 2009), row by row below the diagonal; both minus those of the view. Errors of a prediction of such
    a vector change variances and correlations independently: those of the correlations make no variance larger.

    Args:
        covariance: Without the systematic part, of an error twist at the view's centre.
        factor: ``(6, 6)`` :attr:`.view.ArmView.factor`.
    """
    relative = np.linalg.solve(factor, np.linalg.solve(factor, covariance).T)
    values, vectors = np.linalg.eigh(0.5 * (relative + relative.T))
    definite = factor @ np.linalg.cholesky((vectors * np.maximum(values, _SMALLEST)) @ vectors.T)
    return _numbers(definite) - _numbers(factor)


def covariance_from_vector(vector: NDArray[np.float64], factor: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ``(6, 6)`` covariance of a vector: the inverse of :func:`covariance_to_vector`."""
    stds = _stds(factor) * np.exp(vector[:6].clip(-_LARGEST_LOG, _LARGEST_LOG))
    numbers = vector[6:] + _numbers(factor)[6:]
    partial = np.zeros((6, 6))
    partial[_BELOW] = np.tanh(numbers.clip(-_LARGEST_Z, _LARGEST_Z))
    left = np.cumprod(np.sqrt(1.0 - partial**2), axis=1)  # root of what the columns so far leave of the variance
    L = partial + np.eye(6)
    L[:, 1:] *= left[:, :-1]
    L *= stds[:, None]
    return np.asarray(L @ L.T)


def _numbers(factor: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(21,)`` logs of the standard deviations and transformed partial correlations of a lower Cholesky factor."""
    stds = _stds(factor)
    rows = (factor / stds[:, None]) ** 2
    left = 1.0 - np.cumsum(rows, axis=1) + rows  # share of the variance that the columns before leave
    partial = factor[_BELOW] / stds[_BELOW[0]] / np.sqrt(np.maximum(left[_BELOW], 1e-300))
    z = np.arctanh(partial.clip(-np.tanh(_LARGEST_Z), np.tanh(_LARGEST_Z)))
    return np.concatenate([np.log(stds), z])


def _stds(factor: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sqrt(np.sum(factor**2, axis=1)))
