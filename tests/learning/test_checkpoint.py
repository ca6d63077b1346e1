import pytest
import torch

from ctr_env.errors import DataError, TrainingError
from ctr_env.learning.checkpoint import load_checkpoint, save_checkpoint

CPU = torch.device("cpu")


def state(value):
    return {"network": {"weight": torch.tensor([1.0, value]), "count": torch.tensor(3)}, "history": [{"loss": 0.5}]}


def test_a_checkpoint_comes_back(tmp_path):
    file = tmp_path / "new" / "checkpoint.pt"
    assert load_checkpoint(file, CPU) is None
    save_checkpoint(file, state(2.0))
    found = load_checkpoint(file, CPU)
    assert torch.equal(found["network"]["weight"], torch.tensor([1.0, 2.0]))
    assert found["history"] == [{"loss": 0.5}]
    assert [path.name for path in file.parent.iterdir()] == ["checkpoint.pt"]


@pytest.mark.parametrize(
    "bad, name",
    [
        (state(float("nan")), "network.weight"),
        ({**state(0.0), "history": [{"loss": float("inf")}]}, r"history\[0\].loss"),
    ],
)
def test_a_checkpoint_is_never_replaced_by_one_that_is_not_finite(tmp_path, bad, name):
    file = tmp_path / "checkpoint.pt"
    save_checkpoint(file, state(2.0))
    before = file.read_bytes()
    with pytest.raises(TrainingError, match=f"diverged: {name} not finite.*checkpoint.pt keeps its earlier"):
        save_checkpoint(file, bad)
    assert file.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_other_files_are_rejected_by_name(tmp_path):
    for content in (b"", b"not a checkpoint"):
        (tmp_path / "checkpoint.pt").write_bytes(content)
        with pytest.raises(DataError, match="checkpoint.pt is not a checkpoint"):
            load_checkpoint(tmp_path / "checkpoint.pt", CPU)
