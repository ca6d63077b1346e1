"""Folders of labelled frames, made without a renderer."""

import cv2
import numpy as np
import pytest

from ctr_env.datasets.dream_writer import write_frame, write_settings
from ctr_env.datasets.labelled import LabelledFrame
from ctr_env.geometry import PinholeCamera, look_at
from ctr_env.scenes.robots.kinematics import RobotKinematics

CAMERA = PinholeCamera.from_fov(1.1, 64, 48, (0.52, 0.47))


@pytest.fixture(scope="session")
def make_frames():
    """Makes frames of an arm drawn as a thick line through its keypoints."""

    def make(robot, count, seed=0):
        k, rng = RobotKinematics(robot), np.random.default_rng(seed)
        far = 1.7 * k.robot.camera_distance[1]
        for i in range(count):
            joints = k.home + rng.uniform(-0.3, 0.3, k.n)
            middle = k.keypoints(joints).mean(axis=0)
            eye = middle + far * np.array([np.cos(a := rng.uniform(-1, 1)), np.sin(a), 0.3])
            pose = look_at(eye, middle, rng.uniform(-0.2, 0.2)).inv()
            points = pose.apply(k.keypoints(joints))
            pixels = CAMERA.project(points)
            mask = np.zeros((48, 64), np.uint8)
            cv2.polylines(mask, [np.round(pixels - 0.5).astype(np.int32)], False, 255, 5)
            image = rng.integers(0, 90, (48, 64, 3), dtype=np.uint8)
            image[mask > 0] = (230, 220, 210)
            yield LabelledFrame(f"{i:06d}", image, CAMERA, joints, pose, points, pixels, mask > 0)

    return make


@pytest.fixture
def write_folder(make_frames):
    """Writes such frames to a folder."""

    def write(folder, robot="panda", count=3, seed=0):
        k = RobotKinematics(robot)
        for frame in make_frames(robot, count, seed):
            write_frame(folder, k.robot, frame, {})
        write_settings(folder, k.robot, CAMERA)
        return folder

    return write
