import numpy as np
import pytest
from scipy import ndimage

from ctr_env.geometry import pose_error
from ctr_env.scenes.randomization.apply import apply_draws, sizes_of
from ctr_env.scenes.randomization.randomization import make_randomization
from ctr_env.scenes.world.scene import Scene


def test_commanded_velocities_are_tracked_and_positions_held(scene):
    scene.restore()
    command = np.array([0.2, -0.1, 0.15, 0.2, -0.3, 0.1, 0.4])
    scene.step(command, 200)
    np.testing.assert_allclose(scene.joint_velocities, command, atol=0.01)
    scene.step(np.zeros(7), 200)
    before = scene.joint_positions
    scene.step(np.zeros(7), 2000)
    np.testing.assert_allclose(scene.joint_positions, before, atol=2e-5)  # gravity does not move the arm


def test_noisy_commands_are_tracked_where_axes_are_aligned(scene):
    """Two joints with one axis turn a light link against each other: a servo that is too stiff chatters there."""
    scene.restore()
    q = scene.kinematics.home.copy()
    q[1] = 0.0  # Panda's first and third axes are aligned
    scene.place_arm(q)
    rng, command, worst = np.random.default_rng(0), np.zeros(7), 0.0
    for frame in range(90):
        command = np.clip(command + rng.uniform(-0.4, 0.4, 7), -0.6, 0.6) if frame < 60 else np.zeros(7)
        scene.step(command, 17)
        worst = max(worst, float(np.abs(scene.joint_velocities - command).max()))
    assert worst < 0.3
    assert np.abs(scene.joint_velocities).max() < 1e-3


def test_velocity_and_effort_limits_hold(scene):
    scene.restore()
    k = scene.kinematics
    scene.step(1e3 * np.ones(7), 1)
    forces = [abs(scene.data.actuator(name).force[0]) for name in scene.robot.arm_joints]
    assert np.all(forces <= k.effort_limits * (1 + 1e-9))
    for _ in range(40):
        scene.step(1e3 * np.ones(7), 5)
        # coupled joints overshoot for a moment where the effort limit leaves the servo too little
        assert np.all(np.abs(scene.joint_velocities) <= 1.1 * k.velocity_limits)


def test_joint_stops_hold(scene):
    scene.restore()
    k = scene.kinematics
    scene.step(k.velocity_limits, 3000)
    assert np.all(scene.joint_positions <= k.upper + 0.05)


def test_restored_scenes_are_equal_to_fresh_ones(scene):
    fresh = Scene(scene.config)
    rng = np.random.default_rng(0)
    scene.restore()
    scene.step(rng.uniform(-1, 1, 7), 300)
    scene.place_target(scene.base_T_ee)
    states = []
    for world in (scene, fresh):
        world.restore()
        world.step(0.3 * np.ones(7), 100)
        states.append(np.concatenate([world.data.qpos, world.data.qvel, world.data.mocap_pos.ravel()]))
    np.testing.assert_array_equal(*states)


def test_nothing_touches_at_home(scene):
    scene.restore()
    assert not scene.touches()


def test_an_arm_posed_for_checks_has_the_poses_and_contacts_of_a_placed_one(scene):
    rng, k, touching = np.random.default_rng(0), scene.kinematics, 0
    for _ in range(60):
        q = rng.uniform(k.lower, k.upper)
        states = []
        for place in (scene.place_arm, scene.pose_arm):
            scene.restore()
            place(q)
            states.append((scene.touches(), scene.arm_in_view(), scene.base_T_ee_matrix))
        (touches, in_view, base_T_ee), posed = states
        assert (touches, in_view) == posed[:2]
        np.testing.assert_array_equal(base_T_ee, posed[2])
        touching += touches
    assert 0 < touching < 60
    scene.restore()


def test_arm_in_view_is_zero_for_a_camera_turned_away(scene, random_view):
    random_view(scene, np.random.default_rng(1))
    before = scene.arm_in_view()
    away = scene.world_T_camera
    assert before > 0.3
    turned = away * away.from_rotation(away.rotation.from_rotvec([0.0, np.pi, 0.0]))
    scene.place_camera(scene.camera, turned)
    assert scene.arm_in_view() == 0.0


