"""Fitting an error model to recorded episodes by maximum likelihood, with early stopping on validation episodes."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ctr_env.errors import DataError
from ctr_env.estimators.error_model.model import ErrorModel, ErrorModelHeader
from ctr_env.runs.threads import single_threaded
from ctr_env.scenes.randomization.presets import PRESETS
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .dataset import EpisodeData, episode_data
from .episodes import EpisodeRecord
from .likelihood import Batch, Network, ProcessLikelihood, batch_of

__all__ = ["fit_error_model", "fit_process"]

_HIDDEN = {"errors": 8, "covariances": 8, "gripper": 4, "validity": 4, "gripper_seen": 4}
_STEPS, _RATE = 300, 0.02
_FIRST_STEPS, _FIRST_RATE = 120, 0.05  # before the weights of the network are free
_EVERY = 10  # steps between looks at the validation episodes
_PATIENCE = 8  # looks without progress
_PENALTY = 10.0  # of the squared weights; a normal prior for them with standard deviation 0.22
_FEWEST = 4  # episodes with valid estimates
_LEAST_STD = 1e-3
Report = Callable[[str, int, float], None]
"""Called with the part that is fitted, the step and the validation loss for each value."""


def fit_error_model(
    records: Mapping[str, Sequence[EpisodeRecord]],
    robot: str,
    systematic: tuple[float, float],
    recipe: Mapping[str, Any],
    seed: int = 0,
    report: Report | None = None,
) -> ErrorModel:
    """The model that fits the episodes of the split ``train``; those of ``validation`` say when to stop.

    Args:
        records: Records by split.
        robot: Robot, by name or by file.
        systematic: Standard deviations (m, rad) of the systematic error in the reported covariances.
        recipe: What the header says of the episodes.
        seed: Seed of the networks' first weights.
        report: Progress.

    Raises:
        DataError: If fewer than four episodes of the split ``train``, or none of ``validation``, have valid estimates.
    """
    kinematics = RobotKinematics(robot)
    every = [record for split in ("train", "validation") for record in records[split]]
    presets = tuple(sorted({record.randomization for record in every}, key=PRESETS.index))
    data = {
        split: [episode_data(record, kinematics, presets, systematic) for record in records[split]]
        for split in ("train", "validation")
    }
    for split, fewest in (("train", _FEWEST), ("validation", 1)):
        usable = sum(bool(episode.valid.any()) for episode in data[split])
        if usable < fewest:
            raise DataError(
                f"{usable} recorded episodes of the split {split} have valid estimates; a fit needs {fewest}: "
                "record more"
            )
    rng, told = np.random.default_rng(seed), report or _ignore
    with single_threaded():
        arrays = _Fit(data, len(presets), rng, told).arrays()
    reasons = Counter(str(r) for record in every for r in record.reason[~record.valid.astype(bool)])
    total = max(reasons.total(), 1)
    header = ErrorModelHeader(
        robot=kinematics.robot.network_robot,
        joints=kinematics.n,
        presets=presets,
        systematic_m=systematic[0],
        systematic_rad=systematic[1],
        reasons={name: count / total for name, count in reasons.items()} or {"not_valid": 1.0},
        recipe=recipe,
    )
    return ErrorModel(header, {name: array.astype(np.float32).astype(np.float64) for name, array in arrays.items()})


class _Fit:
    """The parts of a model, fitted one after the other."""

    def __init__(
        self, data: Mapping[str, Sequence[EpisodeData]], presets: int, rng: np.random.Generator, report: Report
    ) -> None:
        self._data, self._presets, self._rng, self._report = data, presets, rng, report
        features = np.concatenate([episode.features for episode in data["train"]])
        self._mean, self._std = features.mean(axis=0), np.maximum(features.std(axis=0), _LEAST_STD)

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        found = {"feature_mean": self._mean, "feature_std": self._std, "rejected": self._rejected()}
        covariances = np.concatenate([episode.covariances for episode in self._data["train"]])
        found["covariance_range"] = np.stack([covariances.min(axis=0), covariances.max(axis=0)])
        found["gripper_gain"] = gain = self._gripper_gain()
        self._fit_process(found, "errors", lambda episode: (np.isfinite(episode.errors[:, 0]), episode.errors))
        self._fit_process(found, "covariances", lambda e: (np.isfinite(e.covariances[:, 0]), e.covariances))

        def gripper(episode: EpisodeData) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
            return _seen(episode), 1e3 * (episode.gripper - episode.pose_at_gripper @ gain.T)

        self._fit_process(found, "gripper", gripper)
        self._fit_logistic(found, "validity", lambda e: (np.hstack([self._x(e), e.history]), e.valid))
        self._fit_logistic(found, "gripper_seen", lambda e: (self._x(e)[e.valid], _seen(e)))
        return found

    def _x(self, episode: EpisodeData) -> NDArray[np.float64]:
        return np.asarray(((episode.features - self._mean) / self._std).clip(-3.0, 3.0))

    def _fit_process(
        self,
        found: dict[str, NDArray[np.float64]],
        name: str,
        values: Callable[[EpisodeData], tuple[NDArray[np.bool_], NDArray[np.float64]]],
    ) -> None:
        batches = {}
        for split in ("train", "validation"):
            rows = [(self._x(e)[e.valid], e.path, *values(e)) for e in self._data[split]]
            batches[split] = batch_of(
                [x[m] for x, _, m, _ in rows], [v[m] for *_, m, v in rows], [p[m] for _, p, m, _ in rows]
            )
        fitted = fit_process(
            batches["train"],
            batches["validation"],
            self._presets,
            _HIDDEN[name],
            self._rng,
            lambda step, loss: self._report(name, step, loss),
            alike=name != "errors",  # its components differ in how they change with the view
            normal=name == "covariances",  # exponentials of a heavy tail would be covariances without a bound
        )
        found |= {f"{name}.{key}": array for key, array in fitted.arrays().items()}

    def _fit_logistic(
        self,
        found: dict[str, NDArray[np.float64]],
        name: str,
        pairs: Callable[[EpisodeData], tuple[NDArray[np.float64], NDArray[np.bool_]]],
    ) -> None:
        sets = []
        for split in ("train", "validation"):
            x, y = (np.concatenate(part) for part in zip(*map(pairs, self._data[split]), strict=True))
            sets.append((torch.from_numpy(x), torch.from_numpy(y.astype(float))))
        yes, count = float(sets[0][1].sum()), len(sets[0][1])
        odds = np.array([np.log((yes + 0.5) / (count - yes + 0.5))])
        network = Network(sets[0][0].shape[1], 0, _HIDDEN[name], odds, self._rng)

        def loss(pair: tuple[Tensor, Tensor]) -> Tensor:
            return nn.functional.binary_cross_entropy_with_logits(network(pair[0])[:, 0], pair[1], reduction="sum")

        _minimise(
            network,
            lambda: (loss(sets[0]) + _PENALTY * network.penalty()) / len(sets[0][1]),
            lambda: float(loss(sets[1])) / max(len(sets[1][1]), 1),
            lambda step, value: self._report(name, step, value),
        )
        found |= {f"{name}.{key}": array for key, array in network.arrays().items()}

    def _gripper_gain(self) -> NDArray[np.float64]:
        """``(6, 6)`` linear dependence of the gripper's error on that of the pose there."""
        pairs = [(e.pose_at_gripper[_seen(e)], e.gripper[_seen(e)]) for e in self._data["train"]]
        pose, gripper = (np.concatenate(part) for part in zip(*pairs, strict=True))
        near = np.linalg.norm(pose[:, :3], axis=1) < 0.05  # least squares would follow a few gross errors
        return np.asarray(np.linalg.lstsq(pose[near], gripper[near], rcond=None)[0].T)

    def _rejected(self) -> NDArray[np.float64]:
        """See :meth:`ErrorModel.shapes`."""
        sizes = np.concatenate([e.rejected for episodes in self._data.values() for e in episodes])
        if len(sizes) < 2:
            return np.array([[np.log(0.1), 0.5], [np.log(0.3), 0.5]])
        logs = np.log(np.maximum(sizes, 1e-4))
        return np.stack([logs.mean(axis=0), logs.std(axis=0)], axis=1)


