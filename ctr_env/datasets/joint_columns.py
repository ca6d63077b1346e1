"""Which columns of a table hold the positions of a robot's joints."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from ctr_env.errors import DataError
from ctr_env.scenes.robots.description import RobotDescription

__all__ = ["joint_columns"]

_POSITION = {"position", "positions", "pos", "q"}
_OTHERS = {  # quantities that tables list beside positions
    *("velocity", "velocities", "vel", "dq", "qd", "effort", "efforts", "torque", "torques", "tau"),
    *("acceleration", "accelerations", "acc", "ddq", "current", "command", "target", "desired", "error"),
}
_FAMILIES = (("panda_", "fr3_", "fer_"),)  # prefixes of arms with the same joints in the same order: Franka's
_INDEXED = r"{}[_\[]?(\d+)\]?"  # name0, position[0]: arrays of a message, as `rostopic echo -p` writes them


def joint_columns(
    header: Sequence[str],
    first_row: Sequence[str],
    robot: RobotDescription,
    joint_names: Mapping[str, str] | None = None,
) -> list[int]:
    """Indices of the columns of a robot's arm joints, in the robot's order.

    A column belongs to a joint if it is named as the joint, whatever its case; as the same joint of a robot of the same
    family (``fr3_joint1`` for ``panda_joint1``); or as either with a prefix (``left_panda_joint1``,
    ``/robot/panda_joint1``). The word for the quantity may stand before or behind (``position/panda_joint1``,
    ``panda_joint1_pos``); columns of velocities, efforts and the like are left out. The arrays of a joint state are
    understood as well (``name0``, ``position0`` and so on).

    Args:
        header: Names of the columns.
        first_row: Cells of the first row, which hold the joints' names if the header has ``name0`` and so on.
        robot: The robot.
        joint_names: Names, or beginnings of names, in the table to those of the robot, such as ``{"fr3_": "panda_"}``.

    Raises:
        DataError: If a joint has no column or two, or an entry of ``joint_names`` fits no column.
    """
    names = _arrays(header, first_row) or [_joint_name(cell) for cell in header]
    names = _mapped(names, joint_names or {})
    columns = []
    for joint in robot.arm_joints:
        found = _columns_of(joint, names)
        if len(found) > 1:
            raise DataError(
                f"two columns are called {joint} (prefixes do not count): {', '.join(header[i] for i in found)}; "
                "leave one robot's"
            )
        columns.append(found[0] if found else -1)
    missing = [joint for joint, column in zip(robot.arm_joints, columns, strict=True) if column < 0]
    if missing:
        raise DataError(
            f"no column {', '.join(missing)} (found: {', '.join(header)}); --joint-names (joint_names in Python) maps "
            "other names to these"
        )
    return columns


def _columns_of(joint: str, names: Sequence[str]) -> list[int]:
    """Columns of the first rule that fits any."""
    aliases = _aliases(joint)
    rules: tuple[Callable[[str], bool], ...] = (
        lambda name: name == joint.lower(),
        lambda name: name in aliases,
        lambda name: name.endswith(tuple(f"_{alias}" for alias in aliases)),
    )
    for rule in rules:
        found = [i for i, name in enumerate(names) if rule(name)]
        if found:
            return found
    return []


def _aliases(joint: str) -> set[str]:
    """The joint's names in robots of its family, in lower case."""
    joint = joint.lower()
    family = next((family for family in _FAMILIES if joint.startswith(family)), ())
    own = next((prefix for prefix in family if joint.startswith(prefix)), "")
    return {joint, *(prefix + joint.removeprefix(own) for prefix in family)}


def _joint_name(column: str) -> str:
    """The joint that a column names, in lower case; empty if it holds another quantity than positions."""
    parts = [part for part in re.split(r"[/.]", column.strip().lower()) if part]
    if any(part in _OTHERS for part in parts):
        return ""
    parts = [part for part in parts if part not in _POSITION]
    name, _, quantity = parts[-1].rpartition("_") if parts else ("", "", "")
    if quantity in _OTHERS:
        return ""
    return name if quantity in _POSITION else (parts[-1] if parts else "")


def _arrays(header: Sequence[str], first_row: Sequence[str]) -> list[str]:
    """Names of the columns of a joint state's position array; empty if the table has no such arrays."""
    last = [re.split(r"[/.]", cell.strip().lower())[-1] for cell in header]
    named = {m[1]: i for i, cell in enumerate(last) if (m := re.fullmatch(_INDEXED.format("name"), cell))}
    found = [m[1] if (m := re.fullmatch(_INDEXED.format("position"), cell)) else "" for cell in last]
    if not named or not any(found):
        return []
    return [first_row[named[i]].strip().lower() if i in named and named[i] < len(first_row) else "" for i in found]


def _mapped(names: list[str], joint_names: Mapping[str, str]) -> list[str]:
    """The names with the map's entries replaced, whole names before beginnings."""
    whole = {given.strip().lower(): own.strip().lower() for given, own in joint_names.items()}
    for given in whole:
        if not any(name.startswith(given) for name in names):
            raise DataError(
                f"joint_names: no column begins with {given!r} (found: {', '.join(name for name in names if name)}); "
                "the map goes from names in the file to those of the robot"
            )
    beginnings = sorted(whole, key=len, reverse=True)

    def renamed(name: str) -> str:
        given = name if name in whole else next((given for given in beginnings if name.startswith(given)), "")
        return whole[given] + name.removeprefix(given) if given else name

    return [renamed(name) for name in names]
