"""Factorisation of batches in which some matrices are singular."""

import pytest
import torch

from ctr_env.estimators.pnp.factor import factorise, solve_definite


def definite(count, size=6):
    root = torch.randn(count, size, size, generator=torch.Generator().manual_seed(41), dtype=torch.float64)
    return root @ root.mT + torch.eye(size)


BAD = {
    "zero": torch.zeros(6, 6),
    "rank_three": torch.diag(torch.tensor([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])),
    "indefinite": torch.diag(torch.tensor([1.0, 1.0, 1.0, 1.0, 1.0, -1.0])),
    "nan": torch.full((6, 6), torch.nan),
    "infinite": torch.diag(torch.full((6,), torch.inf)),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_matrix_that_is_not_positive_definite_affects_no_other(bad):
    good = definite(3)
    batch = torch.cat([good[:1], bad.double()[None], good[1:]])
    factor, mask = factorise(batch)
    assert mask.tolist() == [True, False, True, True]
    assert torch.equal(factor[mask], torch.linalg.cholesky(good))
    assert torch.cholesky_inverse(factor).isfinite().all()  # raises for a factor with a zero on its diagonal
    right = torch.ones(4, 6, 2, dtype=torch.float64)
    solution, mask = solve_definite(batch, right)
    assert torch.equal(solution[1], torch.zeros(6, 2, dtype=torch.float64))
    torch.testing.assert_close(good @ solution[mask], right[mask])
