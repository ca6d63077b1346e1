"""The GPU path needs its extra: without it nothing here is collected. Episodes on the host and in MuJoCo Warp.

Everything here is slow: Warp compiles its kernels first, for two minutes on a machine that has not done so before.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
import torch

from ctr_env.envs.config import ServoConfig
from ctr_env.envs.world import World
from ctr_env.estimators import make_estimator
from ctr_env.scenes.robots.kinematics import RobotKinematics

collect_ignore_glob = [] if find_spec("warp") and find_spec("mujoco_warp") else ["test_*.py"]

SEEDS = (101, 102)
SIZE = (160, 120)


class Pair:
    """A host world, and a simulation whose worlds begin as it does with each of the seeds."""

    def __init__(self, randomization: str = "none") -> None:
        from ctr_env.scenes.warp.simulation import WarpSimulation
        from ctr_env.scenes.warp.world_state import WorldState

        config = ServoConfig(randomization=randomization, width=SIZE[0], height=SIZE[1])
        kinematics = RobotKinematics("panda")
        self.world = World(config, kinematics, make_estimator("ground_truth", None, kinematics))
        self.states = []
        for seed in SEEDS:
            self.world.begin(seed, {})
            self.states.append(WorldState.of(self.world.scene))
        self.simulation = WarpSimulation(self.world.scene, len(SEEDS), torch.device("cpu"))
        self.simulation.load(self.states)


@pytest.fixture(scope="module")
def pair() -> Pair:
    return Pair()


@pytest.fixture(scope="module")
def randomised() -> Pair:
    return Pair("strong")


def velocities(count: int) -> np.ndarray:
    """Commands of two worlds, rad/s: ``(count, 2, 7)``."""
    return np.random.default_rng(0).uniform(-0.5, 0.5, (count, len(SEEDS), 7))
