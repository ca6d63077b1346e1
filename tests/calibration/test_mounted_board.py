"""A board on the robot: derivatives, its pose on its link, and a calibration that is better with it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.calibration.calibrate import calibrate
from ctr_env.calibration.findings import board_in_words
from ctr_env.calibration.html_page import calibration_html
from ctr_env.calibration.mounted_board import BoardMeasurement, first_board_pose, measured_boards
from ctr_env.calibration.report import calibration_data, write_calibration
from ctr_env.datasets.board_file import MountedBoard
from ctr_env.datasets.frame import Frame
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.errors import CalibrationError
from ctr_env.estimators.ctrnet.setup import PARAMETERS, CameraSetup, Parameters
from ctr_env.geometry import PinholeCamera, moved, pose_error, transform, twist_between
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.world.fiducials import board_transform, robot_board

PANDA = RobotKinematics("panda")
CAMERA = PinholeCamera(600.0, 610.0, 330.0, 235.0, 640, 480)
POSE = transform((0.1, 0.3, 1.4), Rotation.from_euler("xyz", (1.9, 0.1, 0.4)))
LINK_T_BOARD = transform((0.02, -0.05, 0.12), Rotation.from_euler("xyz", (0.3, -0.2, 1.0)))
SPEC = robot_board(PANDA.robot)
BOARD = MountedBoard(
    columns=SPEC.columns,
    rows=SPEC.rows,
    square_m=SPEC.square_m,
    marker_m=SPEC.marker_share * SPEC.square_m,
    dictionary=SPEC.dictionary,
)


def setup_of(pose=POSE, board=LINK_T_BOARD):
    offsets = np.array([0.004, -0.006, 0.002, 0.005, -0.003, 0.007, -0.001])
    return CameraSetup(pose, replace(CAMERA, distortion=(0.0, 0.0, 0.0, 0.0)), offsets, 0.03, board)


def measurement(setup, joints, velocities):
    """The board as a camera with that set-up sees it."""
    frame = Frame(joints, setup.camera.undistorted, 0.0, None, velocities)
    empty = BoardMeasurement(PANDA, frame, "panda_hand", np.zeros((len(BOARD.corners), 2)), BOARD.corners)
    return replace(empty, pixels=-empty.residuals(setup))


@pytest.fixture
def measured():
    rng = np.random.default_rng(0)
    return [measurement(setup_of(), PANDA.home + rng.normal(0, 0.3, 7), rng.normal(0, 0.3, 7)) for _ in range(5)]


def test_normal_equations_are_the_gradient_of_the_residuals(measured):
    """Near the solution the cost is quadratic: its gradient is the force, its curvature the information."""
    parameters = Parameters(PARAMETERS, PANDA.n, 640, 1e-6 * np.eye(6))
    assert parameters.count == 6 + 7 + 1 + 1 + 2 + 2 + 6 + 6
    rng = np.random.default_rng(1)
    setup = parameters.moved(setup_of(), 1e-5 * rng.normal(size=parameters.count))
    found = measured[0].equations(setup, parameters)
    for i in range(parameters.count):
        step = np.zeros(parameters.count)
        step[i] = 1e-6
        ahead, behind = (measured[0].residuals(parameters.moved(setup, sign * step)) for sign in (1.0, -1.0))
        J = (behind - ahead).ravel() / 2e-6 / measured[0].std
        assert found.information[i, i] == pytest.approx(J @ J, rel=5e-3, abs=1e-6)
        force = J @ measured[0].residuals(setup).ravel() / measured[0].std
        assert found.force[i] == pytest.approx(force, rel=2e-2, abs=2e-2 * np.sqrt(J @ J) + 1e-9)
    assert not found.information[parameters.slices["network_error"]].any()


def test_the_networks_error_moves_only_the_networks_pose():
    setup = replace(setup_of(), network_error=np.array([1e-3, -2e-3, 3e-3, 1e-3, 0.0, -2e-3]))
    found = twist_between(setup.camera_T_base, setup.of_network.camera_T_base)
    np.testing.assert_allclose(found, setup.network_error, atol=1e-12)
    assert setup_of().of_network.camera_T_base is POSE


def test_the_first_pose_is_that_of_the_board(measured):
    ideal = CameraSetup(POSE, CAMERA, np.zeros(7), 0.0, LINK_T_BOARD)
    seen = [measurement(ideal, each.frame.joint_positions, np.zeros(7)) for each in measured]
    found = first_board_pose([None, *seen], ideal)
    assert pose_error(found, LINK_T_BOARD)[0] < 1e-6
    shifted = replace(ideal, camera_T_base=moved(POSE, [0.0, 0.0, 0.01, 0.0, 0.0, 0.0]))
    assert 0.005 < pose_error(first_board_pose(seen, shifted), LINK_T_BOARD)[0] < 0.015


@pytest.fixture(scope="module")
def labelled():
    sampler = FrameSampler("panda", 640, 480, "mild", fixed_camera=1, board_share=1.0)
    found = [sampler.sample(frame_seed("validation", 1, i), f"{i}") for i in range(12)]
    sampler.close()
    return {each.name: each for each in found}


def test_a_calibration_with_a_board_is_more_certain_and_knows_where_it_is(labelled, estimator, tmp_path):
    frames, truth = {name: each.frame() for name, each in labelled.items()}, labelled["0"].camera_T_base
    alone, joint = calibrate(frames, estimator), calibrate(frames, estimator, board=BOARD)
    assert max(pose_error(each.camera_T_base, truth)[0] for each in (alone, joint)) < 1.5e-3
    twist = twist_between(joint.camera_T_base, truth)
    assert twist @ np.linalg.solve(joint.covariance, twist) < 25.0
    assert np.trace(joint.covariance[:3, :3]) < 0.5 * np.trace(alone.covariance[:3, :3])
    board = joint.board
    assert board.link == PANDA.robot.end_effector and board.images >= 3 and board.rms_px < 1.0
    upper_left = [-0.5 * SPEC.columns * SPEC.square_m, 0.5 * SPEC.rows * SPEC.square_m, 0.5 * SPEC.thickness_m]
    true = board_transform(PANDA.robot) * transform(upper_left, Rotation.from_euler("x", np.pi))
    assert pose_error(board.link_T_board, true)[0] < 3e-3
    data = calibration_data(joint, PANDA.robot, frames["0"].camera) | {"command": "", "advice": []}
    write_calibration(data, tmp_path)
    written = json.loads((tmp_path / "calibration.json").read_text())["board"]
    np.testing.assert_allclose(written["link_T_board"], board.link_T_board.as_matrix())
    assert board_in_words(board).startswith(f"seen in {board.images} joint configurations ({board.corners} corners")
    assert "Board: seen in" in calibration_html(joint, joint, frames, estimator, PANDA, data)


def test_too_few_images_of_the_board_are_an_error(labelled):
    blank = [replace(each.frame(), image=np.zeros_like(each.image)) for each in labelled.values()]
    with pytest.raises(CalibrationError, match=r"seen in 0 of 12 joint configurations.*legacy_pattern"):
        measured_boards(blank, BOARD, PANDA)
    with pytest.raises(ValueError, match="no link"):
        measured_boards(blank, replace(BOARD, link="panda_link99"), PANDA)


def test_a_board_and_refinement_exclude_each_other(labelled, estimator):
    with pytest.raises(ValueError, match="refine, or give a board, not both"):
        calibrate({n: e.frame() for n, e in labelled.items()}, estimator, refined=True, board=BOARD)
