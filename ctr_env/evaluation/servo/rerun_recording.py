"""An episode as a recording for the Rerun viewer (extra ``viz``)."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import RigidTransform

from ctr_env.envs import ServoEnv
from ctr_env.errors import MissingDependencyError
from ctr_env.runs.files import replacing

from .keypoint_ellipses import ellipse_contours, pixel_covariances
from .policy_episodes import act_of
from .servo_study import ServoStudy
from .trace import Trace, run_episode

__all__ = ["record_rerun", "require_rerun"]

_APPLICATION = "ctr_env"
_CAMERA = "world/camera"
_IMAGE = f"{_CAMERA}/image"
_ERRORS = {
    **{"position_error_m": (1e3, "mm")},
    **{"rotation_error_rad": (float(np.degrees(1.0)), "deg")},
}
_KINDS = ("true", "apparent", "estimate")
_ORANGE, _CYAN, _YELLOW = (255, 170, 40), (90, 220, 255), (250, 225, 80)
_MASK_FROM = 0.5
_AXIS_M = 0.08


def require_rerun() -> Any:
    """The package ``rerun``.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    try:
        import rerun  # an extra
    except ImportError as error:
        raise MissingDependencyError("Rerun recordings need rerun: pip install 'ctr-env[viz]'") from error
    return rerun


def record_rerun(study: ServoStudy, seed: int, file: Path, policy: Path | None = None) -> Trace:
    """Run an episode and write a recording of it, which appears when the episode ends.

    Entities, on the timelines ``time`` (seconds) and ``frame``:

    - ``world/camera/image``: the image; ``mask``: the robot as the estimator segments it; ``keypoints/detected``;
      ``keypoints/estimated``: keypoints and gripper projected at the estimated pose, ``keypoints/covariance``: contours
      of their 95 % regions; ``goal``: the goal's axes.
    - ``world``: the base frame with the true and the estimated camera, the gripper and the goal, metres.
    - ``errors/KIND/position`` and ``rotation``: true, apparent and estimate errors, mm and degrees.
    - ``joints/velocity/JOINT`` and ``joints/command/JOINT``: rad/s.
    - ``events``: changes of the controller's mode and of the estimate's validity, with their reasons.

    Args:
        study: Makes the environment.
        seed: Seed of the episode.
        file: The recording, ending in ``.rrd``.
        policy: File of the policy that acts; ``None``: the environment's controller alone.

    Raises:
        MissingDependencyError: If ``rerun`` is not installed.
    """
    rr = require_rerun()
    env = study.make_environment()
    try:
        with replacing(file) as scratch:
            stream = rr.RecordingStream(_APPLICATION, recording_id=f"{study.env_id}-{seed}")
            stream.save(scratch, default_blueprint=_layout(rr))
            recorder = _Recorder(rr, stream)
            try:
                return run_episode(env, seed, recorder.add, None if policy is None else act_of(policy))
            finally:
                stream.flush()
                with suppress(AttributeError):
                    stream.disconnect()
    finally:
        env.close()


