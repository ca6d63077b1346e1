"""Reading folders of labelled images in the layout of DREAM and NDDS (see :mod:`.dream_writer`).

Where a folder does not say how its numbers are meant, that is inferred:

- DREAM's real sets are in metres and lack the pose of the base, which is found from the keypoints. Intrinsics and
  pixels are those of calibrated cameras, which count pixel centres as integers.
- NDDS's synthetic sets are in centimetres. Their principal point is the exact centre of the image, as for a renderer
  whose pixel centres are at a half.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ctr_env.errors import DataError, MissingFileError
from ctr_env.geometry import PinholeCamera
from ctr_env.runs.configuration import require_choice
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .dream_labels import base_pose, joint_positions, keypoints, robot_object
from .dream_writer import PIXEL_CENTRE
from .frame import Frame
from .image_file import read_image, read_mask
from .image_size import camera_of_size
from .labelled import LabelledFrame
from .plausible_camera import require_plausible

__all__ = ["PIXEL_CENTRES", "UNITS", "DreamFolder"]

UNITS = ("auto", "m", "cm")
"""Units of length in a folder; ``auto``: centimetres if keypoints are farther away than 10, else metres."""
PIXEL_CENTRES = ("auto", "integer", "half")
"""Coordinates of pixel centres; ``auto``: as the files say, else half if the principal point is the image's centre."""

_METRES = {"m": 1.0, "cm": 0.01}
_SHIFTS = {"half": 0.0, "integer": 0.5}  # what pixel coordinates lack to be continuous ones
_CENTIMETRES = 10.0  # keypoints farther away than this (median) are in centimetres
_PROBED = 20  # frames at most from which the unit is inferred
_IMAGE_SUFFIXES = (".rgb.jpg", ".rgb.png")
_MALFORMED = (KeyError, IndexError, TypeError, AttributeError, json.JSONDecodeError)


