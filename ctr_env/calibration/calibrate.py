"""Calibration: the pose of a static camera from images of the moving robot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ctr_env.datasets.board_file import MountedBoard
from ctr_env.datasets.frame import Frame
from ctr_env.datasets.undistortion import undistorted_frame
from ctr_env.errors import CalibrationError, ConfigurationError, DataError
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.ctrnet.setup import PARAMETERS, CameraSetup
from ctr_env.runs.configuration import require_choice

from .mismatch import find_mismatches, judged
from .mounted_board import board_fit, first_board_pose, measured_boards
from .pose_calibration import calibrate_pose
from .result import Calibration
from .self_calibration import jointly_solved, self_calibrate
from .setup_problem import Boards

__all__ = ["AUTO", "calibrate", "corrected_frames", "require_estimate"]

AUTO = "auto"
"""Estimate what there is evidence for."""


def calibrate(
    frames: Mapping[str, Frame],
    estimator: CtRNetEstimator,
    refined: bool = False,
    on_frame: Callable[[int], None] | None = None,
    estimate: Sequence[str] = (),
    board: MountedBoard | None = None,
) -> Calibration:
    """Solve for the pose that all images of a static camera share.

    Every image is estimated by itself. Then one image of each joint configuration takes part in a joint solution: one
    PnP over all keypoints, one alignment of all contours and, with ``refined``, render-and-compare over all masks. The
    covariance is that of the fused single-image estimates, one for each joint configuration, widened where they scatter
    more than their covariances say, plus the systematic error.

    Images whose joint angles belong to another instant (:func:`~.mismatch.find_mismatches`) are left out, and the
    others are solved again, unless they are so many that the set-up is to be doubted instead.

    Then joint offsets, a time offset, intrinsics and distortion are tried (:func:`~.self_calibration.self_calibrate`).
    ``comparisons`` has the evidence. Those of ``estimate`` are applied: the pose is solved for again with corrected
    joint positions and cameras, and its covariance is that of the joint solution plus the systematic error. What is not
    applied is not covered by the covariance.

    With a board on the robot its corners take part in these solutions, together with keypoints and contours. They tell
    the network's systematic error, which is estimated beside the board's pose on its link; the covariance is that of
    the joint solution then. ``halves`` and ``fits`` remain those of the network.

    Args:
        frames: Images of one camera without lens distortion, by name.
        estimator: The learned estimator, without tracking.
        refined: Whether to finish by render-and-compare.
        on_frame: Called with the number of images estimated so far.
        estimate: What to estimate beside the pose, of :data:`~.setup.PARAMETERS`; ``("auto",)``: that for which there
            is evidence.
        board: A ChArUco board on one of the robot's links. Its pose there is not needed.

    Raises:
        CalibrationError: If estimates are valid in fewer than two joint configurations, or the board is seen in fewer
            than three, or the set-up estimated with it has no calibration.
        ConfigurationError: If a name in ``estimate`` is unknown, ``"auto"`` stands beside others, or ``refined`` is
            asked for together with a board.
    """
    auto = require_estimate(estimate)
    if refined and board is not None:
        raise ConfigurationError("render-and-compare knows nothing of the board: refine, or give a board, not both")
    found, distinct = calibrate_pose(frames, estimator, refined, on_frame)
    mismatches = judged(find_mismatches(frames, estimator.pipeline, found.camera_T_base), len(frames))
    left_out = {each.name for each in mismatches if each.left_out}
    if left_out:
        frames = {name: frame for name, frame in frames.items() if name not in left_out}
        found, distinct = calibrate_pose(frames, estimator, refined)
    found = replace(found, mismatches=mismatches)
    tried = PARAMETERS if auto or not estimate else tuple(estimate)
    start, boards = found.setup, None
    if board is not None:
        boards = Boards(measured_boards(distinct, board, estimator.pipeline.model.kinematics), found.systematic)
        start = replace(start, link_T_board=first_board_pose(boards.measured, start))
    own = self_calibrate(distinct, estimator.pipeline, start, tried, auto or not estimate, boards)
    if not estimate or not own.parameters.names:
        found = replace(found, comparisons=tuple(replace(each, estimated=False) for each in own.comparisons))
        if boards is None:
            return found
        own = jointly_solved(distinct, estimator.pipeline, start, boards)
    try:
        pose = None if boards is None else own.setup.camera_T_base
        again, _ = calibrate_pose(corrected_frames(frames, own.setup), estimator, refined, pose=pose)
    except (CalibrationError, DataError) as error:  # fewer valid images, or joints beyond their limits
        why = f"the corrected set-up has no calibration: {error}"
        if boards is not None:
            raise CalibrationError(f"{why}; estimate less beside the board") from error
        comparisons = tuple(
            replace(e, estimated=False, reason=why if e.estimated else e.reason) for e in own.comparisons
        )
        return replace(found, comparisons=comparisons)
    comparisons = own.comparisons or found.comparisons
    again = replace(again, comparisons=comparisons, mismatches=found.mismatches)
    setup = replace(own.setup, camera_T_base=again.camera_T_base)
    if boards is None:
        return replace(again, covariance=own.covariance[:6, :6] + again.systematic, setup=setup)
    fit = board_fit(boards.measured, own.setup, own.std("board"))
    return replace(again, covariance=own.covariance[:6, :6], setup=setup, board=fit)


def require_estimate(names: Sequence[str]) -> bool:
    """Check what is to be estimated; whether it is that for which there is evidence.

    Raises:
        ConfigurationError: If a name is unknown, or ``"auto"`` stands beside others.
    """
    for name in names:
        require_choice("parameter of a self-calibration", name, (AUTO, *PARAMETERS))
    if AUTO in names and len(names) > 1:
        raise ConfigurationError(f"{AUTO!r} stands alone, not beside {', '.join(n for n in names if n != AUTO)}")
    return AUTO in names


def corrected_frames(frames: Mapping[str, Frame], setup: CameraSetup) -> dict[str, Frame]:
    """Frames with a set-up's joint positions and camera; images without its lens distortion."""
    return {name: undistorted_frame(setup.corrected(frame)) for name, frame in frames.items()}
