"""The gripper stays in the image where position-based servoing loses it."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from ctr_env.controllers import Controller, PBVSController
from ctr_env.controllers.mpc.controller import MPCController
from ctr_env.geometry import PinholeCamera, look_at, transform

DT = 1.0 / 30.0
HAND = "panda_hand"


def highest_hand(panda, arm_of, controller: Controller) -> tuple[float, float, float]:
    """Rows (px) of the hand: at the start, the least on the way, at the end; negative is outside.

    The gripper tilts from one side to the other about the camera's axis. Its tool centre could stay where it is, but
    the hand above it swings through the top edge of the image.
    """
    centre, down = panda.base_T_ee(panda.home).translation, panda.base_T_ee(panda.home).rotation

    def tilted(angle):
        return transform(centre, Rotation.from_rotvec([angle, 0.0, 0.0]) * down)

    arm = arm_of(panda)
    arm.servo(PBVSController(panda, dt=DT), tilted(0.8), 120)
    start = arm_of(panda, arm.q)
    camera_T_base = look_at(centre + np.array([1.2, 0.0, 0.0]), centre).inv()
    top = camera_T_base.apply(start.pose.translation) + np.array([0.0, -0.086, 0.0])
    camera = PinholeCamera(600.0, 600.0, 160.0, -600.0 * top[1] / top[2], 320, 240)  # its first row sees this point
    rows = []
    for _ in range(90):
        hand = panda.base_T_link(start.q, HAND).translation
        rows.append(camera.project(camera_T_base.apply(hand))[1])
        start.servo(controller, tilted(-0.8), 1, camera_T_base=camera_T_base, camera=camera)
    return rows[0], min(rows), rows[-1]


def test_the_hand_stays_in_the_image_where_position_based_servoing_loses_it(panda, arm_of):
    begin, least, end = highest_hand(panda, arm_of, PBVSController(panda, dt=DT))
    assert least < -3.0
    assert min(begin, end) > 3.0
    begin, least, end = highest_hand(panda, arm_of, MPCController(panda, {"view_margin": 0.02}, DT))
    assert min(begin, least, end) > 0.0
    assert highest_hand(panda, arm_of, MPCController(panda, {"keep_in_view": False}, DT))[1] < -3.0
