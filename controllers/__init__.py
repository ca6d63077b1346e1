"""Visual servoing: pose errors in, joint velocities within limits out."""

from .base import Controller, ServoCommand, ServoGoal, ServoState
from .config import PBVSConfig
from .differential_ik import DifferentialIK
from .endpoint import EndpointCorrection
from .features import CartesianFeature, ImageFeature, PoseFeature, make_feature
from .gains import AdaptiveGain
from .hybrid import HybridConfig, HybridController, HybridLaw
from .ibvs import IBVSConfig, IBVSController, ImagePointLaw
from .joint_limits import JointLimiter
from .law import ServoContext, ServoLaw
from .motion import MotionRequest, NoMotionError
from .open_loop import OpenLoopConfig, OpenLoopController
from .pbvs import PoseLaw
from .pbvs_controller import PBVSController
from .registry import ControllerEntry, controller_entries, controller_names, make_controller, register_controller
from .saturation import saturate_twist
from .servo_config import ServoControllerConfig
from .servo_controller import ServoController
from .switched import SwitchedConfig, SwitchedController, SwitchedLaw

__all__ = [
    "AdaptiveGain",
    "CartesianFeature",
    "Controller",
    "ControllerEntry",
    "DifferentialIK",
    "EndpointCorrection",
    "HybridConfig",
    "HybridController",
    "HybridLaw",
    "IBVSConfig",
    "IBVSController",
    "ImageFeature",
    "ImagePointLaw",
    "JointLimiter",
    "MotionRequest",
    "NoMotionError",
    "OpenLoopConfig",
    "OpenLoopController",
    "PBVSConfig",
    "PBVSController",
    "PoseFeature",
    "PoseLaw",
    "ServoCommand",
    "ServoContext",
    "ServoController",
    "ServoControllerConfig",
    "ServoGoal",
    "ServoLaw",
    "ServoState",
    "SwitchedConfig",
    "SwitchedController",
    "SwitchedLaw",
    "controller_entries",
    "controller_names",
    "make_controller",
    "make_feature",
    "register_controller",
    "saturate_twist",
]