def fit_process(
    train: Batch,
    validation: Batch,
    presets: int,
    hidden: int,
    rng: np.random.Generator,
    report: Callable[[int, float], None] | None = None,
    alike: bool = False,
    normal: bool = False,
) -> ProcessLikelihood:
    """The process that is most likely given errors of some episodes, with a normal prior for the network's weights.

    First the distribution that depends on the preset alone is fitted; from there on, the network as well, until errors
    of the validation episodes become less likely.

    Args:
        train: Episodes that are fitted.
        validation: Episodes whose density says when to stop.
        presets: Number of the last features that name the preset.
        hidden: Hidden units of the network.
        rng: Draws the first weights.
        report: Called with the step and the validation loss.
        alike: Whether all components are correlated alike along an episode.
        normal: Whether errors are normal: no episode is worse than its views explain.
    """
    process = ProcessLikelihood(train, presets, hidden, rng, alike, normal)

    def loss() -> Tensor:
        return (_PENALTY * process.network.penalty() - process(train).sum()) / train.count

    optimiser = torch.optim.Adam(
        [*process.shape_parameters(), process.network.bias, process.network.preset], _FIRST_RATE
    )
    for _ in range(_FIRST_STEPS):
        _step(process, optimiser, loss)
    _minimise(
        process,
        loss,
        lambda: -float(process(validation).sum()) / validation.count,
        report or (lambda step, loss: None),
    )
    return process


def _minimise(
    module: nn.Module,
    loss: Callable[[], Tensor],
    validation: Callable[[], float],
    report: Callable[[int, float], None],
) -> None:
    """Adam, until the validation loss has not fallen for a while; the module is left at its smallest."""
    optimiser = torch.optim.Adam(module.parameters(), _RATE)
    best, kept, waited = np.inf, copy.deepcopy(module.state_dict()), 0
    for step in range(_STEPS):
        if step % _EVERY == 0:
            with torch.no_grad():
                now = validation()
            report(step, now)
            waited = 0 if now < best else waited + 1
            if now < best:
                best, kept = now, copy.deepcopy(module.state_dict())
            if waited > _PATIENCE:
                break
        _step(module, optimiser, loss)
    module.load_state_dict(kept)


def _step(module: nn.Module, optimiser: torch.optim.Optimizer, loss: Callable[[], Tensor]) -> None:
    module.zero_grad()
    loss().backward()
    nn.utils.clip_grad_norm_(module.parameters(), 10.0)
    optimiser.step()


def _seen(episode: EpisodeData) -> NDArray[np.bool_]:
    """``(V,)`` whether the gripper was observed."""
    return np.asarray(np.isfinite(episode.gripper).all(axis=1))


def _ignore(part: str, step: int, loss: float) -> None:
    """Ignore progress."""
