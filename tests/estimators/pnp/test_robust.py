"""Outliers are rejected, other points are not."""

from dataclasses import replace

import pytest
import torch

from ctr_env.estimators.pnp import solve_pnp


def with_outliers(problems, rng, count):
    """Some pixels are anywhere in the image; and the mask of those."""
    wrong = torch.tensor(
        rng.permuted(torch.arange(problems.weights.shape[1]).expand(problems.weights.shape).numpy(), axis=1) < count
    )
    anywhere = torch.tensor(rng.uniform(0.0, [320.0, 240.0], tuple(problems.pixels.shape)))
    return replace(problems, pixels=torch.where(wrong[..., None], anywhere, problems.pixels)), wrong


@pytest.mark.parametrize("count", [1, 5, 9])
def test_outliers_in_a_window_are_found(make_problems, rng, count):
    problems, wrong = with_outliers(make_problems(rng, 100, 4).noisy(rng, 1.0), rng, count)
    best = replace(problems, weights=torch.where(wrong, 0.0, problems.weights)).solve()
    robust = problems.solve(robust=True)
    plain = problems.solve()
    spread = torch.linalg.vector_norm(problems.error_twists(best), dim=1)
    error = torch.linalg.vector_norm(problems.error_twists(robust), dim=1)
    assert (error < 0.02 + 3.0 * spread).double().mean() >= 0.98
    assert error.median() < 0.2 * torch.linalg.vector_norm(problems.error_twists(plain), dim=1).median()
    assert (robust.used & wrong).sum() < 0.05 * wrong.sum()
    assert (robust.used & ~wrong).sum() > 0.95 * (~wrong).sum()


def test_without_outliers_few_points_are_rejected(make_problems, rng):
    problems = make_problems(rng, 100, 4).noisy(rng, 1.0)
    assert problems.solve(robust=True).used.double().mean() > 0.97


def test_fewer_than_nine_points_are_all_kept(make_problems, rng):
    problems, _ = with_outliers(make_problems(rng, 20), rng, 1)
    robust, plain = problems.solve(robust=True), problems.solve()
    assert (robust.used == (problems.weights > 0.0))[plain.valid].all()
    torch.testing.assert_close(robust.translation, plain.translation, rtol=0, atol=1e-9)


def test_rejected_points_have_no_gradient_and_the_others_exact_ones(make_problems, rng):
    problems, _ = with_outliers(make_problems(rng, 10, 4).noisy(rng, 0.5), rng, 4)
    pixels = problems.pixels.clone().requires_grad_()
    robust = solve_pnp(pixels, *problems.inputs[1:], robust=True)
    robust.translation.sum().backward()
    kept = problems.pixels.clone().requires_grad_()
    plain = solve_pnp(kept, problems.points, torch.where(robust.used, problems.weights, 0.0), problems.intrinsics)
    plain.translation.sum().backward()
    assert (pixels.grad[~robust.used] == 0.0).all()
    torch.testing.assert_close(pixels.grad, kept.grad, rtol=1e-6, atol=1e-9)
