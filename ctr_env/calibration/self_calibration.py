"""Self-calibration: the pose of a static camera together with what its set-up has wrong.

Joint offsets, a time offset, focal length, principal point and radial distortion are solved for jointly with the pose,
from the keypoints and contours of all images (bundle adjustment with one camera and a known kinematic chain), and from
the corners of a calibration board that the robot carries, if there is one. Contours are aligned with mask boundaries
and, in the end, with edges of the images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.ctrnet.passes import tracking_passes
from ctr_env.estimators.ctrnet.pipeline import Pipeline
from ctr_env.estimators.ctrnet.setup import PARAMETERS, CameraSetup, Parameters, known_velocities
from ctr_env.estimators.ctrnet.setup_equations import Equations, ImageMeasurement
from ctr_env.estimators.mirrored import Mirror

from .mounted_board import BoardMeasurement

__all__ = ["Boards", "Comparison", "SelfCalibration", "jointly_solved", "self_calibrate"]

_ROUNDS = 2  # of detection around the set-up
_SAMPLINGS, _STEPS = 3, 3  # of contours in a round, and Gauss-Newton steps for each
_HALVINGS = 4
_LEAST_EDGES = 0.3  # share of the contours beside edges
_CONVERGED = 0.2  # standard deviations: a shorter step ends a round
_LARGEST_STEP = 1.0  # image widths, as a bound of every parameter: solutions do not run away
_BATCH = 16
_UNKNOWN = 0.7  # share of the prior's standard deviation above which the images tell nothing
_MOVING = 0.02  # rad/s: slower joints tell nothing of a time offset
_LITTLE, _NOT_ASKED = "there is little evidence for it", "it was not asked for"
_VERY_STRONG = 10.0  # twice the logarithm of a Bayes factor, after Kass and Raftery (1995)
_POSITIVE = 0.0  # from which on the solution with a parameter is the more probable one


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
class Comparison:
    """A block of parameters with the evidence for it.

    Attributes:
        name: Name in :data:`~.setup.PARAMETERS`.
        estimated: Whether the final solution estimates it.
        reason: Why it is held fixed; empty if it is not.
        values: Its deviations from readings and intrinsics as given, in the solution that estimates it: rad, s, log of
            the factor, pixels, or differences of ``k1`` and ``k2``; empty where that was not tried.
        std: Their standard deviations.
        evidence: Twice the logarithm of the Bayes factor for estimating it; NaN where that was not tried.
        bic_gain: Fall of the Bayesian information criterion when it is estimated, whatever the images determine of it;
            likewise.
        inlier_ratios: Contour inlier ratios without and with it; NaN where that was not tried.
    """

    name: str
    estimated: bool
    reason: str = ""
    values: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    std: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    evidence: float = np.nan
    bic_gain: float = np.nan
    inlier_ratios: tuple[float, float] = (np.nan, np.nan)

    @property
    def evident(self) -> bool:
        """Whether there is very strong evidence for it."""
        return self.evidence >= _VERY_STRONG

    def reflected(self, mirror: Mirror) -> Comparison:
        """The same of the robot whose mirror image was calibrated."""
        signs: NDArray[np.float64] = np.ones(len(self.values))
        if self.name == "joint_offsets" and len(self.values):
            signs = mirror.joints(signs)
        elif self.name == "principal_point" and len(self.values):
            signs = np.array([-1.0, 1.0])
        return replace(self, values=signs * self.values)


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
        comparisons: Every block of :data:`~.setup.PARAMETERS` with the evidence for it.
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


def self_calibrate(
    frames: Sequence[Frame],
    pipeline: Pipeline,
    setup: CameraSetup,
    names: Sequence[str] = PARAMETERS,
    by_evidence: bool = True,
    boards: Boards | None = None,
) -> SelfCalibration:
    """Solve for the pose and the named parameters of a set-up.

    Parameters are freed one block after the other, the one with the strongest evidence first, each time with detections
    around the new set-up. Those that the images do not determine are held fixed; with ``by_evidence`` those are as well
    for which there is no evidence, or none any more when others have been freed. (A parameter that is wrong and held
    fixed moves the pose far more than one that is right and estimated.)

    Args:
        frames: Images of one static camera, without lens distortion as far as it is known. Those with joint velocities
            tell of a time offset.
        pipeline: The network's pipeline.
        setup: Set-up to start from, such as the result of a calibration of the pose alone.
        names: Parameters to estimate, of :data:`~.setup.PARAMETERS`.
        by_evidence: Whether to keep only parameters for which there is evidence.
        boards: A board on the robot in the images; ``setup`` has its pose then.

    Raises:
        ConfigurationError: If a name is unknown.
    """
    wanted = Parameters(names, len(setup.joint_offsets), frames[0].camera.width).names
    problem = _Problem(frames, pipeline, boards)
    found = problem.solved(setup, ())
    reasons: dict[str, str] = {}
    if max(np.abs(known_velocities(frame)).max() for frame in frames) < _MOVING:
        reasons["time_offset"] = "the images have no joint velocities, or the robot stands still in them"
    while left := [name for name in wanted if name not in found.parameters.names and name not in reasons]:
        tried = {name: problem.refitted(found.setup, (*found.parameters.names, name)) for name in left}
        reasons |= {name: "the images do not determine it" for name, other in tried.items() if _unknown(other, name)}
        known = [name for name in left if name not in reasons]
        if not known:
            break
        evidence = {n: _evidence(tried[n], found, problem.cost_difference(found, tried[n])) for n in known}
        best = max(known, key=lambda name: evidence[name])
        if by_evidence and evidence[best] < _POSITIVE:
            reasons |= dict.fromkeys(known, _LITTLE)
            break
        found = problem.solved(tried[best].setup, tried[best].parameters.names)
    reasons |= {name: _NOT_ASKED for name in PARAMETERS if name not in wanted and name not in reasons}
    compared = [_compared(problem, found, name, reasons.get(name, "")) for name in PARAMETERS]
    # blocks that were freed later may have left an earlier one without evidence
    while by_evidence and (doubtful := [each for each in compared if each.estimated and each.evidence < _POSITIVE]):
        weak = min(doubtful, key=lambda each: each.evidence)
        reasons[weak.name] = _LITTLE
        found = problem.solved(_without(found, weak.name), [n for n in found.parameters.names if n != weak.name])
        compared = [_compared(problem, found, name, reasons.get(name, "")) for name in PARAMETERS]
    return _with_final_values(problem.edge_aligned(found), compared)


def _with_final_values(found: SelfCalibration, compared: Sequence[Comparison]) -> SelfCalibration:
    """A solution with the evidence that led to it; what it estimates has its values."""
    final = (
        replace(each, values=found.values[found.parameters.slices[each.name]], std=found.std(each.name))
        if each.estimated
        else each
        for each in compared
    )
    return replace(found, comparisons=tuple(final))


def jointly_solved(frames: Sequence[Frame], pipeline: Pipeline, setup: CameraSetup, boards: Boards) -> SelfCalibration:
    """The pose alone, from the network's detections and a board together; arguments as :func:`self_calibrate`'s."""
    problem = _Problem(frames, pipeline, boards)
    return problem.edge_aligned(problem.solved(setup, ()))


def _compared(problem: _Problem, found: SelfCalibration, name: str, reason: str) -> Comparison:
    """The evidence for a block: the solution with it against that without it."""
    names = found.parameters.names
    if name not in names and reason not in (_LITTLE, _NOT_ASKED):
        return Comparison(name, False, reason)
    if name in names:
        without, with_it = problem.refitted(_without(found, name), [n for n in names if n != name]), found
    else:
        without, with_it = found, problem.refitted(found.setup, [*names, name])
    fall = problem.cost_difference(without, with_it)
    return Comparison(
        name,
        name in names,
        reason,
        with_it.values[with_it.parameters.slices[name]],
        with_it.std(name),
        _evidence(with_it, without, fall),
        _bic_gain(with_it, without, fall),
        (without.contour_inlier_ratio, with_it.contour_inlier_ratio),
    )


class _Problem:
    """Images of one camera, and solutions for them."""

    def __init__(self, frames: Sequence[Frame], pipeline: Pipeline, boards: Boards | None) -> None:
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


def _evidence(more: SelfCalibration, less: SelfCalibration, fall: float) -> float:
    """Twice the logarithm of the Bayes factor of a solution with more parameters over one with fewer.

    Laplace's approximation: the fall of the cost, less the logarithm of the ratio in which the posterior has shrunk
    from the prior. Parameters that the images do not determine cost nothing.
    """
    added = [name for name in more.parameters.names if name not in less.parameters.names]
    prior = more.parameters.prior_information()
    shrunk = np.linalg.slogdet(less.covariance)[1] - np.linalg.slogdet(more.covariance)[1]
    shrunk -= sum(float(np.log(prior[more.parameters.slices[name]]).sum()) for name in added)
    return float(fall / more.scale - shrunk)


def _bic_gain(more: SelfCalibration, less: SelfCalibration, fall: float) -> float:
    """Fall of the Bayesian information criterion from a solution with fewer parameters to one with more."""
    count = more.parameters.count - less.parameters.count
    return fall / more.scale - count * float(np.log(max(more.observations, 1.0)))


def _unknown(found: SelfCalibration, name: str) -> bool:
    """Whether the images say hardly more than the prior about every parameter of a block."""
    prior = found.parameters.prior_information()[found.parameters.slices[name]]
    return bool(np.all(found.std(name) * np.sqrt(prior) > _UNKNOWN))


def _without(found: SelfCalibration, name: str) -> CameraSetup:
    """The set-up with a block as given."""
    parameters, step = found.parameters, np.zeros(found.parameters.count)
    step[parameters.slices[name]] = -found.values[parameters.slices[name]]
    return parameters.moved(found.setup, step)
