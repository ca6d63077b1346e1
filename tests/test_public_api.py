"""The public API: names, signatures, and what importing the package costs."""

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ctr_env

SNAPSHOT = Path(__file__).with_name("public_api.txt")


def signature(value):
    """Parameters with their defaults; of an exception the base classes."""
    if not callable(value):
        return type(value).__name__
    if isinstance(value, type) and issubclass(value, Exception):
        return f"({', '.join(base.__name__ for base in value.__bases__)})"
    found = inspect.signature(value)
    parameters = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in found.parameters.values()]
    return str(found.replace(parameters=parameters, return_annotation=inspect.Signature.empty))


def test_names_and_signatures_are_those_of_the_snapshot():
    found = [f"{name} {signature(getattr(ctr_env, name))}" for name in sorted(ctr_env.__all__)]
    assert found == SNAPSHOT.read_text().splitlines()


def test_names_are_documented_and_completed():
    assert set(ctr_env.__all__) <= set(dir(ctr_env))
    for name in set(ctr_env.__all__) - {"__version__"}:
        assert inspect.getdoc(getattr(ctr_env, name)), name


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="module 'ctr_env' has no attribute 'ServoEnvironment'"):
        ctr_env.ServoEnvironment  # noqa: B018


def in_new_process(code, **variables):
    environment = {name: value for name, value in os.environ.items() if name not in ("MUJOCO_GL", "DISPLAY")}
    command = [sys.executable, "-P", "-c", code]
    return subprocess.run(command, env=environment | variables, capture_output=True, text=True, check=True)


def test_the_import_is_quick_and_loads_no_heavy_package():
    code = """
import sys, time, json
import gymnasium
start = time.perf_counter()
import ctr_env
seconds = time.perf_counter() - start
heavy = {"torch", "mujoco", "OpenGL", "cv2", "scipy", "matplotlib", "mink", "kornia"} & set(sys.modules)
print(json.dumps([seconds, sorted(heavy)]))
"""
    seconds, heavy = json.loads(in_new_process(code).stdout)
    assert heavy == []
    assert seconds < 0.3


class TestOpenGLBackend:
    def imported_after_mujoco(self, platform):
        return in_new_process(f"import mujoco, sys; sys.platform = {platform!r}; import ctr_env").stderr

    def test_it_is_too_late_after_mujoco(self):
        shown = self.imported_after_mujoco("linux")
        assert "mujoco was imported before ctr_env" in shown and "MUJOCO_GL" in shown

    def test_systems_other_than_linux_have_no_choice_to_be_late_for(self):
        assert "UserWarning" not in self.imported_after_mujoco("darwin")

    @pytest.mark.parametrize(
        "code, variables",
        [("import ctr_env, mujoco", {}), ("import mujoco, ctr_env", {"MUJOCO_GL": "egl"})],
    )
    def test_nothing_is_said_where_the_choice_is_in_time(self, code, variables):
        assert "UserWarning" not in in_new_process(code, **variables).stderr
