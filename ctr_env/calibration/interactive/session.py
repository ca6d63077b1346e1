"""A session: live images, images taken, the proposal, and the calibration of what was taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.calibration.next_configuration import NextConfiguration
from ctr_env.datasets.frame import Frame
from ctr_env.datasets.image_size import camera_of_size
from ctr_env.datasets.joint_log import JointReading
from ctr_env.datasets.live_camera import ImageSource
from ctr_env.datasets.undistortion import undistorted_frame
from ctr_env.errors import CtrEnvError, UsageError
from ctr_env.estimators.base import PoseEstimate, PoseEstimator
from ctr_env.estimators.systematic_error import systematic_covariance
from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .evidence import Evidence, TakenImage, fused_evidence
from .image_store import ImageStore
from .joint_input import JointInput
from .proposals import Proposals
from .robot_overlay import RobotOverlay, jpeg

__all__ = ["Live", "Session"]

_FEWEST = 2  # joint configurations of a calibration

Solve = Callable[[], Mapping[str, Any]]
"""The ordinary calibration of the images taken; the content of ``calibration.json``."""


@dataclass(frozen=True)
class Live:
    """The live image.

    Attributes:
        number: Counts live images.
        frame: Image (without lens distortion) and camera; joint positions of zero where these are unknown.
        reading: The joint angles; ``None`` where they are unknown.
        problem: Why they are unknown, or why no later image came; empty where nothing is wrong.
        estimate: The pose from this image; ``None`` without joint angles.
    """

    number: int
    frame: Frame
    reading: JointReading | None
    problem: str
    estimate: PoseEstimate | None


class Session:
    """Everything that the page shows, and the commands of its buttons; used by one thread.

    Attributes:
        robot: Kinematics of the robot.
        joints: Where joint angles come from.
        store: The images taken, as files.
        taken: The same with their estimates.
        evidence: The fused pose; ``None`` before the first valid image.
        systematic: ``(6, 6)`` covariance that no number of images reduces.
        live: The live image; ``None`` before the first.
        proposal: The next joint configuration; ``None`` where there is none.
        result: Content of ``calibration.json``; ``None`` before the first calibration.
        activity: What takes longer at the moment; empty for nothing.
        message: What the last command complained of; empty for nothing.
        on_change: Called when there is something new to show.
    """

    def __init__(
        self,
        source: ImageSource,
        camera: PinholeCamera,
        estimator: PoseEstimator,
        robot: RobotKinematics,
        joints: JointInput,
        store: ImageStore,
        solve: Solve,
    ) -> None:
        """Estimate the poses of images that an earlier session left.

        Args:
            source: The live camera.
            camera: Its intrinsics.
            estimator: Estimates poses of single images; tracking makes live images quick.
            robot: The robot, with kinematics of its own.
            joints: Where joint angles come from.
            store: Where images are kept.
            solve: The calibration of the stored images.
        """
        self.robot, self.joints, self.store = robot, joints, store
        self._source, self._camera, self._estimator = source, camera, estimator
        self._solve = solve
        self.on_change: Callable[[Session], None] = lambda session: None
        self._overlay, self._proposals = RobotOverlay(robot), Proposals(robot, camera.undistorted)
        self._unwanted: list[NDArray[np.float64]] = []
        self._proposed_for: RigidTransform | None = None
        self.systematic = systematic_covariance(estimator.systematic_m, estimator.systematic_rad)
        self.live: Live | None = None
        self.proposal: NextConfiguration | None = None
        self.result: Mapping[str, Any] | None = None
        self.activity = self.message = ""
        self.taken = [
            TakenImage(name, positions, self._searched(self._frame(store.read(name), positions)))
            for name, positions in store.joints.items()
        ]
        self.evidence: Evidence | None = fused_evidence(self.taken, self.systematic, self._estimator.joint_std_rad)

    @property
    def pose(self) -> RigidTransform | None:
        """The present ``camera_T_base``: the fused one, before the first image that of a valid live image."""
        if self.evidence is not None:
            return self.evidence.fused.pose
        if self.live is None or self.live.estimate is None or not self.live.estimate.valid:
            return None
        return self.live.estimate.camera_T_base

    def observe(self) -> None:
        """Take a live image, estimate its pose, and propose a joint configuration when a pose is known first.

        Where the camera misses an image, the last one stays, with the error as its problem.

        Raises:
            DataError: If the camera gives no first image, or one of another shape.
        """
        try:
            self.live = self._observed()
        except CtrEnvError as error:
            if self.live is None:
                raise
            self.live = replace(self.live, problem=_one_line(error))
        if self._proposed_for is None and self.pose is not None:
            self._propose()
        self.on_change(self)

    def take(self, text: str = "") -> None:
        """Take an image that counts.

        Args:
            text: The joint angles as they are typed, where they do not come from a log.

        Raises:
            UsageError: If the joint angles are unknown, the robot moves, or the log is not written any more.
            DataError: If joint angles or image cannot be used.
        """
        before = self._require_reading(text)
        image = self._source.newest()
        self.joints.confirm_rest(before)
        estimate = self._searched(self._frame(image, before.positions))
        name = self.store.add(image, before.positions)
        self.taken.append(TakenImage(name, before.positions, estimate))
        self._changed()

    def undo(self) -> None:
        """Delete the image taken last.

        Raises:
            UsageError: If there is none.
        """
        self.store.remove_last()
        self.taken.pop()
        self._changed()

    def another(self) -> None:
        """Propose something else.

        Raises:
            UsageError: If there is no proposal.
        """
        if self.proposal is None:
            raise UsageError("there is no proposal to replace")
        self._unwanted.append(self.proposal.joint_positions)
        self._propose()

    def calibrate(self) -> None:
        """Calibrate from the images taken.

        Raises:
            UsageError: If they show too few joint configurations.
            CtrEnvError: If the calibration fails.
        """
        count = 0 if self.evidence is None else len(self.evidence.configurations)
        if count < _FEWEST:
            raise UsageError(
                f"valid images of {count} joint configurations were taken; a calibration needs at least {_FEWEST}"
            )
        self.activity = f"calibrating from {len(self.taken)} images"
        self.on_change(self)
        try:
            self.result = self._solve()
        finally:
            self.activity = ""

    def execute(self, command: Callable[[], None]) -> None:
        """Run one of the commands; a complaint is kept as :attr:`message` and raised.

        Raises:
            CtrEnvError: That of the command.
        """
        self.message = ""
        try:
            command()
        except CtrEnvError as error:
            self.message = _one_line(error)
            raise
        finally:
            self.on_change(self)

    def live_image(self) -> bytes:
        """The live image as a JPEG, with the robot's contour where pose and joint angles are known."""
        live, pose = self._require_live(), self.pose
        frame = live.frame
        assert frame.image is not None
        if pose is None or live.reading is None:
            return jpeg(self._overlay.plain(frame.image))
        return jpeg(self._overlay.contour(frame.image, frame.camera, pose, live.reading.positions))

    def proposal_image(self) -> bytes | None:
        """The proposal drawn into the live image as a JPEG; ``None`` without a proposal."""
        frame, pose = self._require_live().frame, self.pose
        if self.proposal is None or pose is None or frame.image is None:
            return None
        return jpeg(self._overlay.proposal(frame.image, frame.camera, pose, self.proposal.joint_positions))

    def _observed(self) -> Live:
        reading, problem = self._reading()
        known = np.zeros(self.robot.n) if reading is None else reading.positions
        frame = self._frame(self._source.newest(), known)
        estimate = None if reading is None else self._estimator.estimate(frame)
        number = 0 if self.live is None else self.live.number + 1
        return Live(number, frame, reading, problem, estimate)

    def _changed(self) -> None:
        self._unwanted.clear()
        self.evidence = fused_evidence(self.taken, self.systematic, self._estimator.joint_std_rad)
        self._propose()

    def _propose(self) -> None:
        self._proposed_for, self.proposal = self.pose, None
        if self.pose is not None:
            failed = [image.joint_positions for image in self.taken if not image.estimate.valid]
            unwanted = [*failed, *self._unwanted]
            self.proposal = self._proposals.best(self.pose, self.evidence, self._present(), unwanted)

    def _present(self) -> NDArray[np.float64] | None:
        """Where the robot is; typed angles may be those of a proposal, so that those of the image taken last count."""
        if self.joints.log is None and self.taken:
            return self.taken[-1].joint_positions
        reading, _ = self._reading()
        return None if reading is None else reading.positions

    def _searched(self, frame: Frame) -> PoseEstimate:
        """The pose of an image by itself, as a calibration estimates it."""
        self._estimator.reset(np.random.default_rng(0))
        return self._estimator.estimate(frame)

    def _frame(self, image: NDArray[np.uint8], joints: NDArray[np.float64]) -> Frame:
        camera = camera_of_size(self._camera, image.shape[1], image.shape[0])
        return undistorted_frame(Frame(joints, camera, 0.0, image))

    def _reading(self) -> tuple[JointReading | None, str]:
        try:
            return self.joints.read(), ""
        except CtrEnvError as error:
            return None, _one_line(error)

    def _require_reading(self, text: str) -> JointReading:
        if text.strip():
            self.joints.type(text)
        reading = self.joints.read()
        if reading is None or (self.joints.log is None and not text.strip()):
            raise UsageError("the joint angles of the robot are needed: type them, in radians")
        return reading

    def _require_live(self) -> Live:
        if self.live is None:
            raise UsageError("there is no live image yet: observe() takes one")
        return self.live


def _one_line(error: CtrEnvError) -> str:
    return " ".join(str(error).split())
