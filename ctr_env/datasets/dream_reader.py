"""Reading folders of labelled images in the layout of DREAM and NDDS (see :mod:`.ndds_write`): ours and theirs.

DREAM's real sets lack the pose of the base; it is found from the keypoints. Their intrinsics, and pixels, are those of
calibrated cameras, which count pixel centres as integers. NDDS's synthetic sets are in centimetres; their principal
point is the very middle of the image, where it is for a renderer whose pixel centres are at a half.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.geometry import PinholeCamera, transform
from ctr_env.scenes.robots.description import RobotDescription
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .dream_writer import PIXEL_CENTRE, keypoint_names, pose_from_unreal
from .frame import Frame
from .image_file import read_image, read_mask
from .image_size import camera_of_size
from .joint_limits import require_joints
from .labelled import LabelledFrame

__all__ = ["DreamFolder"]

_IMAGE_SUFFIXES = (".rgb.jpg", ".rgb.png")
_CENTIMETRES = 10.0  # keypoints farther away than this (median) are centimetres: NDDS's synthetic sets
_ANOTHER_CONFIGURATION = 0.03  # m: robots differ from their model by less
_ON_A_LINE = 1e-3  # m: keypoints that stray less from a line leave the turn about it unknown
_MISUNDERSTOOD = (KeyError, IndexError, TypeError, AttributeError, json.JSONDecodeError)


class DreamFolder:
    """The frames of a folder, read when they are asked for.

    Attributes:
        folder: Where they lie.
        names: Names of the frames, sorted.
    """

    def __init__(
        self, folder: Path, kinematics: RobotKinematics, units: str = "auto", pixel_centres: str = "auto"
    ) -> None:
        """List a folder's frames.

        Args:
            folder: A folder in the layout of DREAM.
            kinematics: The robot in the images.

        Raises:
            FileNotFoundError: If the folder has no frames.
            ValueError: If its ``_camera_settings.json`` cannot be understood.
        """
        self.folder, self.conventions = folder, {"units": units, "pixel_centres": pixel_centres}
        self._kinematics = kinematics
        self.names = sorted(f.stem for f in folder.glob("[0-9]*.json")) if folder.is_dir() else []
        if not self.names:
            raise FileNotFoundError(f"no frames (NNNNNN.json beside NNNNNN.rgb.jpg or .png) in {folder}")
        settings = folder / "_camera_settings.json"
        self._settings: dict[str, Any] | None = None
        if settings.is_file():
            try:
                self._settings = json.loads(settings.read_text())["camera_settings"][0]
            except _MISUNDERSTOOD as error:
                raise ValueError(f"{settings}: not understood: {type(error).__name__} {error}") from error

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.names)

    def image_file(self, name: str) -> Path:
        """The image of a frame.

        Raises:
            FileNotFoundError: If it is missing.
        """
        for suffix in _IMAGE_SUFFIXES:
            if (self.folder / f"{name}{suffix}").is_file():
                return self.folder / f"{name}{suffix}"
        raise FileNotFoundError(f"{self.folder / name}.json has no image ({' or '.join(_IMAGE_SUFFIXES)}) beside it")

    def files(self, name: str) -> list[Path]:
        """The files of a frame."""
        return sorted(self.folder.glob(f"{name}.*"))

    def mask_file(self, name: str) -> Path | None:
        """The mask of a frame, if it has one."""
        file = self.folder / f"{name}.mask.png"
        return file if file.is_file() else None

    def read(self, name: str) -> LabelledFrame:
        """One frame.

        Raises:
            FileNotFoundError: If its image is missing.
            ValueError: If its files cannot be understood; the message names the file and what is wrong.
        """
        image = read_image(self.image_file(name))
        labels = self.read_labels(name, image.shape[1], image.shape[0])
        mask_file = self.mask_file(name)
        mask = None if mask_file is None else read_mask(mask_file)
        if mask is not None and mask.shape != image.shape[:2]:
            raise ValueError(f"{mask_file}: its size {mask.shape[::-1]} is not the image's {image.shape[1::-1]}")
        return LabelledFrame(name, image, mask=mask, **labels)

    def read_unlabelled(self, name: str) -> Frame:
        """Image, joint angles and camera of a frame; nothing else of its files is looked at.

        Raises:
            FileNotFoundError: If its image is missing.
            ValueError: If its files cannot be understood.
        """
        image = read_image(self.image_file(name))
        file = self.folder / f"{name}.json"
        try:
            data = json.loads(file.read_text())
            camera = camera_of_size(self._camera(data)[0], image.shape[1], image.shape[0])
            joints = _joint_positions(data, self._kinematics)
        except _MISUNDERSTOOD as error:
            raise ValueError(f"{file}: not understood: {type(error).__name__} {error}") from error
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from error
        return Frame(joints, camera, 0.0, image)

    def read_labels(self, name: str, width: int | None = None, height: int | None = None) -> dict[str, Any]:
        """The labels of a frame: ``camera``, ``joint_positions``, ``camera_T_base``, ``keypoints``, ``keypoints_px``.

        Args:
            name: Name of the frame.
            width: Width of its image; none: as the camera says.
            height: Height of its image; likewise. Camera and pixels are scaled to that size.

        Raises:
            ValueError: If the file cannot be understood.
        """
        file = self.folder / f"{name}.json"
        try:
            data = json.loads(file.read_text())
            camera, shift = self._camera(data)
            joints = _joint_positions(data, self._kinematics)
            item = _robot_object(data, self._kinematics.robot)
            points, pixels = _keypoints(item, self._kinematics.robot)
            pixels += shift
            if width is not None and height is not None and (camera.width, camera.height) != (width, height):
                pixels *= np.array([width / camera.width, height / camera.height])
                camera = camera_of_size(camera, width, height)
            pose = _pose(data, item, points, self._kinematics.keypoints(joints))
        except _MISUNDERSTOOD as error:
            raise ValueError(f"{file}: not understood: {type(error).__name__} {error}") from error
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from error
        return {
            "camera": camera,
            "joint_positions": joints,
            "camera_T_base": pose,
            "keypoints": points,
            "keypoints_px": pixels,
        }

    def _camera(self, data: Mapping[str, Any]) -> tuple[PinholeCamera, float]:
        """A frame's camera, and what its pixels lack to be continuous coordinates."""
        own = data.get("camera_data", {}).get("intrinsics")
        if own is not None:
            return _pinhole(own, own["width"], own["height"]), 0.0
        if self._settings is None:
            raise ValueError("no camera: neither camera_data.intrinsics nor a _camera_settings.json in the folder")
        size, intrinsics = self._settings["captured_image_size"], self._settings["intrinsic_settings"]
        camera = _pinhole(intrinsics, size["width"], size["height"])
        rendered = (camera.cx, camera.cy) == (camera.width / 2, camera.height / 2)
        shift = 0.5 - float(intrinsics.get(PIXEL_CENTRE, 0.5 if rendered else 0.0))
        return replace(camera, cx=camera.cx + shift, cy=camera.cy + shift), shift


