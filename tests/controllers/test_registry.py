"""Controllers by name, their configuration, and the cost of importing them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from ctr_env.controllers import (
    Controller,
    PBVSConfig,
    PBVSController,
    ServoCommand,
    controller_entries,
    controller_names,
    make_controller,
    register_controller,
    registry,
)
from ctr_env.errors import ConfigurationError


@dataclass(frozen=True)
class StillConfig:
    """Settings of a controller that never moves."""

    word: str = "none"


class Still(Controller):
    """Never moves."""

    def __init__(self, kinematics, config, dt):
        self.n, self.dt = kinematics.n, dt
        self.config = StillConfig(**config)

    def reset(self):
        pass

    def command(self, goal, state, residual_twist=None):
        return ServoCommand(np.zeros(self.n), np.zeros(6), "hold", "still")

    def twist_command(self, twist, state):
        return self.command(None, state)

    def velocity_command(self, joint_velocities, state):
        return self.command(None, state)


@pytest.fixture
def still(monkeypatch):
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))
    register_controller("still", Still, config=StillConfig, tracking={"word": "moving"})


@pytest.mark.parametrize("name", controller_names())
def test_every_controller_is_made_by_name(panda, name):
    if name == "mpc":
        pytest.importorskip("crocoddyl")
    controller = make_controller(name, None, panda, 0.05)
    assert isinstance(controller, Controller)
    assert controller.dt == 0.05
    assert isinstance(controller.config, controller_entries()[name].config)


def test_settings_are_passed_on_as_mapping_or_config(panda):
    for config in ({"coast_s": 2.0}, PBVSConfig(coast_s=2.0)):
        assert make_controller("pbvs", config, panda).config.coast_s == 2.0


def test_objects_are_returned_as_they_are(panda):
    controller = PBVSController(panda)
    assert make_controller(controller, None, panda) is controller
    with pytest.raises(ConfigurationError, match="an object is configured already"):
        make_controller(controller, {"coast_s": 2.0}, panda)


def test_a_registered_controller_is_made_from_its_configuration(panda, still):
    assert "still" in controller_names()
    assert make_controller("still", {"word": "x"}, panda, 0.1).config == StillConfig("x")
    with pytest.raises(ConfigurationError, match=r"a controller named 'still' exists already; names: .*pbvs, still"):
        register_controller("still", Still)


def test_defaults_may_differ_where_something_moves(panda, still):
    assert make_controller("still", None, panda, tracking=True).config.word == "moving"
    assert make_controller("still", {"word": "x"}, panda, tracking=True).config.word == "x"
    assert make_controller("pbvs", None, panda, tracking=True).config.feed_forward == "estimate"
    assert make_controller("pbvs", None, panda).config.feed_forward == "given"


def test_a_closed_endpoint_needs_to_see_the_gripper(panda):
    assert not make_controller("pbvs", None, panda).needs_gripper
    assert make_controller("pbvs", {"endpoint": "closed"}, panda).needs_gripper


def test_an_unknown_controller_is_rejected_with_the_valid_names(panda):
    with pytest.raises(ConfigurationError, match="unknown controller 'magic'; valid names: hybrid, ibvs"):
        make_controller("magic", None, panda)


def test_importing_controllers_imports_neither_torch_nor_opengl():
    """No more of OpenGL than MuJoCo itself imports."""
    code = (
        "import sys, mujoco; before = set(sys.modules); import ctr_env.controllers; "
        "print({'torch', 'OpenGL'} & (set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_factory_in_ones_own_module_is_a_controller_too(panda, tmp_path, monkeypatch):
    (tmp_path / "own_controllers.py").write_text(
        "from ctr_env.controllers import PBVSController\n"
        "def slow(kinematics, config, dt):\n"
        "    return PBVSController(kinematics, {'gain_at_infinity': 1.0, **config}, dt)\n"
        "def nothing(kinematics, config, dt):\n    return None\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    made = make_controller("own_controllers:slow", {"gain_at_zero": 2.0}, panda, 0.05)
    assert (made.config.gain_at_infinity, made.config.gain_at_zero, made.dt) == (1.0, 2.0, 0.05)
    with pytest.raises(ConfigurationError, match="'own_controllers:nothing' must make a Controller, not NoneType"):
        make_controller("own_controllers:nothing", None, panda)
    with pytest.raises(ConfigurationError, match="there is no module 'no_such_module'"):
        make_controller("no_such_module:slow", None, panda)
