"""Agents, policy files and conditions in the cells of a study."""

import re

import pytest

from ctr_env.errors import ConfigurationError
from ctr_env.evaluation.study.cells import cells_of
from ctr_env.evaluation.study.check import check_study
from ctr_env.evaluation.study.file import read_study
from ctr_env.learning.reinforcement.packaged import packaged_policy

STUDY = """study: mine
seeds: [4, 2, 3]
base: {env: ctr_env/PandaReach-v0, obs_mode: estimate}
agents:
  on_truth: &agent
    seeds: 2
    steps: 100
    obs_mode: apparent+privileged
  residual:
    <<: *agent
    seeds: [7]
    action_mode: pbvs
systems:
  pbvs: {action_mode: pbvs}
  fused: {action_mode: pbvs, estimator: sliding_window}
  learned: {agent: on_truth}
  residual: {agent: residual}
conditions:
  truth: {estimator: ground_truth}
  noisy: {estimator: noisy, randomization: mild, seeds: 2}
exclude:
  - {system: fused, condition: truth}
"""


def cells(text=STUDY):
    return cells_of(read_study(text, "mine.yaml"))


def check(text):
    file = read_study(text, "mine.yaml")
    check_study(file, cells_of(file))


def test_every_system_meets_every_condition_and_every_training_is_a_cell():
    check(STUDY)
    found = [(cell.system, cell.condition, cell.labels.get("training_seed"), cell.seeds) for cell in cells()]
    whole, some = (2, 3, 4), (2, 3)
    assert found == [
        ("pbvs", "truth", None, whole), ("pbvs", "noisy", None, some), ("fused", "noisy", None, some),
        ("learned", "truth", 0, whole), ("learned", "noisy", 0, some),
        ("learned", "truth", 1, whole), ("learned", "noisy", 1, some),
        ("residual", "truth", 7, whole), ("residual", "noisy", 7, some),
    ]  # fmt: skip
    assert [cell.scenario for cell in cells()][:2] == ["truth", "noisy"]


def test_a_policy_sees_and_acts_as_in_its_training():
    by_system = {cell.system: cell for cell in cells()}
    assert by_system["pbvs"].parameters["obs_mode"] == "estimate"
    assert by_system["learned"].parameters["obs_mode"] == "apparent"
    assert "action_mode" not in by_system["learned"].parameters
    assert by_system["residual"].parameters["action_mode"] == "pbvs"


def test_settings_of_a_system_replace_those_of_a_condition():
    fused = next(cell for cell in cells() if cell.system == "fused")
    assert fused.parameters["estimator"] == "sliding_window" and fused.parameters["randomization"] == "mild"


def test_where_the_policy_of_an_agent_is(tmp_path):
    policy = cells()[-1].policy
    assert policy.path(tmp_path) == tmp_path / "agents" / "residual" / "7" / "policy.safetensors"


def test_digests_differ_by_what_a_policy_depends_on():
    def digests(text):
        return {(c.system, c.condition, c.labels.get("training_seed")): c.digest for c in cells(text)}

    before, after = digests(STUDY), digests(STUDY.replace("steps: 100", "steps: 200"))
    assert len(set(before.values())) == len(before)
    changed = {key[0] for key in before if before[key] != after[key]}
    assert changed == {"learned", "residual"}
    assert digests(STUDY.replace("steps: 100", "steps: 100\n    save_minutes: 1")) == before


def test_cells_without_agents_and_conditions_are_those_of_earlier_versions():
    text = "study: a\nseeds: [0]\nsystems:\n  noisy: {estimator: noisy, estimator_config: {dropout: 0.2}}\n"
    assert [cell.digest for cell in cells(text + "axes: {randomization: [none, mild]}\n")] == ["75a4ee13", "6b124788"]


def test_a_policy_file_is_told_by_its_content(tmp_path):
    file = tmp_path / "mine.safetensors"
    file.write_bytes(packaged_policy("panda_reach").read_bytes())
    text = f"study: s\nseeds: [0]\nbase: {{env: ctr_env/PandaReach-v0}}\nsystems:\n  mine: {{policy: {file}}}\n"
    check(text)
    (cell,) = cells(text)
    assert cell.labels == {"policy": str(file)} and cell.policy.path(tmp_path / "out") == file
    with pytest.raises(ConfigurationError, match=r"line 5: the policy was trained in ctr_env/PandaReach-v0, its ep"):
        check(text.replace("PandaReach", "FR3Reach"))
    with pytest.raises(ConfigurationError, match=r"its episodes are in ctr_env/PandaServo-v0: name one environment"):
        check(text.replace("env: ctr_env/PandaReach-v0", "robot: panda"))
    file.write_bytes(b"nothing")
    with pytest.raises(ConfigurationError, match=r"line 5: .*mine.safetensors is not a policy file"):
        check(text)


def test_a_scaled_study_has_fewer_seeds_and_shorter_trainings():
    small = read_study(STUDY).scaled(0.5)
    assert small.seeds == (2, 3) and small.conditions["noisy"].count == 1
    assert cells_of(small)[-1].policy.content["steps"] == 50
    assert cells_of(read_study(STUDY).scaled(1.0)) == cells()
    with pytest.raises(ConfigurationError, match=r"scale of a study must lie in \(0, 1\], not 2"):
        read_study(STUDY).scaled(2)


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("agent: on_truth", "agent: on_trut", "line 16: unknown agent 'on_trut'; valid names: on_truth, residual"),
        ("agent: on_truth", "agent: on_truth, policy: p", "line 16: the system 'learned' has an agent and a policy"),
        ("{agent: on_truth}", "{action_mode: pbvs}", "line 5: no system has the agent 'on_truth': add a system"),
        ("{agent: residual}", "{action_mode: pbvs}", "line 9: no system has the agent 'residual'"),
        ("learned: {", "other: {policy: none.st}\n  learned: {", "line 16: no policy file none.st"),
        ("steps: 100", "stebs: 100", "line 7: agent 'on_truth': unknown setting 'stebs' of the agent"),
        ("obs_mode: apparent+", "obs_mode: apparant+", "line 8: agent 'on_truth': unknown obs_mode part 'apparant'"),
        ("seeds: 2\n    steps", "seeds: two\n    steps", "line 6: agents.on_truth.seeds must be a mapping, not 'two'"),
        ("agent: on_truth}", "agent: on_truth, obs_mode: state}", "line 16: obs_mode of a policy is that of its tr"),
        ("seeds: 2}", "seeds: 0}", "line 20: conditions.noisy.seeds must be an integer of at least 1, not 0"),
        ("seeds: 2}", "optional: 1}", "line 20: optional must be true or false, not 1"),
        ("exclude:", "axes: {estimator: [noisy]}\nexclude:", "an axis as well as a setting of the condition 'truth'"),
        ("env: ctr_env/PandaReach-v0", "env: PandaReach", "line 3: .*unknown env 'PandaReach'; valid names: ctr_env"),
    ],
)
def test_a_mistake_is_named_with_its_line(old, new, message):
    assert old in STUDY
    with pytest.raises(ConfigurationError) as raised:
        check(STUDY.replace(old, new, 1))
    assert re.search(message, str(raised.value)), raised.value
