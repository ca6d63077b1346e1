"""Summary of many frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from scipy.stats import spearmanr

from ctr_env.evaluation.servo.summary import statistics

from .metrics import (
    MIN_IN_FRAME,
    NEES_DOF,
    accuracy,
    add_auc_baxter,
    add_auc_ctrnet,
    add_auc_dream,
    nees_within,
    pck_auc_ctrnet,
    pck_auc_dream,
)

__all__ = ["METRICS", "keypoint_errors", "pose_summary", "pose_table", "series"]

_PCK_PX = (2.5, 5, 10, 50)
_PCK_MM = (10, 20, 50, 100)
_FAR_OFF_M = 0.1
_LEVELS = (50, 90, 95)  # percent
_PUBLISHED = {
    "ctrnet": {
        "ADD AUC 100 mm (CtRNet)": "add_auc_ctrnet",
        "ADD AUC 400 mm (CtRNet, Baxter)": "add_auc_400mm",
        "PCK AUC 200 px (CtRNet)": "pck2d_auc_200px",
    },
    "dream": {"ADD AUC 100 mm (DREAM)": "add_auc_dream", "PCK AUC 20 px (DREAM)": "pck2d_auc_20px"},
}
METRICS = ("all", *_PUBLISHED)
"""Conventions of the areas under curves that a table can show."""


def series(records: Sequence[Mapping[str, Any]], name: str) -> NDArray[np.float64]:
    """``(n,)`` values of a metric; infinite for frames in which it is ``None``, which makes them misses."""
    return np.array([np.inf if record[name] is None else record[name] for record in records], dtype=float)


def keypoint_errors(records: Sequence[Mapping[str, Any]], name: str, in_frame: bool) -> NDArray[np.float64]:
    """``(n,)`` errors of the keypoints of all frames; infinite for those of invalid estimates.

    Args:
        records: Frames.
        name: ``"keypoint_errors_px"`` or ``"keypoint_errors_m"``.
        in_frame: Only keypoints whose true position lies in the image.
    """
    errors = []
    for record in records:
        inside = np.array(record["keypoints_in_frame"])
        known = record[name] or [None] * len(inside)
        values = np.array([np.inf if value is None else value for value in known], dtype=float)
        errors.append(values[inside] if in_frame else values)
    return np.concatenate(errors)


def pose_summary(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Summary of frames, as the ``evaluate`` result file has it.

    Frames without a valid estimate are misses in every area, in PCK and in ``add_median_m`` (``None`` if they are half
    of the frames or more), so that rejecting frames improves none of these. A mean over infinite errors does not exist:
    ``add_mean_m`` and the statistics of translation and rotation are over valid estimates only, as in DREAM, and must
    be read together with ``valid_share``. Areas lie in [0, 100], shares in [0, 1].

    - ``add_auc_dream``, ``add_auc_ctrnet``, ``add_auc_400mm`` (CtRNet's for its Baxter set): see
      :mod:`.metrics`; ``dream_frames`` is the number of frames that count in the first.
    - ``far_off_share``: share of the *valid* estimates whose ADD is 100 mm or more: wrong poses that were not rejected.
    - ``pck2d``, ``pck2d_auc_20px`` (DREAM's), ``pck2d_auc_200px`` (CtRNet's): projected keypoints whose true position
      lies in the image, in pixels of the original images (``picture_sizes``); ``pck3d``: all keypoints of all
      frames, thresholds in mm.
    - ``mask_iou``: mean over the ``mask_frames`` frames with a true and a predicted mask.
    - ``nees``: of valid estimates with a positive definite covariance. A calibrated covariance gives a mean of 6 and
      shares of 0.5, 0.9 and 0.95 inside the 50, 90 and 95 % confidence regions (``share_within``).
    - ``rank_correlation``: Spearman's, of expected and actual translation errors of the base: whether the covariance
    ranks
      the poses by accuracy. ``None`` if all expected or all actual errors are equal.

    Args:
        records: Frames; at least one.
    """
    add = series(records, "add_m")
    in_frame = np.array([sum(record["keypoints_in_frame"]) for record in records])
    valid = np.array([record["valid"] for record in records])
    pixels = keypoint_errors(records, "keypoint_errors_px", in_frame=True)
    points = keypoint_errors(records, "keypoint_errors_m", in_frame=False)
    ious = [record["mask_iou"] for record in records if record["mask_iou"] is not None]
    latency = series(records, "latency_ms")
    median = float(np.median(add))
    return {
        "frames": len(records),
        "valid_share": float(valid.mean()),
        "failures": dict(Counter(record["reason"] for record in records if not record["valid"]).most_common()),
        "add_auc_dream": add_auc_dream(series(records, "add_in_frame_m"), in_frame),
        "add_auc_ctrnet": add_auc_ctrnet(add),
        "add_auc_400mm": add_auc_baxter(add),
        "dream_frames": int((in_frame >= MIN_IN_FRAME).sum()),
        "add_below_100mm": float(accuracy(add, [0.1])[0]),
        "add_mean_m": float(add[valid].mean()) if valid.any() else None,
        "add_median_m": median if np.isfinite(median) else None,
        "far_off_share": float((add[valid] >= _FAR_OFF_M).mean()) if valid.any() else None,
        "pck2d": {f"{t:g}": float(accuracy(pixels, [t])[0]) if len(pixels) else None for t in _PCK_PX},
        "pck2d_auc_20px": pck_auc_dream(pixels),
        "pck2d_auc_200px": pck_auc_ctrnet(pixels),
        "picture_sizes": sorted({"{}x{}".format(*record["picture_size"]) for record in records}),
        "pck3d": {f"{t:g}": float(accuracy(points, [t / 1e3])[0]) for t in _PCK_MM},
        "mask_iou": float(np.mean(ious)) if ious else None,
        "mask_frames": len(ious),
        "translation_error_m": statistics([record["translation_error_m"] for record in records]),
        "rotation_error_rad": statistics([record["rotation_error_rad"] for record in records]),
        "nees": _calibration(records),
        "rank_correlation": _rank_correlation(records),
        "latency_ms": {"median": float(np.median(latency)), "p95": float(np.quantile(latency, 0.95))},
    }


