import numpy as np
import pytest

from ctr_env.datasets.frame import Frame
from ctr_env.errors import DataError
from ctr_env.geometry import PinholeCamera

CAMERA = PinholeCamera.from_fov(1.0, 64, 48)
IMAGE = np.random.default_rng(0).integers(0, 255, (48, 64, 3)).astype(np.uint8)


def test_an_rgb_image_is_kept_without_a_copy():
    frame = Frame(np.zeros(7), CAMERA, 0.0, IMAGE)
    assert np.shares_memory(frame.image, IMAGE)
    assert Frame(np.zeros(7), CAMERA, 0.0).image is None


@pytest.mark.parametrize("grey", [IMAGE[..., 0], IMAGE[..., :1]])
def test_greyscale_images_get_three_channels(grey):
    np.testing.assert_array_equal(Frame(np.zeros(7), CAMERA, 0.0, grey).image, np.repeat(IMAGE[..., :1], 3, axis=2))


def test_the_transparency_of_an_image_is_dropped():
    image = np.dstack([IMAGE, IMAGE[..., 0]])
    np.testing.assert_array_equal(Frame(np.zeros(7), CAMERA, 0.0, image).image, IMAGE)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (IMAGE.astype(float) / 255.0, r"must be \(H, W, 3\) uint8 RGB .*, not \(48, 64, 3\) float64"),
        (IMAGE.astype(np.uint16), "not .* uint16"),
        (IMAGE[..., :2], r"not \(48, 64, 2\) uint8"),
        (IMAGE[None], r"not \(1, 48, 64, 3\) uint8"),
        (IMAGE[:24, :32], "has 32x24 pixels, its camera 64x48; camera.resized"),
        (IMAGE.transpose(1, 0, 2), "has 48x64 pixels, its camera 64x48"),
    ],
)
def test_other_images_are_rejected_by_name(image, message):
    with pytest.raises(DataError, match=message):
        Frame(np.zeros(7), CAMERA, 0.0, image)


@pytest.mark.parametrize("joints", [np.zeros((1, 7)), np.full(7, np.nan), np.array(["a"] * 7), 0.5])
def test_joint_positions_that_are_not_a_row_of_finite_numbers_are_rejected(joints):
    with pytest.raises(DataError, match=r"Frame.joint_positions must be \(n,\) finite numbers"):
        Frame(joints, CAMERA, 0.0)


def test_lists_and_integers_become_arrays_of_floats():
    assert Frame([0, 1, 2], CAMERA, 0.0).joint_positions.dtype == np.float64


def test_times_must_be_finite():
    with pytest.raises(DataError, match="Frame.time_s must be finite"):
        Frame(np.zeros(7), CAMERA, float("nan"))
