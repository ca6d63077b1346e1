import numpy as np
import pytest

from ctr_env.geometry import pose_error
from ctr_env.scenes.robots.catalogue import ROBOTS
from ctr_env.scenes.robots.kinematics import RobotKinematics


@pytest.fixture(params=sorted(ROBOTS))
def kinematics(request):
    return RobotKinematics(request.param)


def random_configuration(kinematics, rng):
    return rng.uniform(kinematics.lower, kinematics.upper)


def test_agrees_with_the_simulated_robot(scene):
    rng = np.random.default_rng(0)
    for _ in range(20):
        q = random_configuration(scene.kinematics, rng)
        scene.restore()
        scene.place_arm(q)
        assert max(pose_error(scene.kinematics.base_T_ee(q), scene.base_T_ee)) < 1e-9
        for name, point in zip(scene.robot.keypoint_frames, scene.kinematics.keypoints(q), strict=True):
            np.testing.assert_allclose(scene.world_T_base.apply(point), scene.data.body(name).xpos, atol=1e-9)


def test_points_ride_on_their_links(kinematics):
    rng = np.random.default_rng(2)
    q, offsets = random_configuration(kinematics, rng), rng.uniform(-0.2, 0.2, (5, 3))
    links = [kinematics.robot.keypoint_frames[i] for i in (0, 3, -1, 3)] + [kinematics.robot.base_link]
    expected = [kinematics.base_T_link(q, link).apply(offset) for link, offset in zip(links, offsets, strict=True)]
    np.testing.assert_allclose(kinematics.points(q, links, offsets), expected, atol=1e-12)
    with pytest.raises(ValueError, match="no link 'elbow'"):
        kinematics.points(q, ["elbow"], [(0, 0, 0)])


def test_jacobian_is_the_derivative(kinematics):
    rng = np.random.default_rng(1)
    for _ in range(5):
        q = random_configuration(kinematics, rng)
        J, h = kinematics.jacobian(q), 1e-6
        for i in range(kinematics.n):
            step = h * np.eye(kinematics.n)[i]
            before, after = kinematics.base_T_ee(q - step), kinematics.base_T_ee(q + step)
            linear = (after.translation - before.translation) / (2 * h)
            angular = (after.rotation * before.rotation.inv()).as_rotvec() / (2 * h)
            np.testing.assert_allclose(J[:, i], np.concatenate([linear, angular]), atol=1e-6)


def test_limits_are_the_urdfs():
    panda = RobotKinematics("panda")
    np.testing.assert_allclose(panda.velocity_limits, [2.175] * 4 + [2.61] * 3)
    np.testing.assert_allclose(panda.effort_limits, [87] * 4 + [12] * 3)
    np.testing.assert_allclose((panda.lower[3], panda.upper[3]), (-3.0718, -0.0698))


def test_home_is_well_inside_the_limits(kinematics):
    assert np.all(kinematics.home > kinematics.lower + 0.2)
    assert np.all(kinematics.home < kinematics.upper - 0.2)


def test_baxters_arms_mirror_each_other():
    left, right = RobotKinematics("baxter"), RobotKinematics("baxter_right")
    mirror = np.array([1.0, -1.0, 1.0])
    np.testing.assert_allclose(left.keypoints(left.home) * mirror, right.keypoints(right.home), atol=2e-3)


def test_unknown_links_and_wrong_shapes_are_rejected(kinematics):
    with pytest.raises(ValueError, match="no link 'elbow'"):
        kinematics.base_T_link(kinematics.home, "elbow")
    with pytest.raises(ValueError, match=rf"shape \({kinematics.n},\), not \(3,\)"):
        kinematics.base_T_ee(np.zeros(3))
