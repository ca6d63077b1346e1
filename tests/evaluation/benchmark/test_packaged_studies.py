"""The packaged studies: those of the benchmark frozen, all valid, and as large as they say."""

import hashlib
import re
from importlib.resources import files

import pytest

from ctr_env.evaluation.benchmark.perturbations import PERTURBATIONS
from ctr_env.evaluation.benchmark.scenarios import SCENARIOS
from ctr_env.evaluation.study.cells import cells_of
from ctr_env.evaluation.study.check import check_study
from ctr_env.evaluation.study.file import load_study, packaged_studies

SHA256 = {
    "servo-bench-v1-domains": "b369f91a9eef31beb4bc756510d2c3e855174d361ab363c2057955655886bb74",
    "servo-bench-v1-paper": "4bc7f4dd9c6416f387e2e2101cf6b7d4b9941997ef10d6dbf8de91dc2f3a4e98",
    "servo-bench-v1-perturbations-images": "a86cb300c8a85d450e3695a09a70881d0a782c2ba0f846b26cf529cc8b621d21",
    "servo-bench-v1-perturbations": "f726d09127665d17a0ea76834c128a27441ed49c639ab374c3222ea2b3f50022",
    "servo-bench-v1-scenarios-images": "a810c1ca53f9f5e1ef6d3552d37bbd14206cdea916315caeb734c8e52f25c098",
    "servo-bench-v1-scenarios": "20127824b00a54fb4359ba4b5fc9e380d213469434c91f59dbd2d8f316238ffe",
    "servo-bench-v1-systems-images": "0ac0d7d5fd2d4f8cafb1ef27c48dde2ff9c20a58a6082159557ee7d1c8592991",
    "servo-bench-v1-systems": "bd200c6053999d8a939a480c38c37e322cea59d3334a374620e874da75c36029",
}
"""A published result names its file's hash: a change of the content is a new version, ``servo-bench-v2-…``."""


def text_of(name):
    return (files("ctr_env.evaluation.benchmark") / f"{name}.yaml").read_text()


def test_the_files_are_frozen():
    found = {
        name: hashlib.sha256(text_of(name).encode()).hexdigest()
        for name in packaged_studies()
        if name.startswith("servo-bench")
    }
    assert found == SHA256


@pytest.mark.parametrize("name", packaged_studies())
def test_every_cell_is_valid_and_the_number_of_episodes_is_as_documented(name):
    study = load_study(name)
    cells = cells_of(study)
    check_study(study, cells)
    assert study.study == name
    stated = int(re.search(r"Episodes:.* = (\d+)", text_of(name))[1])
    assert sum(len(cell.seeds) for cell in cells) == stated


def test_all_scenarios_take_part():
    used = set()
    for name in ("servo-bench-v1-scenarios", "servo-bench-v1-scenarios-images"):
        used |= set(load_study(name).axes["scenario"])
    assert used == set(SCENARIOS)


def test_all_levels_of_all_perturbations_take_part():
    levels = {}
    for name in packaged_studies():
        study = load_study(name)
        if study.one_at_a_time:
            for key, values in study.one_at_a_time.items():
                plain = key.removeprefix("perturbation.")
                levels[plain] = {study.base["perturbation"][plain], *values}
    assert levels == {name: set(perturbation.levels) for name, perturbation in PERTURBATIONS.items()}


def test_image_cells_have_the_tasks_of_the_image_free_ones():
    """Systems are paired across both files: the same preset, scenario, length and first seeds."""
    plain, images = load_study("servo-bench-v1-systems"), load_study("servo-bench-v1-systems-images")
    assert plain.seeds[: len(images.seeds)] == images.seeds
    assert plain.seconds == images.seconds
    assert plain.axes == images.axes
    assert {key: images.base[key] for key in plain.base} == plain.base
