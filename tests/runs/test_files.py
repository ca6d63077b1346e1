import json

import numpy as np
import pytest

from ctr_env.runs.files import replacing, write_json


def test_an_interrupted_write_leaves_the_earlier_file(tmp_path):
    path = tmp_path / "a" / "result.json"
    write_json(path, {"x": np.float64(1.5), "y": np.arange(3)})
    assert json.loads(path.read_text()) == {"x": 1.5, "y": [0, 1, 2]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"x": float("nan")})
    with pytest.raises(RuntimeError), replacing(path) as scratch:
        scratch.write_text("half")
        raise RuntimeError
    assert json.loads(path.read_text()) == {"x": 1.5, "y": [0, 1, 2]}
    assert [entry.name for entry in path.parent.iterdir()] == ["result.json"]
