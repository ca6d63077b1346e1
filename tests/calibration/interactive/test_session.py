"""Sessions in a simulated laboratory, without a server."""

import numpy as np
import pytest

from ctr_env.calibration.interactive.image_store import ImageStore
from ctr_env.calibration.interactive.joint_input import JointInput
from ctr_env.calibration.interactive.proposals import Proposals
from ctr_env.calibration.interactive.session import Session
from ctr_env.calibration.interactive.state import session_state
from ctr_env.calibration.next_configuration import NextConfiguration
from ctr_env.errors import CalibrationError, DataError, UsageError
from ctr_env.estimators.ctrnet.estimator import make_ctrnet
from ctr_env.geometry import pose_error
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .simulated_lab import CAMERA, SimulatedLab


def test_a_log_gives_joint_angles_a_pose_and_a_proposal_at_once(make_session):
    lab, session = make_session()
    with lab:
        session.observe()
        state = session_state(session)
        assert state["live"]["valid"] and state["live"]["contour_inlier_ratio"] > 0.5
        assert state["joints"]["from_log"] and not state["joints"]["stale"] and state["joints"]["age_s"] < 2.0
        assert state["proposal"]["position_std_mm"] > 0.0 and state["pose"] is None
        assert pose_error(session.pose, lab.scene.camera_T_base)[0] < 0.02
        assert session.live_image()[:2] == session.proposal_image()[:2] == b"\xff\xd8"


def test_images_reduce_the_covariance_and_undo_brings_it_back(make_session):
    lab, session = make_session()
    with lab:
        session.observe()
        for _ in range(3):
            session.take()
            lab.move(session.proposal.joint_positions)
            session.observe()
        state = session_state(session)
        assert [image["text"] for image in state["images"]] == ["valid"] * 3
        assert state["pose"]["configurations"] == 3 and len(state["pose"]["history_mm"]) == 3
        assert state["pose"]["history_mm"][2] < state["pose"]["history_mm"][0]
        assert state["pose"]["floor_mm"] < state["pose"]["history_mm"][2]
        assert state["proposal"]["position_std_mm"] < state["pose"]["history_mm"][2]
        assert len(state["coverage"][0]["taken"]) == 3
        assert pose_error(session.pose, lab.scene.camera_T_base)[0] < 0.01
        proposed = session.proposal.joint_positions
        session.take()
        session.undo()
        again = session_state(session)
        assert again["images"] == state["images"] and again["pose"]["history_mm"] == state["pose"]["history_mm"]
        assert list(session.store.joints) == ["000000.png", "000001.png", "000002.png"]
        session.another()
        assert np.abs(session.proposal.joint_positions - proposed).max() > 0.1
        lab.move(lab.scene.kinematics.home + 0.3)
        session.observe()
        assert "from the fused pose" in session_state(session)["live"]["text"]
        session.take()
        session.take()
        assert session_state(session)["images"][-1]["text"] == "counts as one with 000003.png"


def test_an_interrupted_session_goes_on(make_session):
    lab, session = make_session()
    with lab:
        session.take()
        lab.move(lab.scene.kinematics.home + 0.3)
        session.take()
    before = session_state(session)["pose"]
    lab, session = make_session()
    with lab:
        assert session_state(session)["live"]["text"] == "waiting for joint angles"
        np.testing.assert_allclose(session_state(session)["pose"]["camera_T_base"], before["camera_T_base"], atol=1e-6)


def test_typed_angles_are_needed_before_an_image_counts(make_session):
    lab, session = make_session(log=False)
    with lab:
        session.observe()
        assert session_state(session)["live"]["text"] == "waiting for joint angles"
        assert session.proposal is None and session.proposal_image() is None
        with pytest.raises(UsageError, match="joint angles of the robot are needed"):
            session.take()
        session.take(", ".join(map(str, lab.scene.kinematics.home)))
        with pytest.raises(UsageError, match="joint angles of the robot are needed"):
            session.take(" ")  # earlier angles do not count again
        assert [image["valid"] for image in session_state(session)["images"]] == [True]
        assert session.proposal is not None


