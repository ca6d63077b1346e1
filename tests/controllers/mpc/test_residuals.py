"""Jacobians against finite differences, and what the residuals mean."""

from __future__ import annotations

import crocoddyl
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.controllers.mpc.arm_model import arm_model
from ctr_env.controllers.mpc.camera_view import HalfSpaces
from ctr_env.controllers.mpc.residuals import PoseResidual, PoseWeights, TwistResidual, ViewResidual


@pytest.fixture
def state(panda):
    return crocoddyl.StateMultibody(arm_model(panda, ["panda_hand"]))


def pose_residual(state) -> PoseResidual:
    weights = PoseWeights()
    weights.position = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.2], [0.0, 0.2, 3.0]])
    weights.rotation = weights.position[::-1, ::-1].copy()
    residual = PoseResidual(state, state.pinocchio.getFrameId("panda_hand_tcp"), weights)
    residual.goal_position = np.array([0.4, 0.1, 0.3])
    residual.goal_axes = Rotation.from_rotvec([2.0, 1.0, 0.5]).as_matrix()
    return residual


def twist_residual(state) -> TwistResidual:
    residual = TwistResidual(state, state.pinocchio.getFrameId("panda_hand_tcp"), (0.2, 0.5), 0.3, 4.0)
    residual.reference = np.array([0.1, 0.0, -0.1, 0.2, 0.3, 0.0])
    return residual


def view_residual(state) -> ViewResidual:
    frames = [state.pinocchio.getFrameId(name) for name in ("panda_hand_tcp", "panda_hand")]
    residual = ViewResidual(state, frames, 2)
    normals = np.array([[1.0, 0.0, 0.0], [0.0, 0.6, 0.8]])
    residual.set_views([HalfSpaces(normals, np.array([0.6, 0.2])), HalfSpaces(normals, np.array([0.3, 0.9]))])
    return residual


def evaluate(state, residual, x):
    """Residual and Jacobian, as an action model evaluates them."""
    costs = crocoddyl.CostModelSum(state, state.nv)
    costs.addCost("cost", crocoddyl.CostModelResidual(state, residual), 1.0)
    model = crocoddyl.DifferentialActionModelFreeInvDynamics(state, crocoddyl.ActuationModelFull(state), costs)
    data, u = model.createData(), np.zeros(state.nv)
    model.calc(data, x, u)
    r = np.array(data.costs.costs["cost"].residual.r)
    model.calcDiff(data, x, u)
    return r, np.array(data.costs.costs["cost"].residual.Rx)


@pytest.mark.parametrize("make", [pose_residual, twist_residual, view_residual])
def test_jacobians_are_those_of_the_residual(panda, state, rng, make):
    residual, step, active = make(state), 1e-6, 0
    for _ in range(10):
        x = np.concatenate([panda.home, np.zeros(panda.n)]) + rng.uniform(-0.5, 0.5, 2 * panda.n)
        r, Rx = evaluate(state, residual, x)
        active += np.count_nonzero(r)
        numeric = [
            (evaluate(state, residual, x + step * e)[0] - evaluate(state, residual, x - step * e)[0]) / (2.0 * step)
            for e in np.eye(2 * panda.n)
        ]
        np.testing.assert_allclose(Rx, np.stack(numeric, axis=1), atol=1e-6)
    assert active > 10


def test_the_pose_residual_is_the_weighted_error_of_the_kinematics(panda, state):
    residual = pose_residual(state)
    pose = panda.base_T_ee(panda.home)
    r, _ = evaluate(state, residual, np.concatenate([panda.home, np.zeros(panda.n)]))
    turned = Rotation.from_matrix(residual.goal_axes.T @ pose.rotation.as_matrix()).as_rotvec()
    np.testing.assert_allclose(r[:3], residual.weights.position @ (pose.translation - residual.goal_position))
    np.testing.assert_allclose(r[3:], residual.weights.rotation @ turned, atol=1e-9)


def test_the_twist_residual_is_the_distance_from_the_reference_and_the_excess_of_speed(panda, state):
    residual = twist_residual(state)
    twist = np.array([0.3, 0.0, 0.0, 0.0, 0.0, 0.4])
    v = np.linalg.pinv(panda.jacobian(panda.home)) @ twist
    r, _ = evaluate(state, residual, np.concatenate([panda.home, v]))
    np.testing.assert_allclose(r[:6], np.repeat([1.0, 0.3], 3) * (twist - residual.reference), atol=1e-9)
    np.testing.assert_allclose(r[6:], [2.0 * 0.1, 0.0], atol=1e-9)
    r, _ = evaluate(state, residual, np.concatenate([panda.home, 2.0 * v]))
    np.testing.assert_allclose(r[6:], [2.0 * 0.4, 2.0 * 0.3 * 0.3], atol=1e-9)


def test_points_inside_cost_nothing_and_those_outside_their_distance(panda, state):
    residual = view_residual(state)
    x = np.concatenate([panda.home, np.zeros(panda.n)])
    residual.set_views(())
    np.testing.assert_array_equal(evaluate(state, residual, x)[0], 0.0)
    point = panda.base_T_link(panda.home, "panda_hand_tcp").translation
    side = HalfSpaces(np.array([[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]]), np.array([point[2] + 0.1, -point[2] - 0.1]))
    residual.set_views([side])
    np.testing.assert_allclose(evaluate(state, residual, x)[0], [0.1, 0.0, 0.0, 0.0], atol=1e-12)
