"""Fitting the validity model of a network: which of its poses are right, on validation frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ctr_env.datasets.labelled import LabelledFrame
from ctr_env.datasets.synthetic.backgrounds import Backgrounds
from ctr_env.datasets.synthetic.sampler import FrameSampler
from ctr_env.errors import SamplingError
from ctr_env.estimators.ctrnet.edge_refinement import refine_by_edges
from ctr_env.estimators.ctrnet.estimator import CtRNetEstimator
from ctr_env.estimators.ctrnet.joint_information import joint_information
from ctr_env.estimators.ctrnet.passes import search_passes
from ctr_env.estimators.ctrnet.validity import EVIDENCE, ValidityModel, evidence, standardised
from ctr_env.runs.seeds import frame_seed
from ctr_env.scenes.robots.catalogue import ROBOTS
from ctr_env.scenes.robots.description import RobotDescription
from ctr_env.scenes.robots.kinematics import RobotKinematics

__all__ = ["LabelledPose", "fit_validity_model", "labelled_poses", "rejected_shares"]

_WRONG_M = 0.1  # ADD of a pose that is wrong
_ANOTHER_INSTANT = 0.2  # rad, standard deviation of joint angles that were read at another instant
_FAR, _FAR_JOINTS = 0.1, 2  # rad by which at least so many of them differ
_ALLOWED = 0.01  # share of accepted poses that may be wrong
_MISMATCHED_REJECTED = 0.9  # share of the frames with wrong joint angles that must be rejected
_RIDGE, _SHIFT_RIDGE = 1e-2, 3e-2  # penalties of squared weights, and of their shifts
_PRESETS = ("strong", "hard")
_MISMATCHED_SHARE = 0.5  # frames with wrong joint angles, as a share of a preset's
_OTHER_SHARE = 0.25  # the same of another robot, and of no robot
_FEWEST = 20  # poses of each class, right and wrong, that a model is fitted to


class LabelledPose(NamedTuple):
    """The pose of one frame with its error.

    Attributes:
        kind: Name of the preset, ``"mismatched"`` or ``"other_robot"``.
        evidence: ``(E,)`` quantities of :data:`~ctr_env.estimators.ctrnet.validity.EVIDENCE`.
        add_m: ADD, metres; infinite where no pose is right, because joint angles are wrong or there is no robot.
        accepted: Whether the limits of the configuration accept it.
    """

    kind: str
    evidence: NDArray[np.float64]
    add_m: float
    accepted: bool


def labelled_poses(
    estimator: CtRNetEstimator, frames: int, seed: int = 0, on_frame: Callable[[], None] | None = None
) -> Iterator[LabelledPose]:
    """Poses of generated validation frames, right ones and wrong ones.

    ``frames`` of each of the presets ``strong`` and ``hard``; half as many of each with the joint angles of another
    instant, of which two or more are off by 0.1 rad or more; a quarter as many of another robot, and of no robot at
    all. Frames without a pose are left out.

    Args:
        estimator: The estimator, without tracking.
        frames: Number of frames of a preset.
        seed: Seed of the frames.
        on_frame: Called after every frame.
    """
    kinematics = estimator.pipeline.model.kinematics
    robot = kinematics.robot
    rng = np.random.default_rng(seed)
    for preset in _PRESETS:
        sampler = FrameSampler(robot, randomization=preset)
        for i in range(frames):
            labelled = _sampled(sampler, seed, i)
            if labelled is not None:
                yield from _labelled(estimator, preset, labelled, labelled.joint_positions, right=True)
                if i < _MISMATCHED_SHARE * frames:
                    joints = _mismatched(kinematics, labelled.joint_positions, rng)
                    yield from _labelled(estimator, "mismatched", labelled, joints, right=False)
            if on_frame is not None:
                on_frame()
        sampler.close()
    for labelled in _other_robots(robot, int(_OTHER_SHARE * frames), seed, rng):
        lower, upper = np.maximum(kinematics.lower, -np.pi), np.minimum(kinematics.upper, np.pi)
        yield from _labelled(estimator, "other_robot", labelled, rng.uniform(lower, upper), right=False)


def fit_validity_model(judged: Sequence[LabelledPose]) -> ValidityModel:
    """Logistic regression with a threshold that keeps wrong poses out.

    Classes count equally. The threshold is the lowest at which at most one per cent of the accepted poses of frames
    with right joint angles are wrong, and nine in ten frames with wrong ones are rejected. Without a model are networks
    for which no threshold does the former, or that have fewer than twenty right or wrong poses.
    """
    wrong = sum(each.add_m >= _WRONG_M for each in judged)
    if min(wrong, len(judged) - wrong) < _FEWEST:
        return ValidityModel()
    x = np.stack([each.evidence for each in judged])
    right = np.array([each.add_m < _WRONG_M for each in judged])
    mean, scale = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-6)
    inputs = np.concatenate(standardised(x, mean, scale), axis=1)
    weight = np.where(right, 0.5 / max(right.sum(), 1), 0.5 / max((~right).sum(), 1))

    count = len(EVIDENCE)
    ridge = np.repeat([_RIDGE, _SHIFT_RIDGE], count)

    def loss(parameters: NDArray[np.float64]) -> float:
        odds = inputs @ parameters[:-1] + parameters[-1]
        return float(weight @ np.logaddexp(0.0, np.where(right, -odds, odds)) + ridge @ parameters[:-1] ** 2)

    *found, bias = minimize(loss, np.zeros(2 * count + 1)).x
    model = ValidityModel(
        mean=tuple(mean),
        scale=tuple(scale),
        weights=tuple(found[:count]),
        shifts=tuple(found[count:]),
        bias=float(bias),
    )
    own = [each for each in judged if each.kind in _PRESETS and each.accepted]
    least = _threshold(model, own)
    if least is None:
        return ValidityModel()
    mismatched = [model.probability(e.evidence) if e.accepted else 0.0 for e in judged if e.kind == "mismatched"]
    if mismatched:
        least = max(least, float(np.quantile(mismatched, _MISMATCHED_REJECTED, method="higher")) + 1e-9)
    return replace(model, least_probability=min(least, 1.0))


def rejected_shares(judged: Sequence[LabelledPose], model: ValidityModel) -> dict[str, dict[str, float]]:
    """Of every kind of frames: how many, share that is rejected, and share of the accepted poses that is wrong."""
    found = {}
    for kind in dict.fromkeys(each.kind for each in judged):
        own = [each for each in judged if each.kind == kind]
        kept = [each for each in own if each.accepted and not model.reason(each.evidence)]
        wrong = sum(each.add_m >= _WRONG_M for each in kept)
        found[kind] = {
            "poses": len(own), "rejected": 1.0 - len(kept) / len(own), "wrong": wrong / max(len(kept), 1)
        }  # fmt: skip
    return found


def _threshold(model: ValidityModel, judged: Sequence[LabelledPose]) -> float | None:
    """The lowest probability above which at most one per cent of the poses are wrong; ``None`` if there is none."""
    pairs = sorted(((model.probability(each.evidence), each.add_m >= _WRONG_M) for each in judged), reverse=True)
    least, wrong = None, 0
    for count, (probability, is_wrong) in enumerate(pairs, start=1):
        wrong += is_wrong
        if wrong <= _ALLOWED * count:
            least = probability
    return least


def _labelled(
    estimator: CtRNetEstimator, kind: str, labelled: LabelledFrame, joints: NDArray[np.float64], right: bool
) -> Iterator[LabelledPose]:
    config, pipeline = estimator.config, estimator.pipeline
    view = pipeline.model.view(replace(labelled.frame(), joint_positions=joints))
    hypothesis = pipeline.run([view], search_passes(config.passes, config.align_contour))[0]
    if hypothesis.located:
        accepted = not estimator.rejection(hypothesis)
        hypothesis = refine_by_edges(view, hypothesis)
        add_m = np.inf
        if right:
            assert labelled.camera_T_base is not None
            points = pipeline.model.kinematics.keypoints(joints)
            away = hypothesis.camera_T_base.apply(points) - labelled.camera_T_base.apply(points)
            add_m = float(np.linalg.norm(away, axis=1).mean())
        information = joint_information(view, hypothesis, pipeline.detector.uncertainty.keypoint_information)
        yield LabelledPose(kind, evidence(view, hypothesis, information, config.min_confidence), add_m, accepted)


def _sampled(sampler: FrameSampler, seed: int, index: int) -> LabelledFrame | None:
    try:
        return sampler.sample(frame_seed("validation", seed, index))
    except SamplingError:
        return None


def _mismatched(
    kinematics: RobotKinematics, joints: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Joint angles of another instant of a motion through these."""
    while True:
        others = np.clip(joints + rng.normal(0.0, _ANOTHER_INSTANT, len(joints)), kinematics.lower, kinematics.upper)
        if (np.abs(others - joints) >= _FAR).sum() >= _FAR_JOINTS:
            return np.asarray(others)


def _other_robots(robot: RobotDescription, count: int, seed: int, rng: np.random.Generator) -> Iterator[LabelledFrame]:
    """Frames of the other networks' robots in turn, and the same with a background over everything."""
    others = [r for r in ROBOTS.values() if r.name == r.network_robot != robot.network_robot and r.mirror_of is None]
    samplers, backgrounds = [FrameSampler(other, randomization="strong") for other in others], Backgrounds()
    for i in range(count):
        labelled = _sampled(samplers[i % len(samplers)], seed, i)
        if labelled is not None:
            yield labelled
            height, width = labelled.image.shape[:2]
            yield replace(labelled, image=backgrounds.draw(width, height, rng))
    for sampler in samplers:
        sampler.close()
