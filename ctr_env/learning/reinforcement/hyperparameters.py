"""Hyperparameters from YAML files in the style of RL Baselines3 Zoo: by environment, with a ``default``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ctr_env.errors import ConfigurationError, MissingFileError
from ctr_env.runs.configuration import require_choice

from .actor import ACTIVATIONS

__all__ = ["ALGORITHMS", "LINEAR", "read_hyperparameters"]

ALGORITHMS = ("ppo", "sac", "tqc")
"""Names of the algorithms."""

LINEAR = "lin_"
"""Prefix of a value that falls linearly to zero during the training."""

_DEFAULT = "default"


class _Kind(NamedTuple):
    """Values that a key may have."""

    text: str
    fits: Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_layers(value: Any) -> bool:
    return isinstance(value, list) and all(_is_count(each) for each in value)


def _is_scheduled(value: Any) -> bool:
    return _is_number(_read_number(value.removeprefix(LINEAR) if isinstance(value, str) else value))


def _is_entropy(value: Any) -> bool:
    name, separator, start = value.partition("_") if isinstance(value, str) else ("", "", "")
    return _is_number(value) or (name == "auto" and (not separator or _is_number(_read_number(start))))


def _is_architecture(value: Any) -> bool:
    if isinstance(value, dict):
        return set(value) in ({"pi", "vf"}, {"pi", "qf"}) and all(map(_is_layers, value.values()))
    return _is_layers(value)


_NUMBER = _Kind("a number", _is_number)
_COUNT = _Kind("a positive whole number", _is_count)
_SCHEDULE = _Kind(f"a number, or {LINEAR}NUMBER", _is_scheduled)
_FLAG = _Kind("true or false", lambda value: isinstance(value, bool))
_STEPS = _Kind(
    "a whole number, at least -1", lambda value: _is_number(value) and isinstance(value, int) and value >= -1
)
_ARCHITECTURE = _Kind("a list of layer sizes, or a mapping of two with the keys pi and vf (or qf)", _is_architecture)

_Keys = Mapping[str, "_Kind | _Keys"]

_NETWORK: _Keys = {
    "net_arch": _ARCHITECTURE,
    "activation_fn": _Kind(f"one of {', '.join(ACTIVATIONS)}", lambda value: value in ACTIVATIONS),
}
_COMMON: _Keys = {
    **{"n_timesteps": _COUNT, "n_envs": _COUNT, "normalize": {"norm_obs": _FLAG, "norm_reward": _FLAG}},
    **{"learning_rate": _SCHEDULE, "batch_size": _COUNT, "gamma": _NUMBER},
}
_PPO: _Keys = {
    **_COMMON,
    **{"n_steps": _COUNT, "n_epochs": _COUNT, "gae_lambda": _NUMBER, "clip_range": _SCHEDULE, "ent_coef": _NUMBER},
    **{"vf_coef": _NUMBER, "max_grad_norm": _NUMBER, "normalize_advantage": _FLAG, "target_kl": _NUMBER},
    "policy_kwargs": {**_NETWORK, "log_std_init": _NUMBER, "ortho_init": _FLAG},
}
_STRATEGIES = ("future", "final", "episode")
_SAC: _Keys = {
    **_COMMON,
    **{"buffer_size": _COUNT, "learning_starts": _STEPS, "tau": _NUMBER, "train_freq": _COUNT},
    **{"gradient_steps": _STEPS, "target_update_interval": _COUNT},
    "ent_coef": _Kind("a number, auto or auto_NUMBER", _is_entropy),
    "target_entropy": _Kind("a number or auto", lambda value: _is_number(value) or value == "auto"),
    "policy_kwargs": {**_NETWORK, "n_critics": _COUNT},
    "replay_buffer_kwargs": {
        "n_sampled_goal": _COUNT,
        "goal_selection_strategy": _Kind(f"one of {', '.join(_STRATEGIES)}", lambda value: value in _STRATEGIES),
    },
}
_TQC: _Keys = {
    **_SAC,
    "top_quantiles_to_drop_per_net": _STEPS,
    "policy_kwargs": {**_NETWORK, "n_critics": _COUNT, "n_quantiles": _COUNT},
}
_VALID = {"ppo": _PPO, "sac": _SAC, "tqc": _TQC}


def read_hyperparameters(algorithm: str, env_id: str, file: Path | None = None) -> dict[str, Any]:
    """Hyperparameters of an algorithm in an environment.

    Later ones take precedence: ``default`` of the package, the package's for the environment, ``default`` of the file,
    the file's for the environment.

    Args:
        algorithm: One of :data:`ALGORITHMS`.
        env_id: Id of the environment, without a module.
        file: File of the user's own; a mapping from environment ids to hyperparameters, like the packaged ones.

    Raises:
        ConfigurationError: If the algorithm or a key is unknown, or a value is not what its key takes.
        MissingFileError: If the file does not exist.
    """
    require_choice("algo", algorithm, ALGORITHMS)
    packaged = yaml.safe_load(files(__package__).joinpath(f"hyperparameters/{algorithm}.yml").read_text())
    own = {} if file is None else _read(file)
    for name, entry in own.items():
        _check(f"{file}: {name}", entry, _VALID[algorithm])
    found: dict[str, Any] = {}
    for entries in (packaged, own):
        for name in (_DEFAULT, env_id):
            found = _merged(found, entries.get(name, {}))
    return found


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise MissingFileError(f"no hyperparameter file {file}")
    try:
        content = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is not YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{file} must hold a mapping from environment ids to hyperparameters")
    return _numbers(content)


def _check(where: str, entry: Any, valid: _Keys) -> None:
    if not isinstance(entry, dict):
        raise ConfigurationError(f"{where} must be a mapping of {', '.join(valid)}, not {entry!r}")
    unknown = [str(key) for key in entry if key not in valid]
    if unknown:
        raise ConfigurationError(f"{where}: unknown key {', '.join(unknown)}; valid keys: {', '.join(valid)}")
    for key, value in entry.items():
        kind = valid[key]
        if not isinstance(kind, _Kind):
            _check(f"{where}: {key}", value, kind)
        elif not kind.fits(value):
            raise ConfigurationError(f"{where}: {key} must be {kind.text}, not {value!r}")


def _merged(one: dict[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of both; mappings are merged, of other values those of the second are taken."""
    found = dict(one)
    for key, value in other.items():
        inner = isinstance(value, dict) and isinstance(found.get(key), dict) and key != "net_arch"
        found[key] = _merged(found[key], value) if inner else value
    return found


def _numbers(value: Any) -> Any:
    """A value of a YAML file in which ``1e-4`` and ``2e6``, for YAML texts, are numbers."""
    if isinstance(value, dict):
        return {str(key): _numbers(entry) for key, entry in value.items()}
    return [_numbers(entry) for entry in value] if isinstance(value, list) else _read_number(value)


def _read_number(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        number = float(value)
    except ValueError:
        return value
    return int(number) if number.is_integer() else number
