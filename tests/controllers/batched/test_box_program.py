"""Bounded programs against an independent solver."""

from __future__ import annotations

import daqp
import numpy as np
import pytest
import torch

from ctr_env.controllers.batched.box_program import minimise_in_box


def _programs(count: int, condition: float) -> tuple[np.ndarray, ...]:
    """Random programs whose Hessians have a condition number; boxes of many sizes, some of them a point."""
    rng = np.random.default_rng(0)
    bases = np.linalg.qr(rng.standard_normal((count, 7, 7)))[0]
    hessians = np.einsum("nij,j,nkj->nik", bases, np.geomspace(1.0, 1.0 / condition, 7), bases)
    gradients = rng.standard_normal((count, 7)) * rng.choice([0.01, 1.0], (count, 1))
    centres, halves = rng.standard_normal((count, 7)), rng.exponential(1.0, (count, 7))
    halves[:5] = 0.0
    return hessians, gradients, centres - halves, centres + halves


@pytest.mark.parametrize("condition", [10.0, 1e4, 1e7])
def test_the_minimum_is_that_of_another_solver(condition):
    hessians, gradients, low, high = _programs(300, condition)
    found = minimise_in_box(*map(torch.from_numpy, (hessians, gradients, low, high))).numpy()
    assert ((found >= low) & (found <= high)).all()
    eye = np.eye(7)
    for H, g, a, b, x in zip(hessians, gradients, low, high, found, strict=True):
        best, _, status, _ = daqp.solve(H, g, eye, b, a, np.zeros(7, np.intc))
        assert status > 0
        cost = 0.5 * best @ H @ best + g @ best
        assert 0.5 * x @ H @ x + g @ x <= cost + 1e-7 * max(1.0, abs(cost))
