from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.charuco import CharucoConfig, CharucoEstimator
from ctr_env.geometry import PinholeCamera, look_at, pose_error
from ctr_env.scenes.rendering.base import Renderer
from ctr_env.scenes.rendering.registry import make_renderer
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.fiducials import FACES, board_transform, robot_board
from ctr_env.scenes.world.scene import Scene

CAMERA = PinholeCamera.from_fov(np.radians(50), 640, 480, (0.48, 0.53))


@dataclass
class World:
    scene: Scene
    renderer: Renderer
    estimator: CharucoEstimator

    @property
    def base_T_board(self) -> RigidTransform:
        return self.scene.base_T_ee * board_transform(self.scene.robot)

    def eye(self, face: str, tilt: float, azimuth: float, distance: float) -> NDArray[np.float64]:
        """World position of a camera at an angle from the normal of a face."""
        out = robot_board(self.scene.robot).normal(face)[2]
        direction = [np.sin(tilt) * np.cos(azimuth), np.sin(tilt) * np.sin(azimuth), np.cos(tilt) * out]
        return (self.scene.world_T_base * self.base_T_board).apply(distance * np.array(direction))

    def frame(self, eye: NDArray[np.float64], roll: float = 0.0, offset=(0.0, 0.0, 0.0)) -> Frame:
        """The frame of a camera that points at the board."""
        board = (self.scene.world_T_base * self.base_T_board).translation
        return self.frame_from(look_at(eye, board + np.asarray(offset), roll))

    def frame_from(self, world_T_camera: RigidTransform) -> Frame:
        self.scene.place_camera(CAMERA, world_T_camera)
        image = self.renderer.rgb(self.scene.data)
        return Frame(self.scene.joint_positions, CAMERA, 0.4, image)

    def views(self, face: str, count: int, seed: int) -> list[tuple[Frame, RigidTransform]]:
        """Random views of a face, up to 50 degrees from its normal, from within the room, with true poses."""
        rng, frames = np.random.default_rng(seed), []
        while len(frames) < count:
            tilt, azimuth = np.radians(50) * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
            eye = self.eye(face, tilt, azimuth, rng.uniform(1.0, 1.4))
            if self.scene.inside_room(eye):
                frame = self.frame(eye, rng.uniform(-0.3, 0.3), rng.uniform(-0.08, 0.08, 3))
                frames.append((frame, self.scene.camera_T_base))
        return frames


@pytest.fixture(scope="module", params=["panda", "baxter"])
def world(request):
    """A robot that is not drawn, with a board that is: fingers and forearm hide much of the back."""
    scene = Scene(SceneConfig(request.param, 640, 480, board=True))
    scene.model.geom_rgba[scene.robot_geoms, 3] = 0.0
    renderer = make_renderer("classic", scene.model, scene.camera_id, 640, 480)
    yield World(scene, renderer, CharucoEstimator(scene.kinematics))
    renderer.close()


def error_twist(estimate, truth):
    """``(6,)`` error as PoseEstimate.covariance counts it."""
    rotation = truth.rotation * estimate.camera_T_base.rotation.inv()
    return np.concatenate([truth.translation - estimate.camera_T_base.translation, rotation.as_rotvec()])


@pytest.mark.parametrize("face", FACES)
def test_the_board_pose_is_accurate_to_millimetres(world, face):
    frames = world.views(face, 16, seed=1)
    pairs = [(world.estimator.estimate(frame), truth) for frame, truth in frames]
    valid = [(estimate, truth) for estimate, truth in pairs if estimate.valid]
    assert len(valid) >= 0.8 * len(frames)
    at_board = np.array(
        [
            pose_error(estimate.camera_T_base * world.base_T_board, truth * world.base_T_board)
            for estimate, truth in valid
        ]
    )
    distance, angle = np.median(at_board, axis=0)
    assert distance < 0.003
    assert np.degrees(angle) < 1.0
    assert at_board[:, 0].max() < 0.03
    for estimate, _ in valid:
        assert estimate.time_s == 0.4
        assert estimate.reason == ""
        assert estimate.keypoints_px.shape == (len(estimate.keypoint_confidence), 2)
        assert CAMERA.contains(estimate.keypoints_px).all()


