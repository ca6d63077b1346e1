"""Estimators by name: what each needs, and how it is made from its configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Any

from ctr_env.errors import ConfigurationError
from ctr_env.runs.configuration import config_from_mapping
from ctr_env.runs.importing import import_factory, names_factory
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .base import PoseEstimator
from .ground_truth import GroundTruthEstimator
from .noisy import NoisyConfig, NoisyEstimator

__all__ = [
    "EstimatorEntry",
    "Factory",
    "config_under",
    "estimator_entries",
    "estimator_names",
    "make_estimator",
    "register_estimator",
]

Factory = Callable[[RobotKinematics, Any], PoseEstimator]
"""Makes an estimator from the robot's kinematics and its configuration: a mapping of fields, or the config object."""


@dataclass(frozen=True, kw_only=True)
class EstimatorEntry:
    """A registered estimator: how it is made, its configuration, and its needs before there is an object to ask.

    The needs are the attributes of :class:`~ctr_env.estimators.PoseEstimator` of the same names. An estimator that
    wraps another one has those of its source as well; its own are all ``False`` but for the image.
    """

    factory: Factory
    """Makes the estimator."""
    config: type[Any] | str | None = None
    """Config dataclass, or ``"module:class"`` where importing it imports OpenCV or torch (see :attr:`config_type`);
    ``None``: no configuration that is known here."""
    needs_image: bool = True
    """Whether :attr:`Frame.image` must be filled."""
    needs_board: bool = False
    """Whether the scene should put a calibration board in the gripper."""
    needs_truth: bool = False
    """Whether :meth:`PoseEstimator.observe_truth` must be called before each estimate."""
    sees_gripper: bool = False
    """Whether estimates contain :attr:`PoseEstimate.camera_T_ee`."""
    wraps: bool = False
    """Whether the configuration names a source estimator (fields ``source`` and ``source_config``)."""
    models_randomization: bool = False
    """Whether errors depend on a preset that the configuration names (field ``randomization``), by default that of the
    environment."""

    @property
    def config_type(self) -> type[Any] | None:
        """The config dataclass, imported on first use."""
        if not isinstance(self.config, str):
            return self.config
        module, _, name = self.config.partition(":")
        found: type[Any] = getattr(import_module(module), name)
        return found


def _ground_truth(kinematics: RobotKinematics, config: Any) -> PoseEstimator:
    if config:
        raise ConfigurationError(f"the ground_truth estimator has no configuration, not {config!r}")
    return GroundTruthEstimator()


def _noisy(kinematics: RobotKinematics, config: Any) -> PoseEstimator:
    return NoisyEstimator(config)


def _charuco(kinematics: RobotKinematics, config: Any) -> PoseEstimator:
    from .charuco import CharucoEstimator  # imports OpenCV

    return CharucoEstimator(kinematics, config)


def _ctrnet(kinematics: RobotKinematics, config: Any) -> PoseEstimator:
    from .ctrnet.estimator import make_ctrnet  # imports torch

    return make_ctrnet(kinematics, config)


def _ctrnet_model(kinematics: RobotKinematics, config: Any) -> PoseEstimator:
    from .error_model.estimator import make_ctrnet_model

    return make_ctrnet_model(kinematics, config)


def _render_and_compare(kinematics: RobotKinematics, config: Any) -> PoseEstimator:
    from .mirrored import MirroredEstimator
    from .render_and_compare import RenderAndCompareConfig, RenderAndCompareEstimator  # imports torch

    settings = config_from_mapping(RenderAndCompareConfig, config)
    mirror = settings.mirror(kinematics.robot)
    seen = kinematics if mirror is None else RobotKinematics(mirror.robot)
    source = make_estimator(settings.source, settings.complete_source_config, seen)
    estimator = RenderAndCompareEstimator(seen, source, settings)
    return estimator if mirror is None else MirroredEstimator(estimator, mirror)


def _sliding_window(kinematics: RobotKinematics, config: Any) -> PoseEstimator:
    from .fusion.sliding_window import SlidingWindowConfig, SlidingWindowEstimator

    settings = config_from_mapping(SlidingWindowConfig, config)
    source = make_estimator(settings.source, settings.source_config, kinematics)
    return SlidingWindowEstimator(kinematics, source, settings)


def _pose_filter(kinematics: RobotKinematics, config: Any) -> PoseEstimator:
    from .fusion.pose_filter import PoseFilterConfig, PoseFilterEstimator  # imports scipy.stats, which takes a second

    settings = config_from_mapping(PoseFilterConfig, config)
    return PoseFilterEstimator(make_estimator(settings.source, settings.source_config, kinematics), settings)


def _perturbed(kinematics: RobotKinematics, config: Any) -> PoseEstimator:
    from .perturbed import PerturbedConfig, PerturbedEstimator  # imports OpenCV

    settings = config_from_mapping(PerturbedConfig, config)
    source = make_estimator(settings.source, settings.source_config, kinematics)
    return PerturbedEstimator(kinematics, source, settings)


