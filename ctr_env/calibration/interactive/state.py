"""The state of a session as JSON, with the texts that the page shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import inverse_covariance, twist_between
from ctr_env.scenes.world.free_configurations import joint_range

from .evidence import TakenImage
from .session import Session

__all__ = ["joint_text", "session_state"]

_HARDLY = 0.98  # of the standard deviation: further images that leave more hardly help
_STALE_S = 2.0  # age of the last row of a log that is pointed out


def session_state(session: Session) -> dict[str, Any]:
    """Everything that the page shows, except images."""
    return {
        "live": _live(session),
        "joints": _joints(session),
        "images": [_image(session.taken, i) for i in range(len(session.taken))],
        "pose": _pose(session),
        "coverage": _coverage(session),
        "proposal": _proposal(session),
        "result": _result(session),
        "activity": session.activity,
        "message": session.message,
    }


def _live(session: Session) -> dict[str, Any]:
    live = session.live
    found: dict[str, Any] = {
        "number": -1 if live is None else live.number, "valid": False, "reason": "", "contour_inlier_ratio": None,
    }  # fmt: skip
    if live is None or live.estimate is None:
        return found | {"text": "waiting for joint angles"}
    estimate = live.estimate
    ratio = estimate.contour_inlier_ratio
    found |= {"valid": estimate.valid, "reason": estimate.reason, "contour_inlier_ratio": ratio}
    inliers = "" if ratio is None else f", contour inliers {ratio:.0%}"
    if not estimate.valid:
        return found | {"text": f"not valid: {estimate.reason.replace('_', ' ')}{inliers}"}
    away = ""
    if session.evidence is not None:
        twist = twist_between(session.evidence.fused.pose, estimate.camera_T_base)
        distance, angle = 1e3 * np.linalg.norm(twist[:3]), np.degrees(np.linalg.norm(twist[3:]))
        away = f", {distance:.1f} mm and {angle:.2f}° from the fused pose"
    return found | {"text": f"valid{inliers}{away}"}


def _joints(session: Session) -> dict[str, Any]:
    live, log = session.live, session.joints.log
    reading = None if live is None else live.reading
    found: dict[str, Any] = {
        "from_log": log is not None,
        "positions": None if reading is None else reading.positions,
        "text": "" if reading is None else joint_text(reading.positions),
        "problem": "" if live is None else live.problem,
        "age_s": None if reading is None or log is None else reading.age_s,
        "stale": False,
    }
    if found["age_s"] is not None:
        found["stale"] = bool(found["age_s"] > _STALE_S)
    return found


def _image(taken: list[TakenImage], number: int) -> dict[str, Any]:
    image = taken[number]
    estimate, same = image.estimate, image.same_as([other for other in taken[:number] if other.estimate.valid])
    if not estimate.valid:
        text = f"not valid: {estimate.reason.replace('_', ' ')}"
    else:
        text = f"counts as one with {same}" if same else "valid"
    return {
        "name": image.name, "joints": image.joint_positions, "valid": estimate.valid, "reason": estimate.reason,
        "contour_inlier_ratio": estimate.contour_inlier_ratio, "same_as": same, "text": text,
    }  # fmt: skip


def _pose(session: Session) -> dict[str, Any] | None:
    evidence = session.evidence
    if evidence is None:
        return None
    pose = evidence.fused.pose
    return {
        "configurations": len(evidence.configurations),
        "camera_T_base": pose.as_matrix(),
        "covariance": evidence.fused.covariance,
        "base_in_camera": _numbers(pose, evidence.fused.covariance),
        "camera_in_base": _numbers(pose.inv(), inverse_covariance(pose, evidence.fused.covariance)),
        "history_mm": [_position_std_mm(pose, covariance) for covariance in evidence.history],
        "floor_mm": _position_std_mm(pose, session.systematic),
    }


def _numbers(pose: RigidTransform, covariance: NDArray[np.float64]) -> dict[str, Any]:
    deviations = np.sqrt(np.diag(covariance))
    return {
        "position_mm": 1e3 * pose.translation,
        "position_std_mm": 1e3 * deviations[:3],
        "rotation_std_deg": np.degrees(deviations[3:]),
    }


def _position_std_mm(pose: RigidTransform, covariance: NDArray[np.float64]) -> float:
    """Largest standard deviation of the camera's position in the base, mm, from a covariance of the base's pose."""
    return 1e3 * float(np.sqrt(np.linalg.eigvalsh(inverse_covariance(pose, covariance)[:3, :3])[-1]))


def _coverage(session: Session) -> list[dict[str, Any]]:
    lower, upper = joint_range(session.robot)
    reading = None if session.live is None else session.live.reading
    proposed = session.proposal
    return [
        {
            "name": name,
            "lower": lower[i],
            "upper": upper[i],
            "taken": [image.joint_positions[i] for image in session.taken if image.estimate.valid],
            "present": None if reading is None else reading.positions[i],
            "proposed": None if proposed is None else proposed.joint_positions[i],
        }
        for i, name in enumerate(session.robot.robot.arm_joints)
    ]


def _proposal(session: Session) -> dict[str, Any] | None:
    proposal, pose = session.proposal, session.pose
    if proposal is None or pose is None:
        return None
    after = _position_std_mm(pose, proposal.independent + session.systematic)
    evidence = session.evidence
    before = np.inf if evidence is None else _position_std_mm(pose, evidence.fused.covariance)
    return {
        "joints": proposal.joint_positions,
        "text": joint_text(proposal.joint_positions),
        "gain": proposal.gain,
        "position_std_mm": after,
        "enough": bool(after > _HARDLY * before),
    }


def _result(session: Session) -> dict[str, Any] | None:
    data = session.result
    if data is None:
        return None
    valid = [frame["valid"] for frame in data["frames"]]
    return {
        "camera_in_base_mm": 1e3 * np.asarray(data["base_T_camera"])[:3, 3],
        "position_std_mm": data["base_T_camera_position_std_mm"],
        "rotation_std_deg": data["base_T_camera_rotation_std_deg"],
        "valid": sum(valid),
        "images": len(valid),
        "halves_differ_mm": data["halves_differ"]["position_mm"],
        "advice": data["advice"],
    }


def joint_text(positions: NDArray[np.float64]) -> str:
    """Joint positions as the page shows and takes them."""
    return ", ".join(f"{value:.4f}" for value in positions)
