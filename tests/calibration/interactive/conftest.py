"""A session in a simulated laboratory, served to the test."""

import threading

import numpy as np
import pytest

from ctr_env.calibration.interactive.image_store import ImageStore
from ctr_env.calibration.interactive.joint_input import JointInput
from ctr_env.calibration.interactive.loop import SessionLoop
from ctr_env.calibration.interactive.page import session_page
from ctr_env.calibration.interactive.session import Session
from ctr_env.datasets.joint_log import JointLog
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .simulated_lab import CAMERA, Client, SimulatedLab


@pytest.fixture(scope="package")
def estimator():
    """One network for all sessions, which run one after the other."""
    return CtRNetEstimator(RobotKinematics("panda"))


@pytest.fixture
def make_session(estimator, tmp_path):
    """Makes sessions of one folder: a lab, whose program logs joint angles or not, and the session in it."""

    def make(log=True, solve=lambda: {}):
        estimator.reset(np.random.default_rng(0))
        lab = SimulatedLab(log=tmp_path / "joint_states.csv" if log else None)
        robot = RobotKinematics("panda")
        joints = JointInput(robot, JointLog(lab.log, robot) if log else None)
        store = ImageStore(tmp_path / "images", robot.robot, {"camera": 0})
        return lab, Session(lab, CAMERA, estimator, robot, joints, store, solve)

    return make


@pytest.fixture
def serve(make_session, tmp_path):
    """Serves such a session; a lab, and a client of its server."""
    running = []

    def start(log=True, solve=lambda: {}):
        lab, session = make_session(log, solve)
        page = session_page((("Robot", "panda"),), from_log=log)
        loop = SessionLoop(session, page, tmp_path / "calibration.html")
        client = Client(loop.server.url)

        def run():
            with lab:
                loop.run()

        thread = threading.Thread(target=run)
        thread.start()
        running.append((loop, thread))
        client.wait(lambda state: state.get("live", {}).get("number", -1) >= 0)
        return lab, client

    yield start
    for loop, thread in running:
        loop.end()
        thread.join()
