import re

import imageio.v2 as imageio
import numpy as np
import pytest

from ctr_env.errors import ConfigurationError, MissingFileError
from ctr_env.evaluation.report.ranking import best_median_worst
from ctr_env.evaluation.report.study_data import StudyData
from ctr_env.evaluation.report.writer import ReportOptions, write_report


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, study_writer):
    """A study of one system with videos of all episodes; seed 0 failed."""
    cells = [("only", "", {"robot": "panda"}, 2.0, 0.001)]
    folder = study_writer(tmp_path_factory.mktemp("recorded") / "videos", cells, seeds=range(3))
    data = StudyData.read(folder)
    image = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    for episode in data.episodes:
        path = folder / "videos" / episode.cell / f"{episode.seed}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        imageio.mimwrite(path, [image] * 8, fps=30)
    return folder


def test_tables_and_figures_lie_beside_the_page(study_folder):
    written = write_report(study_folder)
    assert written.page == study_folder / "report.html" and written.page.stat().st_size < 5e6
    assert {path.suffix for path in written.tables} == {".csv", ".tex"}
    assert all(path.is_file() for path in (*written.tables, *written.figures))
    names = {path.name for path in written.figures}
    assert {
        "overview.pdf",
        "errors-static.pdf",
        "settling.pdf",
        "paths-space.pdf",
        "axis-perturbation.delay_s.pdf",
    } <= names


def test_the_page_needs_nothing_else(study_folder, tmp_path):
    text = write_report(study_folder, tmp_path / "page.html", ReportOptions(files=False)).page.read_text()
    head = re.sub(r'<script type="text/plain".*?</script>', "", text, flags=re.S)
    assert not re.search(r"(src|href)=\"https?:|@import|url\(", head)
    assert list(tmp_path.iterdir()) == [tmp_path / "page.html"]


def test_every_chart_and_table_is_named_for_readers_who_do_not_see_it(study_folder, tmp_path):
    text = write_report(study_folder, tmp_path / "page.html", ReportOptions(files=False)).page.read_text()
    drawings = re.findall(r'<div class="panels"[^>]*>', text)
    assert drawings and all(re.search(r'role="img" aria-label="[^"]{20,}"', each) for each in drawings)
    regions = re.findall(r'<div class="scroll" role="region" aria-labelledby="([^"]+)"', text)
    assert regions and all(f'id="{name}"' in text for name in regions)


def test_the_same_study_gives_the_same_page(study_folder, tmp_path):
    pages = [write_report(study_folder, tmp_path / name, ReportOptions(files=False)).page for name in ("a", "b")]
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_videos_are_embedded_as_far_as_there_is_room(recorded, tmp_path):
    def page(media_mb):
        options = ReportOptions(files=False, media_mb=media_mb)
        return write_report(recorded, tmp_path / "page.html", options).page.read_text()

    assert page(5.0).count("data:video/mp4") == 3
    without = page(0.0)
    assert "data:video" not in without
    assert without.count("not embedded, to keep the page small") == 3


def test_best_median_and_worst_by_true_error(study_folder):
    ranked = best_median_worst(StudyData.read(study_folder).episodes)
    errors = [ranked[name].value("true_position_error_m") for name in ("best", "median", "worst")]
    assert errors == sorted(errors) and errors[0] < 0.0011 and errors[2] > 0.02


def test_a_single_episode_is_enough(tmp_path, study_writer):
    folder = study_writer(tmp_path / "one", [("only", "", {}, 2.0, 0.001)], seeds=[4])
    text = write_report(folder, options=ReportOptions(files=False)).page.read_text()
    assert "1 episode of 1 system" in text


def test_a_study_in_which_everything_crashed_says_why(tmp_path, study_writer):
    crashed = [("only", seed) for seed in range(2)]
    folder = study_writer(tmp_path / "none", [("only", "", {}, 2.0, 0.001)], seeds=range(2), crashed=crashed)
    text = write_report(folder).page.read_text()
    assert "crashed: 2 episodes" in text and "RenderError: no image" in text


def test_a_folder_without_a_study(tmp_path):
    with pytest.raises(MissingFileError, match="no results of a study"):
        write_report(tmp_path)


def test_values_are_checked(study_folder):
    with pytest.raises(ConfigurationError, match=r"media_mb must be a number in \[0, 1000\]"):
        ReportOptions(media_mb=-1)
    with pytest.raises(ConfigurationError, match="unknown baseline"):
        write_report(study_folder, options=ReportOptions(baseline="other"))
