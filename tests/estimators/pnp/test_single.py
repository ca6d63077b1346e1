"""The numpy descent of one problem does what the batched one does."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from ctr_env.estimators.pnp.reprojection import Problem, expand
from ctr_env.estimators.pnp.single import solve_single
from ctr_env.estimators.pnp.single_reprojection import SingleProblem, expand_single


def near(problems, rng, metres=0.03, rad=0.05):
    """Poses near the true ones."""
    count = len(problems.pixels)
    turn = torch.tensor(Rotation.from_rotvec(rng.normal(0.0, rad, (count, 3))).as_matrix())
    return turn @ problems.true_rotation, problems.true_translation + torch.tensor(rng.normal(0.0, metres, (count, 3)))


def single(problems, start, i):
    return solve_single(*(part[i].numpy() for part in problems.inputs), (start[0][i].numpy(), start[1][i].numpy()))


@pytest.mark.parametrize(("extra", "sigma"), [(0, 1.0), (20, 3.0)])
def test_solutions_are_those_of_the_batch(make_problems, rng, extra, sigma):
    problems = make_problems(rng, 40, 1, extra).noisy(rng, sigma)
    problems.weights[torch.tensor(rng.random(problems.weights.shape) < 0.15)] = 0.0
    problems.pixels[problems.weights == 0.0] = torch.nan  # absent points may hold any value
    start = near(problems, rng)
    batch = problems.solve(start=start, local=True)
    assert batch.valid.double().mean() > 0.9
    for i in range(40):
        found = single(problems, start, i)
        assert found.status == batch.status[i]
        np.testing.assert_allclose(found.rotation, batch.rotation[i], atol=1e-8)
        np.testing.assert_allclose(found.translation, batch.translation[i], atol=1e-8)
        np.testing.assert_allclose(found.covariance, batch.covariance[i], rtol=1e-5, atol=1e-12)
        assert found.rms_px == pytest.approx(float(batch.rms_px[i]), rel=1e-6)


def test_expansions_are_those_of_the_batch(make_problems, rng):
    problems = make_problems(rng, 5, 2).noisy(rng, 5.0)
    R, t = near(problems, rng)
    lens = problems.intrinsics[:, None]
    batch = expand(Problem(*problems.inputs[:3], lens[..., :2], lens[..., 2:]), R, t)
    for i in range(5):
        pixels, points, weights, intrinsics = (part[i].numpy() for part in problems.inputs)
        problem = SingleProblem(pixels.T, points, weights, intrinsics[:2, None], intrinsics[2:, None])
        for ours, theirs in zip(expand_single(problem, R[i].numpy(), t[i].numpy()), batch, strict=True):
            np.testing.assert_allclose(ours, theirs[i], rtol=1e-9, atol=1e-9 * float(theirs[i].abs().max()))


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda p: p.weights.__setitem__(slice(3, None), 0.0), "too_few_points"),
        (lambda p: p.weights.zero_(), "too_few_points"),
        (lambda p: p.weights.__setitem__(0, -1.0), "invalid_values"),
        (lambda p: p.pixels.__setitem__(2, torch.nan), "invalid_values"),
        (lambda p: p.intrinsics.__setitem__(0, 0.0), "invalid_values"),
        (lambda p: p.points.copy_(p.points[:1] + torch.arange(7)[:, None] * 0.1), "degenerate"),
        (lambda p: p.points.mul_(1e200), "invalid_values"),
    ],
)
def test_what_cannot_be_solved_says_why(make_problems, rng, change, status):
    problems = make_problems(rng, 1)
    start = near(problems, rng)
    change(problems[0])
    assert problems.solve(start=start, local=True).status == (status,)
    found = single(problems, start, 0)
    assert found.status == status
    np.testing.assert_array_equal(found.rotation, np.eye(3))


@pytest.mark.parametrize("scale", [0.1, 1e3, np.nan])
def test_absurd_starts_do_no_harm(make_problems, rng, scale):
    problems = make_problems(rng, 10).noisy(rng, 1.0)
    start = torch.tensor(Rotation.random(10, rng=rng).as_matrix()), scale * problems.true_translation
    batch = problems.solve(start=start, local=True)
    for i in range(10):
        found = single(problems, start, i)
        assert np.isfinite(found.covariance).all() and np.isfinite(found.translation).all()
        if batch.valid[i] and not found.status:
            np.testing.assert_allclose(found.translation, batch.translation[i], atol=1e-6)
