import cv2
import numpy as np
import pytest

from ctr_env.datasets.live_camera import LiveCamera
from ctr_env.errors import DataError
from ctr_env.geometry import PinholeCamera

CAMERA = PinholeCamera.from_fov(1.0, 8, 6)


class Driver:
    """Buffers five old images; camera 2 opens, camera 3 opens and gives none."""

    def __init__(self, index):
        self.index, self.old, self.released, self.asked = index, 5, False, {}
        Driver.last = self

    def isOpened(self):
        return self.index in (2, 3)

    def set(self, what, value):
        self.asked[what] = value

    def grab(self):
        self.old -= 1

    def read(self):
        value = 255 if self.old > 0 else 7
        return self.index == 2, np.full((6, 8, 3), (0, 0, value), np.uint8)  # blue, green, red

    def release(self):
        self.released = True


@pytest.fixture(autouse=True)
def driver(monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Driver)


def test_images_are_new_and_of_the_size_that_is_asked_for():
    with LiveCamera(2, CAMERA) as camera:
        image = camera.newest()
        assert image.shape == (6, 8, 3) and image[0, 0].tolist() == [7, 0, 0]
        assert Driver.last.asked == {cv2.CAP_PROP_FRAME_WIDTH: 8, cv2.CAP_PROP_FRAME_HEIGHT: 6}
    assert Driver.last.released


def test_cameras_that_do_not_work_are_named_and_released():
    with pytest.raises(DataError, match="camera 7 does not open"):
        LiveCamera(7, CAMERA)
    assert Driver.last.released
    with pytest.raises(DataError, match="camera 3 gives no image"), LiveCamera(3, CAMERA) as camera:
        camera.newest()
    assert Driver.last.released
