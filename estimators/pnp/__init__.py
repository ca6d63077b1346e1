"""Differentiable PnP: camera poses from weighted 2-D–3-D correspondences, batched, with exact gradients."""

from .solve import PnPSolution, solve_pnp

__all__ = ["PnPSolution", "solve_pnp"]
