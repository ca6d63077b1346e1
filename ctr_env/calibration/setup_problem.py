"""Pose and parameters of a static camera's set-up, solved for jointly from all of its images.

Bundle adjustment with one camera and a known kinematic chain: Gauss-Newton on keypoints and contours of all images, and
on the corners of a board that the robot carries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.ctrnet.passes import tracking_passes
from ctr_env.estimators.ctrnet.pipeline import Pipeline
from ctr_env.estimators.ctrnet.setup import CameraSetup, Parameters
from ctr_env.estimators.ctrnet.setup_equations import Equations, ImageMeasurement

from .comparison import Comparison
from .mounted_board import BoardMeasurement

__all__ = ["Boards", "SelfCalibration", "SetupProblem"]

_ROUNDS = 2  # of detection around the set-up
_SAMPLINGS, _STEPS = 3, 3  # of contours in a round, and Gauss-Newton steps for each
_HALVINGS = 4
_LEAST_EDGES = 0.3  # share of the contours beside edges
_CONVERGED = 0.2  # standard deviations: a shorter step ends a round
_LARGEST_STEP = 1.0  # image widths, as a bound of every parameter: solutions do not run away
_BATCH = 16


@dataclass(frozen=True)
class Boards:
    """A board on the robot in the images of a calibration.

    The network's systematic error, which images alone cannot tell from the pose, is estimated beside it then.

    Attributes:
        measured: What each image shows of it, in the order of the images; ``None``: nothing.
        systematic: ``(6, 6)`` diagonal covariance of the network's systematic error.
    """

    measured: Sequence[BoardMeasurement | None]
    systematic: NDArray[np.float64]


@dataclass(frozen=True)
class SelfCalibration:
    """A set-up with its uncertainty.

    Attributes:
        setup: The set-up that explains the images best.
        parameters: Its free parameters.
        values: ``(p,)`` their deviations from readings and intrinsics as given; 0 for the pose.
        covariance: ``(p, p)`` of the parameters, without the systematic error of the network unless there is a board.
        contour_inlier_ratio: Of all images together.
        scale: Over-dispersion: variance of the residuals' sums of images relative to independent residuals, 1 at least.
        observations: Number of independent observations.
        comparisons: Every block of :data:`~ctr_env.estimators.ctrnet.setup.PARAMETERS` with the evidence for it.
    """

    setup: CameraSetup
    parameters: Parameters
    values: NDArray[np.float64]
    covariance: NDArray[np.float64]
    contour_inlier_ratio: float
    scale: float
    observations: float
    comparisons: tuple[Comparison, ...] = ()

    def std(self, name: str) -> NDArray[np.float64]:
        """Standard deviations of a block, or of ``"pose"``."""
        return np.asarray(np.sqrt(np.diag(self.covariance)[self.parameters.slices[name]]))


class SetupProblem:
    """Images of one camera, and solutions for pose and set-up from all of them.

    Contours are sampled anew around each solution, and solutions are descents on given samples.
    """

    def __init__(self, frames: Sequence[Frame], pipeline: Pipeline, boards: Boards | None) -> None:
        """Begin without detections; arguments as :func:`~.self_calibration.self_calibrate`'s."""
        self._frames, self._pipeline = list(frames), pipeline
        self._nominal = frames[0].camera
        self._measured: list[ImageMeasurement] = []
        self._boards: list[BoardMeasurement | None] = [None] * len(frames) if boards is None else list(boards.measured)
        self._systematic = None if boards is None else boards.systematic

    def solved(self, setup: CameraSetup, names: Sequence[str]) -> SelfCalibration:
        """The solution near a set-up, with detections around it."""
        parameters = self._parameters(setup, names)
        for _ in range(_ROUNDS):
            self._measured = self._detected(setup)
            self._boards = [None if each is None else each.scaled(setup) for each in self._boards]
            setup = self._fitted(setup, parameters)
        return self._result(setup, parameters)

    def refitted(self, setup: CameraSetup, names: Sequence[str]) -> SelfCalibration:
        """The solution for other parameters near one, with the last detections and the contour samples of that one."""
        parameters = self._parameters(setup, names)
        self._sample(setup)
        return self._result(self._descended(setup, parameters), parameters)

    def edge_aligned(self, found: SelfCalibration) -> SelfCalibration:
        """The solution by edges of the images near one by mask boundaries; that one where the edges do not fit it.

        Mask boundaries lead there from far, and compare set-ups; edges are more accurate.
        """
        setup = found.setup
        for _ in range(_ROUNDS):
            self._measured = [each.on_edges(setup) for each in self._measured]
            setup = self._fitted(setup, found.parameters)
        aligned = self._result(setup, found.parameters)
        return aligned if aligned.contour_inlier_ratio >= _LEAST_EDGES else found

    def _parameters(self, setup: CameraSetup, names: Sequence[str]) -> Parameters:
        return Parameters(names, len(setup.joint_offsets), self._nominal.width, self._systematic)

    def _detected(self, setup: CameraSetup) -> list[ImageMeasurement]:
        model, found = self._pipeline.model, []
        views = [model.posed(setup.corrected(frame)) for frame in self._frames]
        passes = tracking_passes(setup.of_network.camera_T_base, align=False)
        for start in range(0, len(views), _BATCH):
            found += self._pipeline.run(views[start : start + _BATCH], passes)
        weight = self._pipeline.detector.uncertainty.keypoint_information
        return [
            ImageMeasurement(model, frame, hypothesis, weight).scaled(setup)
            for frame, hypothesis in zip(self._frames, found, strict=True)
        ]

    def _parts(self, setup: CameraSetup, parameters: Parameters) -> list[Equations]:
        parts = [measured.equations(setup, parameters) for measured in self._measured]
        return [
            part if board is None else Equations.total([part, board.equations(setup, parameters)])
            for part, board in zip(parts, self._boards, strict=True)
        ]

    def _objective(self, total: Equations, setup: CameraSetup, parameters: Parameters) -> float:
        away = parameters.values(setup, self._nominal)
        return total.cost + float(away @ (parameters.prior_information() * away))

    def _fitted(self, setup: CameraSetup, parameters: Parameters) -> CameraSetup:
        """The solution near a set-up, by descents on the contour samples of where the last one ended."""
        for _ in range(_SAMPLINGS):
            self._sample(setup)
            start, setup = setup, self._descended(setup, parameters)
            if setup is start:
                break
        return setup

    def _descended(self, setup: CameraSetup, parameters: Parameters) -> CameraSetup:
        """Gauss-Newton with step halving on given contour samples."""
        prior = parameters.prior_information()
        total = Equations.total(self._parts(setup, parameters))
        for _ in range(_STEPS):
            information = total.information + np.diag(prior)
            force = total.force - prior * parameters.values(setup, self._nominal)
            try:
                step = np.asarray(np.linalg.solve(information, force), dtype=np.float64)
            except np.linalg.LinAlgError:  # too little of the robot is in view
                break
            if not np.isfinite(step).all() or np.abs(step).max() > _LARGEST_STEP * self._nominal.width:
                break
            if float(step @ information @ step) < _CONVERGED**2:
                break
            before = self._objective(total, setup, parameters)
            for _ in range(_HALVINGS):
                tried = parameters.moved(setup, step)
                after = Equations.total(self._parts(tried, parameters))
                if self._objective(after, tried, parameters) < before:
                    break
                step = 0.5 * step
            else:
                break
            setup, total = tried, after
        return setup

    def _sample(self, setup: CameraSetup) -> None:
        self._measured = [each.sampled(setup) for each in self._measured]

    def cost_difference(self, first: SelfCalibration, second: SelfCalibration) -> float:
        """Cost of the first solution less that of the second, with priors.

        Both are evaluated for the contour samples of either, and averaged: with samples of its own each, the difference
        would be one of the samples as well.
        """
        found = []
        for setup in (first.setup, second.setup):
            self._sample(setup)
            costs = [
                self._objective(Equations.total(self._parts(each.setup, each.parameters)), each.setup, each.parameters)
                for each in (first, second)
            ]
            found.append(costs[0] - costs[1])
        return float(np.mean(found))

    def _result(self, setup: CameraSetup, parameters: Parameters) -> SelfCalibration:
        parts = self._parts(setup, parameters)
        total = Equations.total(parts)
        prior = np.diag(parameters.prior_information())
        inverse = np.linalg.inv(total.information + prior)
        forces = np.stack([part.force for part in parts])
        scatter = float(np.trace(inverse @ forces.T @ forces))
        known = float(np.trace(inverse @ total.information))
        scale = max(1.0, scatter / known * len(parts) / max(len(parts) - 1, 1))
        covariance = np.asarray(np.linalg.inv(total.information / scale + prior), dtype=np.float64)
        return SelfCalibration(
            setup,
            parameters,
            parameters.values(setup, self._nominal),
            covariance,
            total.inlier_length / max(total.length, 1e-9),
            scale,
            total.observations,
        )
