"""Physics in MuJoCo Warp is that of MuJoCo, up to the rounding of float32."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
import torch

from ctr_env.errors import ConfigurationError, UsageError
from ctr_env.scenes.warp.simulation import WarpSimulation, _say_what_a_cpu_is_good_for

from .conftest import SEEDS, velocities

pytestmark = pytest.mark.slow


def test_the_state_after_a_hundred_steps_is_that_of_the_ordinary_scene(pair):
    pair.simulation.load(pair.states)
    commands = velocities(5)
    for command in commands:
        pair.simulation.step(torch.from_numpy(command), 20)
    scene = pair.world.scene
    for i, seed in enumerate(SEEDS):
        pair.world.begin(seed, {})
        for command in commands:
            scene.step(command[i], 20)
        assert pair.simulation.joint_positions[i].numpy() == pytest.approx(scene.joint_positions, abs=5e-6)
        assert pair.simulation.joint_velocities[i].numpy() == pytest.approx(scene.joint_velocities, abs=5e-6)
        assert pair.simulation.base_T_ee[i].numpy() == pytest.approx(scene.base_T_ee_matrix, abs=5e-6)
    assert pair.simulation.overflowed() == 0


def test_an_arm_that_is_pressed_against_the_table_stops_where_it_does_in_the_ordinary_scene(pair):
    """Contacts are found by other algorithms: the arm slides some hundredths of a radian apart, through nothing."""
    pair.simulation.load(pair.states)
    down = np.array([0.0, 0.8, 0.0, 0.0, 0.0, 0.0, 0.0])
    pair.simulation.step(torch.from_numpy(np.stack([down] * len(SEEDS))), 1000)
    scene = pair.world.scene
    pair.world.begin(SEEDS[0], {})
    scene.step(down, 1000)
    assert scene.touches()
    assert pair.simulation.joint_positions[0].numpy() == pytest.approx(scene.joint_positions, abs=0.03)
    assert pair.simulation.overflowed() == 0


def test_loading_begins_anew(pair):
    ends = []
    for _ in range(2):
        pair.simulation.load(pair.states)
        pair.simulation.step(torch.from_numpy(velocities(1)[0]), 40)
        ends.append(pair.simulation.joint_positions)
    assert torch.equal(*ends)


def test_the_state_shares_memory_with_torch(pair):
    pair.simulation.load(pair.states)
    array = pair.simulation.data.qpos
    assert pair.simulation.tensor(array).data_ptr() == array.ptr


def test_overflows_are_counted_until_the_next_load(pair):
    pair.simulation.load(pair.states)
    pair.simulation.tensor(pair.simulation.data.overflow)[1] = 1
    assert pair.simulation.overflowed() == 1
    pair.simulation.load(pair.states)
    assert pair.simulation.overflowed() == 0


def test_a_cpu_is_warned_of_once(pair, caplog):
    _say_what_a_cpu_is_good_for.cache_clear()
    for _ in range(2):
        WarpSimulation(pair.world.scene, 1, torch.device("cpu"))
    assert [record.getMessage().startswith("MuJoCo Warp runs on the CPU") for record in caplog.records] == [True]


def test_every_world_needs_a_state(pair):
    with pytest.raises(UsageError, match="takes 2 states, not 1"):
        pair.simulation.load(pair.states[:1])


def test_the_number_of_worlds_must_be_positive(pair):
    with pytest.raises(ConfigurationError, match="must be positive, not 0"):
        WarpSimulation(pair.world.scene, 0, torch.device("cpu"))


def test_a_scene_that_warp_does_not_support_is_named(pair, monkeypatch):
    monkeypatch.setattr(pair.world.scene.model.opt, "solver", mujoco.mjtSolver.mjSOL_PGS)
    with pytest.raises(ConfigurationError, match="does not support this scene: .*PGS"):
        WarpSimulation(pair.world.scene, 1, torch.device("cpu"))
