"""Pose loss: the error of the PnP pose of the predicted keypoints, differentiated through PnP."""

from __future__ import annotations

import torch
from torch import Tensor

from ctr_env.estimators.ctrnet.output import NetworkOutput
from ctr_env.estimators.pnp import PnPSolution, solve_pnp

from .batch import Batch

__all__ = ["found_poses", "pose_loss"]

_ADD = 0.03  # metres: the loss is linear far below this error and logarithmic far above
_LOG_SCALE = (-3.0, 5.0)
_LEAST_CONFIDENCE = 0.3
_LARGEST_GRADIENT = 0.05  # per image, norm of the gradient with respect to pixels


def pose_loss(output: NetworkOutput, batch: Batch, chain: int) -> Tensor:
    """Mean of ``log(1 + ADD / 30 mm)`` over the images for which PnP finds a pose.

    The gradient flows through PnP (implicit function theorem) to the keypoints and to the scales that weight them.
    Errors common to all keypoints move the pose most, and a per-keypoint loss hardly penalises them.

    Args:
        output: Output of the network.
        batch: Labels.
        chain: Number of keypoints along the kinematic chain, which come first; ADD is taken over these.
    """
    keypoints = batch.points.double()[:, :chain]
    found = found_poses(output, batch)
    moved = keypoints @ found.rotation.mT + found.translation[:, None]  # the true pose is the identity here
    add = torch.linalg.vector_norm(moved - keypoints + 1e-9, dim=-1).mean(dim=1)
    return torch.log1p(add[found.valid] / _ADD).sum() / len(add)


def found_poses(output: NetworkOutput, batch: Batch) -> PnPSolution:
    """PnP poses of predicted keypoints relative to the labels; the identity where the prediction is exact.

    Differentiable; the gradient with respect to pixels is clipped per image, since some images hardly determine the
    pose. Points are in the camera frame, metres; the RMS error is in pixels of the input. Lens distortion is removed
    as it is at the true points: exactly there, and to first order in the prediction's error.
    """
    linear, offset = batch.lenses[:, :, :2].double(), batch.lenses[:, :, 2].double()
    places = _clipped(output.keypoints_px.double()) - _displacement(batch, linear, offset)
    rays = torch.linalg.solve(linear, (places - offset[:, None]).mT).mT  # normalised camera coordinates
    focal = torch.linalg.det(linear).abs().sqrt()  # input pixels per unit of them: crops do not distort
    scale = torch.exp(2.0 * output.log_scale.double().clamp(*_LOG_SCALE))
    used = (torch.sigmoid(output.confidence_logits) > _LEAST_CONFIDENCE) | batch.seen
    weights = used * 0.5 / scale
    lens = torch.stack([focal, focal, torch.zeros_like(focal), torch.zeros_like(focal)], dim=1)
    return solve_pnp(rays * focal[:, None, None], batch.points.double(), weights, lens)


def _displacement(batch: Batch, linear: Tensor, offset: Tensor) -> Tensor:
    """``(B, K, 2)`` shift by lens distortion of the true points, input pixels; 0 for points outside the input."""
    points = batch.points.double()
    undistorted = (points[..., :2] / points[..., 2:]) @ linear.mT + offset[:, None]
    return torch.where(batch.inside[..., None], batch.pixels.double() - undistorted, 0.0)


def _clipped(places: Tensor) -> Tensor:
    """The same pixels with a gradient of bounded norm per image."""

    def clip(gradient: Tensor) -> Tensor:
        norm = torch.linalg.vector_norm(gradient, dim=(1, 2), keepdim=True)
        return gradient * (_LARGEST_GRADIENT / len(gradient) / norm.clamp(min=1e-12)).clamp(max=1.0)

    places = places.clone()
    if places.requires_grad:
        places.register_hook(clip)
    return places
