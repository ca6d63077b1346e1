import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_env.evaluation.pose.metrics import (
    accuracy,
    add_auc_ctrnet,
    add_auc_dream,
    mask_iou,
    nees,
    nees_within,
    pck_auc_ctrnet,
    pck_auc_dream,
)

ERRORS = st.lists(st.floats(0.0, 0.3), min_size=1, max_size=30)


def dream(errors):
    return add_auc_dream(errors, np.full(len(errors), 7))


def test_a_perfect_estimator_gets_the_maximum_of_each_area():
    zeros = np.zeros(5)
    assert dream(zeros) == 100.0
    assert add_auc_ctrnet(zeros) == pytest.approx(99.9)
    assert pck_auc_dream(zeros) == pytest.approx(99.975)
    assert pck_auc_ctrnet(zeros) == pytest.approx(99.5)


def test_uniformly_distributed_errors_give_half_the_area():
    even = (np.arange(10_000) + 0.5) / 10_000
    assert dream(0.1 * even) == pytest.approx(50.0, abs=0.01)
    assert add_auc_ctrnet(0.1 * even) == pytest.approx(50.0, abs=0.06)
    assert pck_auc_dream(20 * even) == pytest.approx(50.0, abs=0.01)
    assert pck_auc_ctrnet(200 * even) == pytest.approx(50.0, abs=0.3)


@pytest.mark.parametrize("error", [0.00005, 0.01234, 0.05, 0.0999])
def test_a_single_error_gives_the_share_of_thresholds_above_it(error):
    expected = 100 * (1 - error / 0.1)
    assert dream([error]) == pytest.approx(expected, abs=0.02)
    assert add_auc_ctrnet([error]) == pytest.approx(expected, abs=0.11)


def test_areas_equal_those_of_the_published_loops():
    rng = np.random.default_rng(3)
    errors = rng.exponential(0.03, 57)
    notebook = np.mean([np.sum(errors < i / 10000.0) / len(errors) for i in range(1000)])
    assert add_auc_ctrnet(errors) == pytest.approx(100 * notebook, abs=1e-9)
    counts = [np.count_nonzero(errors <= t) / len(errors) for t in np.arange(0.0, 0.1, 1e-5)]
    assert dream(errors) == pytest.approx(100 * np.trapezoid(counts, dx=1e-5) / 0.1, abs=0.011)
    pixels = rng.exponential(12.0, 91)
    counts = [np.count_nonzero(pixels < t) / len(pixels) for t in np.arange(0.0, 20.0, 0.01)]
    assert pck_auc_dream(pixels) == pytest.approx(100 * np.trapezoid(counts, dx=0.01) / 20, abs=0.051)


def test_dream_counts_frames_with_four_keypoints_only():
    errors, in_frame = np.array([0.0, 0.0, np.inf, np.inf]), np.array([7, 4, 3, 7])
    assert add_auc_dream(errors, in_frame) == pytest.approx(100 * 2 / 3)
    assert add_auc_ctrnet(errors) == pytest.approx(99.9 / 2)
    assert add_auc_dream(errors, np.full(4, 3)) is None


def test_no_frames_give_no_area():
    assert add_auc_ctrnet([]) is None
    assert add_auc_dream([], []) is None
    assert pck_auc_dream([]) is None
    assert pck_auc_ctrnet([]) is None


@given(ERRORS, st.floats(0.0, 0.2))
def test_larger_errors_never_give_a_larger_area(errors, more):
    errors = np.array(errors)
    worse = errors.copy()
    worse[0] += more
    for area in (dream, add_auc_ctrnet):
        assert 0.0 <= area(worse) <= area(errors) <= 100.0


@given(ERRORS)
def test_rejecting_a_frame_never_gives_a_larger_area(errors):
    rejected = np.array(errors)
    rejected[-1] = np.inf
    for area in (dream, add_auc_ctrnet):
        assert area(rejected) <= area(errors)


def test_accuracy_is_strict_or_not():
    assert accuracy([1.0, 2.0, np.inf], [1.0, 2.0, 3.0]).tolist() == pytest.approx([0, 1 / 3, 2 / 3])
    assert accuracy([1.0, 2.0, np.inf], [1.0, 2.0], strict=False).tolist() == pytest.approx([1 / 3, 2 / 3])


def test_iou_is_in_pixels_of_the_true_mask():
    true = np.zeros((40, 60), bool)
    true[10:30, 10:30] = True
    half = np.zeros((40, 60), np.float32)
    half[10:30, 20:40] = 0.9
    assert mask_iou(true, true.astype(np.float32)) == 1.0
    assert mask_iou(true, half) == pytest.approx(200 / 600)
    small = cv2.resize(true.astype(np.float32), (30, 20), interpolation=cv2.INTER_AREA)
    assert mask_iou(true, small) > 0.95
    assert mask_iou(true, 0.4 * half) == 0.0
    assert mask_iou(~true & true, np.zeros((40, 60), np.float32)) is None


def test_nees_of_errors_from_the_covariance_is_six_on_average():
    rng = np.random.default_rng(1)
    root = rng.normal(size=(6, 6))
    covariance = root @ root.T
    squares = [nees(root @ rng.standard_normal(6), covariance) for _ in range(4000)]
    assert np.mean(squares) == pytest.approx(6.0, abs=0.2)
    levels = np.array([0.1, 0.5, 0.95])
    assert nees_within(squares, levels) == pytest.approx(levels, abs=0.03)
    assert nees(np.zeros(6), np.zeros((6, 6))) is None
