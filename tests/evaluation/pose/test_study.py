import pytest

from ctr_env.errors import CtrEnvError
from ctr_env.evaluation.pose.runner import run_pose_study
from ctr_env.evaluation.pose.study import PoseStudy


def test_other_weights_under_the_same_name_are_other_settings(tmp_path):
    weights = tmp_path / "net.safetensors"
    weights.write_bytes(b"a")
    study = PoseStudy(estimator_config={"weights": str(weights)})
    before = study.config["weights_sha256"]
    weights.write_bytes(b"b")
    assert study.config["weights_sha256"] != before


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"frames": 0}, "frames must be at least 1, not 0"),
        ({"width": 0}, "width must be at least 1"),
        ({"seed": -1}, "negative"),
        ({"data": "synthetic:holiday"}, "'holiday'; valid names: train, validation, test"),
        ({"data": "nowhere"}, "no frames .* in nowhere"),
        ({"estimator": "magic"}, "valid names: .*ground_truth"),
        ({"robot": "ur6"}, "panda"),
    ],
)
def test_invalid_settings_are_rejected_and_no_folder_is_made(wrong, message, tmp_path):
    with pytest.raises(CtrEnvError, match=message):
        run_pose_study(PoseStudy(**wrong), tmp_path / "out")
    assert not (tmp_path / "out").exists()
