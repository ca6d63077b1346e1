"""The physics of many worlds of one scene."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ctr_env.errors import ConfigurationError, UsageError
from ctr_env.geometry.batched import poses_from
from ctr_env.scenes.world.scene import Scene

from .dependencies import load_warp
from .world_state import DATA_FIELDS, MODEL_FIELDS, WorldState

__all__ = ["WarpSimulation"]

_log = logging.getLogger(__name__)

_CONTACTS, _CONSTRAINTS = 24, 96
"""Contacts (on average) and constraints that a world has room for. Random twists at full speed into joint stops, table
and robot make at most three and 49."""


class WarpSimulation:
    """N worlds of a scene in MuJoCo Warp, in float32.

    The state lies on the device; its torch tensors share Warp's memory, so that nothing is copied. A physics step is
    recorded once as a graph, which is launched again for each following one.

    Attributes:
        scene: The host scene that the worlds are copies of.
        num_worlds: N.
        device: The torch device.
        model: MuJoCo Warp's model.
        data: MuJoCo Warp's state.
    """

    def __init__(self, scene: Scene, num_worlds: int, device: torch.device) -> None:
        """Copy a scene to a device; the kernels are compiled with the first step (minutes, once per machine).

        Raises:
            ConfigurationError: If the number of worlds is not positive, or MuJoCo Warp lacks a feature of the scene.
            MissingDependencyError: If the extra ``gpu`` is not installed.
        """
        if num_worlds < 1:
            raise ConfigurationError(f"the number of worlds must be positive, not {num_worlds!r}")
        self._wp, self._mjw = load_warp()
        if device.type != "cuda":
            _say_what_a_cpu_is_good_for()
        self.scene, self.num_worlds, self.device = scene, num_worlds, device
        with self.scope():
            try:
                self.model: Any = self._mjw.put_model(scene.model, batch_sizes=dict.fromkeys(MODEL_FIELDS, num_worlds))
            except NotImplementedError as error:  # how MuJoCo Warp names a feature that it lacks
                raise ConfigurationError(f"MuJoCo Warp does not support this scene: {error}") from error
            self.data: Any = self._mjw.put_data(
                scene.model, scene.data, nworld=num_worlds, nconmax=_CONTACTS, njmax=_CONSTRAINTS
            )
        self.model.opt.warn_overflow = False  # overflowed() tells instead
        self._graph: Any = None
        joints = [scene.model.joint(name) for name in scene.robot.arm_joints]
        self._arm_qpos = self._index([joint.qposadr[0] for joint in joints])
        self._arm_dof = self._index([joint.dofadr[0] for joint in joints])
        self._arm_ctrl = self._index([scene.model.actuator(name).id for name in scene.robot.arm_joints])
        self._ee = scene.model.body(scene.robot.end_effector).id
        self._base_T_world = torch.from_numpy(scene.world_T_base.inv().as_matrix()).to(device)

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Context in which Warp works on this device, on torch's stream."""
        with ExitStack() as stack:
            stack.enter_context(self._wp.ScopedDevice(str(self.device)))
            if self.device.type == "cuda":
                stream = self._wp.stream_from_torch(torch.cuda.current_stream(self.device))
                stack.enter_context(self._wp.ScopedStream(stream))
            yield

    def tensor(self, array: Any) -> Tensor:
        """Torch's view of a Warp array."""
        found: Tensor = self._wp.to_torch(array)
        return found

    def load(self, worlds: Sequence[WorldState]) -> None:
        """Set every world to a state.

        Raises:
            UsageError: If there are not N states.
        """
        if len(worlds) != self.num_worlds:
            raise UsageError(f"load() takes {self.num_worlds} states, not {len(worlds)}")
        with self.scope():
            for name in MODEL_FIELDS:
                self._write(getattr(self.model, name), np.stack([world.model[name] for world in worlds]))
            for name in DATA_FIELDS:
                self._write(getattr(self.data, name), np.stack([world.data[name] for world in worlds]))
            self.data.time.zero_()
            self.data.overflow.zero_()
        self.update_poses()

    def step(self, joint_velocities: Tensor, substeps: int) -> None:
        """Simulate with constant ``(N, n)`` commanded joint velocities (rad/s) for a number of 2 ms steps."""
        self.tensor(self.data.ctrl)[:, self._arm_ctrl] = joint_velocities.float()
        with self.scope():
            for _ in range(substeps):
                self._step()
        self.update_poses()

    def update_poses(self) -> None:
        """Bring the poses of bodies, geoms, camera and lights up to date with the joint positions."""
        with self.scope():
            self._mjw.kinematics(self.model, self.data)
            self._mjw.com_pos(self.model, self.data)  # before camlight, by MuJoCo's order
            self._mjw.camlight(self.model, self.data)

    def overflowed(self) -> int:
        """Number of worlds that had more contacts or constraints than they have room for since they were loaded.

        Their physics are undefined. Waits for the device.
        """
        return int(torch.count_nonzero(self.tensor(self.data.overflow)))

    @property
    def joint_positions(self) -> Tensor:
        """``(N, n)`` float64 true arm joint positions, rad."""
        return self.tensor(self.data.qpos)[:, self._arm_qpos].double()

    @property
    def joint_velocities(self) -> Tensor:
        """``(N, n)`` float64 true arm joint velocities, rad/s."""
        return self.tensor(self.data.qvel)[:, self._arm_dof].double()

    @property
    def base_T_ee(self) -> Tensor:
        """``(N, 4, 4)`` float64 true poses of the end effector in the base frame."""
        rotation, origin = self.tensor(self.data.xmat)[:, self._ee], self.tensor(self.data.xpos)[:, self._ee]
        return self._base_T_world @ poses_from(rotation.double(), origin.double())

    def _step(self) -> None:
        """One physics step; the first one loads the kernels, the second one is recorded and launched."""
        if self._graph is None:
            self._mjw.step(self.model, self.data)
            self._graph = self._record()
        else:
            self._wp.capture_launch(self._graph)

    def _record(self) -> Any:
        """The graph of a step. CUDA records none on its default stream, which is torch's: another one serves."""
        with ExitStack() as stack:
            if self.device.type == "cuda":
                stack.enter_context(self._wp.ScopedStream(self._wp.Stream(str(self.device))))
            capture = stack.enter_context(self._wp.ScopedCapture())
            self._mjw.step(self.model, self.data)
        return capture.graph

    def _index(self, values: Sequence[Any]) -> Tensor:
        return torch.tensor([int(value) for value in values], device=self.device)

    def _write(self, array: Any, values: np.ndarray) -> None:
        target = self.tensor(array)
        target.copy_(torch.from_numpy(values).to(target.dtype).view(target.shape))


@cache
def _say_what_a_cpu_is_good_for() -> None:
    """Once in a process."""
    _log.warning(
        "MuJoCo Warp runs on the CPU, one world after the other on one thread: for debugging and for tests of parity, "
        "not for speed; there the ordinary environments are faster"
    )
