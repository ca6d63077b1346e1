"""Gaussian noise of single observations."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from ctr_env.errors import ConfigurationError
from ctr_env.geometry import moved, pose_to_vector, vector_to_pose

__all__ = ["AddObservationNoise"]

Observation = dict[str, NDArray[Any]]
_POSES = ("goal", "block", "camera_pose")


class AddObservationNoise(gym.Wrapper[Observation, Any, Observation, Any], RecordConstructorArgs):
    """Adds zero-mean Gaussian noise, drawn anew at every step, to some of the observations.

    Poses stay rigid: they are moved by a random twist in camera axes. The noise of each observation has its own random
    stream, made from ``info["seed"]``, so that an episode which is replayed by its seed has the same noise. Controller,
    reward and ``info`` are unaffected.

    Noise of images is a field of the randomisation (``image.noise_std``), noise of the estimate a setting of the
    estimator (``position_noise_m`` of ``perturbed``), whose covariance accounts for it.
    """

    def __init__(self, env: gym.Env[Observation, Any], noise: Mapping[str, float | Sequence[float]]) -> None:
        """Wrap an environment.

        Args:
            env: The environment; noise is added before observations are stacked.
            noise: Standard deviations by observation, in its unit: for ``goal``, ``block`` and ``camera_pose`` two
                numbers, those of each coordinate of position (m) and rotation vector (rad); for others one.

        Raises:
            ConfigurationError: If an observation cannot have noise, or a standard deviation is not valid.
        """
        if not isinstance(noise, Mapping):
            raise ConfigurationError(
                f"AddObservationNoise: noise must be a mapping, such as {{'joint_positions': 0.01}}, not {noise!r}"
            )
        RecordConstructorArgs.__init__(self, noise=dict(noise))
        super().__init__(env)
        self._space = _vectors(env.observation_space)
        self._std = {name: _standard_deviation(name, value, self._space) for name, value in noise.items()}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode, and its noise."""
        obs, info = self.env.reset(seed=seed, options=options)
        self._streams = {
            name: np.random.default_rng([info["seed"], zlib.crc32(f"observation_noise.{name}".encode())])
            for name in self._std
        }
        return self._noisy(obs), info

    def step(self, action: Any) -> tuple[Observation, SupportsFloat, bool, bool, dict[str, Any]]:
        """Act, and observe with noise."""
        obs, reward, terminated, truncated, info = self.env.step(action)
        return self._noisy(obs), reward, terminated, truncated, info

    def _noisy(self, obs: Observation) -> Observation:
        return obs | {name: self._with_noise(name, obs[name]) for name in self._std}

    def _with_noise(self, name: str, value: NDArray[np.float32]) -> NDArray[np.float32]:
        std, space = self._std[name], self._space[name]
        if name in _POSES:
            twist = std * self._streams[name].standard_normal(6)
            noisy: NDArray[Any] = pose_to_vector(moved(vector_to_pose(value), twist))
        else:
            noisy = value + std * self._streams[name].standard_normal(value.shape)
        return noisy.clip(space.low, space.high).astype(np.float32)


def _vectors(space: spaces.Space[Any]) -> dict[str, spaces.Box]:
    """Observations that noise can be added to."""
    parts = space.spaces if isinstance(space, spaces.Dict) else {}
    return {
        name: part
        for name, part in parts.items()
        if isinstance(part, spaces.Box)
        and part.dtype == np.float32
        and len(part.shape) == 1
        and not name.startswith(("estimate_", "privileged"))
    }


def _standard_deviation(
    name: str, value: float | Sequence[float], valid: Mapping[str, spaces.Box]
) -> NDArray[np.float64]:
    """Standard deviations of the numbers that are drawn for an observation: ``(6,)`` for a pose, else ``()``."""
    if name not in valid:
        raise ConfigurationError(
            f"AddObservationNoise: no noise can be added to {name!r}, only to vectors that are not stacked and not the "
            f"estimate's; valid names: {', '.join(valid)}"
        )
    wanted, shape = ("two numbers (m, rad)", (2,)) if name in _POSES else ("a number", ())
    try:
        std = np.array(value, dtype=float)
    except (TypeError, ValueError):
        std = np.array(np.nan)
    if std.shape != shape or not (np.isfinite(std) & (std >= 0.0)).all():
        raise ConfigurationError(
            f"AddObservationNoise: the standard deviation of {name!r} must be {wanted} >= 0, not {value!r}"
        )
    return std.repeat(3) if name in _POSES else std
