"""The environments of the GPU path need its extra: without it their tests are not collected."""

from __future__ import annotations

from importlib.util import find_spec

_NEED_IT = ["test_parity.py", "test_servo_env.py"]
collect_ignore_glob = [] if find_spec("warp") and find_spec("mujoco_warp") else _NEED_IT
