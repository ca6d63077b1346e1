import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest

from ctr_env.scenes.rendering.registry import make_renderer
from ctr_env.scenes.robots.assets import prepared_urdf
from ctr_env.scenes.robots.catalogue import ROBOTS
from ctr_env.scenes.robots.robot_spec import VISUAL_GROUP
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.scene import Scene

BUDGETS = {"panda": 15_000, "baxter": 30_000}


def visual_faces(model):
    meshes = model.geom_dataid[(model.geom_group == VISUAL_GROUP) & (model.geom_dataid >= 0)]
    return int(model.mesh_facenum[meshes].sum())


def test_decimated_robots_keep_their_budget(scene):
    assert 0.5 * BUDGETS[scene.robot.name] < visual_faces(scene.model) <= BUDGETS[scene.robot.name]


def test_decimated_silhouettes_match_the_full_meshes(scene, renderer, random_view):
    robot = dataclasses.replace(scene.robot, face_budget=10**9)
    full = Scene(SceneConfig(robot, scene.config.width, scene.config.height))
    assert visual_faces(full.model) > 5 * visual_faces(scene.model)
    other = make_renderer("classic", full.model, full.camera_id, scene.config.width, scene.config.height)
    overlaps = []
    for seed in range(50):
        masks = []
        for world, drawer in ((scene, renderer), (full, other)):
            random_view(world, np.random.default_rng([7, seed]))
            masks.append(world.robot_mask(drawer.segmentation(world.data)))
        overlaps.append((masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum())
    other.close()
    assert min(overlaps) >= 0.99


def test_colours_of_the_files_survive():
    model = Scene(SceneConfig("baxter", 64, 48)).model
    colours = {
        tuple(np.round(model.geom_rgba[geom, :3], 2)) for geom in np.flatnonzero(model.geom_group == VISUAL_GROUP)
    }
    assert any(r > 0.5 and g < 0.05 and b < 0.05 for r, g, b in colours)  # its red shells
    assert len(colours) > 5


def test_conversion_is_kept_and_found_again(tmp_path, monkeypatch):
    monkeypatch.setenv("CTR_ENV_CACHE", str(tmp_path))
    first = prepared_urdf(ROBOTS["panda"])
    stamp = first.stat().st_mtime_ns
    assert prepared_urdf(ROBOTS["panda"]) == first
    assert first.stat().st_mtime_ns == stamp
    assert [entry.name for entry in first.parent.parent.iterdir()] == [first.parent.name]  # no scratch left


def test_processes_that_convert_at_once_do_not_disturb_each_other(tmp_path):
    code = (
        "from ctr_env.scenes.robots.assets import prepared_urdf; from ctr_env.scenes.robots.catalogue import ROBOTS;"
        "print(prepared_urdf(ROBOTS['panda']))"
    )
    environment = os.environ | {"CTR_ENV_CACHE": str(tmp_path)}
    workers = [
        subprocess.Popen([sys.executable, "-P", "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = {worker.communicate()[0] for worker in workers}
    assert [worker.returncode for worker in workers] == [0, 0]
    assert len(answers) == 1


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.urdf"):
        prepared_urdf(dataclasses.replace(ROBOTS["panda"], urdf=str(tmp_path / "nowhere.urdf")))
