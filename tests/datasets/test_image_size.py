import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_env.datasets.image_size import camera_of_size
from ctr_env.errors import DataError
from ctr_env.geometry import PinholeCamera

CAMERA = PinholeCamera.from_fov(1.0, 1280, 720)


@given(st.integers(64, 4000))
def test_images_that_were_resized_as_a_whole_have_the_resized_camera(width):
    height = round(width * 720 / 1280)
    assert camera_of_size(CAMERA, width, height) == CAMERA.resized(width, height)


@pytest.mark.parametrize("size", [(640, 480), (720, 1280), (1280, 700)])
def test_images_of_another_shape_are_rejected(size):
    with pytest.raises(
        DataError, match=f"the image has {size[0]}x{size[1]} pixels, its camera 1280x720: not the same shape"
    ):
        camera_of_size(CAMERA, *size)