def test_the_covariance_matches_the_error_at_the_base(world):
    normalised = []
    for frame, truth in [view for face in FACES for view in world.views(face, 16, seed=2)]:
        estimate = world.estimator.estimate(frame)
        if not estimate.valid:
            continue
        covariance = estimate.covariance
        np.testing.assert_allclose(covariance, covariance.T, rtol=1e-6)
        assert np.linalg.eigvalsh(covariance).min() > 0.0
        error = error_twist(estimate, truth)
        normalised.append(error @ np.linalg.solve(covariance, error))
    assert len(normalised) >= 24
    print(f"mean NEES {np.mean(normalised):.2f}, median {np.median(normalised):.2f} (6 expected)")
    assert 0.2 < np.mean(normalised) < 20.0


def test_the_covariance_grows_with_the_configured_corner_noise(world):
    frame = world.frame(world.eye("front", 0.5, 1.2, 1.0))
    few, many = (
        CharucoEstimator(world.scene.kinematics, {"corner_noise_px": noise}).estimate(frame) for noise in (1.0, 2.0)
    )
    np.testing.assert_allclose(many.covariance, 4.0 * few.covariance, rtol=1e-6)


def test_wrong_encoders_move_the_estimate_along_the_kinematic_chain(world):
    frame = world.frame(world.eye("front", 0.5, 1.2, 1.0))
    right = world.estimator.estimate(frame)
    camera_T_board = right.camera_T_base * world.base_T_board
    k = world.scene.kinematics
    wrong = frame.joint_positions + np.linspace(-0.05, 0.05, k.n)
    moved = world.estimator.estimate(Frame(wrong, CAMERA, 0.4, frame.image))
    assert moved.valid
    expected = camera_T_board * (k.base_T_ee(wrong) * board_transform(k.robot)).inv()
    np.testing.assert_allclose(moved.camera_T_base.as_matrix(), expected.as_matrix(), atol=1e-6)
    assert pose_error(moved.camera_T_base, right.camera_T_base)[0] > 0.005


def test_other_joint_configurations_are_estimated_too(world):
    k = world.scene.kinematics
    world.scene.place_arm(np.clip(k.home + 0.15, k.lower, k.upper))
    frame = world.frame(world.eye("front", 0.5, 1.2, 1.1))
    estimate = world.estimator.estimate(frame)
    base_T_board, truth = world.base_T_board, world.scene.camera_T_base
    world.scene.place_arm(k.home)
    assert estimate.valid
    at_board = pose_error(estimate.camera_T_base * base_T_board, truth * base_T_board)
    assert at_board[0] < 0.01
    assert at_board[1] < 0.02


def test_a_camera_facing_away_has_no_board_in_view(world):
    eye = world.eye("front", 0.3, 1.2, 1.0)
    board = (world.scene.world_T_base * world.base_T_board).translation
    estimate = world.estimator.estimate(world.frame_from(look_at(eye, 2 * eye - board)))
    assert (estimate.valid, estimate.reason, estimate.time_s) == (False, "board_not_in_view", 0.4)
    assert np.isfinite(estimate.camera_T_base.as_matrix()).all()


def test_a_board_followed_from_frame_to_frame_is_measured_as_in_a_single_image(world):
    """It is looked for around its last place; a board that has left it, or turned its other face, is found again."""
    followed, alone = CharucoEstimator(world.scene.kinematics), CharucoEstimator(world.scene.kinematics)
    rng, areas = np.random.default_rng(0), []
    frames = [world.frame(world.eye("front", 0.5 + 0.01 * k, 1.2, 1.1)) for k in range(4)]
    frames += [
        world.frame(world.eye("front", 0.5, 1.2, 1.1), 0.3, (0.0, 0.1, 0.1)),
        world.views("back", 1, seed=1)[0][0],
    ]
    find = followed._find_within
    followed._find_within = lambda grey, window, faces: areas.append(grey[window].size) or find(grey, window, faces)
    for frame in frames:
        alone.reset(rng)
        expected, found = alone.estimate(frame), followed.estimate(frame)
        assert expected.valid
        assert found.valid
        assert max(pose_error(found.camera_T_base, expected.camera_T_base)) < 1e-4
    assert max(areas[1:4]) < 0.3 * areas[0]
    assert areas[-1] == areas[0]  # the other face: everywhere


@pytest.mark.parametrize("degrees", [78, 84, 90])
def test_a_board_seen_edge_on_is_not_valid(world, degrees):
    for azimuth in (0.0, np.pi):
        estimate = world.estimator.estimate(world.frame(world.eye("front", np.radians(degrees), azimuth, 0.9)))
        assert not estimate.valid
        assert estimate.reason in {"board_too_oblique", "board_not_in_view"}


