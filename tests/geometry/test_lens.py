import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ctr_env.geometry.lens import distort, undistort

LENSES = {  # coefficients, focal lengths and half sizes (px) that users of cameras have reported
    "azure kinect": (
        (
            *(0.7799050211906433, -2.9802768230438232, 0.0007482637884095311, 5.6622509873704985e-05),
            *(1.6997523307800293, 0.6572195887565613, -2.811908721923828, 1.6302372217178345),
        ),
        (604.9, 640.0, 368.0),
    ),
    "oak-d": (
        (
            *(-0.9029932618141174, -54.66876220703125, 0.00040832499507814646, 0.00043196146725676954),
            *(411.0915832519531, -1.0839022397994995, -52.5931510925293, 401.5426940917969),
        ),
        (1039.0, 640.0, 375.0),
    ),
    "wide": (
        (-0.27325742409656251, 0.05734241315301845, -0.00073173963358416, -0.00032678641107056, 0.0),
        (353.0, 376.0, 240.0),
    ),
    "sr300": ((-0.0927480757, 0.0712423920, -0.000215470849, 0.00258769537, 0.0), (1408.0, 960.0, 540.0)),
}  # fmt: skip


@pytest.mark.parametrize("lens", LENSES)
def test_real_lenses_are_inverted_over_the_whole_image(lens):
    """Five fixed-point iterations, as OpenCV makes them by default, leave more than a pixel at the corners."""
    coefficients, (focal, half_width, half_height) = LENSES[lens]
    x, y = np.meshgrid(np.linspace(-1, 1, 33) * half_width / focal, np.linspace(-1, 1, 25) * half_height / focal)
    seen = np.stack([x, y], axis=-1)
    rays = undistort(seen, "opencv", coefficients)
    assert np.abs(distort(rays, "opencv", coefficients) - seen).max() * focal < 1e-6
    radii = np.linalg.norm(rays[12, 16:], axis=-1)  # along a row, from the middle to the right edge
    assert (np.diff(radii) > 0).all()


coefficient = st.floats(-0.05, 0.05)


@example((0.0, 0.0, 0.0, -0.03125, -0.03125, 0.0, 0.0, 0.046875), 0)  # folds inside these rays
@given(st.tuples(*[coefficient] * 8), st.integers(0, 2**32 - 1))
def test_mild_lenses_of_the_rational_model_round_trip(coefficients, seed):
    """Up to where the lens folds, which for none of these is near the middle."""
    rays = np.random.default_rng(seed).uniform(-0.8, 0.8, (4, 5, 2))
    seen = distort(rays, "opencv", coefficients)
    shown = np.isfinite(seen).all(axis=-1)
    assert shown[np.linalg.norm(rays, axis=-1) < 0.8].all()
    found = undistort(seen, "opencv", coefficients)
    np.testing.assert_allclose(found[shown], rays[shown], atol=1e-8)


@given(st.tuples(*(st.floats(-k, k) for k in (0.02, 0.01, 0.005, 0.002))), st.integers(0, 2**32 - 1))
def test_equidistant_lenses_round_trip_up_to_80_degrees(coefficients, seed):
    rng = np.random.default_rng(seed)
    angle, azimuth = rng.uniform(0.0, np.radians(80), 20), rng.uniform(0, 2 * np.pi, 20)
    rays = np.tan(angle)[:, None] * np.stack([np.cos(azimuth), np.sin(azimuth)], axis=1)
    found = undistort(distort(rays, "equidistant", coefficients), "equidistant", coefficients)
    np.testing.assert_allclose(found, rays, rtol=1e-7, atol=1e-9)


def test_equidistant_is_the_model_of_opencvs_fisheye_module():
    coefficients = (-0.0155, 0.0143, -0.0121, 0.0021)
    rays = np.array([[0.3, 0.0], [0.7, 0.2], [-1.2, 0.5], [0.0, 0.0]])
    theirs, _ = cv2.fisheye.projectPoints(
        np.column_stack([rays, np.ones(4)])[:, None], np.zeros(3), np.zeros(3), np.eye(3), np.array(coefficients)
    )
    np.testing.assert_allclose(distort(rays, "equidistant", coefficients), theirs[:, 0], atol=1e-12)


def test_points_beyond_the_fold_of_a_lens_have_no_ray():
    """With k1 alone, no ray is seen farther from the axis than 2/3 of the radius at which the image folds back."""
    k1 = -0.3
    fold = np.sqrt(-1.0 / (3.0 * k1))
    edge = fold * (1.0 + k1 * fold**2)
    points = np.array([[0.99 * edge, 0.0], [1.01 * edge, 0.0], [0.0, -1.5 * edge]])
    rays = undistort(points, "opencv", (k1, 0.0, 0.0, 0.0))
    assert rays[0, 0] < fold
    assert np.isnan(rays[1:]).all()


def test_points_of_an_equidistant_lens_at_right_angles_have_no_ray():
    points = np.array([[1.0, 0.0], [0.5 * np.pi, 0.0], [0.0, 2.0]])
    rays = undistort(points, "equidistant", (0.0, 0.0, 0.0, 0.0))
    np.testing.assert_allclose(rays[0], [np.tan(1.0), 0.0])
    assert np.isnan(rays[1:]).all()


def test_nan_stays_nan():
    points = np.array([[np.nan, np.nan], [0.1, 0.2]])
    for model in ("opencv", "equidistant"):
        for function in (distort, undistort):
            found = function(points, model, (0.01, 0.0, 0.0, 0.0))
            assert np.isnan(found[0]).all() and np.isfinite(found[1]).all()


@pytest.mark.parametrize("azimuth", [0.0, 1.0, 4.0])
def test_rays_beyond_the_fold_are_not_seen(azimuth):
    """A barrel r (1 + k1 r^2) folds at r = 1 / sqrt(-3 k1), and crosses the axis at r = 1 / sqrt(-k1)."""
    k1 = -0.2
    fold, crossing = (-3 * k1) ** -0.5, (-k1) ** -0.5
    radii = np.array([0.0, 0.5, 0.99 * fold, 1.01 * fold, 0.99 * crossing, 1.01 * crossing, 10.0])
    rays = radii[:, None] * np.array([np.cos(azimuth), np.sin(azimuth)])
    seen = np.isfinite(distort(rays, "opencv", (k1, 0.0, 0.0, 0.0))).all(axis=1)
    np.testing.assert_array_equal(seen, radii < fold)
