import gymnasium as gym
import numpy as np

from ctr_env.evaluation.servo.preview import preview_sheet


def test_sheets_show_the_first_image_of_every_seed():
    env = gym.make("ctr_env/PandaServo-v0", disable_env_checker=True, width=64, height=48)
    sheet = preview_sheet(env, range(3), columns=2)
    assert sheet.shape == (2 * (48 + 24) + 6, 2 * 64 + 6, 3)
    env.reset(seed=1)
    np.testing.assert_array_equal(sheet[:48, 70:], env.unwrapped.image())
    assert (sheet[78:, 70:] == 255).all()
    env.close()
