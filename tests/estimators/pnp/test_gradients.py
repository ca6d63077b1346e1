"""Gradients equal finite differences of the whole solver, with its starts and iterations."""

import pytest
import torch

from ctr_env.estimators.pnp import solve_pnp

NAMES = "pixels", "points", "weights", "intrinsics"
STEPS = {"pixels": 1e-3, "points": 1e-6, "weights": 1e-4, "intrinsics": 1e-3}


def loss(inputs, by_rotation, by_translation):
    """``(B,)`` random linear functions of the poses; and the mask of those that are valid."""
    solution = solve_pnp(*inputs)
    value = (by_rotation * solution.rotation).sum(dim=(1, 2)) + (by_translation * solution.translation).sum(dim=1)
    return value, solution.valid


def random_like(tensor, rng):
    return torch.tensor(rng.standard_normal(tuple(tensor.shape)))


def slope(function, step):
    """Derivative at zero, by central differences of fourth order."""
    return (8.0 * (function(step) - function(-step)) - (function(2 * step) - function(-2 * step))) / (12.0 * step)


@pytest.mark.parametrize(
    ("frames", "extra", "flatness", "noise"),
    [(1, 0, 1.0, 0.5), (1, 0, 1.0, 3.0), (4, 0, 1.0, 3.0), (1, 4, 1.0, 2.0), (1, 0, 0.05, 1.0), (1, 0, 0.0, 2.0)],
)
def test_gradients_match_finite_differences_of_the_solver(make_problems, rng, frames, extra, flatness, noise):
    problems = make_problems(rng, 150, frames, extra, flatness).noisy(rng, noise)
    pulls = random_like(problems.true_rotation, rng), random_like(problems.true_translation, rng)
    inputs = [part.clone().requires_grad_() for part in problems.inputs]
    value, valid = loss(inputs, *pulls)
    value.sum().backward()
    assert valid.double().mean() > 0.99
    for i, name in enumerate(NAMES):
        scale = problems.weights if name == "weights" else torch.ones_like(inputs[i].detach())
        direction = scale * random_like(inputs[i], rng)

        def along(amount, i=i, direction=direction):
            moved = [part.detach() for part in inputs]
            moved[i] = moved[i] + amount * direction
            return loss(moved, *pulls)[0]

        expected = slope(along, STEPS[name])
        found = (inputs[i].grad * direction).flatten(1).sum(dim=1)
        size = torch.linalg.vector_norm((inputs[i].grad * scale).flatten(1), dim=1)
        assert ((found - expected).abs() / size)[valid].max() < 1e-4, name


def test_gradients_by_some_inputs_only(make_problems, rng):
    pixels, points, weights, intrinsics = make_problems(rng, 3).noisy(rng, 1.0).inputs
    pixels = pixels.float().requires_grad_()
    solution = solve_pnp(pixels, points, weights, intrinsics)
    solution.translation.sum().backward()
    assert pixels.grad.dtype == torch.float32
    assert (pixels.grad != 0.0).any()
    assert not solution.covariance.requires_grad
    assert not solution.rms_px.requires_grad
