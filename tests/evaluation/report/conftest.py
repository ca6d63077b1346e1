"""Studies in the layout of ``ctr-env study``, of episodes whose errors decay at known rates."""

import hashlib
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ctr_env.evaluation.servo.metrics import episode_metrics
from ctr_env.evaluation.servo.trace import Trace

FRAMES, RATE = 121, 30.0
WIDTH, HEIGHT = 320, 240


def decaying_trace(seed, rate=2.0, floor_m=0.001, valid=True):
    """An episode whose errors decay exponentially at a rate (1/s) to a floor (m, and as many rad)."""
    rng = np.random.default_rng(seed)
    time = np.arange(FRAMES) / RATE
    start = rng.uniform(0.1, 0.3)
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    error = floor_m + start * np.exp(-rate * time)
    goal = np.tile([0.1, 0.0, 1.0], (FRAMES, 1))
    gripper = goal + error[:, None] * direction
    estimate = np.full(FRAMES, 0.004)

    def pixels(points):
        return 280 * points[:, :2] / points[:, 2:] + np.array([WIDTH, HEIGHT]) / 2

    series = {
        "time_s": time,
        "true_position_error_m": error,
        "true_rotation_error_rad": error,
        "apparent_position_error_m": error + 0.002,
        "apparent_rotation_error_rad": error + 0.002,
        "estimate_position_error_m": estimate,
        "estimate_rotation_error_rad": estimate,
        "estimate_known": np.ones(FRAMES, bool),
        "estimate_valid": np.full(FRAMES, valid),
        "estimate_reason": np.full(FRAMES, "" if valid else "board_not_in_view"),
        "controller_mode": np.full(FRAMES, "servo"),
        "controller_reason": np.full(FRAMES, ""),
        "arm_in_view": np.ones(FRAMES),
        "at_joint_limit": np.zeros(FRAMES, bool),
        "is_success": error < 0.005,
        "gripper_camera_m": gripper,
        "goal_camera_m": goal,
        "gripper_px": pixels(gripper),
        "goal_px": pixels(goal),
        "gripper_view": 2 * pixels(gripper) / np.array([WIDTH, HEIGHT]) - 1,
        "gripper_base_m": gripper,
    }
    return Trace(seed, series)


def write_study(folder, cells, seeds=range(6), crashed=(), name="rates"):
    """Write a study's folder.

    Args:
        folder: Where to.
        cells: For each cell its system, scenario, parameters, rate (1/s) and floor (m).
        seeds: Seeds of every cell.
        crashed: Pairs of system and seed that crashed.
        name: Name of the study.
    """
    rows = []
    for system, scenario, parameters, rate, floor_m in cells:
        cell = hashlib.sha256(json.dumps([system, scenario, parameters]).encode()).hexdigest()[:8]
        for seed in seeds:
            row = {"study": name, "cell": cell, "system": system, "scenario": scenario, "seed": seed}
            row |= {f"param.{key}": value for key, value in parameters.items()}
            row["version.ctr-env"] = "0.1.0"
            if (system, seed) in crashed:
                rows.append(row | {"status": "crashed", "error": "RenderError: no image"})
                continue
            trace = decaying_trace(seed, rate, floor_m)
            trace.save(folder / "traces" / cell / f"{seed}.npz")
            rows.append(row | {"status": "done", "error": None} | episode_metrics(trace))
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = pa.Table.from_pylist([{name: row.get(name) for name in columns} for row in rows])
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / "study.parquet")
    (folder / "study.yaml").write_text(f"study: {name}\nseeds: {{first: 0, count: {len(seeds)}}}\n")
    return folder


@pytest.fixture(scope="session")
def study_writer():
    return write_study


@pytest.fixture(scope="session")
def trace_of():
    return decaying_trace


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory):
    """Two systems in two scenarios at three levels of a delay; "slow" fails at the largest and crashes once."""
    cells = []
    for system, rate, floor_m in (("fast", 4.0, 0.001), ("slow", 2.0, 0.002)):
        for scenario in ("static", "moving"):
            for delay in (0.0, 0.1, 0.2):
                limit = 0.02 if (system, delay) == ("slow", 0.2) else floor_m
                parameters = {"robot": "panda", "controller": system, "perturbation.delay_s": delay}
                cells.append((system, scenario, parameters, rate, limit))
    return write_study(tmp_path_factory.mktemp("study") / "rates", cells, crashed=[("slow", 3)])
