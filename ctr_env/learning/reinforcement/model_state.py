"""What a training continues from: networks, optimisers, statistics, replay buffer, random generators and counters.

Files of Stable-Baselines3 are pickled; this state is written by :func:`ctr_env.learning.state_file.save_state`.
"""

from __future__ import annotations

import random
import warnings
from operator import attrgetter
from typing import Any

import numpy as np
import torch
from stable_baselines3 import HerReplayBuffer
from stable_baselines3.common.base_class import BaseAlgorithm

from .normalisation import restore_statistics, statistics

__all__ = ["model_state", "restore_model"]

_COUNTERS = ("num_timesteps", "_n_updates", "_episode_num")
_TRANSITIONS = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")
_EPISODES = ("ep_start", "ep_length")  # of hindsight experience replay


def model_state(model: BaseAlgorithm) -> dict[str, Any]:
    """The state of a model between two rollouts."""
    _, variables = model._get_torch_save_params()
    return {
        "parameters": model.get_parameters(),
        "variables": {name: attrgetter(name)(model) for name in variables},
        "counters": {name: getattr(model, name) for name in _COUNTERS},
        "statistics": statistics(model.get_vec_normalize_env()),
        "replay_buffer": _buffer_state(getattr(model, "replay_buffer", None)),
        "random": {
            "python": random.getstate(),
            "numpy": np.random.get_state(legacy=False),  # noqa: NPY002 - Stable-Baselines3 samples from it
            "torch": torch.get_rng_state(),
            "actions": model.action_space.np_random.bit_generator.state,
        },
    }


def restore_model(model: BaseAlgorithm, state: dict[str, Any]) -> None:
    """Continue from a state.

    Episodes that were not finished are not continued: the replay buffer ends them as a time limit does.

    Args:
        model: A new model with the same settings.
        state: As :func:`model_state` returned it, or read from a file.
    """
    model.set_parameters(state["parameters"], device=model.device)
    for name, value in state["variables"].items():
        attrgetter(name)(model).data = value.to(model.device)
    for name, value in state["counters"].items():
        setattr(model, name, value)
    if state["statistics"] is not None:
        envs = model.get_vec_normalize_env()
        assert envs is not None
        restore_statistics(envs, state["statistics"])
    if state["replay_buffer"] is not None:
        _restore_buffer(getattr(model, "replay_buffer"), state["replay_buffer"])  # noqa: B009
    found = state["random"]
    version, numbers, last = found["python"]
    random.setstate((version, tuple(numbers), last))
    inner = found["numpy"]["state"]
    key = np.asarray(inner["key"], dtype=np.uint32)
    np.random.set_state(found["numpy"] | {"state": inner | {"key": key}})  # noqa: NPY002
    torch.set_rng_state(found["torch"])
    model.action_space.np_random.bit_generator.state = found["actions"]


def _buffer_state(buffer: Any) -> dict[str, Any] | None:
    """The transitions of a replay buffer, without what is not filled yet."""
    if buffer is None:
        return None
    count = buffer.buffer_size if buffer.full else buffer.pos
    names = [*_TRANSITIONS, *_EPISODES] if isinstance(buffer, HerReplayBuffer) else _TRANSITIONS
    state = {"pos": buffer.pos, "full": buffer.full}
    state |= {name: _first(getattr(buffer, name), count) for name in names}
    if isinstance(buffer, HerReplayBuffer):
        state["current_start"] = buffer._current_ep_start
    return state


def _restore_buffer(buffer: Any, state: dict[str, Any]) -> None:
    buffer.pos, buffer.full = state["pos"], state["full"]
    for name, value in state.items():
        if name in (*_TRANSITIONS, *_EPISODES):
            _fill(getattr(buffer, name), value)
    if isinstance(buffer, HerReplayBuffer):
        buffer._current_ep_start[:] = state["current_start"].numpy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the last trajectory is truncated
            buffer.truncate_last_trajectory()


def _first(arrays: Any, count: int) -> Any:
    if isinstance(arrays, dict):
        return {key: array[:count] for key, array in arrays.items()}
    return arrays[:count]


def _fill(arrays: Any, values: Any) -> None:
    if isinstance(arrays, dict):
        for key, array in arrays.items():
            array[: len(values[key])] = values[key].numpy()
    else:
        arrays[: len(values)] = values.numpy()
