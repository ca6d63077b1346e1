import pickle

import numpy as np
import pytest
import torch

from ctr_env.errors import DataError
from ctr_env.learning.state_file import load_state, save_state


def test_a_nested_state_comes_back(tmp_path):
    file, weight = tmp_path / "new" / "state.safetensors", torch.arange(6.0).reshape(2, 3)
    state = {
        "network": {"weight": weight, "same": weight, "column": weight.T},
        "optimiser": {"state": {0: {"step": torch.tensor(3.0)}}, "betas": (0.9, 0.999), "fused": None},
        "buffer": np.arange(4, dtype=np.uint8)[:3],
        "numbers": {"large": 2**100, "count": np.int64(7), "name": "tensor", "tensor": 1},
    }
    save_state(file, state)
    found = load_state(file)
    for name, value in state["network"].items():
        torch.testing.assert_close(found["network"][name], value, rtol=0, atol=0)
    assert found["optimiser"]["state"][0]["step"] == 3.0
    assert found["optimiser"]["betas"] == [0.9, 0.999] and found["optimiser"]["fused"] is None
    assert found["buffer"].dtype == torch.uint8 and found["buffer"].tolist() == [0, 1, 2]
    assert found["numbers"] == {"large": 2**100, "count": 7, "name": "tensor", "tensor": 1}
    assert [path.name for path in file.parent.iterdir()] == ["state.safetensors"]


def test_there_need_be_no_file(tmp_path):
    assert load_state(tmp_path / "state.safetensors") is None


def test_other_files_are_rejected_and_never_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("unpickled",))

    for content in (b"", pickle.dumps(Trap())):
        (tmp_path / "state.safetensors").write_bytes(content)
        with pytest.raises(DataError, match=r"state.safetensors is not a checkpoint"):
            load_state(tmp_path / "state.safetensors")