class DreamFolder:
    """The frames of a folder, read one by one.

    Attributes:
        folder: The folder.
        names: Names of the frames, sorted.
    """

    def __init__(
        self, folder: Path, kinematics: RobotKinematics, units: str = "auto", pixel_centres: str = "auto"
    ) -> None:
        """List a folder's frames.

        Args:
            folder: A folder in the layout of DREAM.
            kinematics: The robot in the images.
            units: One of :data:`UNITS`.
            pixel_centres: One of :data:`PIXEL_CENTRES`.

        Raises:
            MissingFileError: If the folder has no frames.
            DataError: If its ``_camera_settings.json`` cannot be understood.
            ConfigurationError: If an option is unknown.
        """
        require_choice("units", units, UNITS)
        require_choice("pixel_centres", pixel_centres, PIXEL_CENTRES)
        self._units, self._pixel_centres = units, pixel_centres
        self.folder, self._kinematics = folder, kinematics
        self.names = sorted(f.stem for f in folder.glob("[0-9]*.json")) if folder.is_dir() else []
        if not self.names:
            raise MissingFileError(f"no frames (NNNNNN.json beside NNNNNN.rgb.jpg or .png) in {folder}")
        settings = folder / "_camera_settings.json"
        self._settings: dict[str, Any] | None = None
        if settings.is_file():
            try:
                self._settings = json.loads(settings.read_text())["camera_settings"][0]
            except _MALFORMED as error:
                raise DataError(f"{settings}: not understood: {type(error).__name__} {error}") from error

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.names)

    @cached_property
    def conventions(self) -> dict[str, str]:
        """How the folder's numbers are read.

        ``units`` and ``pixel_centres`` with ``units_from`` (``option``, ``keypoints`` or ``default``) and
        ``pixel_centres_from`` (``option``, ``file`` or ``principal point``).
        """
        centres, source = self._folder_pixel_centres()
        units, units_source = (self._units, "option") if self._units != "auto" else self._inferred_units()
        return {
            "units": units, "units_from": units_source, "pixel_centres": centres, "pixel_centres_from": source,
        }  # fmt: skip

    def image_file(self, name: str) -> Path:
        """The image of a frame.

        Raises:
            MissingFileError: If it is missing.
        """
        for suffix in _IMAGE_SUFFIXES:
            if (self.folder / f"{name}{suffix}").is_file():
                return self.folder / f"{name}{suffix}"
        raise MissingFileError(f"{self.folder / name}.json has no image ({' or '.join(_IMAGE_SUFFIXES)}) beside it")

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
            MissingFileError: If its image is missing.
            DataError: If its files cannot be understood; the message names the file and what is wrong.
        """
        image = read_image(self.image_file(name))
        labels = self.read_labels(name, image.shape[1], image.shape[0])
        mask_file = self.mask_file(name)
        mask = None if mask_file is None else read_mask(mask_file)
        if mask is not None and mask.shape != image.shape[:2]:
            raise DataError(f"{mask_file}: its size {mask.shape[::-1]} is not the image's {image.shape[1::-1]}")
        return LabelledFrame(name, image, mask=mask, **labels)

    def read_unlabelled(self, name: str) -> Frame:
        """Image, joint angles and camera of a frame; its other files and labels are not read.

        Raises:
            MissingFileError: If its image is missing.
            DataError: If its files cannot be understood.
        """
        image = read_image(self.image_file(name))
        file = self.folder / f"{name}.json"
        try:
            data = json.loads(file.read_text())
            camera = camera_of_size(self._camera(data)[0], image.shape[1], image.shape[0])
            joints = joint_positions(data, self._kinematics)
        except _MALFORMED as error:
            raise DataError(f"{file}: not understood: {type(error).__name__} {error}") from error
        except ValueError as error:
            raise DataError(f"{file}: {error}") from error
        return Frame(joints, camera, 0.0, image)

    def read_labels(self, name: str, width: int | None = None, height: int | None = None) -> dict[str, Any]:
        """The labels of a frame: ``camera``, ``joint_positions``, ``camera_T_base``, ``keypoints``, ``keypoints_px``.

        Args:
            name: Name of the frame.
            width: Width of its image; none: that of the camera.
            height: Height of its image; likewise. Camera and pixels are scaled to that size.

        Raises:
            DataError: If the file cannot be understood.
        """
        file = self.folder / f"{name}.json"
        try:
            data = json.loads(file.read_text())
            camera, shift = self._camera(data)
            joints = joint_positions(data, self._kinematics)
            item = robot_object(data, self._kinematics.robot)
            metres = _METRES[self.conventions["units"]]
            points, pixels = keypoints(item, self._kinematics.robot)
            points *= metres
            pixels += shift
            if width is not None and height is not None and (camera.width, camera.height) != (width, height):
                pixels *= np.array([width / camera.width, height / camera.height])
                camera = camera_of_size(camera, width, height)
            pose = base_pose(data, item, points, self._kinematics.keypoints(joints), metres)
        except _MALFORMED as error:
            raise DataError(f"{file}: not understood: {type(error).__name__} {error}") from error
        except ValueError as error:
            raise DataError(f"{file}: {error}") from error
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
            centres = "half" if self._pixel_centres == "auto" else self._pixel_centres  # this package writes them
            camera = _pinhole(own, own["width"], own["height"])
        elif self._settings is not None:
            centres, camera = self.conventions["pixel_centres"], _folder_camera(self._settings)
        else:
            raise DataError("no camera: neither camera_data.intrinsics nor a _camera_settings.json in the folder")
        shift = _SHIFTS[centres]
        return require_plausible(replace(camera, cx=camera.cx + shift, cy=camera.cy + shift)), shift

    def _folder_pixel_centres(self) -> tuple[str, str]:
        """Pixel centres of the folder's camera, and where that is known from."""
        if self._pixel_centres != "auto":
            return self._pixel_centres, "option"
        if self._settings is None:
            return "half", "file"
        written = self._settings["intrinsic_settings"].get(PIXEL_CENTRE)
        if written is not None:
            names = [name for name, shift in _SHIFTS.items() if float(written) == 0.5 - shift]
            if not names:
                raise DataError(f"{PIXEL_CENTRE} must be 0 or 0.5, not {written!r}")
            return names[0], "file"
        camera = _folder_camera(self._settings)
        rendered = (camera.cx, camera.cy) == (camera.width / 2, camera.height / 2)
        return "half" if rendered else "integer", "principal point"

    def _inferred_units(self) -> tuple[str, str]:
        """The unit by the distance of the keypoints of the first frame that has any."""
        for name in self.names[:_PROBED]:
            try:
                data = json.loads((self.folder / f"{name}.json").read_text())
                points, _ = keypoints(robot_object(data, self._kinematics.robot), self._kinematics.robot)
            except (*_MALFORMED, ValueError):
                continue
            distances = np.linalg.norm(points, axis=1)
            if np.isfinite(distances).any():
                return ("cm" if np.nanmedian(distances) > _CENTIMETRES else "m"), "keypoints"
        return "m", "default"


def _folder_camera(settings: Mapping[str, Any]) -> PinholeCamera:
    size, intrinsics = settings["captured_image_size"], settings["intrinsic_settings"]
    return _pinhole(intrinsics, size["width"], size["height"])


def _pinhole(data: Mapping[str, Any], width: int, height: int) -> PinholeCamera:
    fx, fy, cx, cy = (float(data[name]) for name in ("fx", "fy", "cx", "cy"))
    distortion = tuple(float(k) for k in data.get("distortion", ()))
    model = str(data.get("lens_model", "opencv"))
    return PinholeCamera(fx, fy, cx, cy, int(width), int(height), distortion, model)
