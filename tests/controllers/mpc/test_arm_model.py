"""The pinocchio model against MuJoCo's."""

from __future__ import annotations

import mujoco
import numpy as np
import pinocchio as pin
import pytest

from ctr_env.controllers.mpc.arm_model import arm_model
from ctr_env.errors import ConfigurationError
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.robots.robot_spec import robot_spec


def configurations(kinematics: RobotKinematics, rng: np.random.Generator, count: int = 10) -> np.ndarray:
    return rng.uniform(np.maximum(kinematics.lower, -3.0), np.minimum(kinematics.upper, 3.0), (count, kinematics.n))


def test_poses_are_those_of_the_kinematics(kinematics, rng):
    links = kinematics.robot.keypoint_frames
    model = arm_model(kinematics, links)
    data = model.createData()
    for q in configurations(kinematics, rng):
        pin.framesForwardKinematics(model, data, q)
        for link in (kinematics.robot.end_effector, *links):
            pose = data.oMf[model.getFrameId(link)].homogeneous
            np.testing.assert_allclose(pose, kinematics.base_T_link(q, link).as_matrix(), atol=1e-12)


def test_the_jacobian_is_that_of_the_kinematics(kinematics, rng):
    model = arm_model(kinematics)
    data, frame = model.createData(), model.getFrameId(kinematics.robot.end_effector)
    for q in configurations(kinematics, rng):
        J = pin.computeFrameJacobian(model, data, q, frame, pin.LOCAL_WORLD_ALIGNED)
        np.testing.assert_allclose(J, kinematics.jacobian(q), atol=1e-12)


def test_the_dynamics_are_those_of_the_simulated_robot(kinematics, rng):
    """The robot of a scene: torques of its arm in motion, beside the rotor inertia that MuJoCo adds to each joint."""
    model = arm_model(kinematics)
    data = model.createData()
    plant = robot_spec(kinematics.robot).compile()
    state = mujoco.MjData(plant)
    dofs = [plant.joint(name).dofadr[0] for name in kinematics.robot.arm_joints]
    for q in configurations(kinematics, rng):
        v, a = rng.uniform(-1.0, 1.0, (2, kinematics.n))
        for name, position in (
            *zip(kinematics.robot.arm_joints, q, strict=True),
            *kinematics.robot.configuration.items(),
        ):
            state.joint(name).qpos[0] = position
        state.qvel[:], state.qacc[:] = 0.0, 0.0
        state.qvel[dofs], state.qacc[dofs] = v, a
        mujoco.mj_fwdPosition(plant, state)
        mujoco.mj_fwdVelocity(plant, state)
        torques = np.zeros(plant.nv)
        mujoco.mj_rne(plant, state, 1, torques)
        np.testing.assert_allclose(pin.rnea(model, data, q, v, a), torques[dofs], rtol=1e-9, atol=1e-9)


def test_gravity_points_down_in_the_base_frame(kinematics):
    up = kinematics.model_T_base.rotation.inv().apply([0.0, 0.0, 1.0])
    np.testing.assert_allclose(arm_model(kinematics).gravity.linear, -9.81 * up, atol=1e-12)


def test_an_unknown_link_is_named(panda):
    with pytest.raises(ConfigurationError, match="robot 'panda' has no link 'elbow'"):
        arm_model(panda, ["elbow"])
