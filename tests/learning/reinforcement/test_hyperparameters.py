import pytest

from ctr_env._registration import ENVIRONMENTS
from ctr_env.errors import ConfigurationError, MissingFileError
from ctr_env.learning.reinforcement.hyperparameters import _VALID, ALGORITHMS, _check, read_hyperparameters

ENV = "ctr_env/PandaReachGoal-v0"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_packaged_ones_are_valid_in_every_environment(algorithm):
    for env_id in ENVIRONMENTS:
        found = read_hyperparameters(algorithm, env_id)
        _check(env_id, found, _VALID[algorithm])
        assert found["n_timesteps"] > 0


def test_a_file_takes_precedence_and_its_environment_over_its_default(tmp_path):
    file = tmp_path / "own.yml"
    file.write_text(
        f"default: {{learning_rate: 1e-4, gamma: 0.9, policy_kwargs: {{net_arch: [8], n_critics: 3}}}}\n"
        f"{ENV}: {{n_timesteps: 2e6, gamma: 0.8, replay_buffer_kwargs: {{n_sampled_goal: 2}}}}\n"
    )
    found = read_hyperparameters("sac", ENV, file)
    packaged = read_hyperparameters("sac", ENV)
    assert found["learning_rate"] == 1e-4  # for YAML a text
    assert found["n_timesteps"] == 2_000_000
    assert found["gamma"] == 0.8
    assert found["policy_kwargs"] == {"net_arch": [8], "n_critics": 3}
    assert found["replay_buffer_kwargs"] == {"n_sampled_goal": 2, "goal_selection_strategy": "future"}
    assert found["batch_size"] == packaged["batch_size"]
    assert read_hyperparameters("sac", "ctr_env/PandaReach-v0", file)["gamma"] == 0.9


@pytest.mark.parametrize(
    "text, message",
    [
        ("default: {n_step: 5}", "own.yml: default: unknown key n_step; valid keys: n_timesteps, .*n_steps"),
        ("default: {buffer_size: 5}", "unknown key buffer_size"),
        ("default: {policy_kwargs: {layers: 3}}", "default: policy_kwargs: unknown key layers; valid keys: net_arch"),
        ("default: {policy_kwargs: {net_arch: 64}}", "net_arch must be a list of layer sizes, .*, not 64"),
        ("default: {policy_kwargs: {activation_fn: nn.ReLU}}", "activation_fn must be one of tanh, relu"),
        ("default: {learning_rate: fast}", "learning_rate must be a number, or lin_NUMBER, not 'fast'"),
        ("default: {gamma: .nan}", "gamma must be a number, not nan"),
        ("default: {n_steps: 0}", "n_steps must be a positive whole number, not 0"),
        ("default: 3", "default must be a mapping of n_timesteps"),
        ("[1]", "must hold a mapping from environment ids"),
        ("a: b: c", "own.yml is not YAML"),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_what_is_valid(tmp_path, text, message):
    (tmp_path / "own.yml").write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        read_hyperparameters("ppo", ENV, tmp_path / "own.yml")


@pytest.mark.parametrize("entry", ["ent_coef: auto_high", "ent_coef: auto_", "gradient_steps: 2.5", "tau: [1]"])
def test_values_that_would_end_a_training_later_are_rejected(tmp_path, entry):
    (tmp_path / "own.yml").write_text(f"default: {{{entry}}}")
    with pytest.raises(ConfigurationError, match=f"{entry.partition(':')[0]} must be a"):
        read_hyperparameters("sac", ENV, tmp_path / "own.yml")


@pytest.mark.parametrize("entry, value", [("auto", "auto"), ("auto_0.1", "auto_0.1"), ("0.2", 0.2)])
def test_entropy_coefficients_may_be_learned(tmp_path, entry, value):
    (tmp_path / "own.yml").write_text(f"default: {{ent_coef: {entry}, gradient_steps: -1}}")
    assert read_hyperparameters("sac", ENV, tmp_path / "own.yml")["ent_coef"] == value


def test_unknown_algorithms_and_missing_files_are_rejected(tmp_path):
    with pytest.raises(ConfigurationError, match="unknown algo 'ddpg'; valid names: ppo, sac, tqc"):
        read_hyperparameters("ddpg", ENV)
    with pytest.raises(MissingFileError, match=r"no hyperparameter file .*none.yml"):
        read_hyperparameters("ppo", ENV, tmp_path / "none.yml")