_PACKAGE = __name__.rpartition(".")[0]
_ENTRIES: dict[str, EstimatorEntry] = {
    "ground_truth": EstimatorEntry(factory=_ground_truth, needs_image=False, needs_truth=True, sees_gripper=True),
    "noisy": EstimatorEntry(factory=_noisy, config=NoisyConfig, needs_image=False, needs_truth=True, sees_gripper=True),
    "charuco": EstimatorEntry(
        factory=_charuco, config=f"{_PACKAGE}.charuco:CharucoConfig", needs_board=True, sees_gripper=True
    ),
    "ctrnet": EstimatorEntry(factory=_ctrnet, config=f"{_PACKAGE}.ctrnet.estimator:CtRNetConfig", sees_gripper=True),
    "ctrnet_model": EstimatorEntry(
        factory=_ctrnet_model,
        config=f"{_PACKAGE}.error_model.estimator:CtRNetModelConfig",
        needs_image=False,
        needs_truth=True,
        sees_gripper=True,
        models_randomization=True,
    ),
    "render_and_compare": EstimatorEntry(
        factory=_render_and_compare, config=f"{_PACKAGE}.render_and_compare:RenderAndCompareConfig", wraps=True
    ),
    "sliding_window": EstimatorEntry(
        factory=_sliding_window,
        config=f"{_PACKAGE}.fusion.sliding_window:SlidingWindowConfig",
        needs_image=False,
        wraps=True,
    ),
    "pose_filter": EstimatorEntry(
        factory=_pose_filter, config=f"{_PACKAGE}.fusion.pose_filter:PoseFilterConfig", needs_image=False, wraps=True
    ),
    "perturbed": EstimatorEntry(
        factory=_perturbed, config=f"{_PACKAGE}.perturbed:PerturbedConfig", needs_image=False, wraps=True
    ),
}


def estimator_names() -> tuple[str, ...]:
    """Names that :func:`make_estimator` accepts, in alphabetical order."""
    return tuple(sorted(_ENTRIES))


def estimator_entries() -> Mapping[str, EstimatorEntry]:
    """The registered estimators by name, in alphabetical order."""
    return MappingProxyType({name: _ENTRIES[name] for name in estimator_names()})


def register_estimator(
    name: str,
    factory: Factory,
    *,
    config: type[Any] | str | None = None,
    needs_image: bool = True,
    needs_board: bool = False,
    needs_truth: bool = False,
    sees_gripper: bool = False,
    wraps: bool = False,
) -> None:
    """Make an estimator available by name.

    Args:
        name: Name for ``estimator="..."``.
        factory: Called with the robot's kinematics and the user's configuration (an empty mapping if there is none).
        config: Config dataclass, which makes its fields options of the command line.
        needs_image: See :class:`EstimatorEntry`, as of the following ones.
        needs_board: Whether the scene should put a calibration board in the gripper.
        needs_truth: Whether the true poses must be given.
        sees_gripper: Whether estimates contain ``camera_T_ee``.
        wraps: Whether the configuration names a source estimator.

    Raises:
        ConfigurationError: If the name is taken.
    """
    if name in _ENTRIES:
        raise ConfigurationError(f"an estimator named {name!r} exists already; names: {', '.join(estimator_names())}")
    _ENTRIES[name] = EstimatorEntry(
        factory=factory,
        config=config,
        needs_image=needs_image,
        needs_board=needs_board,
        needs_truth=needs_truth,
        sees_gripper=sees_gripper,
        wraps=wraps,
    )


def make_estimator(estimator: str | PoseEstimator, config: Any, kinematics: RobotKinematics) -> PoseEstimator:
    """An estimator by name and configuration; an object is returned as it is.

    Args:
        estimator: A registered name, ``"module:factory"`` of a :data:`Factory` in a module of your own, or an
            estimator.
        config: Its configuration: a mapping of fields, an object of its config class, or ``None`` for the defaults.
        kinematics: The robot in the frames.

    Raises:
        ConfigurationError: If the name or a configuration field is unknown, a factory makes no estimator, or an object
            comes with a configuration.
    """
    if isinstance(estimator, PoseEstimator):
        if config:
            raise ConfigurationError(
                "estimator_config configures an estimator given by name; an object is configured already"
            )
        return estimator
    if names_factory(estimator):
        return _own(estimator, import_factory(estimator)(kinematics, {} if config is None else config))
    if estimator not in _ENTRIES:
        raise ConfigurationError(f"unknown estimator {estimator!r}; valid names: {', '.join(estimator_names())}")
    return _ENTRIES[estimator].factory(kinematics, {} if config is None else config)


def config_under(preset: str, estimator: str | PoseEstimator, config: Any) -> Any:
    """An estimator's configuration in an environment that randomises by a preset.

    Where the estimator, or one that it wraps, models the errors under a preset and its configuration names none, this
    one is filled in; any other configuration is returned as it is.

    Args:
        preset: Name of the environment's preset.
        estimator: As :func:`make_estimator`.
        config: As :func:`make_estimator`.
    """
    entry = _ENTRIES.get(estimator) if isinstance(estimator, str) else None
    given = {} if config is None else config
    if entry is None or not isinstance(given, Mapping):
        return config
    if entry.models_randomization and given.get("randomization") is None:
        return {**given, "randomization": preset}
    if entry.wraps and "source" in given:
        return {**given, "source_config": config_under(preset, given["source"], given.get("source_config", {}))}
    return config


def _own(name: str, made: object) -> PoseEstimator:
    if not isinstance(made, PoseEstimator):
        raise ConfigurationError(f"{name!r} must make a PoseEstimator, not {type(made).__name__}")
    return made
