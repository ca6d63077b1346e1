"""A live servo loop: images and joint positions in, end-effector twists out.

    python examples/real_robot.py                                                              a simulated arm
    python examples/real_robot.py --images video.mp4 --joints joints.csv --camera camera.yaml  a recording
    python examples/real_robot.py --images 0 --camera camera.yaml                              camera 0: see Real

Twists are (vx, vy, vz, wx, wy, wz) in the axes of the robot's base, m/s and rad/s, as in geometry_msgs/Twist. The goal
pose is known in the camera's frame only. Keep the emergency stop within reach.
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

import ctr_env

RATE = 10  # images per second


class Simulated:
    """An arm that follows its commands exactly, and a camera beside it."""

    def __init__(self, robot):
        self.camera = ctr_env.PinholeCamera.from_fov(np.radians(60), 640, 480)
        self.scene = ctr_env.Scene(ctr_env.SceneConfig(robot, 640, 480))
        middle = self.scene.world_T_base.apply(self.scene.kinematics.keypoints(self.scene.kinematics.home).mean(axis=0))
        self.scene.place_camera(self.camera, ctr_env.look_at(middle + np.array([1.1, 0.5, 0.4]), middle))
        self.renderer = ctr_env.make_renderer("classic", self.scene.model, self.scene.camera_id, 640, 480)

    def read(self):
        """Joint positions (rad), camera, time since the start (s) and image (uint8 RGB); None at the end."""
        data = self.scene.data
        return ctr_env.Frame(self.scene.joint_positions, self.camera, data.time, self.renderer.rgb(data))

    def send(self, command):
        """Move by command.twist or command.joint_velocities until the next image is due; None: stop."""
        velocities = np.zeros(self.scene.kinematics.n) if command is None else command.joint_velocities
        self.scene.step(velocities, round(1 / RATE / self.scene.model.opt.timestep))


class Recorded:
    """Images or a video with a table of joint positions; commands have no effect."""

    def __init__(self, images, joints, camera, kinematics):
        self.recording = ctr_env.load_recording(images, joints, camera, kinematics)
        self.names = iter(self.recording.names)

    def read(self):
        name = next(self.names, None)
        return None if name is None else self.recording.read_unlabelled(name)

    def send(self, command):
        pass


class Real:
    """A camera of this computer, and your robot."""

    def __init__(self, index, camera, robot):
        self.stream, self.camera, self.robot = cv2.VideoCapture(index), camera, robot
        self.stream.set(cv2.CAP_PROP_FRAME_WIDTH, camera.width)
        self.stream.set(cv2.CAP_PROP_FRAME_HEIGHT, camera.height)
        self.joints, self.start = None, time.monotonic()
        # rospy.Subscriber("joint_states", JointState, self.on_joint_state), or the interface of your robot

    def on_joint_state(self, message):
        """Called for each sensor_msgs/JointState: name and position in the same order."""
        positions = dict(zip(message.name, message.position, strict=True))
        self.joints = np.array([positions[name] for name in self.robot.arm_joints])

    def read(self):
        success, image = self.stream.read()
        if not success or self.joints is None:
            raise SystemExit("no image" if not success else "no joint state yet: call on_joint_state")
        camera = ctr_env.camera_of_size(self.camera, image.shape[1], image.shape[0])
        return ctr_env.Frame(self.joints, camera, time.monotonic() - self.start, image[..., ::-1].copy())

    def send(self, command):
        """Hand command.twist to your robot's velocity interface here, and wait until the next image is due."""


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--robot", default="panda")
parser.add_argument("--estimator", default="sliding_window", help="for a camera that moves: pose_filter")
parser.add_argument("--seconds", type=float, default=8.0)
parser.add_argument("--images", help="images, a video, or the number of a camera (default: a simulation)")
parser.add_argument("--joints", type=Path, help="CSV file of joint positions, one row for each image")
parser.add_argument("--camera", type=Path, help="file with the intrinsics, in a layout of OpenCV or ROS")
options = parser.parse_args()
if options.images and not (options.camera and (options.joints or options.images.isdigit())):
    parser.error("--images needs --camera and, unless it is the number of a camera, --joints")

kinematics = ctr_env.RobotKinematics(options.robot)
if not options.images:
    arm = Simulated(options.robot)
elif options.images.isdigit():
    arm = Real(int(options.images), ctr_env.read_camera_file(options.camera), kinematics.robot)
else:
    arm = Recorded(options.images, options.joints, options.camera, kinematics)
estimator = ctr_env.make_estimator(options.estimator, {"source": "ctrnet"}, kinematics)
estimator.reset(np.random.default_rng(0))
controller = ctr_env.make_controller("pbvs", None, kinematics, dt=1 / RATE)

wanted = kinematics.base_T_ee(kinematics.home + np.array([0.3, 0.2, -0.2, 0.2, 0.1, 0.2, 0.1][: kinematics.n]))
camera_T_goal = None if options.images else arm.scene.camera_T_base * wanted  # or detected in the image, or taught

distance, angle = np.nan, np.nan
try:
    while (frame := arm.read()) is not None and frame.time_s < options.seconds:
        estimate = estimator.estimate(ctr_env.undistorted_frame(frame))
        if camera_T_goal is None and estimate.valid:
            camera_T_goal = estimate.camera_T_base * wanted
        goal = None  # the controller coasts
        if estimate.valid:
            base_T_goal = estimate.camera_T_base.inv() * camera_T_goal
            seen = {"camera_T_base": estimate.camera_T_base, "camera": frame.camera}  # image-based laws need them
            goal = ctr_env.ServoGoal(base_T_goal, estimate.time_s, **seen)
        offsets = 0.0 if estimate.joint_offsets is None else estimate.joint_offsets  # of a window
        command = controller.command(goal, ctr_env.ServoState(frame.joint_positions + offsets, frame.time_s))
        arm.send(command)
        if round(frame.time_s * RATE) % RATE == 0:
            speed_mm = 1e3 * np.linalg.norm(command.twist[:3])
            print(f"{frame.time_s:4.1f} s  {command.mode:6}  {speed_mm:5.1f} mm/s  {command.reason or estimate.reason}")
        distance, angle = ctr_env.pose_error(kinematics.base_T_ee(frame.joint_positions), wanted)
finally:
    arm.send(None)

print(f"gripper to goal: {1e3 * distance:.1f} mm, {np.degrees(angle):.2f} deg")
