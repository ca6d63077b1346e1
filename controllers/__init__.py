"""Visual servoing: pose errors in, joint velocities within limits out."""

from .base import Controller, ServoCommand, ServoGoal, ServoState
from .config import PBVSConfig
from .differential_ik import DifferentialIK
from .endpoint import EndpointCorrection
from .features import CartesianFeature, ImageFeature, PoseFeature, make_feature
from .gains import AdaptiveGain
from .joint_limits import JointLimiter
from .law import ServoContext, ServoLaw
from .motion import MotionRequest, NoMotionError
from .pbvs import PBVSLaw
from .pbvs_controller import PBVSController
from .registry import ControllerEntry, controller_entries, controller_names, make_controller, register_controller
from .saturation import saturate_twist
from .servo_config import ServoControllerConfig
from .servo_controller import ServoController

__all__ = [
    "AdaptiveGain",
    "CartesianFeature",
    "Controller",
    "ControllerEntry",
    "DifferentialIK",
    "EndpointCorrection",
    "ImageFeature",
    "JointLimiter",
    "MotionRequest",
    "NoMotionError",
    "PBVSConfig",
    "PBVSController",
    "PBVSLaw",
    "PoseFeature",
    "ServoCommand",
    "ServoContext",
    "ServoController",
    "ServoControllerConfig",
    "ServoGoal",
    "ServoLaw",
    "ServoState",
    "controller_entries",
    "controller_names",
    "make_controller",
    "make_feature",
    "register_controller",
    "saturate_twist",
]
