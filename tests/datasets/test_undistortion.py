import cv2
import numpy as np
import pytest

from ctr_env.datasets.frame import Frame
from ctr_env.datasets.undistortion import undistorted_frame
from ctr_env.geometry import PinholeCamera

PLAIN = PinholeCamera(150.0, 150.0, 80.0, 60.0, 160, 120)


@pytest.mark.parametrize(
    ("model", "distortion"),
    [("opencv", (-0.25, 0.05, 0.001, -0.001)), ("equidistant", (0.05, 0.01, 0.0, 0.0))],
)
def test_image_and_camera_of_an_undistorted_frame_belong_together(model, distortion):
    camera = PinholeCamera(150.0, 150.0, 80.0, 60.0, 160, 120, distortion, model)
    point = np.array([0.3, -0.2, 1.0])
    image = np.zeros((120, 160, 3), np.uint8)
    at = np.round((camera.project(point) - 0.5) * 16).astype(int)
    cv2.circle(image, tuple(at.tolist()), 3 << 4, (255, 255, 255), -1, cv2.LINE_AA, 4)
    found = undistorted_frame(Frame(np.zeros(7), camera, 0.5, image))
    assert found.camera == PLAIN and found.time_s == 0.5
    u, v = found.camera.project(point) - 0.5
    assert found.image[round(v), round(u), 0] > 200


def test_a_frame_without_distortion_is_returned_itself():
    frame = Frame(np.zeros(7), PLAIN, 0.0, np.zeros((120, 160, 3), np.uint8))
    assert undistorted_frame(frame) is frame
