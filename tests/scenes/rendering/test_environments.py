import numpy as np
import pytest

from ctr_env.scenes.rendering.environments import environment
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.rooms import ROOMS
from ctr_env.scenes.world.scene import Scene


@pytest.mark.parametrize("room", ROOMS)
def test_light_comes_from_above_and_is_continuous_at_the_edges_of_the_cube(room):
    faces = environment(Scene(SceneConfig("panda", 32, 24, room=room)).model)
    assert faces.shape == (6, 64, 64, 3) and faces.dtype == np.uint8
    up, down = faces[2].astype(float), faces[3].astype(float)
    assert up.mean() > faces[[0, 1, 4, 5]].mean() > down.mean()
    below = faces[4][-1].astype(int)  # the lowest row of one side meets the floor's edge
    assert np.abs(below - faces[3][0]).max() <= 12


def test_rooms_are_lit_differently():
    lab, workshop = (environment(Scene(SceneConfig("panda", 32, 24, room=r)).model) for r in ("lab", "workshop"))
    assert lab.mean() > workshop.mean()
    assert workshop[..., 0].mean() > workshop[..., 2].mean()
