from itertools import product

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.charuco import CharucoEstimator
from ctr_env.geometry import PinholeCamera, look_at, transform
from ctr_env.scenes.rendering.registry import make_renderer
from ctr_env.scenes.robots.catalogue import get_robot
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.fiducials import FACES, CharucoBoardSpec, board_transform, robot_board
from ctr_env.scenes.world.scene import Scene

BOARDS = [CharucoBoardSpec(), CharucoBoardSpec(square_m=0.055), CharucoBoardSpec(6, 5, 0.03, margin_m=0.02)]


def detected(board, face, image):
    """``(N, 2)`` continuous pixels, and indices, of the corners that OpenCV finds."""
    detector = cv2.aruco.CharucoDetector(board.pattern(face))
    corners, ids, _, _ = detector.detectBoard(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    if ids is None:
        return np.zeros((0, 2)), np.zeros(0, dtype=int)
    return corners.reshape(-1, 2) + 0.5, ids.ravel()


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("board", BOARDS, ids=["panda", "baxter", "other"])
def test_corners_in_the_image_agree_with_corners_in_the_board_frame(board, face):
    image = board.image(face)
    height, width = image.shape[:2]
    # the image covers the plate and is upright seen from outside
    right = 1.0 if face == "front" else -1.0
    x, y, _ = board.corners(face).T
    shares = np.stack([0.5 + right * x / board.size[0], 0.5 - y / board.size[1]], axis=1)
    expected = shares * (width, height)
    whole = np.round(expected).astype(int)
    assert np.abs(expected - whole).max() < 1e-3
    for column, row in whole:
        (a, b), (c, d) = image[row - 1 : row + 1, column - 1 : column + 1, 0]
        assert a == d != b == c  # two black squares touch here
    pixels, ids = detected(board, face, image)
    assert len(ids) == (board.columns - 1) * (board.rows - 1)
    assert np.abs(pixels - expected[ids]).max() < 0.3


@pytest.mark.parametrize("board", BOARDS, ids=["panda", "baxter", "other"])
def test_the_image_is_black_and_white_with_a_white_margin(board):
    for face in FACES:
        image = board.image(face)
        assert image.dtype == np.uint8
        boundary = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
        assert (boundary == 255).all()
        assert 0.2 < np.mean(image == 0) < 0.8


def test_the_margin_is_as_stated_to_half_a_pixel_of_the_image():
    for board in BOARDS:
        half_pixel = 0.5 * board.size[0] / board.image("front").shape[1]
        for side, squares in zip(board.size, (board.columns, board.rows), strict=True):
            margin = 0.5 * (side - squares * board.square_m)
            assert abs(margin - board.margin_m) <= half_pixel + 1e-9


def test_the_markers_identify_the_face():
    board = CharucoBoardSpec()
    front, back = (set(np.asarray(board.pattern(face).getIds()).ravel().tolist()) for face in FACES)
    assert len(front) == len(back) == board.columns * board.rows // 2
    assert not front & back
    assert len(detected(board, "back", board.image("front"))[1]) == 0
    assert len(detected(board, "front", board.image("back"))[1]) == 0


@pytest.mark.parametrize("board", BOARDS, ids=["panda", "baxter", "other"])
def test_the_faces_lie_back_to_back(board):
    front, back = board.corners("front"), board.corners("back")
    np.testing.assert_allclose(front * [-1.0, 1.0, -1.0], back, atol=1e-12)
    np.testing.assert_allclose(front.mean(axis=0), [0.0, 0.0, 0.5 * board.thickness_m], atol=1e-7)
    np.testing.assert_allclose(front[0, 2] - back[0, 2], board.thickness_m)
    assert np.ptp(front[:, 2]) == 0.0
    for face, corners in (("front", front), ("back", back)):
        assert corners[0] @ board.normal(face) == pytest.approx(0.5 * board.thickness_m)
        # OpenCV's order of corners goes right, then down, seen from outside
        right, down = corners[1] - corners[0], corners[board.columns - 1] - corners[0]
        np.testing.assert_allclose(np.linalg.norm([right, down], axis=1), board.square_m)
        np.testing.assert_allclose(np.cross(down, right) / board.square_m**2, board.normal(face), atol=1e-6)


def test_an_unknown_face_is_rejected_with_the_valid_ones():
    with pytest.raises(ValueError, match="unknown face 'side'; valid names: front, back"):
        CharucoBoardSpec().pattern("side")


@pytest.mark.parametrize("name", ["panda", "baxter"])
def test_the_board_is_that_of_the_robot_description(name):
    robot = get_robot(name)
    assert robot_board(robot).square_m == robot.board_square
    ee_T_board = board_transform(robot)
    np.testing.assert_allclose(ee_T_board.translation, robot.board_pose[:3])
    expected = Rotation.from_euler("xyz", robot.board_pose[3:])
    assert (ee_T_board.rotation * expected.inv()).magnitude() < 1e-9


# offsets to the right and up per metre along the normal; the table occludes others of the panda's back
VIEWS = {key: [(0.0, 0.15), (0.5, 0.2), (-0.5, 0.1), (0.1, 0.6)] for key in product(["panda", "baxter"], FACES)} | {
    ("panda", "back"): [(0.0, 0.15), (-0.5, 0.1), (0.3, -0.2), (0.1, -0.5)]
}


@pytest.mark.parametrize("name", ["panda", "baxter"])
def test_rendered_corners_are_where_they_project(name):
    scene = Scene(SceneConfig(name, 640, 480, board=True))
    scene.model.geom_rgba[scene.robot_geoms, 3] = 0.0  # fingers cover some corners
    renderer = make_renderer("classic", scene.model, scene.camera_id, 640, 480)
    board, estimator = robot_board(scene.robot), CharucoEstimator(scene.kinematics)
    world_T_board = scene.world_T_base * scene.base_T_ee * board_transform(scene.robot)
    misses = {face: [] for face in FACES}
    for face in FACES:
        for sideways, upwards in VIEWS[name, face]:
            outward = np.array([sideways, upwards, board.normal(face)[2]])
            eye = world_T_board.apply(1.1 * outward / np.linalg.norm(outward))
            camera = PinholeCamera.from_fov(np.radians(50), 640, 480, (0.45, 0.52))
            scene.place_camera(camera, look_at(eye, world_T_board.translation, 0.2 * sideways))
            estimate = estimator.estimate(Frame(scene.joint_positions, camera, 0.0, renderer.rgb(scene.data)))
            camera_T_board = scene.world_T_camera.inv() * world_T_board
            expected = camera.project(camera_T_board.apply(board.corners(face)))
            assert len(estimate.keypoints_px) >= 8
            offsets = estimate.keypoints_px[:, None] - expected[None]
            nearest = np.argmin(np.linalg.norm(offsets, axis=-1), axis=1)
            assert len(set(nearest)) == len(nearest)
            misses[face].append(offsets[np.arange(len(nearest)), nearest])
    renderer.close()
    for face in FACES:
        found = np.concatenate(misses[face])
        assert np.median(np.linalg.norm(found, axis=1)) <= 0.3
        assert np.abs(found.mean(axis=0)).max() < 0.1  # half a pixel off would be the wrong convention


def test_the_board_has_no_mass_and_no_collisions():
    bare, carrying = (Scene(SceneConfig("panda", board=board)) for board in (False, True))
    np.testing.assert_allclose(bare.model.body_mass.sum(), carrying.model.body_mass.sum())
    for name in ("board", "board_front", "board_back"):
        geom = carrying.model.geom(name)
        assert geom.contype == 0
        assert geom.conaffinity == 0
        assert not carrying.robot_geoms[geom.id]
    assert not carrying.touches()


def test_the_board_moves_with_the_gripper():
    scene = Scene(SceneConfig("panda", board=True))
    scene.place_arm(scene.kinematics.home + 0.2)
    rendered = transform(
        scene.data.geom("board").xpos, Rotation.from_matrix(scene.data.geom("board").xmat.reshape(3, 3))
    )
    expected = scene.world_T_base * scene.base_T_ee * board_transform(scene.robot)
    np.testing.assert_allclose(rendered.as_matrix(), expected.as_matrix(), atol=1e-6)
