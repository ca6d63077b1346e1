"""Poses are exact, optimal, in front of the camera and have calibrated covariances, or are not valid."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ctr_env.estimators.pnp import solve_pnp


@pytest.mark.parametrize(("frames", "extra", "flatness"), [(1, 0, 1.0), (4, 0, 1.0), (1, 5, 1.0), (1, 0, 0.0)])
def test_exact_images_give_the_exact_pose(make_problems, rng, frames, extra, flatness):
    problems = make_problems(rng, 300, frames, extra, flatness)
    solution = problems.solve()
    assert all(reason == "" for reason in solution.status)
    assert solution.valid.all()
    assert problems.error_twists(solution).abs().max() < 1e-9
    assert solution.rms_px.max() < 1e-6
    torch.testing.assert_close(solution.rotation @ solution.rotation.mT, torch.eye(3).double().expand(300, 3, 3))


def weighted_cost(problems, rotation, translation):
    seen = problems.points @ rotation.mT + translation[:, None]
    lens = problems.intrinsics[:, None]
    errors = seen[..., :2] / seen[..., 2:] * lens[..., :2] + lens[..., 2:] - problems.pixels
    return (problems.weights * errors.square().sum(dim=-1)).sum(dim=1)


def test_no_pose_that_opencv_finds_is_better(make_problems, rng):
    problems = make_problems(rng, 200)
    problems = replace(problems, pixels=problems.pixels + 2.0 * torch.tensor(rng.standard_normal((200, 7, 2))))
    poses = []
    for x, X, lens in zip(problems.pixels, problems.points, problems.intrinsics, strict=True):
        fx, fy, cx, cy = lens.tolist()
        K = np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])
        _, r, t = cv2.solvePnP(X.numpy(), x.numpy(), K, None, flags=cv2.SOLVEPNP_SQPNP)
        criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 100, 1e-14)
        r, t = cv2.solvePnPRefineLM(X.numpy(), x.numpy(), K, None, r, t, criteria)
        poses.append((Rotation.from_rotvec(r.ravel()).as_matrix(), t.ravel()))
    R, t = (torch.tensor(np.array(part)) for part in zip(*poses, strict=True))
    solution = problems.solve()
    ours, theirs = weighted_cost(problems, solution.rotation, solution.translation), weighted_cost(problems, R, t)
    assert solution.valid.all()
    assert (ours <= theirs * (1.0 + 1e-9)).all()
    same = ours > theirs * (1.0 - 1e-6)  # elsewhere OpenCV is in another minimum
    assert same.double().mean() > 0.8
    assert (solution.translation - t)[same].abs().max() < 2e-3
    torch.testing.assert_close(solution.rms_px, (ours / problems.weights.sum(dim=1)).sqrt())


def test_no_start_leads_to_a_better_pose(make_problems, rng):
    problems = make_problems(rng, 150, flatness=0.3).noisy(rng, 3.0)
    alone = problems.solve()
    cost = weighted_cost(problems, alone.rotation, alone.translation)
    for _ in range(8):
        guess = torch.tensor(Rotation.random(150, rng=rng).as_matrix()), problems.true_translation
        guided = problems.solve(start=guess)
        better = weighted_cost(problems, guided.rotation, guided.translation) < cost * (1.0 - 1e-6)
        assert better.double().mean() < 0.01


def test_a_start_is_used_only_where_it_leads_to_a_better_pose(make_problems, rng):
    problems = make_problems(rng, 60, 4).noisy(rng, 1.0)
    alone = problems.solve()
    mirrored = alone.rotation * torch.tensor([-1.0, -1.0, 1.0]), -alone.translation
    nothing = torch.full_like(alone.rotation, torch.nan), torch.full_like(alone.translation, torch.nan)
    for guess in (mirrored, nothing, (alone.rotation, alone.translation)):
        guided = problems.solve(start=guess)
        assert guided.valid.all()
        torch.testing.assert_close(guided.translation, alone.translation, rtol=0, atol=1e-9)
        depths = problems.points @ guided.rotation.mT + guided.translation[:, None]
        assert (depths[..., 2] > 0.0).all()


def test_a_flipped_image_has_status_mirrored(make_problems, rng):
    problems = make_problems(rng, 100, 1, 10)
    flipped = problems.pixels.clone()
    flipped[..., 0] = 2.0 * problems.intrinsics[:, None, 2] - flipped[..., 0]
    solution = replace(problems, pixels=flipped).solve()
    assert not solution.valid.any()
    assert set(solution.status) == {"mirrored"}
    noisy = problems.noisy(rng, 3.0).solve()
    assert noisy.valid.all()


def test_a_batch_is_solved_as_one_by_one(make_problems, rng):
    problems = make_problems(rng, 40, 2).noisy(rng, 2.0)
    pixels = problems.pixels.clone()
    pixels[7] = torch.nan
    problems = replace(problems, pixels=pixels)
    for robust in (False, True):
        together = problems.solve(robust=robust)
        for i in range(40):
            alone = problems[i : i + 1].solve(robust=robust)
            assert alone.status[0] == together.status[i]
            torch.testing.assert_close(alone.rotation[0], together.rotation[i], rtol=0, atol=1e-9)
            torch.testing.assert_close(alone.translation[0], together.translation[i], rtol=0, atol=1e-9)
            torch.testing.assert_close(alone.covariance[0], together.covariance[i], rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("frames", [2, 4])
def test_the_covariance_is_calibrated(make_problems, rng, frames):
    problems = make_problems(rng, 600, frames).noisy(rng, 1.0)
    solution = problems.solve()
    errors = problems.error_twists(solution)
    nees = (errors * torch.linalg.solve(solution.covariance, errors)).sum(dim=1)
    assert solution.valid.all()
    assert 5.0 < nees.mean() < 7.0
    parts = (errors[:, :, None] * errors[:, None]) / solution.covariance
    assert ((parts.diagonal(dim1=1, dim2=2).mean(dim=0) - 1.0).abs() < 0.35).all()


def test_residuals_that_exceed_the_weights_inflate_the_covariance(make_problems, rng):
    problems = make_problems(rng, 300, 4).noisy(rng, 1.0)
    solution = replace(problems, weights=100.0 * problems.weights).solve()
    errors = problems.error_twists(solution)
    nees = (errors * torch.linalg.solve(solution.covariance, errors)).sum(dim=1)
    assert 5.0 < nees.mean() < 8.0


@settings(max_examples=25, deadline=None)
@given(turn=st.tuples(*[st.floats(-3.0, 3.0)] * 3), shift=st.tuples(*[st.floats(-1.0, 1.0)] * 3))
def test_moving_the_base_frame_moves_the_pose_with_it(make_problems, turn, shift):
    problems = make_problems(np.random.default_rng(3), 4, 2).noisy(np.random.default_rng(4), 1.0)
    R, t = torch.tensor(Rotation.from_rotvec(turn).as_matrix()), torch.tensor(shift, dtype=torch.float64)
    moved = replace(problems, points=problems.points @ R.mT + t).solve()
    still = problems.solve()
    torch.testing.assert_close(moved.rotation @ R, still.rotation, rtol=0, atol=1e-8)
    torch.testing.assert_close(moved.translation + moved.rotation @ t, still.translation, rtol=0, atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(scale=st.floats(1e-3, 1e3), zoom=st.floats(0.2, 5.0))
def test_the_pose_depends_on_the_ratio_of_weights_and_on_rays_only(make_problems, scale, zoom):
    problems = make_problems(np.random.default_rng(5), 4, 2).noisy(np.random.default_rng(6), 1.0)
    other = replace(
        problems, pixels=zoom * problems.pixels, weights=scale * problems.weights, intrinsics=zoom * problems.intrinsics
    ).solve()
    still = problems.solve()
    torch.testing.assert_close(other.rotation, still.rotation, rtol=0, atol=1e-8)
    torch.testing.assert_close(other.translation, still.translation, rtol=0, atol=1e-8)


def invalidated(problems, name):
    """Problems with one thing wrong, in the first row only."""
    parts = {field: getattr(problems, field).clone() for field in ("pixels", "points", "weights", "intrinsics")}
    match name:
        case "pixel":
            parts["pixels"][0, 2, 1] = torch.inf
        case "point":
            parts["points"][0, 1, 0] = torch.nan
        case "weight":
            parts["weights"][0, 3] = -1.0
        case "focal":
            parts["intrinsics"][0, 0] = 0.0
        case "few":
            parts["weights"][0, 3:] = 0.0
        case "none":
            parts["weights"][0] = 0.0
        case "line":
            parts["points"][0] = parts["points"][0, :1] + torch.linspace(0, 1, 7)[:, None] * torch.ones(3)
        case "point_cloud_of_one":
            parts["points"][0] = parts["points"][0, :1]
    return replace(problems, **parts)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("pixel", "invalid_values"),
        ("point", "invalid_values"),
        ("weight", "invalid_values"),
        ("focal", "invalid_values"),
        ("few", "too_few_points"),
        ("none", "too_few_points"),
        ("line", "degenerate"),
        ("point_cloud_of_one", "degenerate"),
    ],
)
def test_problems_without_a_solution_have_a_status(make_problems, rng, name, reason):
    good = make_problems(rng, 3)
    problems = invalidated(good, name)
    inputs = [part.requires_grad_() for part in problems.inputs]
    solution = solve_pnp(*inputs)
    assert solution.status == (reason, "", "")
    assert solution.valid.tolist() == [False, True, True]
    for part in (solution.rotation, solution.translation, solution.covariance, solution.rms_px):
        assert part.isfinite().all()
    assert problems.error_twists(PnPDetached(solution))[1:].abs().max() < 1e-9
    (solution.rotation.square().sum() + solution.translation.sum()).backward()
    for part in inputs:
        assert part.grad.isfinite().all()
        assert (part.grad[0] == 0.0).all()


def PnPDetached(solution):
    return replace(solution, rotation=solution.rotation.detach(), translation=solution.translation.detach())


def test_batches_without_a_usable_row_and_without_rows(make_problems, rng):
    problems = make_problems(rng, 2)
    none = replace(problems, weights=torch.zeros(2, 7)).solve(robust=True)
    assert none.status == ("too_few_points",) * 2
    assert problems[:0].solve().valid.shape == (0,)


@pytest.mark.parametrize("frames", [1, 2])
def test_points_of_zero_weight_count_as_absent(make_problems, rng, frames):
    problems = make_problems(rng, 50, frames).noisy(rng, 1.0)
    weights, pixels, points = problems.weights.clone(), problems.pixels.clone(), problems.points.clone()
    weights[:, 1], pixels[:, 1], points[:, 1] = 0.0, torch.nan, torch.inf
    rest = [i for i in range(problems.weights.shape[1]) if i != 1]
    with_absent = replace(problems, weights=weights, pixels=pixels, points=points)
    without = replace(problems, weights=weights[:, rest], pixels=pixels[:, rest], points=points[:, rest])
    a, b = ([part.requires_grad_() for part in p.inputs] for p in (with_absent, without))
    for inputs in (a, b):
        solution = solve_pnp(*inputs)
        assert solution.valid.all()
        (solution.rotation[:, 0].sum() + solution.translation.sum()).backward()
    for ours, theirs in zip(a[:3], b[:3], strict=True):
        torch.testing.assert_close(ours.grad[:, rest], theirs.grad, rtol=1e-6, atol=1e-9)
        assert (ours.grad[:, 1] == 0.0).all()
    torch.testing.assert_close(a[3].grad, b[3].grad, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("index", "shape", "name"),
    [(0, (2, 7), "points_2d"), (1, (2, 6, 3), "points_3d"), (2, (2, 7, 1), "weights"), (3, (4,), "intrinsics")],
)
def test_a_wrong_shape_is_named(make_problems, rng, index, shape, name):
    inputs = list(make_problems(rng, 2).inputs)
    inputs[index] = torch.zeros(shape)
    with pytest.raises(ValueError, match=rf"{name} has shape .*, not \({', '.join(map(str, shape))}"):
        solve_pnp(*inputs)


def test_a_start_of_the_wrong_shape_is_named(make_problems, rng):
    with pytest.raises(ValueError, match="start rotation has shape"):
        make_problems(rng, 2).solve(start=(torch.eye(3), torch.zeros(2, 3)))


def test_inference_mode_and_single_precision(make_problems, rng):
    problems = make_problems(rng, 5, 2)
    with torch.inference_mode():
        solution = solve_pnp(*(part.float() for part in problems.inputs))
    assert solution.rotation.dtype == torch.float64
    assert problems.error_twists(solution).abs().max() < 1e-4


def turns(rotvecs):
    return torch.from_numpy(Rotation.from_rotvec(rotvecs.numpy()).as_matrix())


def test_a_local_solution_is_the_global_one_from_nearby():
    torch.manual_seed(3)
    points = torch.rand(50, 20, 3, dtype=torch.float64) - 0.5
    rotation = turns(0.7 * torch.randn(50, 3, dtype=torch.float64))
    translation = torch.tensor([0.1, -0.1, 2.0], dtype=torch.float64).expand(50, 3)
    lens = torch.tensor([[600.0, 600.0, 320.0, 240.0]], dtype=torch.float64).expand(50, 4)
    seen = points @ rotation.mT + translation[:, None]
    pixels = seen[..., :2] / seen[..., 2:] * 600.0 + lens[:, None, 2:] + torch.randn(50, 20, 2, dtype=torch.float64)
    weights = torch.ones(50, 20, dtype=torch.float64)
    start = turns(0.05 * torch.randn(50, 3, dtype=torch.float64)) @ rotation, translation + 0.05
    found = solve_pnp(pixels, points, weights, lens)
    local = solve_pnp(pixels, points, weights, lens, start=start, local=True)
    assert found.valid.all() and local.valid.all()
    torch.testing.assert_close(local.rotation, found.rotation, atol=1e-8, rtol=0)
    torch.testing.assert_close(local.translation, found.translation, atol=1e-8, rtol=0)


def test_a_local_solution_needs_a_start_and_excludes_outlier_rejection():
    parts = torch.zeros(1, 8, 2), torch.zeros(1, 8, 3), torch.ones(1, 8), torch.ones(1, 4)
    start = torch.eye(3)[None], torch.ones(1, 3)
    for wrong in ({"local": True}, {"local": True, "start": start, "robust": True}):
        with pytest.raises(ValueError, match="local solution"):
            solve_pnp(*parts, **wrong)
