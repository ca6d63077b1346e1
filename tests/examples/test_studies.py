"""The study files among the examples are valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctr_env.evaluation.study.cells import cells_of
from ctr_env.evaluation.study.check import check_study
from ctr_env.evaluation.study.file import load_study

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name, cells", [("late_images", 27), ("half_a_turn", 6)])
def test_a_study_is_valid_and_has_its_cells(name, cells):
    file = load_study(EXAMPLES / f"{name}.yaml")
    found = cells_of(file)
    check_study(file, found)
    assert (file.study, len(found), len(file.seeds)) == (name, cells, 20)
