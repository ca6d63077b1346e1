"""A robot before a camera: its true pose, and its mask with soft edges."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from ctr_env.estimators.silhouette.alignment import Seen, align
from ctr_env.estimators.silhouette.contour import Lens
from ctr_env.estimators.silhouette.coverage import coverages
from ctr_env.estimators.silhouette.mask_view import MaskView
from ctr_env.geometry import PinholeCamera, look_at, transform
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.robots.surfaces import robot_surface

SIZE = (512, 384)
UNSURE = np.diag([0.05**2] * 3 + [0.05**2] * 3)


class RobotCase:
    """A robot before a camera, its true pose and its mask."""

    def __init__(self, robot, rng, distortion=(), pose=None):
        self.kinematics = RobotKinematics(robot)
        k = self.kinematics
        self.surface = robot_surface(k.robot, 10_000)
        q = k.home + rng.uniform(-0.4, 0.4, k.n)
        middle = k.keypoints(q).mean(axis=0)
        azimuth = k.robot.camera_azimuth + rng.uniform(-0.8, 0.8)
        eye = middle + 1.6 * np.array([np.cos(azimuth), np.sin(azimuth), rng.uniform(0.0, 0.6)])
        self.pose = look_at(eye, middle, 0.1).inv() if pose is None else pose
        self.camera = PinholeCamera.from_fov(1.1, *SIZE)
        self.keypoints = k.keypoints(q)
        self.joint_positions, self.vertices = q, self.surface.posed(k, q)
        points = self.pose.apply(self.vertices)
        if distortion:
            c = self.camera
            self.camera = PinholeCamera(c.fx, c.fy, c.cx, c.cy, *SIZE, distortion)
        # drawn at four times the resolution, for soft edges
        corners = 4.0 * self.camera.project(points)[self.surface.faces]
        images = torch.zeros(len(corners), dtype=torch.long)
        drawn = coverages(torch.from_numpy(corners), images, (1, 4 * SIZE[1], 4 * SIZE[0]))[0].numpy()
        self.mask = drawn.reshape(SIZE[1], 4, SIZE[0], 4).mean(axis=(1, 3)).astype(np.float32)

    @property
    def view(self):
        c = self.camera
        lens = Lens(c.fx, c.fy, c.cx, c.cy)

        def bend(pixels):
            return c.project(lens.rays(pixels))

        return MaskView(self.mask, lens, np.zeros(2), np.array(SIZE, float), bend if c.distortion else None)

    def wrong(self, rng, metres=0.01, rad=0.01):
        rotation = Rotation.from_rotvec(rng.normal(0.0, rad, 3)) * self.pose.rotation
        return transform(self.pose.translation + rng.normal(0.0, metres, 3), rotation)

    def error(self, pose):
        away = pose.apply(self.keypoints) - self.pose.apply(self.keypoints)
        return float(np.linalg.norm(away, axis=1).mean())

    def aligned(self, start, covariance=UNSURE):
        return align(self.surface, [Seen(self.vertices, self.view)], start, covariance)


@pytest.fixture
def robot_case() -> type[RobotCase]:
    """Maker of robots before cameras, from a robot's name and a generator."""
    return RobotCase
