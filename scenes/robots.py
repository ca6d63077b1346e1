"""Robots as data: what a scene, an estimator or a controller has to know of an arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import distribution
from pathlib import Path
from types import MappingProxyType

__all__ = ["ROBOTS", "RobotDescription", "get_robot", "robot_data_folder"]

_FILES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, kw_only=True)
class RobotDescription:
    """One arm of one robot.

    Another robot is another instance: nothing in this package asks for a robot's name. Limits of position, velocity and
    effort are read from the URDF.
    """

    name: str
    """Short name."""
    urdf: str
    """URDF file: an absolute path, or one below the ``robots`` folder of ``example-robot-data``."""
    srdf: str | None = None
    """SRDF file that lists pairs of links whose collisions do not count; found like the URDF."""
    base_link: str
    """Link whose frame is the *base* of ``camera_T_base``."""
    arm_joints: tuple[str, ...]
    """Joints that the controller moves, from base to gripper."""
    keypoint_frames: tuple[str, ...]
    """Links whose origins are the keypoints (DREAM's and CtRNet's, where they published any)."""
    keypoint_names: tuple[str, ...] = ()
    """Their names in data sets; none: the links' without the robot's name."""
    end_effector: str
    """Link that is servoed to the goal."""
    home: tuple[float, ...]
    """Arm posture that starts and goals are drawn around, radians."""
    acceleration_limits: tuple[float, ...]
    """Largest joint accelerations, rad/s² (URDF has no place for them)."""
    posture: Mapping[str, float] = field(default_factory=dict)
    """Positions at which the joints that are not the arm's are held, rad or m; zero where not named."""
    face_budget: int = 15_000
    """Most visual faces of the whole robot after decimation."""
    base_height: float = 0.0
    """Height of the base frame above the floor, metres."""
    table: tuple[float, float, float, float] | None = None
    """Table that the base stands on: centre x, y and half sizes along x, y in the base frame, metres; ``None`` for
    robots that bring their own stand."""
    camera_distance: tuple[float, float] = (0.9, 1.5)
    """Usual distances of a camera from the middle of the arm, metres."""
    camera_azimuth: float = 0.0
    """Direction that cameras usually look from, seen from the arm: angle from the base's x axis about z, rad."""
    hidden_links: tuple[str, ...] = ()
    """Links whose URDF visuals are placeholders (markers, sensors drawn as balls) and are left out."""
    board_pose: tuple[float, float, float, float, float, float] = (0.0, 0.0, 0.1, 1.57, 0.0, 1.57)
    """``ee_T_board`` of a calibration board held by the gripper: x, y, z in metres and extrinsic x-y-z angles, rad.
    The board's face looks along its own +z."""
    board_square: float = 0.05
    """Side of the board's squares, metres."""
    mirror_of: str | None = None
    """Robot whose mirror image this one is: the same with y turned into -y in the base frame."""
    mirror_signs: tuple[float, ...] = ()
    """What the arm's joint positions are multiplied by to be those of the mirror image, +1 or -1 each."""

    def __post_init__(self) -> None:
        """Refuse vectors that do not fit the joints."""
        if self.keypoint_names and len(self.keypoint_names) != len(self.keypoint_frames):
            raise ValueError(
                f"robot {self.name!r}: keypoint_names has {len(self.keypoint_names)} names, "
                f"keypoint_frames has {len(self.keypoint_frames)}"
            )
        vectors = ("home", "acceleration_limits", *(("mirror_signs",) if self.mirror_of else ()))
        for name in vectors:
            if len(getattr(self, name)) != len(self.arm_joints):
                raise ValueError(
                    f"robot {self.name!r}: {name} has {len(getattr(self, name))} numbers, "
                    f"arm_joints has {len(self.arm_joints)} names"
                )

    @property
    def urdf_path(self) -> Path:
        """The URDF file.

        Raises:
            FileNotFoundError: If it does not exist.
        """
        return self._find(self.urdf)

    @property
    def srdf_path(self) -> Path | None:
        """The SRDF file, if there is one.

        Raises:
            FileNotFoundError: If it is named but does not exist.
        """
        return None if self.srdf is None else self._find(self.srdf)

    def _find(self, name: str) -> Path:
        path = Path(name)
        path = path if path.is_absolute() else robot_data_folder() / "robots" / path
        if not path.is_file():
            raise FileNotFoundError(f"robot {self.name!r}: no file {path}")
        return path


