"""Calibration: the pose of a static camera from images of the moving robot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.datasets.board_file import MountedBoard
from ctr_env.datasets.frame import Frame
from ctr_env.datasets.joint_limits import joint_hint
from ctr_env.datasets.undistortion import undistorted_frame
from ctr_env.errors import CalibrationError, ConfigurationError, DataError, TooFewPosesError
from ctr_env.estimators.base import PoseEstimate
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.ctrnet.setup import PARAMETERS, CameraSetup
from ctr_env.estimators.fusion.joint_configurations import JointConfiguration, fused, grouped, same_configuration
from ctr_env.estimators.mirrored import Mirror
from ctr_env.estimators.systematic_error import systematic_covariance
from ctr_env.geometry import twist_between
from ctr_env.runs.configuration import require_choice

from .mismatch import Mismatch, find_mismatches
from .mounted_board import BoardFit, board_fit, first_board_pose, measured_boards
from .pseudo_label import PseudoLabel
from .self_calibration import Boards, Comparison, jointly_solved, self_calibrate
from .static_camera import StaticCameraSolver

__all__ = [
    "AUTO",
    "POOR_FIT",
    "Calibration",
    "FrameFit",
    "calibrate",
    "corrected_frames",
    "judged",
    "require_estimate",
]

POOR_FIT = 0.3
"""Contour inlier ratio below which an image hardly fits the calibrated pose."""
AUTO = "auto"
"""Estimate what there is evidence for."""

_BATCH = 8
_ITERATIONS = 60  # gradient steps of render-and-compare
_RELIABLE = 0.5  # contour inlier ratio of masks that take part in it
_DOUBTED_SHARE = 0.2  # of the images, that may have late joint angles, or such of unknown origin, in a right set-up
_FEWEST = 2  # distinct joint configurations with a valid estimate
_HALVES_SCATTER = 2.0  # variance of the halves' difference relative to that of their fused estimates


@dataclass(frozen=True)
class FrameFit:
    """Agreement of one image with the calibrated pose.

    Attributes:
        name: Name of the frame.
        own: The estimate from this image alone.
        pseudo_label: Agreement of the image with the robot at the calibrated pose.
        twist: ``(6,)`` error twist from the calibrated pose to ``own`` (see ``PoseEstimate``); NaN where it is not
            valid.
    """

    name: str
    own: PoseEstimate
    pseudo_label: PseudoLabel
    twist: NDArray[np.float64]

    def reflected(self, mirror: Mirror, width: int) -> FrameFit:
        """The fit of the robot whose mirror image was calibrated, in an image of a width, pixels."""
        pose = self.pseudo_label.camera_T_base
        pseudo_label = replace(self.pseudo_label, camera_T_base=None if pose is None else mirror.pose(pose))
        return FrameFit(self.name, mirror.estimate(self.own, width), pseudo_label, mirror.twist(self.twist))


@dataclass(frozen=True)
class Calibration:
    """The pose of a static camera with its uncertainty.

    Attributes:
        camera_T_base: The pose.
        covariance: ``(6, 6)`` as ``PoseEstimate.covariance``.
        systematic: ``(6, 6)`` the part of it that all images share, and that further images do not reduce.
        fits: Agreement of each image.
        configurations: Number of distinct joint configurations with a valid estimate.
        halves: ``(6,)`` twist between the poses from two halves of the images (every other joint configuration).
        halves_covariance: ``(6, 6)`` expected covariance of that twist; the systematic part cancels in it.
        uncertainty_source: Where the network's covariances come from (see ``PoseEstimator.uncertainty_source``).
        setup: The set-up that the pose belongs to: as given, or with what was estimated.
        comparisons: What may be wrong with the set-up, each with the evidence (see :mod:`.self_calibration`).
        mismatches: Images whose joint angles are not theirs, and whether they are left out of the solution.
        board: The board on the robot; ``None`` if none was given.
    """

    camera_T_base: RigidTransform
    covariance: NDArray[np.float64]
    systematic: NDArray[np.float64]
    fits: list[FrameFit]
    configurations: int
    halves: NDArray[np.float64]
    halves_covariance: NDArray[np.float64]
    uncertainty_source: str
    setup: CameraSetup
    comparisons: tuple[Comparison, ...] = ()
    mismatches: tuple[Mismatch, ...] = ()
    board: BoardFit | None = None

    @property
    def estimated(self) -> tuple[str, ...]:
        """What was estimated beside the pose."""
        return tuple(each.name for each in self.comparisons if each.estimated)

    def reflected(self, mirror: Mirror, width: int) -> Calibration:
        """The calibration of the robot whose mirror image was calibrated, in images of a width, pixels."""
        return replace(
            self,
            camera_T_base=mirror.pose(self.camera_T_base),
            covariance=mirror.covariance(self.covariance),
            systematic=mirror.covariance(self.systematic),
            fits=[fit.reflected(mirror, width) for fit in self.fits],
            halves=mirror.twist(self.halves),
            halves_covariance=mirror.covariance(self.halves_covariance),
            setup=CameraSetup(
                mirror.pose(self.setup.camera_T_base),
                self.setup.camera.mirrored(),
                mirror.joints(self.setup.joint_offsets),
                self.setup.time_offset_s,
            ),
            comparisons=tuple(each.reflected(mirror) for each in self.comparisons),
        )


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
    found, distinct = _pose_calibrated(frames, estimator, refined, on_frame)
    mismatches = judged(find_mismatches(frames, estimator.pipeline, found.camera_T_base), len(frames))
    left_out = {each.name for each in mismatches if each.left_out}
    if left_out:
        frames = {name: frame for name, frame in frames.items() if name not in left_out}
        found, distinct = _pose_calibrated(frames, estimator, refined)
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
        again, _ = _pose_calibrated(corrected_frames(frames, own.setup), estimator, refined, pose=pose)
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


def judged(mismatches: Sequence[Mismatch], images: int) -> tuple[Mismatch, ...]:
    """The mismatches with the decision which are left out.

    Exchanged joint angles are certain, as long as most images fit. Delays and joint angles of unknown origin in many
    images are those of a set-up with a time offset or joint offsets, which the images must then show.
    """
    few = [each for each in mismatches if each.guess != "swapped"]
    certain = len(few) <= _DOUBTED_SHARE * images
    many = 2 * len(mismatches) >= images
    return tuple(replace(e, left_out=not many and (certain or e.guess == "swapped")) for e in mismatches)


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


def _pose_calibrated(
    frames: Mapping[str, Frame],
    estimator: CtRNetEstimator,
    refined: bool,
    on_frame: Callable[[int], None] | None = None,
    pose: RigidTransform | None = None,
) -> tuple[Calibration, list[Frame]]:
    """The calibration of the pose alone, or at a known one, and one image of each joint configuration."""
    images = list(frames.values())
    estimates = _estimates(images, estimator, on_frame)
    systematic = systematic_covariance(estimator.systematic_m, estimator.systematic_rad)
    configurations: list[JointConfiguration] = []
    for image, own in zip(images, estimates, strict=True):
        if own.valid:
            grouped(configurations, image.joint_positions, own)
    if len(configurations) < _FEWEST:
        raise _too_few(images, estimates, len(configurations), estimator)
    solver = StaticCameraSolver(estimator.pipeline)
    chosen = _one_of_each_configuration(images, estimates)
    distinct = [images[i] for i in chosen]
    if pose is None:
        pose = solver.shared_pose(distinct, fused(configurations, systematic, estimator.joint_std_rad).pose)
    labels = solver.pseudo_labels_at(images, pose)
    if refined:
        pose, labels = _refined(solver, images, chosen, pose, labels)
    fits = [
        FrameFit(name, own, label, twist_between(pose, own.camera_T_base) if own.valid else np.full(6, np.nan))
        for name, own, label in zip(frames, estimates, labels, strict=True)
    ]
    valid = [images[i] for i in chosen if estimates[i].valid]
    halves, halves_covariance = _halves(solver, configurations, valid, systematic, estimator.joint_std_rad)
    found = Calibration(
        camera_T_base=pose,
        covariance=fused(configurations, systematic, estimator.joint_std_rad, pose).covariance,
        systematic=systematic,
        fits=fits,
        configurations=len(configurations),
        halves=halves,
        halves_covariance=halves_covariance,
        uncertainty_source=estimator.uncertainty_source,
        setup=CameraSetup(pose, images[0].camera, np.zeros_like(images[0].joint_positions)),
    )
    return found, distinct


def _estimates(
    images: Sequence[Frame], estimator: CtRNetEstimator, on_frame: Callable[[int], None] | None
) -> list[PoseEstimate]:
    estimates: list[PoseEstimate] = []
    for start in range(0, len(images), _BATCH):
        estimates += estimator.estimate_batch(images[start : start + _BATCH])
        if on_frame is not None:
            on_frame(len(estimates))
    return estimates


def _one_of_each_configuration(images: Sequence[Frame], estimates: Sequence[PoseEstimate]) -> list[int]:
    """Numbers of images with distinct joint configurations, those with a valid estimate first."""
    chosen: list[int] = []
    for i in sorted(range(len(images)), key=lambda i: not estimates[i].valid):
        joints = images[i].joint_positions
        if not any(same_configuration(images[k].joint_positions, joints) for k in chosen):
            chosen.append(i)
    return chosen


def _too_few(
    images: Sequence[Frame], estimates: Sequence[PoseEstimate], configurations: int, estimator: CtRNetEstimator
) -> CalibrationError:
    """Why the images make no calibration."""
    valid = sum(estimate.valid for estimate in estimates)
    if valid >= _FEWEST:
        return CalibrationError(
            f"the {valid} images with a valid estimate show {configurations} joint configuration; a calibration needs "
            f"at least {_FEWEST}: move the robot between images"
        )
    reasons = ", ".join(sorted({estimate.reason for estimate in estimates if not estimate.valid}))
    hint = joint_hint(np.stack([image.joint_positions for image in images]), estimator.pipeline.model.kinematics)
    enough = len(_one_of_each_configuration(images, estimates)) >= _FEWEST
    kind = TooFewPosesError if enough and not hint else CalibrationError
    return kind(
        f"estimates are valid in {valid} of {len(estimates)} images ({reasons}); a calibration needs at least "
        f"{_FEWEST}: {hint or 'check robot, joint angles and intrinsics'}, or adapt the network first"
    )


def _refined(
    solver: StaticCameraSolver,
    frames: Sequence[Frame],
    chosen: Sequence[int],
    pose: RigidTransform,
    labels: list[PseudoLabel],
) -> tuple[RigidTransform, list[PseudoLabel]]:
    """Pose and pseudo-labels after render-and-compare over reliable masks, unless those before fit better.

    A mask that lacks half of the robot would pull the whole silhouette onto the part that it has.
    """
    reliable = [frames[i] for i in chosen if labels[i].contour_inlier_ratio >= _RELIABLE]
    if not reliable:
        return pose, labels
    refined = solver.refined(reliable, pose, _ITERATIONS)
    after = solver.pseudo_labels_at(frames, refined)
    better = sum(b.contour_inlier_ratio for b in after) > sum(b.contour_inlier_ratio for b in labels)
    return (refined, after) if better else (pose, labels)


def _halves(
    solver: StaticCameraSolver,
    configurations: Sequence[JointConfiguration],
    images: Sequence[Frame],
    systematic: NDArray[np.float64],
    joint_std_rad: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Twist between the poses of two halves, and its expected covariance.

    Joint solutions of halves scatter more than fused estimates: on four synthetic cameras with right intrinsics the
    squared Mahalanobis distance without a factor was 12 to 23, where 6 is expected.
    """
    poses, covariance = [], np.zeros((6, 6))
    for half in (slice(0, None, 2), slice(1, None, 2)):
        found = fused(configurations[half], systematic, joint_std_rad)
        poses.append(solver.shared_pose(images[half], found.pose))
        covariance = covariance + _HALVES_SCATTER * found.independent
    return twist_between(*poses), covariance
