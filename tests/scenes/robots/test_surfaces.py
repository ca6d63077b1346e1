from dataclasses import replace

import numpy as np
import pytest

from ctr_env.scenes.robots.catalogue import ROBOTS
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.robots.surfaces import robot_surface


@pytest.mark.parametrize("name", ["panda", "baxter"])
def test_edges_and_faces_belong_together(name):
    surface = robot_surface(ROBOTS[name])
    assert len(surface.faces) <= ROBOTS[name].face_budget
    assert len(np.unique(surface.edges, axis=0)) == len(surface.edges)
    for side in (0, 1):
        there = surface.edge_faces[:, side] >= 0
        faces = surface.faces[surface.edge_faces[there, side]]
        shared = (faces[:, :, None] == surface.edges[there][:, None]).any(axis=1)
        assert shared.all()
    assert (surface.edge_faces[:, 0] >= 0).all()
    # every side of every triangle is counted once, but where more than two triangles meet
    assert (surface.edge_faces >= 0).sum() > 0.99 * 3 * len(surface.faces)


@pytest.mark.parametrize("name", ["panda", "baxter"])
def test_windings_leave_the_boundary_of_a_set_of_faces(name):
    """Around all faces of a set, side by side, each passed edge is counted in its direction."""
    surface, rng = robot_surface(ROBOTS[name], 2000), np.random.default_rng(0)
    chosen = rng.random(len(surface.faces)) < 0.5
    numbers = {tuple(edge): i for i, edge in enumerate(surface.edges.tolist())}
    expected = np.zeros(len(surface.edges), int)
    for face in surface.faces[chosen].tolist():
        for start, end in zip(face, face[1:] + face[:1], strict=True):
            expected[numbers[min(start, end), max(start, end)]] += 1 if start < end else -1
    np.testing.assert_array_equal(surface.windings(chosen), expected)
    assert not surface.windings(np.zeros(len(chosen), bool)).any()


@pytest.mark.parametrize("name", ["panda", "baxter"])
def test_vertices_ride_on_their_links(name):
    kinematics, rng = RobotKinematics(name), np.random.default_rng(0)
    surface = robot_surface(kinematics.robot, 2000)
    q = rng.uniform(kinematics.home - 0.4, kinematics.home + 0.4)
    posed = surface.posed(kinematics, q)
    for i in rng.integers(len(posed), size=20):
        link = kinematics.base_T_link(q, surface.links[surface.vertex_links[i]])
        np.testing.assert_allclose(posed[i], link.apply(surface.vertices[i]), atol=1e-12)


def test_links_hold_together(scene):
    """The surface lies where MuJoCo's geoms are, which is tested against images elsewhere."""
    scene.restore()
    posed = scene.world_T_base.apply(robot_surface(scene.robot).posed(scene.kinematics, scene.joint_positions))
    lowest, highest = posed.min(axis=0), posed.max(axis=0)
    model, data = scene.model, scene.data
    corners = []
    for geom in np.flatnonzero(scene.robot_geoms):
        mesh = model.geom_dataid[geom]
        first = model.mesh_vertadr[mesh]
        vertices = model.mesh_vert[first : first + model.mesh_vertnum[mesh]]
        corners.append(vertices @ data.geom_xmat[geom].reshape(3, 3).T + data.geom_xpos[geom])
    corners = np.concatenate(corners)
    np.testing.assert_allclose((lowest, highest), (corners.min(axis=0), corners.max(axis=0)), atol=1e-4)


def test_simple_shapes(tmp_path):
    (tmp_path / "r.urdf").write_text("""<robot name="r"><link name="base"><visual><origin xyz="0 0 1"/><geometry>
        <box size="2 4 6"/></geometry></visual></link><link name="tip"><inertial><mass value="1"/><inertia ixx="1"
        iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial><visual><geometry>
        <sphere radius="0.5"/></geometry></visual><visual><geometry><cylinder radius="0.1" length="3"/></geometry>
        </visual></link><joint name="j" type="revolute"><parent link="base"/><child link="tip"/><axis xyz="0 0 1"/>
        <origin xyz="5 0 0"/><limit lower="-1" upper="1" velocity="1" effort="1"/></joint></robot>""")
    robot = replace(
        ROBOTS["panda"], name="r", urdf=str(tmp_path / "r.urdf"), srdf=None, base_link="base", arm_joints=("j",),
        keypoint_frames=("base", "tip"), end_effector="tip", home=(0.0,), acceleration_limits=(1.0,), configuration={},
    )  # fmt: skip
    surface = robot_surface(robot)
    posed = surface.posed(RobotKinematics(robot), [0.3])
    on_base = surface.vertex_links == surface.links.index("base")
    np.testing.assert_allclose(np.ptp(posed[on_base], axis=0), (2, 4, 6))
    np.testing.assert_allclose(posed[on_base].mean(axis=0), (0, 0, 1), atol=1e-9)
    np.testing.assert_allclose(np.ptp(posed[~on_base], axis=0), (1, 1, 3), atol=0.03)  # a sphere of triangles
    (tmp_path / "bare.urdf").write_text((tmp_path / "r.urdf").read_text().replace("visual>", "hidden>"))
    with pytest.raises(ValueError, match="no visible surface"):
        robot_surface(replace(robot, urdf=str(tmp_path / "bare.urdf")))