def _pinhole(data: Mapping[str, Any], width: int, height: int) -> PinholeCamera:
    fx, fy, cx, cy = (float(data[name]) for name in ("fx", "fy", "cx", "cy"))
    distortion = tuple(float(k) for k in data.get("distortion", ()))
    return PinholeCamera(fx, fy, cx, cy, int(width), int(height), distortion)


def _joint_positions(data: Mapping[str, Any], kinematics: RobotKinematics) -> NDArray[np.float64]:
    robot = kinematics.robot
    found = {str(j["name"]).rpartition("/")[2]: float(j["position"]) for j in data["sim_state"]["joints"]}
    missing = [name for name in robot.arm_joints if name not in found]
    if missing:
        raise ValueError(f"no position of {', '.join(missing)} in sim_state.joints (found: {', '.join(found)})")
    return require_joints(kinematics, np.array([found[name] for name in robot.arm_joints]))


def _keypoints(item: Mapping[str, Any], robot: RobotDescription) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(K, 3)`` camera-frame metres and ``(K, 2)`` pixels; NaN where the file has none."""
    points = np.full((len(robot.keypoint_frames), 3), np.nan)
    pixels = np.full((len(robot.keypoint_frames), 2), np.nan)
    found = {str(entry["name"]): entry for entry in item.get("keypoints") or ()}
    for i, (short, link) in enumerate(zip(keypoint_names(robot), robot.keypoint_frames, strict=True)):
        entry = found.get(short, found.get(link))
        if entry is not None:
            points[i] = entry["location"]
            pixel = np.asarray(entry["projected_location"], dtype=float)
            pixels[i] = pixel if (pixel > -999.0).all() else np.nan
    distances = np.linalg.norm(points, axis=1)
    if np.isfinite(distances).any() and np.nanmedian(distances) > _CENTIMETRES:
        points *= 0.01
    return points, pixels


def _pose(
    data: Mapping[str, Any], item: Mapping[str, Any], points: NDArray[np.float64], base_points: NDArray[np.float64]
) -> RigidTransform | None:
    """The pose as written, or the one that takes the base-frame keypoints to those of the file (Kabsch).

    Where keypoints are too few, NDDS's own ``pose_transform`` of the robot has to do.
    """
    known = np.isfinite(points).all(axis=1)
    if "quaternion_xyzw" in item and "intrinsics" in data.get("camera_data", {}):
        return transform(np.asarray(item["location"], dtype=float), Rotation.from_quat(item["quaternion_xyzw"]))
    a, b = base_points[known], points[known]
    if len(a) < 3 or np.linalg.svd(a - a.mean(axis=0), compute_uv=False)[1] < _ON_A_LINE:
        unreal = item.get("pose_transform")
        return None if unreal is None else pose_from_unreal(np.asarray(unreal, dtype=float))
    rotation, _ = Rotation.align_vectors(b - b.mean(axis=0), a - a.mean(axis=0))
    pose = transform(b.mean(axis=0) - rotation.apply(a.mean(axis=0)), rotation)
    apart = float(np.sqrt(np.mean(np.sum((pose.apply(a) - b) ** 2, axis=1))))
    if apart > _ANOTHER_CONFIGURATION:
        raise ValueError(
            f"the keypoints lie {1e3 * apart:.0f} mm (RMS) from where the joint positions have them: they are not of "
            "the same joint configuration, or not this robot's"
        )
    return pose


def _robot_object(data: Mapping[str, Any], robot: RobotDescription) -> Mapping[str, Any]:
    """The robot among the objects of a image: the one with most of its keypoints, or its name."""
    names = {*keypoint_names(robot), *robot.keypoint_frames}

    def likeness(item: Mapping[str, Any]) -> tuple[int, bool]:
        known = sum(str(entry.get("name")) in names for entry in item.get("keypoints") or ())
        return known, robot.name in str(item.get("class", "")).lower()

    found: Mapping[str, Any] = max(data["objects"], key=likeness, default={})
    return found if len(data["objects"]) == 1 or any(likeness(found)) else {}
