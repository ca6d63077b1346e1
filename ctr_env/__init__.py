"""Visual servoing with a learned camera-to-robot pose, as Gymnasium environments.

Importing the package registers its environments: ``gymnasium.make("ctr_env/PandaServo-v0")`` and its siblings. The
public names of the sub-packages are available here as well; they are imported on first use, so that ``import ctr_env``
loads neither MuJoCo nor PyTorch.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._graphics import choose_backend
from ._registration import register_environments

if TYPE_CHECKING:
    from .calibration.calibrate import calibrate
    from .calibration.result import Calibration
    from .controllers import Controller, ServoCommand, ServoGoal, ServoState, make_controller, register_controller
    from .datasets.camera_file import read_camera_file
    from .datasets.frame import Frame
    from .datasets.image_file import read_image
    from .datasets.image_size import camera_of_size
    from .datasets.recording import Recording, load_recording
    from .datasets.undistortion import undistorted_frame
    from .envs import GraspEnv, PushEnv, PushGoalEnv, ReachEnv, ReachGoalEnv, ServoConfig, ServoEnv
    from .envs.wrappers import AddObservationNoise, HoldEstimate
    from .errors import (
        CalibrationError,
        ConfigurationError,
        CtrEnvError,
        DataError,
        DataWarning,
        MissingDependencyError,
        MissingFileError,
        RenderError,
        RunFolderError,
        SamplingError,
        StorageError,
        TrainingError,
        UsageError,
        WorkerError,
    )
    from .estimators import GroundTruth, PoseEstimate, PoseEstimator, make_estimator, register_estimator
    from .estimators.pnp import PnPSolution, solve_pnp
    from .evaluation.servo.metrics import episode_metrics
    from .evaluation.servo.trace import run_episode
    from .geometry import PinholeCamera, look_at, pose_error
    from .scenes.rendering.registry import make_renderer
    from .scenes.robots.catalogue import get_robot
    from .scenes.robots.description import RobotDescription
    from .scenes.robots.kinematics import RobotKinematics
    from .scenes.world.config import SceneConfig
    from .scenes.world.scene import Scene

__all__ = [
    "AddObservationNoise",
    "Calibration",
    "CalibrationError",
    "ConfigurationError",
    "Controller",
    "CtrEnvError",
    "DataError",
    "DataWarning",
    "Frame",
    "GraspEnv",
    "GroundTruth",
    "HoldEstimate",
    "MissingDependencyError",
    "MissingFileError",
    "PinholeCamera",
    "PnPSolution",
    "PoseEstimate",
    "PoseEstimator",
    "PushEnv",
    "PushGoalEnv",
    "ReachEnv",
    "ReachGoalEnv",
    "Recording",
    "RenderError",
    "RobotDescription",
    "RobotKinematics",
    "RunFolderError",
    "SamplingError",
    "Scene",
    "SceneConfig",
    "ServoCommand",
    "ServoConfig",
    "ServoEnv",
    "ServoGoal",
    "ServoState",
    "StorageError",
    "TrainingError",
    "UsageError",
    "WorkerError",
    "__version__",
    "calibrate",
    "camera_of_size",
    "episode_metrics",
    "get_robot",
    "load_recording",
    "look_at",
    "make_controller",
    "make_estimator",
    "make_renderer",
    "pose_error",
    "read_camera_file",
    "read_image",
    "register_controller",
    "register_estimator",
    "run_episode",
    "solve_pnp",
    "undistorted_frame",
]

__version__ = "0.1.0"

_MODULES = {
    "calibration.calibrate": ("calibrate",),
    "calibration.result": ("Calibration",),
    "controllers": (
        *("Controller", "ServoCommand", "ServoGoal", "ServoState"),
        *("make_controller", "register_controller"),
    ),
    "datasets.camera_file": ("read_camera_file",),
    "datasets.frame": ("Frame",),
    "datasets.image_file": ("read_image",),
    "datasets.image_size": ("camera_of_size",),
    "datasets.recording": ("Recording", "load_recording"),
    "datasets.undistortion": ("undistorted_frame",),
    "envs": ("GraspEnv", "PushEnv", "PushGoalEnv", "ReachEnv", "ReachGoalEnv", "ServoConfig", "ServoEnv"),
    "envs.wrappers": ("AddObservationNoise", "HoldEstimate"),
    "estimators": ("GroundTruth", "PoseEstimate", "PoseEstimator", "make_estimator", "register_estimator"),
    "estimators.pnp": ("PnPSolution", "solve_pnp"),
    "evaluation.servo.metrics": ("episode_metrics",),
    "evaluation.servo.trace": ("run_episode",),
    "geometry": ("PinholeCamera", "look_at", "pose_error"),
    "scenes.rendering.registry": ("make_renderer",),
    "scenes.robots.catalogue": ("get_robot",),
    "scenes.robots.description": ("RobotDescription",),
    "scenes.robots.kinematics": ("RobotKinematics",),
    "scenes.world.config": ("SceneConfig",),
    "scenes.world.scene": ("Scene",),
}  # where the public names are defined; those that are not listed are exceptions
_DEFINED_IN = {name: module for module, names in _MODULES.items() for name in names}

# In a source checkout the sub-packages scenes, estimators and controllers lie beside this folder, not in it.
_checkout = Path(__file__).resolve().parent.parent
if not (Path(__file__).parent / "scenes").is_dir() and (_checkout / "scenes" / "__init__.py").is_file():
    __path__.append(str(_checkout))

choose_backend()
register_environments()


def __getattr__(name: str) -> Any:
    """A public name, imported on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_DEFINED_IN.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, for completion."""
    return sorted({*globals(), *__all__})
