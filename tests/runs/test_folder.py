from pathlib import Path

import numpy as np
import pytest

from ctr_env.errors import CtrEnvError, RunFolderError
from ctr_env.runs.folder import RunFolder


def test_the_same_settings_resume_and_others_are_rejected_by_name(tmp_path):
    settings = {"robot": "panda", "gain": np.float64(1.5), "steps": 10, "data": Path("a/b")}
    first = RunFolder(tmp_path / "run", "servo", settings, may_change=["steps"])
    assert first.settings == {"robot": "panda", "gain": 1.5, "steps": 10, "data": "a/b"}
    RunFolder(tmp_path / "run", "servo", {**settings, "steps": 20}, may_change=["steps"])
    with pytest.raises(RunFolderError, match=r"gain=1.5, now 2.0 .robot differ too."):
        RunFolder(tmp_path / "run", "servo", {**settings, "gain": 2.0, "robot": "baxter"}, may_change=["steps"])
    with pytest.raises(CtrEnvError, match="holds a run of 'servo', not 'evaluate'"):
        RunFolder(tmp_path / "run", "evaluate", settings)


def test_a_setting_that_is_new_or_gone_counts_as_different(tmp_path):
    RunFolder(tmp_path, "servo", {"robot": "panda"})
    with pytest.raises(RunFolderError, match="seed=None, now 3"):
        RunFolder(tmp_path, "servo", {"robot": "panda", "seed": 3})
    with pytest.raises(RunFolderError, match="robot='panda', now None"):
        RunFolder(tmp_path, "servo", {})
