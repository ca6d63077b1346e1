import pytest

from ctr_env.errors import ConfigurationError
from ctr_env.evaluation.study import conditions
from ctr_env.evaluation.study.cells import cells_of
from ctr_env.evaluation.study.conditions import without_unavailable
from ctr_env.evaluation.study.file import read_study
from ctr_env.scenes.rendering.backends import BackendReport

STUDY = """study: s
seeds: [0]
conditions:
  classic: {estimator: noisy}
  lab: {renderer: filament, randomization: {room: lab}, optional: true}
  needed: {renderer: filament}
"""


@pytest.fixture
def probed(monkeypatch):
    """Names of the backends that were probed, of which none works."""
    names = []

    def probe(name, timeout_s):
        names.append(name)
        return BackendReport(name, False, "no Vulkan device", 0.0, "")

    monkeypatch.setattr(conditions, "probe", probe)
    return names


def test_an_optional_condition_is_left_out_where_its_renderer_does_not_work(probed):
    file, missing = without_unavailable(read_study(STUDY))
    assert probed == ["filament"] and missing == {"lab": "filament: no Vulkan device"}
    assert [cell.condition for cell in cells_of(file)] == ["classic", "needed"]


def test_nothing_is_probed_without_an_optional_condition(probed):
    file = read_study(STUDY.replace(", optional: true", ""))
    assert without_unavailable(file) == (file, {}) and probed == []


def test_an_exclude_may_name_a_condition_that_is_left_out(probed):
    text = STUDY + "systems: {a: {}, b: {}}\nexclude: [{system: a, condition: lab}]\n"
    file, _ = without_unavailable(read_study(text))
    assert {cell.condition for cell in cells_of(file)} == {"classic", "needed"}


def test_a_study_of_nothing_else_is_rejected(probed):
    text = "study: s\nseeds: [0]\nconditions:\n  lab: {renderer: filament, optional: true}\n"
    file, _ = without_unavailable(read_study(text))
    with pytest.raises(ConfigurationError, match="exclude leaves no cell of the available conditions"):
        cells_of(file)
