from dataclasses import replace

import cv2
import numpy as np
import pytest

from ctr_env.datasets.frame import Frame
from ctr_env.datasets.unlabelled import Images, of_one_camera, read_images
from ctr_env.errors import DataError
from ctr_env.geometry import PinholeCamera

CAMERA = PinholeCamera.from_fov(1.2, 640, 480)


class Memory:
    """Frames by name; a name without a frame cannot be read."""

    conventions = {}

    def __init__(self, frames):
        self._frames, self.names = frames, list(frames)

    def files(self, name):
        return []

    def read_unlabelled(self, name):
        if self._frames[name] is None:
            raise DataError(f"{name} is damaged")
        return self._frames[name]


def frame(camera, image=None):
    image = np.zeros((camera.height, camera.width, 3), np.uint8) if image is None else image
    return Frame(np.zeros(7), camera, 0.0, image)


def test_lens_distortion_is_removed_from_images():
    """A dot at the distorted pixel of a point is found at its undistorted pixel."""
    lens = replace(CAMERA, distortion=(-0.25, 0.06, 0.001, -0.002, 0.0))
    points = np.array([[-0.4, -0.28, 1.0], [0.45, 0.2, 1.0], [0.3, -0.3, 1.0]])
    image = np.zeros((480, 640, 3), np.uint8)
    for u, v in lens.project(points):
        cv2.circle(image, (round((u - 0.5) * 16), round((v - 0.5) * 16)), 5 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)
    found = read_images(Memory({"0": frame(lens, image)}))
    assert found.frames["0"].camera == CAMERA and found.cameras["0"] == lens
    _, _, _, centres = cv2.connectedComponentsWithStats((found.frames["0"].image[..., 0] > 127).astype(np.uint8))
    expected = CAMERA.project(points)
    assert np.abs(expected - lens.project(points)).max() > 8.0
    for pixel in expected:
        assert np.linalg.norm(centres[1:] + 0.5 - pixel, axis=1).min() < 0.5


def test_frames_that_cannot_be_read_are_rejected_and_the_others_read():
    found = read_images(Memory({"a": frame(CAMERA), "b": None, "c": frame(CAMERA)}))
    assert list(found.frames) == ["a", "c"]
    assert found.rejected == [("b", "b is damaged")]


def test_images_of_another_camera_are_rejected_by_name():
    small = CAMERA.resized(320, 240)
    found = of_one_camera(read_images(Memory({"a": frame(CAMERA), "b": frame(small), "c": frame(CAMERA)})))
    assert list(found.frames) == ["a", "c"] and set(found.cameras.values()) == {CAMERA}
    ((name, reason),) = found.rejected
    assert name == "b" and reason.startswith("b: not of the camera of most images: 320x240, fx 233.9")


def test_images_without_a_majority_of_one_camera_are_an_error():
    frames = {str(width): frame(CAMERA.resized(width, width // 4 * 3)) for width in (640, 320, 160)}
    with pytest.raises(DataError, match="3 different intrinsics, and so not one pose"):
        of_one_camera(read_images(Memory(frames)))
    with pytest.raises(DataError, match="none of 1 images can be read; the first: b is damaged"):
        of_one_camera(read_images(Memory({"b": None})))
    assert of_one_camera(Images({"a": frame(CAMERA)}, {"a": CAMERA}, [])).rejected == []