class _Recorder:
    """Logs the frames of an episode."""

    def __init__(self, rr: Any, stream: Any) -> None:
        self._rr, self._stream, self._frame = rr, stream, 0
        self._said: tuple[str, ...] = ()

    def add(self, env: ServoEnv, info: dict[str, Any]) -> None:
        """Log a frame."""
        self._stream.set_time("time", duration=float(info["time_s"]))
        self._stream.set_time("frame", sequence=self._frame)
        self._frame += 1
        self._image(env)
        self._estimate(env, info)
        self._world(env, info)
        self._scalars(env, info)
        self._events(info)

    def _log(self, entity: str, *what: Any) -> None:
        self._stream.log(entity, *what)

    def _image(self, env: ServoEnv) -> None:
        rr, now = self._rr, env.snapshot
        camera = now.camera
        pinhole = rr.Pinhole(
            image_from_camera=camera.opencv_matrix,
            resolution=(camera.width, camera.height),
            camera_xyz=rr.ViewCoordinates.RDF,
            image_plane_distance=0.3,
        )
        self._log(_IMAGE, pinhole)
        self._log(_IMAGE, rr.Image(env.image()).compress(jpeg_quality=85))
        axes = camera.project(now.camera_T_goal.apply(np.vstack([np.zeros(3), _AXIS_M * np.eye(3)])))
        strips = [np.stack([axes[0], end]) for end in axes[1:]]
        self._log(f"{_IMAGE}/goal", rr.LineStrips2D(strips, colors=_YELLOW, radii=1.5))

    def _estimate(self, env: ServoEnv, info: dict[str, Any]) -> None:
        rr, now = self._rr, env.snapshot
        estimate = now.estimate
        self._log(f"{_IMAGE}/keypoints/detected", rr.Points2D(estimate.keypoints_px, colors=_CYAN, radii=3.0))
        if estimate.mask is not None:
            shape = (now.camera.height, now.camera.width)
            mask = (estimate.mask > _MASK_FROM).astype(np.uint8)
            if mask.shape == shape:
                self._log(f"{_IMAGE}/mask", rr.SegmentationImage(mask, opacity=0.35))
        if not (info["estimate_known"] and estimate.valid):
            self._log(f"{_IMAGE}/keypoints/estimated", rr.Clear(recursive=False))
            self._log(f"{_IMAGE}/keypoints/covariance", rr.Clear(recursive=False))
            return
        gripper = env.kinematics.base_T_ee(now.joint_positions).translation
        points = np.vstack([env.kinematics.keypoints(now.joint_positions), gripper])
        pixels = now.camera.project(estimate.camera_T_base.apply(points))
        covariances = pixel_covariances(now.camera, estimate.camera_T_base, estimate.covariance, points)
        contours = ellipse_contours(pixels, covariances)
        self._log(f"{_IMAGE}/keypoints/estimated", rr.Points2D(pixels, colors=_ORANGE, radii=2.5))
        self._log(f"{_IMAGE}/keypoints/covariance", rr.LineStrips2D(contours, colors=_ORANGE, radii=0.7))

    def _world(self, env: ServoEnv, info: dict[str, Any]) -> None:
        now = env.snapshot
        self._pose(_CAMERA, now.camera_T_base.inv())
        self._pose("world/gripper", now.base_T_ee, axes=True)
        self._pose("world/goal", now.base_T_goal, axes=True)
        if info["estimate_known"] and now.estimate.valid:
            self._pose("world/estimated_camera", now.estimate.camera_T_base.inv(), axes=True)

    def _pose(self, entity: str, pose: RigidTransform, axes: bool = False) -> None:
        rr = self._rr
        self._log(entity, rr.Transform3D(translation=pose.translation, mat3x3=pose.rotation.as_matrix()))
        if axes:
            colours = [(235, 70, 60), (70, 200, 90), (70, 130, 255)]
            self._log(f"{entity}/axes", rr.Arrows3D(vectors=_AXIS_M * np.eye(3), colors=colours))

    def _scalars(self, env: ServoEnv, info: dict[str, Any]) -> None:
        rr = self._rr
        for kind in _KINDS:
            known = kind == "true" or (info["estimate_known"] and info["estimate_valid"])
            for name, (scale, _) in _ERRORS.items():
                if known:
                    value = scale * float(info[f"{kind}_{name}"])
                    self._log(f"errors/{name.partition('_')[0]}/{kind}", rr.Scalars(value))
        commanded = env.command.joint_velocities
        joints = env.kinematics.robot.arm_joints
        for i, joint in enumerate(joints):
            self._log(f"joints/velocity/{joint}", rr.Scalars(float(env.snapshot.joint_velocities[i])))
            self._log(f"joints/command/{joint}", rr.Scalars(float(commanded[i])))

    def _events(self, info: dict[str, Any]) -> None:
        words = [info["controller_mode"], info["controller_reason"]]
        words += ["estimate valid" if info["estimate_valid"] else f"no estimate: {info['estimate_reason']}"]
        said = tuple(filter(None, words))
        if said != self._said:
            self._log("events", self._rr.TextLog(", ".join(said)))
            self._said = said


def _layout(rr: Any) -> Any:
    """Image and space beside errors and velocities."""
    bp = rr.blueprint
    units = {name.partition("_")[0]: unit for name, (_, unit) in _ERRORS.items()}
    errors = [bp.TimeSeriesView(origin=f"errors/{name}", name=f"{name} error ({unit})") for name, unit in units.items()]
    return bp.Blueprint(
        bp.Horizontal(
            bp.Vertical(
                bp.Spatial2DView(origin=_IMAGE, name="image"),
                bp.Spatial3DView(origin="world", name="base frame"),
                row_shares=[3, 2],
            ),
            bp.Vertical(
                *errors,
                bp.TimeSeriesView(origin="joints/velocity", name="joint velocities (rad/s)"),
                bp.TextLogView(origin="events", name="events"),
            ),
            column_shares=[3, 2],
        ),
        collapse_panels=True,
    )
