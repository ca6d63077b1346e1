"""The quantities that can be randomised: name, meaning, shape and nominal value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ctr_env.scenes.world.surfaces import SURFACES

__all__ = ["FIELDS", "Field"]

_DEFAULT_SIZES = {"joints": 7, "clutter": 12, "occluders": 3}


@dataclass(frozen=True)
class Field:
    """One quantity that can be randomised.

    Attributes:
        name: ``group.quantity``.
        doc: Meaning and unit of the value.
        nominal: Value without randomisation: a number, or one for each element of the last dimension.
        shape: Shape of a draw; strings are symbolic sizes of the scene (``"joints"``, ``"clutter"``, ``"occluders"``).
        per_frame: Whether the quantity may be drawn for every image instead of once per episode.
        still: Whether it is made for single images: environments do not draw it.
        pushing: Whether only environments draw it in which a block is pushed.
    """

    name: str
    doc: str
    nominal: float | tuple[float, ...] = 0.0
    shape: tuple[int | str, ...] = ()
    per_frame: bool = False
    still: bool = False
    pushing: bool = False

    def shape_for(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """The shape with its symbolic sizes replaced."""
        return tuple(sizes.get(size, _DEFAULT_SIZES[size]) if isinstance(size, str) else size for size in self.shape)


def _image(name: str, doc: str, nominal: float = 0.0) -> Field:
    return Field(f"image.{name}", doc, nominal, per_frame=True)


_CLUTTER, _OCCLUDERS = "clutter", "occluders"
_ALL = (
    Field("task.start", "Start joint configuration of the arm, an offset from home, rad.", 0.0, ("joints",)),
    Field("task.goal", "Joint configuration that reaches the goal, an offset from the start, rad.", 0.2, ("joints",)),
    Field("task.optical_rotation", "Rotation from start to goal about the optical axis, rad; 0: not so.", 0.0),
    Field("task.optical_offset", "Translation of such a goal in base axes, m.", 0.0, (3,)),
    Field("task.max_stop_distance", "Goals keeping all joints farther from their stops are redrawn, rad.", 100.0),
    Field("task.max_singular_value", "Goals whose Jacobian has no smaller singular value are redrawn, m/rad.", 100.0),
    Field("task.push_distance", "Distance from a block that is to be pushed to its goal, m.", 0.15, pushing=True),
    Field("task.push_direction", "Direction from such a block to its goal about the vertical, rad.", pushing=True),
    Field("goal_motion.amplitude", "Amplitudes of a moving goal: 3 in m, 3 in rad.", (0.05,) * 3 + (0.1,) * 3, (6,)),
    Field("goal_motion.period", "Periods of the same, s.", (6.0, 7.0, 8.0, 7.5, 8.5, 9.5), (6,)),
    Field("goal_motion.phase", "Phases of the same, rad.", 0.0, (6,)),
    Field("camera.distance", "Distance from the centre of the arm, m.", 1.2),
    Field("camera.azimuth", "Angle about the vertical from the robot's usual viewing side, rad.", 0.3),
    Field("camera.elevation", "Elevation of the camera above the horizon, rad.", 0.4),
    Field("camera.look_at", "Offset of the fixation point from the centre of the arm, m.", 0.0, (3,)),
    Field("camera.roll", "Rotation about the optical axis, rad.", 0.0),
    Field("camera.fov", "Horizontal field of view, rad.", 1.0),
    Field("camera.principal_point", "Position of the optical axis as a share of width and height.", 0.5, (2,)),
    Field("camera.min_arm_in_view", "Camera poses that show less than this share of the arm are redrawn.", 0.6),
    Field("camera.max_arm_in_view", "Camera poses that show more than this share of the arm are redrawn.", 1.0),
    Field("camera.on_gripper", "Share by which the centre moves from the arm's to the gripper's start.", 0.0),
    Field("camera.min_clearance", "Camera poses nearer to the keypoints' chain are redrawn, m.", still=True),
    Field("camera.distortion", "Radial distortion at the image's corners, a share of the radius.", still=True),
    Field("camera_motion.orbit", "Amplitude of a moving camera's orbit about the arm, rad.", 0.2),
    Field("camera_motion.orbit_period", "Period of the orbit, s.", 12.0),
    Field("camera_motion.sway", "Amplitudes of a hand-held camera: m, m, m, rad, rad, rad.", (0.01,) * 6, (6,)),
    Field("camera_motion.sway_period", "Periods of the sway, s.", (3.0, 4.0, 5.0, 3.5, 4.5, 5.5), (6,)),
    Field("camera_motion.sway_phase", "Phases of the sway, rad.", 0.0, (6,)),
    Field("lights.azimuth", "Directions of the key and the fill light about the vertical, rad.", (-0.7, 1.4), (2,)),
    Field("lights.elevation", "Elevations of the two lights above the horizon, rad.", (1.0, 0.9), (2,)),
    Field("lights.brightness", "Brightness of the two lights, as a multiple of the nominal brightness.", 1.0, (2,)),
    Field("lights.tint", "Colour of both lights, a multiplier for red, green, blue.", 1.0, (3,)),
    Field("lights.ambient", "Ambient light, as a multiple of the nominal one.", 1.0),
    Field("lights.shadow", "Whether the key light casts shadows (>= 0.5).", 1.0),
    Field("surfaces.colour", f"Colour multipliers of {', '.join(SURFACES)}.", 1.0, (len(SURFACES), 3)),
    Field("surfaces.texture", "Textures of the same: indices into TEXTURES; -1: nominal.", -1.0, (len(SURFACES),)),
    Field("clutter.count", "Number of objects around the robot.", 0.0),
    Field("clutter.azimuth", "Their directions seen from the base, rad.", 0.0, (_CLUTTER,)),
    Field("clutter.distance", "Their distances from the base, m.", 1.5, (_CLUTTER,)),
    Field("clutter.height", "Heights of their centres above the floor, m.", 0.6, (_CLUTTER,)),
    Field("clutter.size", "Their half sizes, m.", 0.1, (_CLUTTER, 3)),
    Field("clutter.rotation", "Their rotation vectors, rad.", 0.0, (_CLUTTER, 3)),
    Field("clutter.colour", "Their colours.", 0.6, (_CLUTTER, 3)),
    Field("clutter.texture", "Their textures: indices into TEXTURES.", 0.0, (_CLUTTER,)),
    Field("occluders.count", "Number of objects between the camera and the robot.", 0.0),
    Field("occluders.depth", "Their depths, as shares of the distance to the arm.", 0.5, (_OCCLUDERS,)),
    Field("occluders.offset", "Lateral offsets, in halves of the image size at their depth.", 0.6, (_OCCLUDERS, 2)),
    Field("occluders.size", "Half sizes, in halves of the image height at their depth.", 0.1, (_OCCLUDERS, 3)),
    Field("occluders.rotation", "Their rotation vectors, rad.", 0.0, (_OCCLUDERS, 3)),
    Field("occluders.colour", "Their colours.", 0.5, (_OCCLUDERS, 3)),
    Field("robot.colour", "Colour multiplier of each channel of the robot.", 1.0, (3,)),
    Field("lens.k1", "Radial distortion (OpenCV's k1) of the images, not part of the camera model.", 0.0),
    Field("painted.background", "Number of objects painted behind the robot.", still=True),
    Field("painted.windows", "Number of bright windows painted behind it.", still=True),
    Field("painted.markers", "Number of marker boards painted behind it, on the gripper and elsewhere.", still=True),
    Field("painted.attachments", "Number of cables, tapes and covers painted along the arm.", still=True),
    Field("painted.foreground", "Number of objects painted before it.", still=True),
    Field("painted.glare", "Light that windows scatter over the whole image, a share of full scale.", still=True),
    Field("sensors.joint_bias", "Constant offset of the joint encoders, rad.", 0.0, ("joints",)),
    _image("exposure", "Exposure, stops."),
    _image("white_balance_r", "Gain of the red channel.", 1.0),
    _image("white_balance_b", "Gain of the blue channel.", 1.0),
    _image("blur_sigma_px", "Blur: standard deviation of a Gaussian, pixels."),
    _image("motion_blur_px", "Length of motion blur, pixels."),
    _image("motion_blur_angle_rad", "Direction of motion blur, rad."),
    _image("defocus_px", "Defocus of a lens focused on the arm: standard deviation at infinity, pixels."),
    _image("vignette", "Loss of brightness in the corners, as a share."),
    _image("noise_std", "Standard deviation of read noise, as a share of full scale."),
    _image("jpeg_quality", "JPEG quality, 1 to 100; 0 for none."),
)  # fmt: skip

FIELDS: Mapping[str, Field] = MappingProxyType({field.name: field for field in _ALL})
"""Every field by name."""
