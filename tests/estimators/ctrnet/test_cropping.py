import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctr_env.estimators.ctrnet.cropping import (
    BORDER,
    Crop,
    crop_around,
    crop_image,
    opencv_affine,
    whole_image,
)

PLACES = st.tuples(st.floats(-500, 1500), st.floats(-500, 1500))
CROPS = st.builds(Crop, PLACES, st.floats(0.05, 8), st.just((256, 192)), st.floats(-3.2, 3.2))


@settings(deadline=None)
@given(CROPS, PLACES)
def test_backward_undoes_forward(crop, place):
    np.testing.assert_allclose(crop.backward(crop.forward(place)), place, atol=1e-8)
    np.testing.assert_allclose(crop.forward(crop.centre), (128, 96), atol=1e-9)


@settings(deadline=None)
@given(CROPS, PLACES, PLACES)
def test_a_crop_scales_all_lengths_alike(crop, one, other):
    there = np.linalg.norm(crop.forward(one) - crop.forward(other))
    assert there == pytest.approx(crop.scale * np.linalg.norm(np.subtract(one, other)), abs=1e-8)


def test_a_positive_angle_turns_the_image_clockwise():
    crop = Crop((50.0, 50.0), 1.0, (100, 100), np.pi / 2)
    np.testing.assert_allclose(crop.forward((60.0, 50.0)), (50.0, 60.0), atol=1e-12)  # what was right is below


@pytest.mark.parametrize(
    "image, size, corners",
    [
        ((640, 480), (256, 192), [(0, 0), (256, 192)]),
        ((640, 360), (256, 192), [(0, 24), (256, 168)]),
        ((300, 600), (256, 192), [(80, 0), (176, 192)]),
    ],
)
def test_the_whole_image_fits_without_distortion(image, size, corners):
    crop = whole_image(*image, size)
    np.testing.assert_allclose(crop.forward([(0, 0), image]), corners, atol=1e-9)


def test_a_crop_around_points_holds_them_with_its_margin():
    points = np.array([(100.0, 80.0), (180.0, 90.0), (120.0, 100.0)])
    inside = crop_around(points, (256, 192), margin=1.25).forward(points)
    np.testing.assert_allclose([inside[:, 0].min(), inside[:, 0].max()], [0.1 * 256, 0.9 * 256])
    assert np.isfinite(crop_around(points[:1], (256, 192), margin=1.25).matrix).all()


def blob(width, height, place, sigma):
    x, y = np.arange(width) + 0.5, np.arange(height) + 0.5
    return np.exp(-0.5 * ((x - place[0]) ** 2 + (y[:, None] - place[1]) ** 2) / sigma**2)


def centroid(image):
    weight = image.astype(float)
    x, y = np.arange(image.shape[1]) + 0.5, np.arange(image.shape[0]) + 0.5
    return np.array([(weight * x).sum(), (weight * y[:, None]).sum()]) / weight.sum()


@pytest.mark.parametrize("scale", [4.0, 1.7, 1.0, 0.51, 0.5, 0.31, 0.2, 0.11, 0.05])
def test_images_are_cropped_to_where_points_go(scale):
    rng = np.random.default_rng(round(100 * scale))
    for width, height in [(640, 480), (641, 479), (1283, 725)]:
        place = rng.uniform(0.4, 0.6, 2) * (width, height)
        image = (250 * blob(width, height, place, max(1.5, 2.5 / scale))).round().astype(np.uint8)
        centre = place + rng.uniform(-3, 3, 2) / scale
        crop = Crop((centre[0], centre[1]), scale, (96, 72), rng.uniform(-np.pi, np.pi))
        found = centroid(crop_image(image, crop, border=0))
        assert np.abs(found - crop.forward(place)).max() < 0.1


def test_outside_is_the_border_and_thin_things_survive_shrinking():
    image = np.zeros((480, 640, 3), np.uint8)
    cv2.line(image, (0, 100), (639, 380), (255, 255, 255), 2)
    small = crop_image(image, whole_image(640, 480, (64, 64)))
    assert small.shape == (64, 64, 3)
    assert np.all(small[[0, 7, 56, 63]] == BORDER)
    assert np.all(small[10:54].max(axis=(0, 2)) > 25)  # the line is unbroken


@pytest.mark.parametrize("angle", [0.0, 0.5 * np.pi, 0.4])
@pytest.mark.parametrize("centre", [(700.0, 500.0), (40.0, 1000.0), (1300.0, -30.0)])
@pytest.mark.parametrize("scale", [0.9, 0.45, 0.2, 0.11])
def test_only_the_needed_part_of_a_large_image_is_read(angle, centre, scale):
    """The result is that of shrinking the whole image, up to the rounding of single pixels."""
    image = np.random.default_rng(0).integers(0, 256, (1057, 1403, 3), dtype=np.uint8)
    crop = Crop(centre, scale, (96, 64), angle)
    matrix, whole = crop.matrix, image
    for _ in range(int(np.floor(-np.log2(scale)))):
        height, width = whole.shape[0] // 2, whole.shape[1] // 2
        whole = cv2.resize(whole[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
        matrix = matrix @ np.diag([2.0, 2.0, 1.0])
    border = (BORDER,) * 3
    expected = cv2.warpAffine(whole, opencv_affine(matrix), crop.size, borderValue=border)
    difference = np.abs(crop_image(image, crop).astype(int) - expected)
    assert difference.max() <= 1 and (difference > 0).mean() < 0.01
