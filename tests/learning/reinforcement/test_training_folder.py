import pytest

from ctr_env.errors import RunFolderError
from ctr_env.learning.reinforcement.config import ReinforcementConfig
from ctr_env.learning.reinforcement.packaged import packaged_policy
from ctr_env.learning.reinforcement.training_folder import TrainingFolder


def test_a_training_has_ended_when_its_last_policy_is_evaluated_and_one_is_kept(tmp_path):
    folder = TrainingFolder(tmp_path)
    assert folder.evaluations() == [] and not folder.finished(1) and folder.best("validation") is None
    folder.write_evaluations([{"step": 32, "success_rate": 0.5}, {"step": 64, "success_rate": 0.25}])
    assert [each["step"] for each in folder.evaluations()] == [32, 64]
    assert not folder.finished(64)
    folder.policy.write_bytes(packaged_policy("panda_reach").read_bytes())
    assert folder.finished(64) and not folder.finished(65)
    assert folder.best("validation")["success_rate"] == pytest.approx(1.0)


def test_a_training_resumes_only_with_the_files_that_it_began_with(tmp_path):
    weights = tmp_path / "mine.safetensors"
    weights.write_bytes(b"one")
    folder, environment = TrainingFolder(tmp_path / "out"), {"estimator_config": {"weights": str(weights)}}
    for _ in range(2):
        folder.claim(ReinforcementConfig(), environment, {})
    weights.write_bytes(b"other")
    with pytest.raises(RunFolderError, match="mine.safetensors"):
        folder.claim(ReinforcementConfig(), environment, {})
