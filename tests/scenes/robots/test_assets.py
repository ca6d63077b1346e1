import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest
import trimesh

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
    for seed in range(15):
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


URDF = """<robot name="tiny">
<link name="base"><visual><geometry><mesh filename="box.stl"/></geometry></visual></link>
<link name="tool"><visual><geometry><mesh filename="box.stl"/></geometry></visual></link>
<joint name="hinge" type="revolute"><parent link="base"/><child link="tool"/><origin xyz="0 0 0.3"/><axis xyz="0 1 0"/>
<limit lower="-1" upper="1" velocity="1" effort="10"/></joint></robot>"""
ROBOT = """{name: tiny, urdf: tiny.urdf, base_link: base, arm_joints: [hinge], keypoint_frames: [base, tool],
end_effector: tool, home: [0.0], acceleration_limits: [1.0]}"""


def test_concurrent_conversions_share_one_result(tmp_path):
    trimesh.creation.box((0.1, 0.1, 0.3)).export(tmp_path / "box.stl")
    (tmp_path / "tiny.urdf").write_text(URDF)
    (tmp_path / "tiny.yaml").write_text(ROBOT)
    code = (
        "import sys; from ctr_env.scenes.robots.assets import prepared_urdf;"
        "from ctr_env.scenes.robots.catalogue import get_robot; robot = get_robot(sys.argv[1]);"
        "print('ready', flush=True); sys.stdin.readline(); print(prepared_urdf(robot))"
    )
    environment = os.environ | {"CTR_ENV_CACHE": str(tmp_path / "cache")}
    command, pipe = [sys.executable, "-P", "-c", code, str(tmp_path / "tiny.yaml")], subprocess.PIPE
    workers = [subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    assert [worker.stdout.readline() for worker in workers] == ["ready\n"] * 2
    for worker in workers:  # both convert at the same moment
        worker.stdin.write("\n")
        worker.stdin.flush()
    answers = {worker.communicate(timeout=60)[0] for worker in workers}
    assert [worker.returncode for worker in workers] == [0, 0]
    assert len(answers) == 1
    (folder,) = (tmp_path / "cache" / "robots").iterdir()  # no temporary folder is left
    assert (folder / "robot.urdf").is_file()


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.urdf"):
        prepared_urdf(dataclasses.replace(ROBOTS["panda"], urdf=str(tmp_path / "nowhere.urdf")))
