"""What a self-calibration found, in words and in plain numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .comparison import Comparison
from .mounted_board import BoardFit

__all__ = ["board_data", "board_in_words", "comparison_data", "described", "evidence_in_words", "focal_scale"]


def described(found: Comparison) -> str:
    """A sentence on what was found of a block, with standard deviations."""
    return _SENTENCES[found.name](found.values, found.std)


def evidence_in_words(found: Comparison) -> str:
    """How much more probable the images make the solution that estimates a block."""
    if found.evidence <= 0.0:
        return "without evidence"
    return f"twice the log Bayes factor {found.evidence:.0f}, BIC lower by {found.bic_gain:.0f}"


def focal_scale(comparisons: Sequence[Comparison]) -> float:
    """Factor on the focal length that explains the images best; 1 where none was tried."""
    tried = next((each for each in comparisons if each.name == "focal_length" and len(each.values)), None)
    return 1.0 if tried is None else math.exp(float(tried.values[0]))


def comparison_data(found: Comparison) -> dict[str, Any]:
    """Plain numbers of a block for ``calibration.json``; units as in :class:`~.comparison.Comparison`."""
    tried = len(found.values) > 0
    return {
        "name": found.name,
        "estimated": found.estimated,
        "reason": found.reason,
        "values": found.values,
        "std": found.std,
        "evidence": found.evidence if tried else None,
        "bic_gain": found.bic_gain if tried else None,
        "contour_inlier_ratio_without": found.inlier_ratios[0] if tried else None,
        "contour_inlier_ratio_with": found.inlier_ratios[1] if tried else None,
    }


def board_in_words(board: BoardFit) -> str:
    """A sentence on the board, and on what it says of the network's error."""
    position, rotation = np.linalg.norm(board.network_error.reshape(2, 3), axis=1)
    place = _listed(board.link_T_board.translation, board.std[:3], 1e3, 1)
    return (
        f"seen in {board.images} joint configurations ({board.corners} corners, residual {board.rms_px:.2f} pixels); "
        f"on {board.link} it lies at {place} mm; network and board differ by {1e3 * position:.1f} mm, "
        f"{np.degrees(rotation):.2f} deg"
    )


def board_data(board: BoardFit) -> dict[str, Any]:
    """Plain numbers of the board for ``calibration.json``: metres and radians, translation first."""
    return {
        "link": board.link,
        "link_T_board": board.link_T_board.as_matrix(),
        "link_T_board_quaternion_xyzw": board.link_T_board.rotation.as_quat(canonical=True),
        "std": board.std,
        "joint_configurations": board.images,
        "corners": board.corners,
        "rms_px": board.rms_px,
        "network_error": board.network_error,
    }


_Numbers = NDArray[np.float64]


def _listed(values: _Numbers, std: _Numbers, factor: float, digits: int) -> str:
    pairs = zip(factor * values, factor * std, strict=True)
    return ", ".join(f"{value:.{digits}f} ± {deviation:.{digits}f}" for value, deviation in pairs)


def _offsets(values: _Numbers, std: _Numbers) -> str:
    return f"true joint angles differ from the readings by {_listed(values, std, 1e3, 1)} mrad"


def _time(values: _Numbers, std: _Numbers) -> str:
    word = "lag behind" if values[0] > 0.0 else "precede"
    return f"joint readings {word} the images by {_listed(np.abs(values), std, 1e3, 1)} ms"


def _focal(values: _Numbers, std: _Numbers) -> str:
    word = "longer" if values[0] > 0.0 else "shorter"
    return f"the focal length is {_listed(np.abs(values), std, 1e2, 1)} % {word} than given"


def _centre(values: _Numbers, std: _Numbers) -> str:
    return f"the principal point lies {_listed(values, std, 1.0, 1)} pixels (x, y) from the given one"


def _distortion(values: _Numbers, std: _Numbers) -> str:
    return f"the lens has distortion beyond the given: k1, k2 = {_listed(values, std, 1.0, 3)}"


_SENTENCES: dict[str, Callable[[_Numbers, _Numbers], str]] = {
    "joint_offsets": _offsets,
    "time_offset": _time,
    "focal_length": _focal,
    "principal_point": _centre,
    "distortion": _distortion,
}
