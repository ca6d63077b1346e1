import numpy as np
import pytest

from ctr_env.scenes.randomization.randomization import make_randomization
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.rooms import ROOMS
from ctr_env.scenes.world.scene import Scene
from ctr_env.scenes.world.surfaces import ROOM_HALF_SIDE


@pytest.mark.parametrize("robot", ["panda", "baxter"])
@pytest.mark.parametrize("room", ["lab", "workshop"])
def test_furniture_never_collides_and_is_clear_of_the_robot(robot, room):
    scene = Scene(SceneConfig(robot, 32, 24, room=room))
    model = scene.model
    furniture = [g for g in range(model.ngeom) if model.geom(g).name.startswith("furniture_")]
    assert len(furniture) > 40
    assert not model.geom_contype[furniture].any() and not model.geom_conaffinity[furniture].any()
    places = scene.data.geom_xpos[furniture]
    assert np.abs(places[:, :2]).max() < ROOM_HALF_SIDE
    assert np.hypot(places[:, 0], places[:, 1]).min() > 0.95
    np.testing.assert_array_equal(scene.data.qpos, Scene(SceneConfig(robot, 32, 24)).data.qpos)


def test_presets_name_their_room():
    rooms = {preset: make_randomization(preset).room for preset in ("none", "mild", "strong", "lab", "workshop")}
    assert rooms == {"none": "plain", "mild": "plain", "strong": "plain", "lab": "lab", "workshop": "workshop"}
    assert make_randomization({"preset": "lab", "camera.fov": 1.2}).room == "lab"
    assert set(rooms.values()) == set(ROOMS)


def test_scene_presets_are_fixed():
    """Only camera poses and the task (start, goal) differ between two episodes."""
    rules = make_randomization("workshop")
    sizes = {"joints": 7, "clutter": 12, "occluders": 3}
    first, second = rules.draw(1, sizes), rules.draw(2, sizes)
    differing = {name for name in first if not np.array_equal(first[name], second[name])}
    assert differing
    assert all(name.startswith(("camera", "task", "goal_motion")) for name in differing)


def test_cameras_keep_out_of_the_furniture():
    lab, plain = (Scene(SceneConfig("panda", 32, 24, room=room)) for room in ("lab", "plain"))
    assert plain.inside_room([3.0, 0.0, 1.2]) and not lab.inside_room([3.0, 0.0, 1.2])
    assert lab.inside_room([2.0, 0.0, 1.2])


def test_unknown_rooms_are_rejected():
    with pytest.raises(ValueError, match="unknown room 'kitchen'; valid names: plain, lab, workshop"):
        Scene(SceneConfig("panda", 32, 24, room="kitchen"))