def mesh_points(scene, link):
    """``(N, 3)`` world positions of the vertices of a link's visual meshes."""
    model, data = scene.model, scene.data
    points = [np.zeros((0, 3))]
    for geom in np.flatnonzero(scene.robot_geoms & (model.geom_bodyid == model.body(link).id)):
        mesh = model.geom_dataid[geom]
        vertices = model.mesh_vert[model.mesh_vertadr[mesh] :][: model.mesh_vertnum[mesh]]
        points.append(data.geom_xpos[geom] + vertices @ data.geom_xmat[geom].reshape(3, 3).T)
    return np.concatenate(points)


@pytest.mark.parametrize("seed", [20, 21])
def test_visible_mesh_vertices_project_onto_pixels_of_their_own_link(scene, renderer, random_view, seed):
    """Visible: the rendered depth at the vertex's pixel is the vertex's own distance, to two millimetres."""
    random_view(scene, np.random.default_rng(seed))
    body_of_pixel = np.append(scene.model.geom_bodyid, -1)[renderer.segmentation(scene.data)]
    depth = renderer.depth(scene.data)
    checked = 0
    for link in scene.links:
        points = scene.world_T_camera.inv().apply(mesh_points(scene, link))
        pixels = scene.camera.project(points)
        inside = scene.camera.contains(pixels)
        columns, rows = np.floor(pixels[inside]).astype(int).T
        visible = np.abs(depth[rows, columns] - points[inside, 2]) < 2e-3
        if visible.sum() < 50:
            continue
        own_pixels = ndimage.binary_dilation(body_of_pixel == scene.model.body(link).id, np.ones((3, 3)))
        assert np.mean(own_pixels[rows[visible], columns[visible]]) > 0.99, link
        checked += 1
    assert checked >= 5


def test_the_goal_axes_are_at_the_goal(scene, renderer, random_view):
    random_view(scene, np.random.default_rng(4))
    goal = scene.base_T_ee
    scene.place_target(goal)
    geom = scene.model.geom("target_origin").id
    world = scene.data.geom_xpos[geom]
    np.testing.assert_allclose(scene.world_T_base.inv().apply(world), goal.translation, atol=1e-9)


def test_camera_pose_agrees_with_the_simulator(scene, random_view):
    random_view(scene, np.random.default_rng(5))
    axes = scene.data.cam_xmat[scene.camera_id].reshape(3, 3) @ np.diag([1.0, -1.0, -1.0])
    np.testing.assert_allclose(scene.world_T_camera.rotation.as_matrix(), axes, atol=1e-9)
    np.testing.assert_allclose(scene.world_T_camera.translation, scene.data.cam_xpos[scene.camera_id])
    there = scene.camera_T_base
    assert max(pose_error(scene.world_T_camera * there, scene.world_T_base)) < 1e-9


@pytest.mark.parametrize("point, inside", [([1.5, 0, 1.5], True), ([3.45, 0, 1], False), ([1, 1, 0.05], False)])
def test_cameras_are_inside_the_room(scene, point, inside):
    assert scene.inside_room(point) == inside


def test_a_shown_state_gives_the_images_of_the_other_scene(scene, renderer, random_view):
    """Pose, camera, colours, lights and objects of a scene are drawn by another one of its configuration."""
    rng = np.random.default_rng(0)
    random_view(scene, rng)
    apply_draws(scene, make_randomization("strong").draw(3, sizes_of(scene)))
    scene.place_target(scene.base_T_ee)  # as an episode begins: objects take their places
    state, expected = scene.state(), renderer.rgb(scene.data)
    camera_T_base = scene.camera_T_base_matrix
    random_view(scene, rng)
    assert not np.array_equal(renderer.rgb(scene.data), expected)
    scene.show(state)
    np.testing.assert_array_equal(renderer.rgb(scene.data), expected)
    np.testing.assert_array_equal(scene.camera_T_base_matrix, camera_T_base)
    scene.restore()