def pose_table(summary: Mapping[str, Any], title: str, metrics: str = "all") -> Table:
    """The summary as a table to print.

    Args:
        summary: What :func:`pose_summary` returns.
        title: Title of the table.
        metrics: One of :data:`METRICS`.
    """
    table = Table(title=title, title_justify="left", min_width=len(title))
    table.add_column("metric")
    table.add_column("value", justify="right")
    for label, value, scale, form in _rows(summary, metrics):
        if value is not None:
            table.add_row(label, form.format(scale * value))
    for reason, count in summary["failures"].items():
        table.add_row(f"invalid: {reason}", f"{count} of {summary['frames']}")
    return table


def _rows(summary: Mapping[str, Any], metrics: str) -> list[tuple[str, float | None, float, str]]:
    """Label, value, scale and format of every row."""
    degrees = float(np.degrees(1.0))
    areas = {k: v for whose, named in _PUBLISHED.items() if metrics in ("all", whose) for k, v in named.items()}
    return [
        ("frames", summary["frames"], 1, "{:.0f}"),
        ("valid", summary["valid_share"], 100, "{:.1f} %"),
        *((label, summary[name], 1, "{:.2f}") for label, name in areas.items()),
        ("ADD median, all frames", summary["add_median_m"], 1e3, "{:.2f} mm"),
        ("ADD mean, valid", summary["add_mean_m"], 1e3, "{:.2f} mm"),
        ("valid with ADD of 100 mm or more", summary["far_off_share"], 100, "{:.1f} %"),
        *((f"PCK 2D {t} px", share, 100, "{:.1f} %") for t, share in summary["pck2d"].items()),
        ("ADD below 100 mm", summary["add_below_100mm"], 100, "{:.1f} %"),
        ("mask IoU", summary["mask_iou"], 1, "{:.4f}"),
        ("translation median, valid", summary["translation_error_m"]["median"], 1e3, "{:.2f} mm"),
        ("rotation median, valid", summary["rotation_error_rad"]["median"], degrees, "{:.3f} deg"),
        ("NEES mean (expected: 6)", summary["nees"]["mean"], 1, "{:.2f}"),
        *(
            (f"NEES within {level} %", share, 100, "{:.1f} %")
            for level, share in summary["nees"]["share_within"].items()
        ),
        ("rank correlation of errors", summary["rank_correlation"], 1, "{:.2f}"),
        ("latency median", summary["latency_ms"]["median"], 1, "{:.2f} ms"),
        ("latency p95", summary["latency_ms"]["p95"], 1, "{:.2f} ms"),
    ]


def _calibration(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    squares = [record["nees"] for record in records if record["nees"] is not None]
    return {
        "mean": float(np.mean(squares)) if squares else None,
        "median": float(np.median(squares)) if squares else None,
        "expected": NEES_DOF,
        "share_within_95": _within(squares, 0.95),
        "share_within": {f"{level}": _within(squares, level / 100) for level in _LEVELS},
        "n": len(squares),
    }


def _within(squares: list[float], probability: float) -> float | None:
    return float(nees_within(squares, [probability])[0]) if squares else None


def _rank_correlation(records: Sequence[Mapping[str, Any]]) -> float | None:
    pairs = [
        (record["expected_translation_error_m"], record["translation_error_m"])
        for record in records
        if record["expected_translation_error_m"] is not None
    ]
    if any(len(set(values)) < 2 for values in zip(*pairs, strict=True)) or not pairs:
        return None
    return float(spearmanr(pairs).statistic)
