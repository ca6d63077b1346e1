import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.estimators.fusion.fuse import JointOffsets, fuse
from ctr_env.geometry import moved, twist_between

TRUE = RigidTransform.from_components([0.2, -0.1, 1.4], Rotation.from_rotvec([1.2, -0.7, 0.9]))
COVARIANCE = np.diag([4e-6, 4e-6, 25e-6, 1e-4, 1e-4, 4e-5])


def measured(rng, covariance=COVARIANCE):
    return moved(TRUE, rng.multivariate_normal(np.zeros(6), covariance))


@given(st.integers(0, 2**32))
def test_moving_by_the_twist_between_gets_there(seed):
    rng = np.random.default_rng(seed)
    other = RigidTransform.from_components(rng.normal(size=3), Rotation.random(rng=rng))
    np.testing.assert_allclose(moved(TRUE, twist_between(TRUE, other)).as_matrix(), other.as_matrix(), atol=1e-12)
    np.testing.assert_allclose(twist_between(TRUE, TRUE), 0, atol=1e-15)


def test_the_fused_covariance_matches_the_fused_error():
    rng = np.random.default_rng(0)
    squares = []
    for _ in range(150):
        fused = fuse([measured(rng) for _ in range(12)], [COVARIANCE] * 12)
        away = twist_between(fused.pose, TRUE)
        squares.append(away @ np.linalg.solve(fused.covariance, away))
    assert 4.5 < np.mean(squares) < 7.5  # six degrees of freedom
    assert np.trace(fused.covariance[:3, :3]) < 2.0 * np.trace(COVARIANCE[:3, :3]) / 12


def test_outliers_have_little_weight():
    rng = np.random.default_rng(1)
    good = [measured(rng) for _ in range(10)]
    wild = [moved(TRUE, rng.normal(0, 0.5, 6)) for _ in range(5)]
    clean, contaminated = fuse(good, [COVARIANCE] * 10), fuse(good + wild, [COVARIANCE] * 15)
    assert np.linalg.norm(twist_between(clean.pose, contaminated.pose)[:3]) < 5e-4
    assert contaminated.weights[:10].min() > 0.2 and contaminated.weights[10:].max() < 0.02


def test_the_measurement_with_the_smaller_covariance_decides():
    far = moved(TRUE, np.array([0.02, 0, 0, 0, 0, 0]))
    fused = fuse([TRUE, far], [COVARIANCE * 1e-4, COVARIANCE * 1e2])
    assert np.linalg.norm(twist_between(fused.pose, TRUE)) < 1e-4
    one = fuse([far], [COVARIANCE])
    np.testing.assert_allclose(one.pose.as_matrix(), far.as_matrix(), atol=1e-12)
    again = fuse([TRUE, far], [COVARIANCE * 1e-4, COVARIANCE * 1e2], start=far)
    np.testing.assert_allclose(again.pose.as_matrix(), fused.pose.as_matrix(), atol=1e-8)
    np.testing.assert_allclose(one.covariance, COVARIANCE)


def test_scatter_beyond_the_covariances_inflates_the_result():
    rng = np.random.default_rng(2)
    poses = [measured(rng, 9 * COVARIANCE) for _ in range(20)]
    consistent = fuse(poses, [9 * COVARIANCE] * 20).covariance
    overconfident = fuse(poses, [COVARIANCE] * 20).covariance
    assert np.trace(overconfident) > 0.4 * np.trace(consistent)


@pytest.mark.parametrize("count", [3, 10])
def test_scatter_is_detected_beside_a_larger_systematic_error(count):
    """Independent errors three times as large as stated, beside a larger systematic one, which does not show them."""
    rng, independent, systematic = np.random.default_rng(4), 0.3 * COVARIANCE, COVARIANCE
    squares = []
    for _ in range(100):
        start = moved(TRUE, rng.multivariate_normal(np.zeros(6), systematic))
        poses = [moved(start, rng.multivariate_normal(np.zeros(6), 9.0 * independent)) for _ in range(count)]
        fused = fuse(poses, [independent + systematic] * count, systematic=systematic)
        away = twist_between(fused.pose, start)
        squares.append(away @ np.linalg.solve(fused.independent, away))
    assert 4.0 < np.median(squares) < 8.0  # a chi-square of six has 5.3


def test_scatter_is_detected_where_all_of_the_covariance_is_systematic():
    rng, squares = np.random.default_rng(6), []
    for _ in range(100):
        poses = [measured(rng, 4.0 * COVARIANCE) for _ in range(8)]
        fused = fuse(poses, [0.3 * COVARIANCE] * 8, systematic=COVARIANCE)
        away = twist_between(fused.pose, TRUE)
        squares.append(away @ np.linalg.solve(fused.covariance, away))
    assert np.mean(squares) < 12.0  # eight poses that scatter so far are known to 0.7 of that; 0.3 is claimed


def test_measurements_are_weighed_by_the_independent_parts():
    """Not by the whole covariance, which is much the same for all of them: generalised least squares."""
    rng, systematic, squares = np.random.default_rng(5), 4.0 * COVARIANCE, []
    parts = [0.04 * COVARIANCE] * 2 + [2.0 * COVARIANCE] * 10
    for _ in range(100):
        poses = [moved(TRUE, rng.multivariate_normal(np.zeros(6), independent)) for independent in parts]
        away = twist_between(
            TRUE, fuse(poses, [independent + systematic for independent in parts], systematic=systematic).pose
        )
        squares.append(np.square(away) / np.diag(COVARIANCE))
    assert np.mean(squares) < 0.03  # 0.02 by theory; 0.14 if all of them counted the same


