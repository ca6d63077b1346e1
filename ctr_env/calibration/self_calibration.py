"""Self-calibration: the pose of a static camera together with what its set-up has wrong.

Joint offsets, a time offset, focal length, principal point and radial distortion are solved for jointly with the pose,
from the keypoints and contours of all images (bundle adjustment with one camera and a known kinematic chain), and from
the corners of a calibration board that the robot carries, if there is one. Contours are aligned with mask boundaries
and, in the end, with edges of the images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ctr_env.datasets.frame import Frame
from ctr_env.estimators.ctrnet.pipeline import Pipeline
from ctr_env.estimators.ctrnet.setup import PARAMETERS, CameraSetup, Parameters, known_velocities

from .comparison import Comparison
from .setup_problem import Boards, SelfCalibration, SetupProblem

__all__ = ["jointly_solved", "self_calibrate"]

_UNKNOWN = 0.7  # share of the prior's standard deviation above which the images tell nothing
_MOVING = 0.02  # rad/s: slower joints tell nothing of a time offset
_LITTLE, _NOT_ASKED = "there is little evidence for it", "it was not asked for"
_POSITIVE = 0.0  # from which on the solution with a parameter is the more probable one


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
    problem = SetupProblem(frames, pipeline, boards)
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
    problem = SetupProblem(frames, pipeline, boards)
    return problem.edge_aligned(problem.solved(setup, ()))


def _compared(problem: SetupProblem, found: SelfCalibration, name: str, reason: str) -> Comparison:
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
