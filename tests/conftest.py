"""Fixtures that many tests share."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, settings

import ctr_env  # noqa: F401 - chooses the OpenGL backend before MuJoCo is imported
from ctr_env.datasets.dream_writer import write_frame, write_settings
from ctr_env.datasets.labelled import LabelledFrame
from ctr_env.geometry import PinholeCamera, look_at
from ctr_env.scenes.rendering.base import Renderer
from ctr_env.scenes.rendering.registry import make_renderer
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.scene import Scene

settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # machines stall
settings.load_profile("steady")

WIDTH, HEIGHT = 320, 240


@pytest.fixture(scope="session", params=["panda", "baxter"])
def scene(request: pytest.FixtureRequest) -> Scene:
    """A scene of each robot; tests that change it call ``restore`` first."""
    return Scene(SceneConfig(request.param, WIDTH, HEIGHT))


@pytest.fixture(scope="session")
def renderer(scene: Scene) -> Iterator[Renderer]:
    """The classic renderer of that scene."""
    renderer = make_renderer("classic", scene.model, scene.camera_id, WIDTH, HEIGHT)
    yield renderer
    renderer.close()


@pytest.fixture
def random_view():
    """Puts arm and camera of a scene somewhere random, the arm well in view."""

    def place(scene: Scene, rng: np.random.Generator) -> None:
        k = scene.kinematics
        scene.restore()
        scene.place_arm(np.clip(k.home + rng.uniform(-0.5, 0.5, k.n), k.lower, k.upper))
        centre = scene.world_T_base.apply(k.keypoints(scene.joint_positions).mean(axis=0))
        azimuth, elevation = rng.uniform(-1.5, 1.5), rng.uniform(0.0, 0.9)
        distance = rng.uniform(*scene.robot.camera_distance)
        outward = np.array(
            [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)]
        )
        pose = look_at(centre + distance * outward, centre + rng.uniform(-0.1, 0.1, 3), rng.uniform(-0.3, 0.3))
        width, height = scene.config.width, scene.config.height
        fov = rng.uniform(np.radians(30), np.radians(100))
        camera = PinholeCamera.from_fov(fov, width, height, rng.uniform(0.35, 0.65, 2))
        scene.place_camera(camera, pose)

    return place


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