def robot_data_folder() -> Path:
    """Folder of the installed ``example-robot-data`` that ``package://example-robot-data/`` stands for."""
    files = distribution("example-robot-data")
    return Path(str(files.locate_file("cmeel.prefix/share/example-robot-data")))


def _baxter(side: str, other: str, sign: float) -> RobotDescription:
    def arm(prefix: str) -> tuple[str, ...]:
        return tuple(f"{prefix}_{joint}" for joint in ("s0", "s1", "e0", "e1", "w0", "w1", "w2"))

    links = (
        "upper_shoulder",
        "lower_shoulder",
        "upper_elbow",
        "lower_elbow",
        "upper_forearm",
        "lower_forearm",
        "wrist",
    )
    home = (sign * 0.75, -0.9, 0.0, 1.3, 0.0, 1.1, 0.0)
    tucked = dict(zip(arm(other), (-sign * 0.2, -0.6, 0.0, 1.6, 0.0, 0.6, 0.0), strict=True))
    return RobotDescription(
        name="baxter" if side == "left" else "baxter_right",
        urdf="baxter_description/urdf/baxter.urdf",
        srdf="baxter_description/srdf/baxter_manipulation.srdf",
        base_link="base",
        arm_joints=arm(side),
        keypoint_frames=tuple(f"{side}_{link}" for link in links),
        keypoint_names=arm(side),
        end_effector=f"{side}_gripper",
        home=home,
        acceleration_limits=(8.0, 8.0, 8.0, 8.0, 12.0, 12.0, 12.0),
        posture=tucked,
        face_budget=30_000,
        base_height=0.93,
        camera_distance=(1.3, 2.0),
        camera_azimuth=sign * -0.3,
        hidden_links=(
            *("collision_head_link_1", "collision_head_link_2", "sonar_ring"),
            *(f"{s}_hand_{part}_link" for s in ("left", "right") for part in ("camera", "range", "accelerometer")),
        ),
        board_pose=(0.0, 0.0, 0.13, 1.87, 0.0, -1.57 + sign * 0.24),
        board_square=0.06,
        mirror_of=None if side == "left" else "baxter",
        mirror_signs=() if side == "left" else (-1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0),
    )


PANDA = RobotDescription(
    name="panda",
    urdf="panda_description/urdf/panda.urdf",
    srdf="panda_description/srdf/panda.srdf",
    base_link="panda_link0",
    arm_joints=tuple(f"panda_joint{i}" for i in range(1, 8)),
    keypoint_frames=tuple(f"panda_{link}" for link in ("link0", "link2", "link3", "link4", "link6", "link7", "hand")),
    end_effector="panda_hand_tcp",
    home=(0.0, -0.5, 0.0, -2.3, 0.0, 1.8, 0.785),
    acceleration_limits=(15.0, 7.5, 10.0, 12.5, 15.0, 20.0, 20.0),
    posture={"panda_finger_joint1": 0.02, "panda_finger_joint2": 0.02},
    face_budget=15_000,
    base_height=0.75,
    table=(0.35, 0.0, 0.6, 0.6),
    board_pose=(0.0, 0.0, 0.11, 1.87, 0.0, 1.57),
)
"""Franka Emika Panda with its hand; keypoints as in DREAM."""

ROBOTS: Mapping[str, RobotDescription] = MappingProxyType(
    {robot.name: robot for robot in (PANDA, _baxter("left", "right", -1.0), _baxter("right", "left", 1.0))}
)
"""The robots that come with the package, by name."""


def get_robot(robot: str | RobotDescription) -> RobotDescription:
    """A robot by name, or by the file that describes it (see :func:`~.robot_file.read_robot`); a description as it is.

    Raises:
        ValueError: If no robot has that name, or the file cannot be understood.
        FileNotFoundError: If there is no such file.
    """
    if isinstance(robot, RobotDescription):
        return robot
    if robot.endswith(_FILES):
        from .robot_file import read_robot

        return read_robot(Path(robot))
    if robot not in ROBOTS:
        valid = ", ".join(sorted(ROBOTS))
        raise ValueError(f"unknown robot {robot!r}; valid names: {valid}; or a file that describes one (.yaml, .json)")
    return ROBOTS[robot]
