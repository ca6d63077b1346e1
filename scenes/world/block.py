"""A block that the gripper can grasp or push: a free body with contacts, lying on the robot's table."""

from __future__ import annotations

import mujoco
import numpy as np

from ctr_env.scenes.robots.robot_spec import CLEARANCE, COLLISION_GROUP

from .materials import cube_material

__all__ = ["BLOCK", "BLOCK_HALF_M", "add_block"]

BLOCK = "block"
"""Name of the block's body, its joint and its geom."""
BLOCK_HALF_M = 0.02
"""Half of a side of the block, metres."""

_MASS = 0.08  # kg: beech wood of this size has 0.05
_SUPPORTS = ("table", "floor")
_PADS = 1.0  # sliding friction of rubber pads on wood
_ROUND = (0.01, 0.001, 0.001)  # torsional (m), rolling (m) twice
_SOLREF = (0.004, 1.0)  # s, damping ratio: two time steps, so that a grasp presses in by less than a millimetre
_SOLIMP = (0.95, 0.99, 0.0005, 0.5, 2.0)


def add_block(spec: mujoco.MjSpec, away: tuple[float, float, float], friction: float) -> None:
    """Add the block, which collides with the robot, the table and the floor.

    Its contacts are explicit pairs, as those of the robot's shapes have a clearance. That clearance is only detected
    here: with forces from there on, the fingers could not come down to a block on the table.

    Args:
        spec: Specification with the robot and the surfaces.
        away: Where it lies until it is placed, metres, world frame.
        friction: Sliding friction on table and floor.
    """
    solid = [geom for geom in spec.geoms if geom.group == COLLISION_GROUP or geom.name in _SUPPORTS]
    for geom in solid:
        if geom.group == COLLISION_GROUP:
            geom.margin, geom.gap = 0.0, CLEARANCE
    body = spec.worldbody.add_body(name=BLOCK, pos=np.array(away))
    body.add_freejoint(name=BLOCK)
    body.add_geom(
        name=BLOCK, type=mujoco.mjtGeom.mjGEOM_BOX, size=np.full(3, BLOCK_HALF_M), mass=_MASS,
        rgba=(0.75, 0.2, 0.15, 1.0), material=cube_material("plain"), contype=0, conaffinity=0,
    )  # fmt: skip
    for i, geom in enumerate(solid):
        geom.name = geom.name or f"solid_{i}"
        sliding = friction if geom.name in _SUPPORTS else _PADS
        spec.add_pair(
            geomname1=geom.name, geomname2=BLOCK, condim=4, friction=(sliding, sliding, *_ROUND),
            solref=_SOLREF, solimp=_SOLIMP,
        )  # fmt: skip
