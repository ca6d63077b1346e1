"""Probing of rendering backends in subprocesses, as a broken driver may end its process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from ctr_env.runs.configuration import require_choice

__all__ = ["BACKENDS", "BackendReport", "probe"]

BACKENDS = ("egl", "osmesa", "glfw", "filament")
"""OpenGL backends of the classic renderer (values of ``MUJOCO_GL``), and MuJoCo's physically based renderer."""

_REMEDIES = {
    "egl": "apt-get install libegl1 libgl1-mesa-dri libopengl0",
    "osmesa": "apt-get install libosmesa6",
    "glfw": "needs a display (DISPLAY); not needed where egl or osmesa works",
    "filament": "apt-get install libvulkan1 mesa-vulkan-drivers",
}

_SETUP = """
import json, sys, time
import mujoco
model = mujoco.MjModel.from_xml_string(
    "<mujoco><visual><quality offsamples='0'/></visual><worldbody><light pos='0 0 3'/>"
    "<geom type='plane' size='2 2 .1'/><geom type='sphere' size='.3' pos='0 0 .3' rgba='1 0 0 1'/></worldbody></mujoco>"
)
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
"""

_REPORT = """
assert draw().std() > 1, "the image is blank"
start = time.perf_counter()
for _ in range(20):
    draw()
rate = 20 / (time.perf_counter() - start)
print("REPORT " + json.dumps({"detail": device, "rate": rate}), flush=True)
"""

_CLASSIC = (
    _SETUP
    + """
renderer = mujoco.Renderer(model, 240, 320)
from OpenGL import GL
device = GL.glGetString(GL.GL_RENDERER).decode()
def draw():
    renderer.update_scene(data)
    return renderer.render()
"""
    + _REPORT
    + "renderer.close()"
)

# Python 3.11 has no collections.abc.Buffer, which MuJoCo's wrapper imports; mujoco.studio registers Filament's
# materials, without which creating a context ends the process.
_FILAMENT = (
    """
import collections.abc
import numpy as np
if not hasattr(collections.abc, "Buffer"):
    collections.abc.Buffer = np.ndarray
"""
    + _SETUP
    + """
import mujoco.studio
from mujoco import mjrf
from mujoco.rendering.filament import model_scene, renderer
config = mjrf.ContextConfig()
config.graphics_api = mjrf.GraphicsApi.GRAPHICS_API_VULKAN
config.software_rendering = True
context = mjrf.Context(config)
target = renderer.Renderer(context)
scene = model_scene.ModelScene(context, model, target.scene("scene"))
pixels = np.empty((240, 320, 3), dtype=np.uint8)
target.target("out", pixels)
camera = mujoco.MjvCamera()
mujoco.mjv_defaultFreeCamera(model, camera)
view = renderer.View(scene="scene", target="out", camera=mujoco.mjv_camera2GLCamera(model, data, camera))
device = "Vulkan, software"
def draw():
    scene.update(data)
    target.render([view])
    return pixels
"""
    + _REPORT
)


@dataclass(frozen=True)
class BackendReport:
    """Result of probing a backend.

    Attributes:
        name: One of :data:`BACKENDS`.
        works: Whether the backend rendered an image.
        detail: The rendering device, or the error.
        frames_per_second: Speed on a small test scene at 320x240; zero if the backend does not work.
        remedy: The command that usually makes it work.
    """

    name: str
    works: bool
    detail: str
    frames_per_second: float
    remedy: str


def probe(name: str, timeout_s: float = 60.0) -> BackendReport:
    """Render a test scene with one backend.

    Args:
        name: One of :data:`BACKENDS`.
        timeout_s: Time limit, seconds; a slower backend counts as not working.

    Raises:
        ConfigurationError: If the name is unknown.
    """
    require_choice("backend", name, BACKENDS)
    environment = os.environ | ({} if name == "filament" else {"MUJOCO_GL": name})
    command = [sys.executable, "-P", "-c", _FILAMENT if name == "filament" else _CLASSIC]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        return BackendReport(name, False, f"no answer after {timeout_s:.0f} s", 0.0, _REMEDIES[name])
    for line in done.stdout.splitlines():
        if line.startswith("REPORT "):
            report = json.loads(line.removeprefix("REPORT "))
            return BackendReport(name, True, report["detail"], report["rate"], _REMEDIES[name])
    lines = [line for line in done.stderr.splitlines() if "Error" in line] or done.stderr.splitlines()[-1:]
    detail = lines[0].rpartition("Error: ")[2].strip() if lines else f"ended with status {done.returncode}"
    return BackendReport(name, False, detail, 0.0, _REMEDIES[name])
