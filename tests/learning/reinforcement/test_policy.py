"""A policy file acts as the model does that it came from: in PyTorch, and as ONNX."""

import json
import subprocess
import sys

import gymnasium as gym
import numpy as np
import onnxruntime
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from stable_baselines3.common.vec_env import DummyVecEnv, VecTransposeImage

from ctr_env.errors import ConfigurationError, DataError, MissingFileError
from ctr_env.learning.reinforcement import Policy
from ctr_env.learning.reinforcement.algorithms import actor_network, make_model
from ctr_env.learning.reinforcement.policy import PolicyHeader
from ctr_env.learning.reinforcement.policy_onnx import export_policy

SPACES = {
    "goal": gym.spaces.Box(-1.0, 1.0, (9,), np.float64),
    "image": gym.spaces.Box(0, 255, (36, 48, 3), np.uint8),
    "joint_positions": gym.spaces.Box(-1.0, 1.0, (7,), np.float32),
}
PRIVILEGED = {"privileged": gym.spaces.Box(-1.0, 1.0, (21,), np.float32)}


class Constant(gym.Env):
    action_space = gym.spaces.Box(-1.0, 1.0, (6,), np.float32)

    def __init__(self, spaces):
        self.observation_space = gym.spaces.Dict(spaces)


def model_of(algorithm, spaces, normalize=None, **networks):
    envs = DummyVecEnv([lambda: Constant(spaces)])
    settings = {"policy_kwargs": {"net_arch": [16, 8], **networks}, "normalize": normalize or {}}
    if algorithm != "ppo":
        settings["buffer_size"] = 10
    model = make_model(algorithm, VecTransposeImage(envs) if "image" in spaces else envs, settings, 0, 10)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weights in model.policy.parameters():  # those of a new model give actions near zero
            scale = weights[0].numel() ** -0.5 if weights.ndim > 1 else 0.1
            weights += scale * torch.randn(weights.shape, generator=generator)
    return model


def policy_of(model, algorithm):
    network = actor_network(model)
    header = PolicyHeader(env="e", settings={"obs_mode": "state"}, algorithm=algorithm, steps=3, network=network.spec)
    return Policy(network, header)


