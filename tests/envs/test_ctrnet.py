"""The learned estimator in the loop: images in, estimates out, the same for the same seed."""

import gymnasium as gym
import numpy as np
import pytest


@pytest.mark.parametrize("name", ["Panda", "Baxter"])
def test_servoing_on_learned_poses(name):
    def errors():
        env = gym.make(f"ctr_env/{name}Servo-v0", estimator="ctrnet", randomization="mild")
        try:
            _, info = env.reset(seed=5)
            found = [info["apparent_position_error_m"]]
            for _ in range(8):
                _, _, _, _, info = env.step(np.zeros(6, np.float32))
                found.append(info["apparent_position_error_m"])
            assert info["estimate_position_error_m"] > 0.0
        finally:
            env.close()
        return np.array(found)

    first = errors()
    assert first[-1] < first[0]  # it is on its way
    np.testing.assert_array_equal(first, errors())
