"""The error of the pose that PnP makes of a network's points: what all the rest is for."""

from __future__ import annotations

import torch
from torch import Tensor

from ctr_env.estimators.ctrnet.output import NetworkOutput
from ctr_env.estimators.pnp import PnPSolution, solve_pnp

from .batch import Batch

__all__ = ["found_poses", "pose_loss"]

_ADD = 0.03  # metres: errors much smaller than this count in full, larger ones ever less
_LOG_SCALE = (-3.0, 5.0)
_LEAST_CONFIDENCE = 0.3
_LARGEST_GRADIENT = 0.05  # per image, of the loss by pixels


def pose_loss(output: NetworkOutput, batch: Batch, chain: int) -> Tensor:
    """Mean of ``log(1 + ADD / 30 mm)`` over the images that PnP finds a pose of.

    The gradient goes through PnP (implicit function theorem) to the places of the points and to the scales that weigh
    them: errors that all points share, which a loss of each point alone hardly sees, are those that move a pose.

    Args:
        output: What the network says.
        batch: The truth.
        chain: Number of the first points, the published ones, over which ADD is taken.
    """
    published = batch.points.double()[:, :chain]
    found = found_poses(output, batch)
    moved = published @ found.rotation.mT + found.translation[:, None]  # the true pose is the identity here
    add = torch.linalg.vector_norm(moved - published + 1e-9, dim=-1).mean(dim=1)
    return torch.log1p(add[found.valid] / _ADD).sum() / len(add)


def found_poses(output: NetworkOutput, batch: Batch) -> PnPSolution:
    """Poses that PnP makes of a network's points, relative to where the batch has them: identities where all is right.

    Differentiable; where a image hardly determines its pose the gradient by pixels is held back. Points are in the
    camera frame, metres; the RMS error is in pixels of the input.
    """
    places = _held(output.keypoints_px.double())
    linear, offset = batch.lenses[:, :, :2].double(), batch.lenses[:, :, 2].double()
    rays = torch.linalg.solve(linear, (places - offset[:, None]).mT).mT  # normalised camera coordinates
    focal = torch.linalg.det(linear).abs().sqrt()  # input pixels per unit of them: crops do not distort
    scale = torch.exp(2.0 * output.log_scale.double().clamp(*_LOG_SCALE))
    used = (torch.sigmoid(output.confidence_logits) > _LEAST_CONFIDENCE) | batch.seen
    weights = used * 0.5 / scale
    lens = torch.stack([focal, focal, torch.zeros_like(focal), torch.zeros_like(focal)], dim=1)
    return solve_pnp(rays * focal[:, None, None], batch.points.double(), weights, lens)


def _held(places: Tensor) -> Tensor:
    """The same places, whose gradient is held back where a image hardly determines its pose."""

    def hold(gradient: Tensor) -> Tensor:
        norm = torch.linalg.vector_norm(gradient, dim=(1, 2), keepdim=True)
        return gradient * (_LARGEST_GRADIENT / len(gradient) / norm.clamp(min=1e-12)).clamp(max=1.0)

    places = places.clone()
    if places.requires_grad:
        places.register_hook(hold)
    return places
