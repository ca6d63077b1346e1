"""The GPU path needs its extra: without it nothing here is collected."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("warp") and find_spec("mujoco_warp") else ["test_*.py"]
