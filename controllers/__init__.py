"""Visual servoing: pose errors in, joint velocities within limits out."""

from .base import Controller, ServoCommand, ServoGoal, ServoState
from .config import PBVSConfig
from .differential_ik import DifferentialIK
from .endpoint import EndpointCorrection
from .features import CartesianFeature, ImageFeature, PoseFeature, make_feature
from .gains import AdaptiveGain
from .joint_limits import JointLimiter
from .pbvs import PBVSLaw
from .pbvs_controller import PBVSController
from .registry import ControllerEntry, controller_entries, controller_names, make_controller, register_controller
from .saturation import saturate_twist

__all__ = [
    "AdaptiveGain",
    "CartesianFeature",
    "Controller",
    "ControllerEntry",
    "DifferentialIK",
    "EndpointCorrection",
    "ImageFeature",
    "JointLimiter",
    "PBVSConfig",
    "PBVSController",
    "PBVSLaw",
    "PoseFeature",
    "ServoCommand",
    "ServoGoal",
    "ServoState",
    "controller_entries",
    "controller_names",
    "make_controller",
    "make_feature",
    "register_controller",
    "saturate_twist",
]
