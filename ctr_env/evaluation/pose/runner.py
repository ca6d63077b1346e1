"""Evaluating an estimator on single frames: progress, resuming, results on disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ctr_env.errors import DataError
from ctr_env.estimators import make_estimator
from ctr_env.runs.files import write_image, write_json
from ctr_env.runs.folder import RunFolder
from ctr_env.runs.versions import versions
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .evaluator import FrameEvaluator
from .plots import plot_poses
from .record_file import RecordFile
from .sheet import pose_sheet, sheet_rows
from .sources import FrameSource, UnusableFrameError
from .study import PoseStudy
from .summary import pose_summary

__all__ = ["SCHEMA", "run_pose_study"]

SCHEMA = "ctr_env/evaluate@1"
_RECORDS = 2  # version of the records that an evaluation can resume from

OnFrame = Callable[[int, int, dict[str, Any] | None], None]


def run_pose_study(study: PoseStudy, out: Path, command: str = "", on_frame: OnFrame | None = None) -> dict[str, Any]:
    """Evaluate an estimator, or resume an interrupted evaluation.

    Frames are independent of each other (see :class:`.FrameEvaluator`). The record of each is appended to
    ``frames.jsonl`` at once; a run with the same ``out`` estimates only the missing frames. At the end
    ``evaluate.json``, ``evaluate.png`` and ``sheet.png`` are written.

    Latency is the wall time of :meth:`~ctr_env.estimators.PoseEstimator.estimate` alone.

    Args:
        study: Estimator and data.
        out: Folder of the results; made if missing.
        command: Command line to record.
        on_frame: Called after every frame with the number of frames done, their total, and the frame's record
            (``None`` for a rejected one).

    Returns:
        The content of ``evaluate.json`` (schema ``ctr_env/evaluate@1``; see :func:`.pose_summary` and
        :func:`.frame_record`).

    Raises:
        RunFolderError: If the folder holds an evaluation with other settings.
        DataError: If no frame can be used.
    """
    kinematics = RobotKinematics(study.robot)
    estimator = make_estimator(study.estimator, study.estimator_config or None, kinematics)
    used = versions("torch")
    source = study.source(kinematics, estimator.needs_board)
    try:
        RunFolder(out, "evaluate", study.config | {"versions": used, "records": _RECORDS})
        evaluator = FrameEvaluator(estimator, kinematics, study.seed)
        records, rejected = _evaluate(source, evaluator, RecordFile(out / "frames.jsonl"), on_frame)
        if not records:
            first = rejected[0]
            raise DataError(f"no frame of {study.data} can be used; the first: {first['file']}: {first['reason']}")
        result = {
            "schema": SCHEMA,
            "command": command,
            "config": json.loads(json.dumps(study.config | {"frames": len(source)})),
            "versions": used,
            "uncertainty": estimator.uncertainty_source,
            "conventions": source.conventions,
            "frames": len(records),
            "skipped": rejected,
            "summary": pose_summary(list(records.values())),
            "per_frame": list(records.values()),
        }
        write_json(out / "evaluate.json", result)
        plot_poses(result["per_frame"], out / "evaluate.png", _title(result))
        _write_sheet(out / "sheet.png", records, source, evaluator, kinematics)
    finally:
        source.close()
    return result


def _evaluate(
    source: FrameSource, evaluator: FrameEvaluator, file: RecordFile, on_frame: OnFrame | None
) -> tuple[dict[int, dict[str, Any]], list[dict[str, str]]]:
    """Records by index, of which the missing ones are made, and file and reason of every rejected frame."""
    records, rejected = {}, []
    for index in range(len(source)):
        key = source.key(index)
        record = file.get(key)
        try:
            if record is None:
                record = evaluator.record(source.read(index))
                file.add(key, record)
            records[index] = record
        except UnusableFrameError as error:
            rejected.append({"file": error.file, "reason": error.reason})
        if on_frame is not None:
            on_frame(index + 1, len(source), record)
    return records, rejected


def _write_sheet(
    path: Path,
    records: Mapping[int, Mapping[str, Any]],
    source: FrameSource,
    evaluator: FrameEvaluator,
    kinematics: RobotKinematics,
) -> None:
    """Write the best, median, worst and invalid frames."""
    rows = {}
    for title, indices in sheet_rows(records).items():
        frames = [source.read(index) for index in indices]
        rows[title] = [
            (frame, evaluator.estimate(frame)[0], records[i]) for i, frame in zip(indices, frames, strict=True)
        ]
    write_image(path, pose_sheet(rows, kinematics))


def _title(result: Mapping[str, Any]) -> str:
    config = result["config"]
    return f"{config['robot']}, {config['data']}, estimator {config['estimator']}: {result['frames']} frames"