def test_a_joint_configuration_without_a_valid_estimate_is_not_proposed_again(make_session, monkeypatch):
    lab, session = make_session()
    with lab:
        session.take()
        lab.move(session.proposal.joint_positions)
        failed = session.proposal.joint_positions
        with monkeypatch.context() as patch:
            patch.setattr(lab, "newest", lambda: np.full((240, 320, 3), 128, np.uint8))
            session.take()
        state = session_state(session)
        assert state["images"][1]["text"].startswith("not valid: ") and state["pose"]["configurations"] == 1
        assert np.abs(session.proposal.joint_positions - failed).max() > 0.3
        with pytest.raises(UsageError, match="valid images of 1 joint configurations.*at least 2"):
            session.calibrate()
        session.take()  # another try at the same joint configuration
        texts = [image["text"] for image in session_state(session)["images"]]
        assert texts[2] == "valid" and session_state(session)["pose"]["configurations"] == 2


def test_a_missed_live_image_is_said_and_the_last_one_stays(make_session, monkeypatch):
    def missed():
        raise DataError("camera 0 gives no\nimage")

    lab, session = make_session()
    with lab:
        with monkeypatch.context() as patch:
            patch.setattr(lab, "newest", missed)
            with pytest.raises(DataError, match="gives no"):
                session.observe()  # there is no last one
        session.observe()
        before = session.live
        with monkeypatch.context() as patch:
            patch.setattr(lab, "newest", missed)
            session.observe()
        assert session_state(session)["joints"]["problem"] == "camera 0 gives no image"
        assert session.live.number == before.number and session.live.frame is before.frame
        session.observe()
        assert session_state(session)["joints"]["problem"] == "" and session.live.number == before.number + 1


def test_paths_start_where_the_robot_is_and_not_at_typed_angles(make_session, monkeypatch):
    starts = []

    def best(self, pose, evidence, start, unwanted=()):
        starts.append(start)
        return NextConfiguration(start, 1.0, np.eye(6))

    monkeypatch.setattr(Proposals, "best", best)
    lab, session = make_session(log=False)
    with lab:
        home = lab.scene.kinematics.home
        session.take(", ".join(map(str, home)))
        session.joints.type(", ".join(map(str, home + 0.1)))  # as the page does with a proposal that is copied
        session.another()
    np.testing.assert_allclose(starts, [home, home])


def test_an_image_of_a_moving_robot_is_not_taken(make_session, monkeypatch):
    lab, session = make_session()
    with lab:
        see = lab.newest

        def moving():
            lab.move(lab.scene.kinematics.home + 0.01)
            return see()

        monkeypatch.setattr(lab, "newest", moving)
        with pytest.raises(UsageError, match=r"the robot moves: panda_joint\d changed by 0.010 rad"):
            session.execute(session.take)
        assert session.message.startswith("the robot moves") and not session.taken


def test_an_image_is_not_taken_when_the_log_has_ended(make_session):
    lab, session = make_session()
    with lab:
        lab.end_log()
        with pytest.raises(UsageError, match=r"joint_states\.csv was last written \d+\.\d s ago"):
            session.take()
        assert not session.taken and not session.store.joints


def test_a_right_arm_is_handled_by_mirroring(tmp_path):
    lab, robot = SimulatedLab("baxter_right"), RobotKinematics("baxter_right")
    joints = JointInput(robot)
    store = ImageStore(tmp_path, robot.robot, {})
    session = Session(lab, CAMERA, make_ctrnet(RobotKinematics("baxter_right")), robot, joints, store, dict)
    with lab:
        session.take(", ".join(map(str, robot.home)))
        session.observe()
        assert session_state(session)["images"][0]["valid"] and session.proposal is not None
        assert pose_error(session.pose, lab.scene.camera_T_base)[0] < 0.03


def test_a_calibration_that_fails_leaves_the_session(make_session):
    def fail():
        raise CalibrationError("the images do not determine it")

    lab, session = make_session(solve=fail)
    seen = []
    session.on_change = lambda session: seen.append(session.activity)
    with lab:
        session.take()
        lab.move(lab.scene.kinematics.home + 0.3)
        session.take()
        with pytest.raises(CalibrationError):
            session.execute(session.calibrate)
    assert "calibrating from 2 images" in seen and session.activity == ""
    assert session.message == "the images do not determine it" and session.result is None