@pytest.mark.parametrize(
    "algorithm, spaces, networks",
    [
        ("ppo", SPACES | PRIVILEGED, {}),
        ("ppo", {key: SPACES[key] for key in ("goal", "joint_positions")}, {"activation_fn": "elu"}),
        ("sac", SPACES | PRIVILEGED, {"activation_fn": "silu"}),
        ("tqc", {"goal": SPACES["goal"]}, {}),
    ],
)
def test_actions_are_those_of_stable_baselines_and_of_onnx(algorithm, spaces, networks, tmp_path):
    model = model_of(algorithm, spaces, **networks)
    policy_of(model, algorithm).evaluated("test", {"success_rate": 0.5}).save(tmp_path / "policy.safetensors")
    policy = Policy.load(tmp_path / "policy.safetensors")
    assert policy.header.evaluation == {"test": {"success_rate": 0.5}}
    assert "privileged" not in policy.header.network.observations
    space = gym.spaces.Dict(spaces)
    space.seed(2)
    batch = [space.sample() for _ in range(5)]
    stacked = {key: np.stack([obs[key] for obs in batch]) for key in spaces}
    expected, _ = model.predict(stacked, deterministic=True)
    assert (np.abs(expected) <= 1.0).all() and np.ptp(expected) > 0.1
    np.testing.assert_allclose(policy.act(stacked), expected, rtol=0, atol=1e-5)
    single, _ = model.predict(batch[0], deterministic=True)
    np.testing.assert_allclose(policy.act(batch[0]), single, rtol=0, atol=1e-5)
    assert policy.act(batch[0]).shape == (6,)
    export_policy(policy, tmp_path / "policy.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "policy.onnx", providers=["CPUExecutionProvider"])
    header = json.loads(session.get_modelmeta().custom_metadata_map["header"])
    assert [each.name for each in session.get_inputs()] == list(header["network"]["observations"])
    inputs = {
        key: stacked[key] if key == "image" else stacked[key].astype(np.float32)
        for key in header["network"]["observations"]
    }
    (found,) = session.run(["action"], inputs)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("algorithm", ["ppo", "sac"])
def test_normalisation_is_part_of_the_policy(algorithm, tmp_path):
    age = {"estimate_age": gym.spaces.Box(0.0, 1e4, (1,), np.float32)}
    parts = SPACES | age
    model = model_of(algorithm, parts | PRIVILEGED, {"norm_obs": True, "norm_reward": True})
    envs = model.get_vec_normalize_env()
    assert set(envs.obs_rms) == {"goal", "joint_positions", "privileged"}  # no images, and no age, which may not vary
    envs.obs_rms["goal"].mean, envs.obs_rms["goal"].var = np.linspace(-1.0, 1.0, 9), np.linspace(0.0, 4.0, 9)
    policy = policy_of(model, algorithm)
    assert policy.header.network.normalised == ("goal", "joint_positions")
    policy.save(tmp_path / "policy.safetensors")
    export_policy(policy, tmp_path / "policy.onnx")
    space = gym.spaces.Dict(parts)
    space.seed(2)
    obs = space.sample() | {"privileged": np.zeros(21, np.float32)}
    transposed = obs | {"image": obs["image"].transpose(2, 0, 1)}  # as the model's environments give it
    expected, _ = model.predict(envs.normalize_obs(transposed), deterministic=True)
    found = Policy.load(tmp_path / "policy.safetensors").act(obs)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    session = onnxruntime.InferenceSession(tmp_path / "policy.onnx", providers=["CPUExecutionProvider"])
    inputs = {key: obs[key][None] if key == "image" else obs[key][None].astype(np.float32) for key in parts}
    np.testing.assert_allclose(session.run(["action"], inputs)[0][0], expected, rtol=0, atol=1e-5)
    unknown = {"goal": obs["goal"] + 1e6}  # outside everything that the training saw
    assert np.isfinite(policy.act(obs | unknown)).all()
    np.testing.assert_array_equal(policy.act(obs | unknown), policy.act(obs | {"goal": obs["goal"] + 1e5}))


def test_tqc_has_no_asymmetric_policy():
    with pytest.raises(ConfigurationError, match=r"tqc has no policy .* algorithms that have one: ppo, sac"):
        model_of("tqc", SPACES | PRIVILEGED)


def test_observations_that_do_not_fit_are_named():
    policy = policy_of(model_of("ppo", {"goal": SPACES["goal"]}), "ppo")
    with pytest.raises(DataError, match=r"needs the observation 'goal' \(9,\); given: image"):
        policy.act({"image": 0})
    with pytest.raises(DataError, match=r"'goal' must be \(9,\), or \(N, \*\(9,\)\), not \(3,\)"):
        policy.act({"goal": np.zeros(3)})


def test_other_files_are_rejected(tmp_path):
    with pytest.raises(MissingFileError, match=r"no policy file .*p.safetensors"):
        Policy.load(tmp_path / "p.safetensors")
    (tmp_path / "p.safetensors").write_bytes(b"not safetensors")
    with pytest.raises(DataError, match=r"p.safetensors is not a policy file"):
        Policy.load(tmp_path / "p.safetensors")
    save_file({"weight": torch.zeros(1)}, tmp_path / "p.safetensors")
    with pytest.raises(DataError, match=r"has no header 'ctr_env/policy@1', which Policy.save writes"):
        Policy.load(tmp_path / "p.safetensors")


@pytest.mark.parametrize(
    "changed", [{"activation": "gelu"}, {"layers": [3]}, {"normalised": ["other"]}, {"layers": ["many"]}], ids=str
)
def test_a_header_of_another_network_is_rejected(tmp_path, changed):
    file = tmp_path / "p.safetensors"
    policy_of(model_of("ppo", {"goal": SPACES["goal"]}), "ppo").save(file)
    with safe_open(file, framework="pt") as content:
        ((key, text),) = content.metadata().items()
        tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118
    header = json.loads(text)
    header["network"] |= changed
    save_file(tensors, file, metadata={key: json.dumps(header)})
    with pytest.raises(DataError, match=r"p.safetensors: the weights are not those of its header"):
        Policy.load(file)


def test_weights_that_are_not_finite_are_not_written(tmp_path):
    policy = policy_of(model_of("ppo", {"goal": SPACES["goal"]}), "ppo")
    policy.network.output.bias.data[0] = torch.nan
    with pytest.raises(DataError, match="weights output.bias are not finite"):
        policy.save(tmp_path / "p.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_policy_acts_without_stable_baselines(tmp_path):
    policy = policy_of(model_of("sac", {"goal": SPACES["goal"]}), "sac")
    policy.save(tmp_path / "p.safetensors")
    code = (
        "import sys; sys.modules['stable_baselines3'] = None\n"
        "from ctr_env.learning.reinforcement import Policy\n"
        "import numpy as np\n"
        f"print(Policy.load({str(tmp_path / 'p.safetensors')!r}).act({{'goal': np.zeros(9)}}).tolist())"
    )
    shown = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True).stdout
    np.testing.assert_allclose(json.loads(shown), policy.act({"goal": np.zeros(9)}), atol=1e-6)
