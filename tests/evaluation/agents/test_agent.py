import pytest

from ctr_env.errors import ConfigurationError, MissingFileError
from ctr_env.estimators.ctrnet.packaged import packaged_weights
from ctr_env.evaluation.agents.agent import Agent
from ctr_env.scenes.robots.catalogue import get_robot

GIVEN = {"seeds": (0, 3), "steps": 1001, "evaluate_every": 100, "estimator": "noisy", "reward": "progress"}


def agent(**changed):
    return Agent.from_mapping("mine", GIVEN | changed)


def test_settings_are_those_of_a_training_and_of_its_environment(tmp_path):
    found = agent(algo="ppo", obs_mode="apparent+privileged", estimator_config={"dropout": 0.1})
    assert found.config.algo == "ppo" and found.config.env == "ctr_env/PandaReach-v0"
    assert found.environment["estimator_config"] == {"dropout": 0.1} and found.environment["reward"] == "progress"
    assert found.settings["obs_mode"] == "apparent"
    assert found.folder(tmp_path, 3).policy == tmp_path / "agents" / "mine" / "3" / "policy.safetensors"


def test_the_scale_shortens_the_training_and_keeps_the_number_of_evaluations():
    small = Agent.from_mapping("mine", GIVEN, 0.1)
    assert (small.steps, small.config.evaluate_every) == (101, 10)
    assert (agent().steps, agent().config.evaluate_every) == (1001, 100)


def test_the_length_is_that_of_the_hyperparameters_unless_given(tmp_path):
    file = tmp_path / "mine.yml"
    file.write_text("default: {n_timesteps: 777}")
    assert Agent.from_mapping("mine", {"seeds": (0,), "hyperparameters": str(file)}).steps == 777


def test_the_content_tells_policies_apart():
    assert agent().content == agent(seeds=(1,), save_minutes=9.0).content
    for changed in ({"steps": 2000}, {"estimator": "ground_truth"}, {"algo": "sac"}, {"evaluation_episodes": 3}):
        assert agent(**changed).content != agent().content


def test_the_content_depends_on_the_files_that_the_environment_names(tmp_path):
    """Else a policy that was trained with other weights would act in the study."""
    weights = tmp_path / "mine.safetensors"
    content = packaged_weights(get_robot("panda")).read_bytes()
    weights.write_bytes(content)
    given = {"estimator": "ctrnet", "estimator_config": {"weights": str(weights)}}
    before = agent(**given).content
    assert agent(**given).content == before
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert agent(**given).content != before
    assert "files" not in agent().content


@pytest.mark.parametrize(
    "changed, error, message",
    [
        ({"step": 3}, ConfigurationError, "unknown setting 'step' of the agent 'mine'; valid names: seeds, env, algo"),
        ({"seed": 3}, ConfigurationError, "unknown setting 'seed'"),
        ({"robot": "panda"}, ConfigurationError, "unknown setting 'robot'"),
        ({"algo": "ddpg"}, ConfigurationError, "unknown algo 'ddpg'; valid names: ppo"),
        ({"env": "CartPole-v1"}, ConfigurationError, "'CartPole-v1' is not a ServoEnv"),
        ({"estimator": "noisi"}, ConfigurationError, "unknown estimator 'noisi'"),
        ({"estimator_config": {"drop": 1}}, ConfigurationError, "unknown NoisyConfig field drop"),
        ({"reward": "quick"}, ConfigurationError, "unknown reward 'quick'"),
        ({"seeds": (0, 100_000)}, ConfigurationError, "seed must be a number in .*, not 100000"),
        ({"evaluation_episodes": 2.5}, ConfigurationError, "evaluation_episodes must be an integer"),
        ({"obs_mode": "privileged"}, ConfigurationError, "obs_mode='privileged' is for the critic alone"),
        ({"steps": 0}, ConfigurationError, "steps must be a number in"),
        ({"hyperparameters": "none.yml"}, MissingFileError, "no hyperparameter file none.yml"),
        ({"env": "ctr_env/PandaServo-v0"}, ConfigurationError, "PandaServo-v0 has no reward, which Reach"),
    ],
)
def test_a_mistake_is_named(changed, error, message):
    with pytest.raises(error, match=message):
        agent(**changed)


def test_a_name_must_be_that_of_a_folder():
    with pytest.raises(ConfigurationError, match="the name of an agent is that of a folder, such as on_truth, not"):
        Agent.from_mapping("../mine", GIVEN)
