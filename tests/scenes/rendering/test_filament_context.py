import os
import subprocess
import sys

import pytest

from ctr_env.errors import RenderError
from ctr_env.scenes.rendering import filament_context
from ctr_env.scenes.rendering.backends import BackendReport

WRITER = """
import os, threading
import ctr_env
from ctr_env.scenes.rendering import filament_context
from ctr_env.scenes.rendering.filament import FilamentRenderer
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.scene import Scene

scene = Scene(SceneConfig("panda", 32, 24, clutter=0, occluders=0))
stop, written = threading.Event(), 0

def write():
    global written
    while not stop.is_set():
        os.write(1, b"line %d\\n" % written)
        os.write(2, b"line %d\\n" % written)
        written += 1
        stop.wait(1e-4)

filament_context._require_driver = lambda: None  # test_filament tries the driver, which takes a second
FilamentRenderer(scene.model, scene.camera_id, 32, 24)  # imports the bindings
thread = threading.Thread(target=write)
thread.start()
renderers = [FilamentRenderer(scene.model, scene.camera_id, 32, 24) for _ in range(3)]
while written <= 20:  # a busy machine: more contexts
    renderers.append(FilamentRenderer(scene.model, scene.camera_id, 32, 24))
stop.set()
thread.join()
print("end", written)
"""


def test_lines_that_other_threads_write_while_a_context_is_made_arrive():
    done = subprocess.run([sys.executable, "-P", "-c", WRITER], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    *lines, end = done.stdout.splitlines()  # and none of Filament's own
    count = int(end.removeprefix("end "))
    assert count > 20
    expected = [f"line {i}" for i in range(count)]
    assert sorted(lines) == sorted(expected)  # what was held back may come late
    assert done.stderr.splitlines() == expected


def test_a_closed_standard_output_is_no_obstacle():
    code = (
        "import os, sys\nos.close(1)\nimport ctr_env\n"
        "from ctr_env.scenes.rendering import filament_context\n"
        "filament_context._require_driver = lambda: None\n"
        "filament_context.acquire_context()\nprint('made', file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.stderr.splitlines()[-1:] == ["made"], done.stderr


def test_the_streams_come_back_after_an_error(capfd):
    with pytest.raises(ZeroDivisionError), filament_context._own_lines_to_log():
        raise ZeroDivisionError
    print("visible", flush=True)
    assert capfd.readouterr().out == "visible\n"


def test_filaments_lines_go_to_the_debug_log(capfd, caplog):
    with caplog.at_level("DEBUG"), filament_context._own_lines_to_log():
        os.write(1, b"FEngine (64 bits) created\nanother program's line\nVulkan device driver: llvmpipe\n")
    assert capfd.readouterr().out == "another program's line\n"
    assert [record.message for record in caplog.records] == [
        "FEngine (64 bits) created",
        "Vulkan device driver: llvmpipe",
    ]


def test_a_missing_driver_is_named(monkeypatch):
    monkeypatch.setattr(
        filament_context, "probe", lambda name: BackendReport(name, False, "no device", 0.0, "apt-get x")
    )
    filament_context._require_driver.cache_clear()
    with pytest.raises(RenderError, match=r"no device.*apt-get x.*ctr-env doctor"):
        filament_context._require_driver()
    filament_context._require_driver.cache_clear()
