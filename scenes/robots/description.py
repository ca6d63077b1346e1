"""Description of a robot arm: links, joints, keypoints and defaults of its scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import distribution
from pathlib import Path

from ctr_env.errors import ConfigurationError, MissingFileError

__all__ = ["RobotDescription", "robot_data_folder"]


@dataclass(frozen=True, kw_only=True)
class RobotDescription:
    """One arm of one robot.

    Every robot is an instance of this class; no code depends on a robot's name. Limits of position, velocity and effort
    are read from the URDF, unless ``limits`` replaces them.
    """

    name: str
    """Short name."""
    urdf: str
    """URDF file: an absolute path, or one below the ``robots`` folder of ``example-robot-data``."""
    srdf: str | None = None
    """SRDF file that lists the link pairs whose collisions are disabled; located like the URDF."""
    base_link: str
    """Link whose frame is the *base* of ``camera_T_base``."""
    arm_joints: tuple[str, ...]
    """Joints that the controller moves, from base to gripper."""
    keypoint_frames: tuple[str, ...]
    """Links whose origins are the keypoints, as in DREAM and CtRNet where those define them."""
    keypoint_names: tuple[str, ...] = ()
    """Names of the keypoints in data sets; empty: the link names without the robot's name."""
    end_effector: str
    """Link that is servoed to the goal."""
    home: tuple[float, ...]
    """Arm joint configuration that starts and goals are drawn around, radians."""
    acceleration_limits: tuple[float, ...]
    """Largest joint accelerations, rad/s² (URDF does not specify them)."""
    configuration: Mapping[str, float] = field(default_factory=dict)
    """Fixed positions of the joints outside the arm, rad or m; zero where not named."""
    gripper_joints: tuple[str, ...] = ()
    """Joints that open the gripper, closed at zero; empty: it has none that move."""
    face_budget: int = 15_000
    """Largest number of visual faces of the robot after decimation."""
    base_height: float = 0.0
    """Height of the base frame above the floor, metres."""
    table: tuple[float, float, float, float] | None = None
    """Table under the base: centre x, y and half sizes along x, y in the base frame, metres; ``None`` for
    robots with a pedestal."""
    camera_distance: tuple[float, float] = (0.9, 1.5)
    """Range of camera distances from the centre of the arm, metres."""
    camera_azimuth: float = 0.0
    """Mean direction from the arm to a camera: angle from the base's x axis about z, rad."""
    hidden_links: tuple[str, ...] = ()
    """Links whose URDF visuals are placeholders (markers, sensors drawn as spheres) and are omitted."""
    board_pose: tuple[float, float, float, float, float, float] = (0.0, 0.0, 0.1, 1.57, 0.0, 1.57)
    """``ee_T_board`` of a calibration board held by the gripper: x, y, z in metres and extrinsic x-y-z angles, rad.
    The printed side faces the board's +z."""
    board_square: float = 0.05
    """Side of the board's squares, metres."""
    joint_names: Mapping[str, str] = field(default_factory=dict)
    """New names of the URDF's joints, by the names in the file."""
    published_links: Mapping[str, str] = field(default_factory=dict)
    """Names of links in other programs (TF frames), by their names in the URDF, where these differ."""
    limits: Mapping[str, tuple[float, float, float, float]] = field(default_factory=dict)
    """Limits that replace the URDF's, by joint: lower and upper position, velocity, effort (rad, rad/s, N m)."""
    network_of: str | None = None
    """Robot of the same shape and kinematics whose network detects this one; ``None``: it has its own."""
    mirror_of: str | None = None
    """Robot of which this one is the mirror image (y to -y in the base frame)."""
    mirror_signs: tuple[float, ...] = ()
    """Factors, +1 or -1, that map the arm's joint positions to those of the mirror image."""

    def __post_init__(self) -> None:
        """Require one element per joint and one name per keypoint."""
        if self.keypoint_names and len(self.keypoint_names) != len(self.keypoint_frames):
            raise ConfigurationError(
                f"robot {self.name!r}: keypoint_names has {len(self.keypoint_names)} names, "
                f"keypoint_frames has {len(self.keypoint_frames)}"
            )
        vectors = ("home", "acceleration_limits", *(("mirror_signs",) if self.mirror_of else ()))
        for name in vectors:
            if len(getattr(self, name)) != len(self.arm_joints):
                raise ConfigurationError(
                    f"robot {self.name!r}: {name} has {len(getattr(self, name))} numbers, "
                    f"arm_joints has {len(self.arm_joints)} names"
                )
        for name, limit in dict(self.limits).items():
            if len(limit) != 4 or not limit[0] < limit[1] or min(limit[2:]) <= 0.0:
                raise ConfigurationError(
                    f"robot {self.name!r}: limits of {name!r} must be lower < upper position, and positive velocity "
                    f"and effort, not {tuple(limit)}"
                )

    @property
    def network_robot(self) -> str:
        """Name of the robot that this one's weights belong to."""
        return self.network_of or self.name

    def published_link(self, link: str) -> str:
        """Name of a link in other programs."""
        return self.published_links.get(link, link)

    @property
    def urdf_path(self) -> Path:
        """The URDF file.

        Raises:
            MissingFileError: If it does not exist.
        """
        return self._find(self.urdf)

    @property
    def srdf_path(self) -> Path | None:
        """The SRDF file, if there is one.

        Raises:
            MissingFileError: If it is named but does not exist.
        """
        return None if self.srdf is None else self._find(self.srdf)

    def _find(self, name: str) -> Path:
        path = Path(name)
        path = path if path.is_absolute() else robot_data_folder() / "robots" / path
        if not path.is_file():
            raise MissingFileError(f"robot {self.name!r}: no file {path}")
        return path


def robot_data_folder() -> Path:
    """Folder of the installed ``example-robot-data`` to which ``package://example-robot-data/`` refers."""
    files = distribution("example-robot-data")
    return Path(str(files.locate_file("cmeel.prefix/share/example-robot-data")))
