"""Closed-loop evaluation: episodes in, tables, plots, videos and JSON out."""

from .metrics import episode_metrics
from .runner import ServoStudy, run_servo_study
from .summary import summarise
from .trace import Trace, run_episode

__all__ = ["ServoStudy", "Trace", "episode_metrics", "run_episode", "run_servo_study", "summarise"]