def test_the_systematic_part_is_not_averaged_out():
    def fused(count, systematic):
        return fuse([TRUE] * count, [COVARIANCE] * count, systematic=systematic).covariance

    systematic = 0.3 * COVARIANCE
    np.testing.assert_allclose(fused(1, systematic), COVARIANCE)
    np.testing.assert_allclose(fused(5, systematic), 0.7 * COVARIANCE / 5 + systematic)
    np.testing.assert_allclose(fused(7, 50 * COVARIANCE), COVARIANCE, err_msg="no more than there was")
    turned = np.diag([1e-6, 1e-2, 1e-6, 1e-6, 1e-6, 1e-6])
    within = fused(1000, turned)
    assert within[1, 1] == pytest.approx(COVARIANCE[1, 1]) and within[0, 0] == pytest.approx(1e-6, rel=0.01)
    assert (np.linalg.eigvalsh(COVARIANCE - within) > -1e-12).all()


@pytest.mark.parametrize("good, poor", [(1, 49), (3, 22)])
def test_measurements_with_large_covariances_do_not_degrade_the_result(good, poor):
    systematic = 0.8 * COVARIANCE
    covariances = [COVARIANCE] * good + [1e4 * COVARIANCE] * poor
    fused = fuse([TRUE] * len(covariances), covariances, systematic=systematic)
    np.testing.assert_allclose(fused.covariance, 0.2 * COVARIANCE / good + systematic, rtol=0.01)
    np.testing.assert_allclose(fused.independent + systematic, fused.covariance, rtol=1e-6)


def test_the_covariance_of_unequal_measurements_is_calibrated():
    rng, systematic, squares = np.random.default_rng(3), 0.5 * COVARIANCE, []
    for _ in range(200):
        scales = rng.uniform(0.05, 5.0, 10)
        start = moved(TRUE, rng.multivariate_normal(np.zeros(6), systematic))
        poses = [moved(start, rng.multivariate_normal(np.zeros(6), scale * COVARIANCE)) for scale in scales]
        fused = fuse(poses, [scale * COVARIANCE + systematic for scale in scales], systematic=systematic)
        away = twist_between(fused.pose, TRUE)
        squares.append(away @ np.linalg.solve(fused.covariance, away))
    assert 4.5 < np.mean(squares) < 7.5


def test_poses_and_covariances_must_match():
    with pytest.raises(ValueError, match="at least one; not 0 and 0"):
        fuse([], [])
    with pytest.raises(ValueError, match="not 1 and 2"):
        fuse([TRUE, TRUE], [COVARIANCE])


@pytest.mark.parametrize("bad", [np.full((6, 6), np.nan), np.diag([np.inf] * 6), -COVARIANCE])
def test_an_impossible_covariance_is_named(bad):
    with pytest.raises(ValueError, match="positive semidefinite; number 1 is"):
        fuse([TRUE] * 3, [COVARIANCE, bad, COVARIANCE])


def test_singular_covariances_are_fused():
    """Measurements that claim to be exact in some directions, or in all."""
    flat = np.diag([1e-4, 1e-4, 0.0, 0.0, 0.0, 1e-6])
    fused = fuse([TRUE] * 3, [flat, np.zeros((6, 6)), flat], systematic=flat)
    np.testing.assert_allclose(fused.pose.as_matrix(), TRUE.as_matrix(), atol=1e-12)
    assert np.isfinite(fused.covariance).all() and np.linalg.eigvalsh(fused.covariance).min() >= 0.0


def offset_measurements(rng, count=20, std=0.002):
    """Poses that shared joint offsets move, each in its own way, with covariances that say so."""
    offsets, sensitivities = rng.normal(0.0, std, 7), rng.normal(0.0, 1.0, (count, 6, 7))
    poses = [moved(measured(rng, 1e-2 * COVARIANCE), -each @ offsets) for each in sensitivities]
    covariances = [1e-2 * COVARIANCE + std**2 * each @ each.T for each in sensitivities]
    return poses, covariances, JointOffsets(sensitivities, std), offsets


def test_joint_offsets_that_all_measurements_share_are_found():
    rng, better, squares = np.random.default_rng(5), [], []
    for _ in range(60):
        poses, covariances, joints, offsets = offset_measurements(rng)
        alone, together = fuse(poses, covariances), fuse(poses, covariances, joints=joints)
        errors = [np.linalg.norm(twist_between(found.pose, TRUE)[:3]) for found in (alone, together)]
        better.append(errors[1] < errors[0])
        assert alone.joint_offsets.shape == (0,) and alone.joint_covariance.shape == (6, 6)
        np.testing.assert_array_equal(together.joint_covariance[:6, :6], together.covariance)
        standard = (together.joint_offsets - offsets) / np.sqrt(np.diag(together.joint_covariance)[6:])
        assert np.abs(standard).max() < 5.0
        np.testing.assert_allclose(together.joint_offsets, offsets, atol=1e-3)
        away = twist_between(together.pose, TRUE)
        squares.append(away @ np.linalg.solve(together.covariance, away))
    assert np.mean(better) > 0.9
    assert 4.0 < np.mean(squares) < 8.0


def test_unknown_joint_offsets_remain_in_the_covariance_of_alike_measurements():
    rng = np.random.default_rng(6)
    sensitivity = np.tile(rng.normal(0.0, 1.0, (6, 7)), (20, 1, 1))
    own = 0.002**2 * sensitivity[0] @ sensitivity[0].T
    found = fuse([measured(rng) for _ in range(20)], [COVARIANCE + own] * 20, joints=JointOffsets(sensitivity, 0.002))
    np.testing.assert_array_less(0.8 * np.diag(own), np.diag(found.covariance))
