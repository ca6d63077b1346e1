"""A live loop: pictures and joint angles in, end-effector twists out. Runs against a simulated arm as it stands.

For a robot of yours, write a class with the methods of Simulated: an OpenCV camera (cv2.VideoCapture), your joint state
callback, your velocity interface, time.monotonic() less what it was at the start. Twists are (vx, vy, vz, wx, wy, wz)
in the axes of the robot's base, m/s and rad/s, as in geometry_msgs/Twist. Have the emergency stop at hand.
"""

import argparse

import numpy as np

from ctr_env.controllers import PBVSController, ServoGoal, ServoState
from ctr_env.estimators import Frame, make_estimator
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

    def picture(self):
        """(H, W, 3) uint8 RGB of now."""
        return self.renderer.rgb(self.scene.data)

    def joints(self):
        """(n,) joint positions of now, rad."""
        return self.scene.joint_positions

    def time(self):
        """Seconds since the start."""
        return self.scene.data.time

    def send(self, command):
        """Move by command.twist or command.joint_velocities until the next picture is due; None: stand still."""
        velocities = np.zeros(self.scene.kinematics.n) if command is None else command.joint_velocities
        self.scene.step(velocities, round(1 / RATE / self.scene.model.opt.timestep))


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--robot", default="panda")
parser.add_argument("--estimator", default="sliding_window", help="for a camera that moves: pose_filter")
parser.add_argument("--seconds", type=float, default=8.0)
options = parser.parse_args()

camera = PinholeCamera.from_fov(np.radians(60), 640, 480)  # yours: read_camera_file("camera.yaml")
kinematics = RobotKinematics(options.robot)
arm = Simulated(options.robot, camera)
estimator = make_estimator(options.estimator, {"source": "ctrnet"}, kinematics)
estimator.reset(np.random.default_rng(0))
controller = PBVSController(kinematics, None, dt=1 / RATE)

# the goal is known in the camera's frame only
wanted = kinematics.base_T_ee(kinematics.home + np.array([0.3, 0.2, -0.2, 0.2, 0.1, 0.2, 0.1][: kinematics.n]))
camera_T_goal = arm.scene.camera_T_base * wanted

try:
    while (time_s := arm.time()) < options.seconds:
        joints = arm.joints()
        estimate = estimator.estimate(Frame(joints, camera, time_s, arm.picture()))
        goal = ServoGoal(estimate.camera_T_base.inv() * camera_T_goal, estimate.time_s) if estimate.valid else None
        command = controller.command(goal, ServoState(joints, time_s))  # without a goal it coasts, then holds
        arm.send(command)
        if round(time_s * RATE) % RATE == 0:
            speed_mm = 1e3 * np.linalg.norm(command.twist[:3])
            print(f"{time_s:4.1f} s  {command.mode:6}  {speed_mm:5.1f} mm/s  {command.reason or estimate.reason}")
finally:
    arm.send(None)

distance, angle = pose_error(kinematics.base_T_ee(arm.joints()), wanted)
print(f"gripper to goal: {1e3 * distance:.1f} mm, {np.degrees(angle):.2f} deg")
