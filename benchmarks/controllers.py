"""Time of one command of every registered controller, for a kinematic arm that servoes to random goals.

OMP_NUM_THREADS=1 python benchmarks/controllers.py --robots panda baxter --goals 6
"""

from __future__ import annotations

import argparse
import os
import time

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
from scipy.spatial.transform import RigidTransform  # noqa: E402

from ctr_env.controllers import Controller, ServoGoal, ServoState, controller_names, make_controller  # noqa: E402
from ctr_env.errors import MissingDependencyError  # noqa: E402
from ctr_env.geometry import PinholeCamera, look_at, pose_error  # noqa: E402
from ctr_env.scenes.robots.kinematics import RobotKinematics  # noqa: E402

DT = 1.0 / 30.0
STEPS = 90
CAMERA = PinholeCamera.from_fov(1.0, 640, 480)


def main() -> None:
    """Print a table of milliseconds of one core: median, 95th percentile, largest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robots", nargs="+", default=["panda", "baxter"], help="names of robots")
    parser.add_argument("--controllers", nargs="+", default=list(controller_names()), help="names of controllers")
    parser.add_argument("--goals", type=int, default=6, help="random goals of each")
    args = parser.parse_args()
    print(f"{'robot':10}{'controller':12}{'median':>8}{'p95':>8}{'largest':>9}   ms of one core for a command")
    for robot in args.robots:
        kinematics = RobotKinematics(robot)
        for name in args.controllers:
            try:
                controller = make_controller(name, None, kinematics, DT)
            except MissingDependencyError as error:
                print(f"{robot:10}{name:12}{error}")
                continue
            median, high, largest = np.percentile(command_times(controller, kinematics, args.goals), [50, 95, 100])
            print(f"{robot:10}{name:12}{median:8.1f}{high:8.1f}{largest:9.1f}", flush=True)


def command_times(controller: Controller, kinematics: RobotKinematics, goals: int) -> list[float]:
    """Processor time (ms) of every command on the way to some goals."""
    rng, times = np.random.default_rng(0), []
    middle = kinematics.keypoints(kinematics.home).mean(axis=0)
    camera_T_base = look_at(middle + np.array([1.6, 0.0, 0.3]), middle).inv()
    covariance = np.diag([2e-3, 2e-3, 6e-3, 5e-3, 5e-3, 2e-3]) ** 2
    for _ in range(goals):
        controller.reset()
        q, goal = kinematics.home.copy(), goal_near(kinematics, rng)
        for k in range(STEPS):
            given = ServoGoal(
                goal,
                k * DT,
                camera_T_base=camera_T_base,
                camera=CAMERA,
                covariance=covariance,
                gripper_offset=np.zeros(6),
            )
            begin = time.thread_time()
            command = controller.command(given, ServoState(q, k * DT))
            times.append(1e3 * (time.thread_time() - begin))
            q = q + command.joint_velocities * DT
    return times


def goal_near(kinematics: RobotKinematics, rng: np.random.Generator) -> RigidTransform:
    """A goal 0.1 to 0.4 m and up to 60 degrees from home."""
    while True:
        goal = kinematics.base_T_ee(kinematics.home + rng.uniform(-0.6, 0.6, kinematics.n))
        distance, angle = pose_error(kinematics.base_T_ee(kinematics.home), goal)
        if 0.1 < distance < 0.4 and angle < np.pi / 3.0:
            return goal


if __name__ == "__main__":
    main()
