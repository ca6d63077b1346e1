import gymnasium as gym
import numpy as np

from ctr_env.evaluation.servo.annotate import annotate


def test_the_skeleton_is_drawn_at_the_projected_keypoints():
    env = gym.make("ctr_env/PandaServo-v0", disable_env_checker=True)
    _, info = env.reset(seed=0)
    bare = env.unwrapped
    image = annotate(bare, info, height=480)
    assert image.shape == (480 + 64, 640, 3)
    now = bare.snapshot
    camera = now.camera.resized(640, 480)
    keypoints = bare.kinematics.keypoints(now.joint_positions)
    orange = np.all(np.abs(image.astype(int) - (255, 170, 40)) < 30, axis=2)
    for pixel in camera.project(now.camera_T_base.apply(keypoints)):
        x, y = np.round(pixel - 0.5).astype(int)
        if 4 < x < 636 and 4 < y < 476:
            assert orange[y - 4 : y + 5, x - 4 : x + 5].mean() > 0.3
    env.close()
