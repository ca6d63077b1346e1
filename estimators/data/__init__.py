"""Labelled pictures: drawing them in the simulator, their files, and backgrounds for them."""

from .backgrounds import Backgrounds
from .labelled import LabelledFrame
from .ndds_read import FrameFolder
from .sampler import FrameSampler
from .seeds import SPLITS, frame_seed

__all__ = ["SPLITS", "Backgrounds", "FrameFolder", "FrameSampler", "LabelledFrame", "frame_seed"]
