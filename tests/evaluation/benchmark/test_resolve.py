"""From parameters to environments: what each key does, and what is rejected."""

import pytest

from ctr_env.errors import ConfigurationError
from ctr_env.evaluation.benchmark.parameters import dotted, merged, nested
from ctr_env.evaluation.benchmark.perturbations import PERTURBATIONS
from ctr_env.evaluation.benchmark.resolve import environment_of
from ctr_env.evaluation.benchmark.scenarios import SCENARIOS
from ctr_env.evaluation.servo.runner import ServoStudy


def test_arguments_and_dotted_keys_are_those_of_the_environment():
    spec = environment_of(
        {
            "robot": "baxter",
            "estimator": "noisy",
            "estimator_config": {"dropout": 0.5, "latency_s": 0.1},
            "estimator_config.dropout": 0.2,
            "controller_config.gain_at_zero": 5.0,
        }
    )
    assert (spec.robot, spec.task) == ("baxter", "servo")
    assert spec.env_config == {
        "estimator": "noisy",
        "estimator_config": {"dropout": 0.2, "latency_s": 0.1},
        "controller_config": {"gain_at_zero": 5.0},
    }


@pytest.mark.parametrize("rules", ["mild", {"preset": "mild"}])
def test_fields_of_the_randomisation_are_added_to_a_preset(rules):
    spec = environment_of({"randomization": rules, "randomization.lights.brightness": 0.5})
    assert spec.env_config["randomization"] == {"preset": "mild", "lights.brightness": 0.5}


def test_nothing_is_a_valid_cell():
    assert environment_of({}).env_config == {}


def test_a_perturbed_estimator_is_wrapped_in_its_own_configuration():
    spec = environment_of(
        {
            "estimator": "sliding_window",
            "estimator_config.source": "noisy",
            "perturbation.delay_s": 0.1,
            "perturbation.dropout": 0.3,
        }
    )
    assert spec.env_config["estimator"] == "perturbed"
    assert spec.env_config["estimator_config"] == {
        "source": "sliding_window",
        "source_config": {"source": "noisy"},
        "delay_s": 0.1,
        "dropout": 0.3,
    }


