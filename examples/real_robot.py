"""A live loop: pictures and joint angles in, end-effector twists out.

    python examples/real_robot.py                                                   an arm in simulation
    python examples/real_robot.py --source film.mp4 --joints joints.csv --camera camera.yaml     a recording
    python examples/real_robot.py --source 0 --camera camera.yaml                   camera 0; see Real

Twists are (vx, vy, vz, wx, wy, wz) in the axes of the robot's base, m/s and rad/s, as in geometry_msgs/Twist. The goal
is known in the camera's frame only. Have the emergency stop at hand.
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from ctr_env.controllers import PBVSController, ServoGoal, ServoState
from ctr_env.estimators import Frame, make_estimator
from ctr_env.estimators.data.camera_file import read_camera_file
from ctr_env.estimators.data.joint_table import read_joint_table
from ctr_env.estimators.straight import straightened
from ctr_env.geometry import PinholeCamera, look_at, pose_error
from ctr_env.scenes.kinematics import RobotKinematics
from ctr_env.scenes.renderers import make_renderer
from ctr_env.scenes.scene import Scene, SceneConfig

RATE = 10  # pictures a second


class Simulated:
    """An arm that does as it is told, and a camera that watches it."""

    def __init__(self, robot, camera):
        self.scene = Scene(SceneConfig(robot, camera.width, camera.height))
        middle = self.scene.world_T_base.apply(self.scene.kinematics.keypoints(self.scene.kinematics.home).mean(axis=0))
        self.scene.place_camera(camera, look_at(middle + np.array([1.1, 0.5, 0.4]), middle))
        self.renderer = make_renderer("classic", self.scene.model, self.scene.camera_id, camera.width, camera.height)

    def read(self):
        """Seconds since the start, (H, W, 3) uint8 RGB and (n,) joint positions in rad, all of now; None at the end."""
        return self.scene.data.time, self.renderer.rgb(self.scene.data), self.scene.joint_positions

    def send(self, command):
        """Move by command.twist or command.joint_velocities until the next picture is due; None: stand still."""
        velocities = np.zeros(self.scene.kinematics.n) if command is None else command.joint_velocities
        self.scene.step(velocities, round(1 / RATE / self.scene.model.opt.timestep))


class Real:
    """An OpenCV camera and your robot; or a film, whose joint positions are in a table and which nothing moves."""

    def __init__(self, source, names, table):
        self.stream = cv2.VideoCapture(int(source) if source.isdigit() else source)
        if not self.stream.isOpened():
            raise SystemExit(f"{source}: not a camera or film that opens")
        self.names, self.rows, self.joints, self.start = names, table, None, time.monotonic()
        # rospy.Subscriber("joint_states", JointState, self.on_joint_state), or what your robot has

    def on_joint_state(self, message):
        """Called for each sensor_msgs/JointState: name and position in the same order."""
        here = dict(zip(message.name, message.position, strict=True))
        self.joints = np.array([here[name] for name in self.names])

    def read(self):
        there, picture = self.stream.read()
        if not there or (self.rows is not None and len(self.rows) == 0):
            return None
        if self.rows is not None:
            self.joints, self.rows = self.rows[0], self.rows[1:]
            return self.stream.get(cv2.CAP_PROP_POS_MSEC) / 1e3, picture[..., ::-1].copy(), self.joints
        if self.joints is None:
            raise RuntimeError("no joint state yet: call on_joint_state from your robot's subscriber")
        return time.monotonic() - self.start, picture[..., ::-1].copy(), self.joints

    def send(self, command):
        """Hand command.twist to your robot's velocity interface here, and wait until the next picture is due."""


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--robot", default="panda")
parser.add_argument("--estimator", default="sliding_window", help="for a camera that moves: pose_filter")
parser.add_argument("--seconds", type=float, default=8.0)
parser.add_argument("--source", help="number of a camera, or a film (default: a simulation)")
parser.add_argument("--joints", type=Path, help="CSV file of the film's joint positions, a row for each picture")
parser.add_argument("--camera", type=Path, help="intrinsics of the source, OpenCV's or ROS's layout")
options = parser.parse_args()
if options.source and not (options.camera and (options.joints or options.source.isdigit())):
    parser.error("--source needs --camera, and a film --joints")

kinematics = RobotKinematics(options.robot)
simulated = PinholeCamera.from_fov(np.radians(60), 640, 480)
camera = simulated if options.camera is None else read_camera_file(options.camera)
table = None if options.joints is None else read_joint_table(options.joints, kinematics.robot).positions
live = options.source is not None
arm = Real(options.source, kinematics.robot.arm_joints, table) if live else Simulated(options.robot, camera)
estimator = make_estimator(options.estimator, {"source": "ctrnet"}, kinematics)
estimator.reset(np.random.default_rng(0))
controller = PBVSController(kinematics, None, dt=1 / RATE)

wanted = kinematics.base_T_ee(kinematics.home + np.array([0.3, 0.2, -0.2, 0.2, 0.1, 0.2, 0.1][: kinematics.n]))
camera_T_goal = None if live else arm.scene.camera_T_base * wanted  # yours: found in the picture, or taught

try:
    while (now := arm.read()) is not None and now[0] < options.seconds:
        time_s, picture, joints = now
        estimate = estimator.estimate(straightened(Frame(joints, camera, time_s, picture)))
        if camera_T_goal is None and estimate.valid:
            camera_T_goal = estimate.camera_T_base * wanted
        goal = ServoGoal(estimate.camera_T_base.inv() * camera_T_goal, estimate.time_s) if estimate.valid else None
        command = controller.command(goal, ServoState(joints, time_s))  # without a goal it coasts, then holds
        arm.send(command)
        if round(time_s * RATE) % RATE == 0:
            speed_mm = 1e3 * np.linalg.norm(command.twist[:3])
            print(f"{time_s:4.1f} s  {command.mode:6}  {speed_mm:5.1f} mm/s  {command.reason or estimate.reason}")
finally:
    arm.send(None)

distance, angle = pose_error(kinematics.base_T_ee(joints), wanted)
print(f"gripper to goal: {1e3 * distance:.1f} mm, {np.degrees(angle):.2f} deg")
