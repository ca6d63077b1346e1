"""Controllers by name, and what importing them costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ctr_env.controllers import CONTROLLERS, Controller, PBVSController, make_controller


@pytest.mark.parametrize("name", sorted(CONTROLLERS))
def test_every_controller_is_made_by_name(panda, name):
    controller = make_controller(name, panda, dt=0.05)
    assert isinstance(controller, Controller)
    assert controller.dt == 0.05


def test_settings_are_passed_on(panda):
    controller = make_controller("pbvs", panda, {"coast_s": 2.0})
    assert isinstance(controller, PBVSController)
    assert controller.config.coast_s == 2.0


def test_an_unknown_controller_is_refused_with_the_valid_names(panda):
    with pytest.raises(ValueError, match="unknown controller 'mpc'; valid names: pbvs"):
        make_controller("mpc", panda)


def test_importing_controllers_imports_neither_torch_nor_opengl():
    """Not more of OpenGL, that is, than MuJoCo itself imports."""
    code = (
        "import sys, mujoco; before = set(sys.modules); import ctr_env.controllers; "
        "print({'torch', 'OpenGL'} & (set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
