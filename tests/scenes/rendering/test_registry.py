import os
import subprocess
import sys

import numpy as np
import pytest

from ctr_env.errors import RenderError
from ctr_env.scenes.rendering.backends import BACKENDS, probe
from ctr_env.scenes.rendering.registry import make_renderer


def test_images_repeat_bit_for_bit(scene, renderer):
    scene.restore()
    first = renderer.rgb(scene.data)
    other = make_renderer("classic", scene.model, scene.camera_id, renderer.width, renderer.height)
    np.testing.assert_array_equal(other.rgb(scene.data), first)
    other.close()
    np.testing.assert_array_equal(renderer.rgb(scene.data), first)
    assert first.std() > 20


def test_sizes_and_types(scene, renderer):
    scene.restore()
    assert (renderer.rgb(scene.data).shape, renderer.rgb(scene.data).dtype) == ((240, 320, 3), np.uint8)
    assert (renderer.depth(scene.data).shape, renderer.depth(scene.data).dtype) == ((240, 320), np.float32)
    assert renderer.segmentation(scene.data).dtype == np.int32


def test_closing_twice_is_allowed_and_rendering_afterwards_is_not(scene):
    renderer = make_renderer("classic", scene.model, scene.camera_id, 64, 48)
    renderer.close()
    renderer.close()
    with pytest.raises(RenderError, match="closed"):
        renderer.rgb(scene.data)


def test_unknown_names_are_rejected(scene):
    with pytest.raises(ValueError, match="unknown renderer 'vulkan'; valid names: classic"):
        make_renderer("vulkan", scene.model, scene.camera_id, 64, 48)
    with pytest.raises(ValueError, match="valid names: egl, osmesa"):
        probe("directx")


def test_a_backend_that_does_not_start_is_named():
    code = (
        "import ctr_env\n"
        "from ctr_env.errors import RenderError\n"
        "from ctr_env.scenes.rendering.registry import make_renderer\n"
        "from ctr_env.scenes.world.config import SceneConfig\n"
        "from ctr_env.scenes.world.scene import Scene\n"
        "scene = Scene(SceneConfig('panda', 64, 48))\n"
        "try: make_renderer('classic', scene.model, 0, 64, 48)\n"
        "except RenderError as error: print(error)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"} | {"MUJOCO_GL": "glfw"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert "backend: glfw" in done.stdout
    assert "ctr-env doctor" in done.stdout


def test_an_opengl_backend_works():
    reports = [probe(name) for name in BACKENDS if name != "filament"]
    working = [report for report in reports if report.works]
    assert working
    assert all(report.frames_per_second > 0 for report in working)
    assert all(report.detail and report.remedy for report in reports)
