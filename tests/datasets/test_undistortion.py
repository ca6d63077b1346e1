from dataclasses import replace

import cv2
import numpy as np

from ctr_env.datasets.frame import Frame
from ctr_env.datasets.undistortion import undistorted_frame
from ctr_env.geometry import PinholeCamera

PLAIN = PinholeCamera.from_fov(1.0, 160, 120)
BENT = replace(PLAIN, distortion=(-0.25, 0.05, 0.001, -0.001))


def test_a_point_is_seen_where_a_camera_without_distortion_sees_it():
    point = np.array([0.3, -0.2, 1.0])
    image = np.zeros((120, 160, 3), np.uint8)
    at = np.round((BENT.project(point) - 0.5) * 16).astype(int)
    cv2.circle(image, tuple(at.tolist()), 3 << 4, (255, 255, 255), -1, cv2.LINE_AA, 4)
    seen = undistorted_frame(Frame(np.zeros(7), BENT, 0.0, image))
    assert seen.camera == PLAIN
    weight = seen.image[..., 0].astype(float)
    y, x = np.mgrid[:120, :160] + 0.5
    centre = np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()
    np.testing.assert_allclose(centre, PLAIN.project(point), atol=0.2)
    assert np.linalg.norm(PLAIN.project(point) - BENT.project(point)) > 1.5


def test_without_distortion_nothing_changes():
    frame = Frame(np.zeros(7), PLAIN, 0.0, np.zeros((120, 160, 3), np.uint8))
    assert undistorted_frame(frame) is frame