def test_the_limit_of_obliqueness_is_the_angle_from_the_normal(world):
    frame = world.frame(world.eye("front", 0.6, 1.2, 0.9))
    for limit, reason in ((0.55, "board_too_oblique"), (0.65, "")):
        config = CharucoConfig(max_obliqueness_rad=limit, min_evidence=0.0)
        assert CharucoEstimator(world.scene.kinematics, config).estimate(frame).reason == reason


def test_each_threshold_has_its_reason(world):
    frame = world.frame(world.eye("front", 0.5, 1.2, 1.0))
    for config, reason in (
        ({"min_corners": 100}, "board_not_in_view"),
        ({"max_reprojection_px": 0.01}, "reprojection_error"),
        ({"min_evidence": 1e6}, "pose_ambiguous"),
    ):
        estimate = CharucoEstimator(world.scene.kinematics, config).estimate(frame)
        assert (estimate.valid, estimate.reason) == (False, reason)
        assert np.isfinite(estimate.camera_T_base.as_matrix()).all()
        assert np.isfinite(estimate.covariance).all()


def test_the_arm_occludes_little_of_the_front_face(world):
    colours = world.scene.model.geom_rgba.copy()
    world.scene.model.geom_rgba[world.scene.robot_geoms, 3] = 1.0
    frames = world.views("front", 12, seed=3)
    world.scene.model.geom_rgba[:] = colours
    estimates = [world.estimator.estimate(frame) for frame, _ in frames]
    at_board = [
        pose_error(estimate.camera_T_base * world.base_T_board, truth * world.base_T_board)[0]
        for estimate, (_, truth) in zip(estimates, frames, strict=True)
        if estimate.valid
    ]
    assert len(at_board) >= 8
    assert np.median(at_board) < 0.004


def test_an_equidistant_lens_gives_the_same_pose(world, monkeypatch):
    frame = world.frame(world.eye("front", 0.5, 1.2, 1.0))
    truth, found = world.scene.camera_T_base, world.estimator._find(frame.image)
    fisheye = PinholeCamera(
        CAMERA.fx, CAMERA.fy, CAMERA.cx, CAMERA.cy, 640, 480, (-0.2, 0.05, -0.01, 0.002), lens_model="equidistant"
    )
    pixels = fisheye.project((truth * world.base_T_board).apply(found.points))
    monkeypatch.setattr(CharucoEstimator, "_find", lambda self, image: found._replace(pixels=pixels - 0.5))
    estimate = world.estimator.estimate(replace(frame, camera=fisheye))
    assert estimate.valid
    assert max(pose_error(estimate.camera_T_base, truth)) < 1e-4
    np.testing.assert_allclose(estimate.keypoints_px, pixels, atol=1e-5)


COLLINEAR = np.stack([np.linspace(-0.1, 0.1, 8), np.zeros(8), np.zeros(8)], axis=1)


@pytest.mark.parametrize("case", ["collinear", "coincident", "behind", "nan"])
def test_degenerate_corners_give_an_estimate_that_is_not_valid(world, monkeypatch, case):
    frame = world.frame(world.eye("front", 0.5, 1.2, 1.0))
    found = world.estimator._find(frame.image)
    points = COLLINEAR[:, :2] if case == "collinear" else found.pixels
    pixels = {"coincident": np.full_like(found.pixels, 200.0), "behind": -1e9 * found.pixels}.get(case, points)
    detection = found._replace(pixels=np.full_like(pixels, np.nan) if case == "nan" else pixels)
    if case == "collinear":
        detection = detection._replace(points=COLLINEAR)
    monkeypatch.setattr(CharucoEstimator, "_find", lambda self, image: detection)
    estimate = world.estimator.estimate(frame)
    assert not estimate.valid and estimate.reason
    assert np.isfinite(estimate.camera_T_base.as_matrix()).all() and np.isfinite(estimate.covariance).all()


def test_a_frame_without_an_image_is_rejected(world):
    with pytest.raises(ValueError, match=r"needs Frame\.image"):
        world.estimator.estimate(Frame(world.scene.joint_positions, CAMERA, 0.0))


def test_it_needs_an_image_and_a_board():
    assert CharucoEstimator.needs_image
    assert CharucoEstimator.needs_board


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min_corners", 3),
        ("max_reprojection_px", 0.0),
        ("max_obliqueness_rad", 1.6),
        ("min_evidence", -1.0),
        ("corner_noise_px", 0.0),
        ("upscale", 0),
    ],
)
def test_values_out_of_range_are_rejected_by_name(name, value):
    with pytest.raises(ValueError, match=rf"CharucoConfig\.{name} must be a number in \["):
        CharucoConfig(**{name: value})
