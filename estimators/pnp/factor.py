"""Cholesky factorisation of batches in which some matrices may be singular."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["factorise", "solve_definite"]


def factorise(matrices: Tensor) -> tuple[Tensor, Tensor]:
    """Cholesky factors of those matrices of a batch that are positive definite.

    ``torch.linalg.cholesky_ex`` leaves a partial factor where it fails, and ``torch.cholesky_inverse`` raises for the
    whole batch where such a factor has a zero on its diagonal. Here a failed factor is the identity instead.

    Args:
        matrices: ``(N, n, n)`` symmetric matrices; they may contain values that are not finite.

    Returns:
        Factors ``(N, n, n)``, lower triangular, and the mask ``(N,)`` of matrices that are positive definite.
    """
    factor, info = torch.linalg.cholesky_ex(matrices)
    definite = (info == 0) & factor.diagonal(dim1=-2, dim2=-1).isfinite().all(dim=-1)
    identity = torch.eye(matrices.shape[-1]).to(factor)
    return torch.where(definite[..., None, None], factor, identity), definite


def solve_definite(matrices: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """Solutions of symmetric systems, zero where the matrix is not positive definite.

    Args:
        matrices: ``(N, n, n)``.
        right: ``(N, n, m)`` right-hand sides.

    Returns:
        Solutions ``(N, n, m)``, and the mask ``(N,)`` of matrices that are positive definite.
    """
    factor, definite = factorise(matrices)
    return torch.where(definite[..., None, None], torch.cholesky_solve(right, factor), 0.0), definite