def test_a_perturbed_estimator_is_not_wrapped_twice():
    system = {"estimator": "perturbed", "estimator_config": {"source": "noisy", "rate_hz": 1.0}}
    spec = environment_of({**system, "perturbation.delay_s": 0.5})
    assert spec.env_config["estimator_config"] == {"source": "noisy", "rate_hz": 1.0, "delay_s": 0.5}
    with pytest.raises(ConfigurationError, match=r"perturbation\.rate_hz is set by estimator_config too"):
        environment_of({**system, "perturbation.rate_hz": 5.0})


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_every_level_of_every_perturbation_resolves(name):
    levels = PERTURBATIONS[name].levels
    assert len(levels) >= 5
    specs = [environment_of({"estimator": "noisy", f"perturbation.{name}": level}) for level in levels]
    assert all(a.env_config != b.env_config for i, a in enumerate(specs) for b in specs[:i])


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_resolves_to_an_environment_that_can_be_made(name):
    spec = environment_of({"scenario": name, "randomization": "mild"})
    ServoStudy(robot=spec.robot, task=spec.task, env_config=spec.env_config).make_environment().close()


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"env": "ctr_env/PandaReach-v0", "robot": "fr3"}, "robot is said by env 'ctr_env/PandaReach-v0': set one"),
        ({"env": "PandaReach"}, "unknown env 'PandaReach'; valid names: ctr_env/PandaServo-v0"),
        (
            {"env": "ctr_env/PandaServo-v0", "reward": "sparse"},
            "PandaServo-v0 has no reward, which Reach, Follow and Push",
        ),
        ({"env": "ctr_env/PandaReach-v0", "reward": "quick"}, "unknown reward 'quick'; valid names: dense, sparse"),
        ({"env": "ctr_env/PandaReach-v0", "tolerance_m": 2}, r"tolerance_m must lie in \(0, 1\] metres, not 2"),
        ({"env": "ctr_env/PandaReach-v0", "estimator": "ctr"}, "unknown estimator 'ctr'"),
        ({"tolerance_m": 0.1}, "tolerance_m needs env, the id of a Reach, Follow or Push environment"),
        ({"robbot": "panda"}, "unknown parameter 'robbot'; valid names: robot, task"),
        ({"robot": "pandy"}, "unknown robot 'pandy'; valid names: baxter"),
        ({"estimator": "ctr"}, "unknown estimator 'ctr'; valid names: charuco"),
        ({"estimator": "sliding_window", "estimator_config.source": "ctr"}, "unknown estimator 'ctr'"),
        ({"estimator": "noisy", "estimator_config.drop": 1}, "unknown NoisyConfig field drop; valid names: white"),
        ({"estimator_config": {"a": 1}}, "the ground_truth estimator has no configuration"),
        ({"controller": "pid"}, "unknown controller 'pid'; valid names: "),
        ({"controller_config.gain": 1}, "field gain; valid names: "),
        ({"renderer": "blender"}, "unknown renderer 'blender'"),
        ({"randomization": "wild"}, "unknown randomisation preset 'wild'; valid names: none"),
        ({"randomization.lights.colour": 1}, "unknown randomisation field 'lights.colour'; valid names: "),
        ({"randomization.room": "attic"}, "unknown randomisation room 'attic'; valid names: plain"),
        ({"scenario": "calm"}, "unknown scenario 'calm'; valid names: static"),
        ({"perturbation.delay": 1}, "unknown perturbation 'delay'; valid names: delay_s"),
        ({"perturbation.delay_s": -1}, "delay_s must be a number in"),
        ({"perturbation.domain": "blender"}, "unknown perturbation.domain 'blender'; valid names: classic"),
        ({"gains.p": 1}, "unknown parameter 'gains.p': mapping 'gains'; valid names: estimator_config"),
        ({"scenario": "moving_goal", "task": "servo"}, "scenario 'moving_goal' sets task to 'track'"),
        (
            {"scenario": "low_light", "perturbation.brightness": 0.5},
            "perturbation brightness sets randomization.lights.brightness to 0.5, which is set to",
        ),
        (
            {"scenario": "low_light", "randomization": {"lights.ambient": 1.0}},
            "scenario 'low_light' sets randomization.lights.ambient",
        ),
    ],
)
def test_a_mistake_is_named(parameters, message):
    with pytest.raises(ConfigurationError, match=message):
        environment_of(parameters)


def test_an_environment_may_be_given_by_its_id():
    spec = environment_of({"env": "ctr_env/FR3Follow-v0", "tolerance_m": 0.03, "randomization": "mild"})
    assert (spec.id, spec.robot, spec.task) == ("ctr_env/FR3Follow-v0", "fr3", "track")
    study = ServoStudy(spec.robot, spec.task, env_config=spec.env_config, seconds=0.5, env=spec.env)
    env = study.make_environment()
    assert env.unwrapped.tolerance_m == 0.03 and env.unwrapped.config.robot == "fr3"
    assert env.spec.max_episode_steps == 15 and study.env_id == "ctr_env/FR3Follow-v0"
    env.close()
    assert environment_of({}).id == "ctr_env/PandaServo-v0"


def test_a_value_of_another_type_is_a_mistake_too():
    with pytest.raises(ConfigurationError, match="a parameter has a value of the wrong type"):
        environment_of({"width": "wide"})


def test_merging_names_the_contradiction():
    assert merged({"a": 1}, {"a": 1, "b": 2}, "x") == {"a": 1, "b": 2}
    with pytest.raises(ConfigurationError, match="x sets a to 2, which is set to 1 elsewhere"):
        merged({"a": 1}, {"a": 2}, "x")


def test_nesting_goes_to_any_depth_and_leaves_the_given_mappings():
    given = {"c": {"d": {"e": 1}}, "c.d.f": 2}
    assert nested(given) == {"c": {"d": {"e": 1, "f": 2}}}
    assert given["c"] == {"d": {"e": 1}}
    with pytest.raises(ConfigurationError, match=r"c\.d\.e reaches into 5"):
        nested({"c.d": 5, "c.d.e": 1})


def test_dotted_rules_of_a_randomisation_win_over_those_of_its_mapping():
    assert dotted({"randomization": {"preset": "mild", "lens.k1": 0.1}, "randomization.lens.k1": 0.2}) == {
        "randomization.preset": "mild",
        "randomization.lens.k1": 0.2,
    }
