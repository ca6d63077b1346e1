"""No row of a batch, however degenerate, ends the batch or changes another row."""

from dataclasses import replace

import pytest
import torch
from scipy.spatial.transform import Rotation

from ctr_env.estimators.pnp import solve_pnp

GOOD, BAD = [0, 2, 3, 5], [1, 4]
FIELDS = ("pixels", "points", "weights", "intrinsics")


def collinear(problems, rng):
    direction = torch.tensor(rng.standard_normal(3))
    place = torch.tensor(rng.uniform(-1.0, 1.0, problems.points.shape[1]))
    return {"points": problems.points[0, 0] + place[:, None] * direction}


def coincident_points(problems, rng):
    return {"points": problems.points[0, :1].expand_as(problems.points[0])}


def coincident_pixels(problems, rng):
    return {"pixels": problems.pixels[0, :1].expand_as(problems.pixels[0])}


def random_pixels(problems, rng):
    return {"pixels": torch.tensor(rng.uniform(0.0, 320.0, tuple(problems.pixels[0].shape)))}


def behind_the_camera(problems, rng):
    seen = problems.points[0] @ problems.true_rotation[0].mT - problems.true_translation[0]
    lens = problems.intrinsics[0]
    return {"pixels": seen[:, :2] / seen[:, 2:] * lens[:2] + lens[2:]}


def four_coplanar_points(problems, rng):
    weights = problems.weights[0].clone()
    weights[4:] = 0.0
    points = problems.points[0].clone()
    points[:4, 2] = 0.0
    return {"weights": weights, "points": points}


def not_a_number(problems, rng):
    pixels = problems.pixels[0].clone()
    pixels[int(rng.integers(len(pixels)))] = torch.nan
    return {"pixels": pixels}


def overflowing(problems, rng):
    return {"points": problems.points[0] * 10.0 ** rng.uniform(100.0, 300.0)}


def tiny_weights(problems, rng):
    return {"weights": problems.weights[0] * 10.0 ** -rng.uniform(100.0, 320.0)}


def zero_focal_length_nearly(problems, rng):
    return {"intrinsics": problems.intrinsics[0] * 10.0 ** -rng.uniform(10.0, 200.0)}


KINDS = [
    collinear, coincident_points, coincident_pixels, random_pixels, behind_the_camera, four_coplanar_points,
    not_a_number, overflowing, tiny_weights, zero_focal_length_nearly,
]  # fmt: skip


def solved(inputs, options):
    """The solution and the gradients by the four inputs of a linear function of the poses."""
    inputs = [part.clone().requires_grad_() for part in inputs]
    solution = solve_pnp(*inputs, **options)
    (solution.rotation[:, 0].sum() + solution.translation.sum()).backward()
    return solution, [part.grad for part in inputs]


def results(solution, rows):
    parts = solution.rotation, solution.translation, solution.covariance, solution.rms_px, solution.used, solution.valid
    return [part.detach()[rows] for part in parts]


def starts(problems, rng):
    """Poses to start from: near the true one, and for bad rows anywhere, up to absurdly far away or not finite."""
    rotation, translation = problems.true_rotation.clone(), problems.true_translation.clone()
    for row in BAD:
        rotation[row] = torch.tensor(Rotation.random(rng=rng).as_matrix())
        translation[row] = torch.tensor(rng.standard_normal(3)) * 10.0 ** rng.uniform(-3.0, 200.0)
    if rng.random() < 0.2:
        translation[BAD[0], 2] = torch.tensor([torch.nan, torch.inf])[int(rng.integers(2))]
    return rotation, translation


@pytest.mark.parametrize("mode", ["alone", "robust", "start", "local"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_degenerate_row_leaves_the_others_as_they_are(make_problems, rng, kind, mode):
    for frames in (1, 2):
        problems = make_problems(rng, 6, frames).noisy(rng, 1.0)
        parts = {name: getattr(problems, name).clone() for name in FIELDS}
        for row in BAD:
            for name, value in kind(problems[row : row + 1], rng).items():
                parts[name][row] = value
        start = starts(problems, rng)
        options = {"alone": {}, "robust": {"robust": True}, "start": {"start": start}}.get(
            mode, {"start": start, "local": True}
        )
        solution, grads = solved(replace(problems, **parts).inputs, options)
        for part in (*results(solution, slice(None)), *grads):
            assert part.isfinite().all()
        for row in BAD:
            if not solution.valid[row]:
                assert solution.status[row]
                assert all((grad[row] == 0.0).all() for grad in grads)
        if "start" in options:
            options = {**options, "start": tuple(part[GOOD] for part in start)}
        alone, alone_grads = solved([part[GOOD] for part in problems.inputs], options)
        assert alone.valid.all()
        # not bit for bit: on some CPUs a matrix product rounds differently in a batch of another size
        for together, single in zip(results(solution, GOOD), results(alone, slice(None)), strict=True):
            torch.testing.assert_close(together, single, rtol=1e-9, atol=1e-9)
        for together, single in zip(grads, alone_grads, strict=True):
            torch.testing.assert_close(together[GOOD], single, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("distance", [1e40, 1e160, float("inf")])
def test_a_start_without_information_is_degenerate_in_its_row_only(make_problems, rng, distance):
    """Points so far away leave no information: the factor has zeros on its diagonal, which must not raise."""
    problems = make_problems(rng, 3, 2).noisy(rng, 1.0)
    translation = problems.true_translation.clone()
    translation[1] = torch.tensor([0.0, 0.0, distance])
    solution = problems.solve(start=(problems.true_rotation, translation), local=True)
    assert solution.status == ("", "degenerate", "")


def test_points_whose_squares_overflow_are_invalid_values_in_their_row_only(make_problems, rng):
    problems = make_problems(rng, 3)
    points = problems.points.clone()
    points[1] *= 1e200
    assert replace(problems, points=points).solve().status == ("", "invalid_values", "")
