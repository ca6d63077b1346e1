import mujoco
import numpy as np
import pytest

from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.lighting import LIGHT_DISTANCE, LIGHTS
from ctr_env.scenes.world.materials import cube_material, flat_material
from ctr_env.scenes.world.objects import CLUTTER, OCCLUDER
from ctr_env.scenes.world.scene import Scene
from ctr_env.scenes.world.surfaces import SURFACES
from ctr_env.scenes.world.textures import TEXTURES


@pytest.fixture(scope="module")
def scene():
    return Scene(SceneConfig("panda", 32, 24, room="lab", board=True, clutter=7, occluders=2))


def test_only_robot_table_and_floor_collide(scene):
    model = scene.model
    robot = {model.body(name).id for name in scene.links}
    for geom in np.flatnonzero(model.geom_contype | model.geom_conaffinity):
        assert model.geom_bodyid[geom] in robot or model.geom(geom).name in ("table", "floor")
    assert model.geom("table").contype[0] and model.geom("floor").contype[0]


def test_a_hand_inside_the_table_touches_it(scene):
    scene.restore()
    assert not scene.touches()
    reaching_down = scene.kinematics.home.copy()
    reaching_down[1] += 1.1
    scene.place_arm(reaching_down)
    assert scene.base_T_ee.translation[2] < 0.05
    bodies = {scene.model.geom(geom).name for contact in scene.data.contact for geom in contact.geom}
    scene.restore()
    assert "table" in bodies


def test_there_are_as_many_objects_as_configured_and_they_start_out_of_view(scene):
    scene.restore()
    for name, count in ((CLUTTER, 7), (OCCLUDER, 2)):
        bodies = [scene.model.body(name.format(i)) for i in range(count)]
        assert all(scene.data.mocap_pos[body.mocapid[0], 2] < -10 for body in bodies)
        assert mujoco.mj_name2id(scene.model, mujoco.mjtObj.mjOBJ_BODY, name.format(count)) == -1


def test_lights_point_at_the_centre_of_the_scene_from_their_distance(scene):
    for name in LIGHTS:
        light = scene.model.light(name)
        np.testing.assert_allclose(light.pos + LIGHT_DISTANCE * light.dir, scene.model.stat.center, atol=1e-6)


def test_every_texture_has_a_material_for_planes_and_one_for_solids(scene):
    for name in TEXTURES:
        assert scene.model.material(flat_material(name)).texuniform[0]
        assert not scene.model.material(cube_material(name)).texuniform[0]


def test_surfaces_are_geoms_of_every_robots_room(scene):
    other = Scene(SceneConfig("baxter", 32, 24))  # a robot without a table
    for model in (scene.model, other.model):
        assert {model.geom(name).id for name in SURFACES}.isdisjoint({-1})
        assert len({model.geom(name).id for name in SURFACES}) == len(SURFACES)


def test_robot_parts_are_painted_rubber_or_steel(scene):
    model = scene.model
    materials = {model.material(model.geom_matid[geom]).name for geom in np.flatnonzero(scene.robot_geoms)}
    assert {"paint", "rubber"} <= materials <= {"paint", "rubber", "brushed_steel"}
