"""The documentation site: generated parts, links, and no request to other servers."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *PAGES]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)|(?:src|href)=\"([^\"#]+)\"")
LOADED = re.compile(r"<(?:script|img|link|iframe|source)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//[^>]*>")


@pytest.fixture
def hooks(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_hooks"))
    import hooks

    return hooks


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_files_lead_somewhere(page):
    for groups in LINK.findall(page.read_text(encoding="utf-8")):
        target = groups[0] or groups[1]
        assert target.startswith("http") or (page.parent / target).exists(), target


def test_markers_name_generators(hooks):
    for page in PAGES:
        for name in re.findall(r"<!-- generated: (\w+)", page.read_text(encoding="utf-8")):
            assert name in hooks.GENERATORS, page


def test_tables_of_components_and_studies_are_generated(hooks):
    for page in ("reference/components.md", "reference/benchmark.md", "reference/robots.md"):
        assert "generated:" not in hooks.expand((ROOT / "docs" / page).read_text(encoding="utf-8")), page


def test_lines_break_neither_in_options_nor_before_units(hooks):
    option = '<span class="option">--robot</span>'
    assert hooks.on_page_content("<code>servo --robot ur5</code>") == f"<code>servo {option} ur5</code>"
    block = '<div class="language-bash highlight"><pre><code><span class="w"> </span>{} 2 mm</code></pre></div>'
    assert hooks.on_page_content(block.format("--robot")) == block.format(option)
    assert hooks.on_page_content("<td>&lt; 5 mm, 9 %</td>") == "<td>&lt;\u00a05\u00a0mm, 9\u00a0%</td>"
    assert hooks.on_page_content('<p title="5 mm">5 models') == '<p title="5 mm">5 models'


def test_the_environment_reference_lists_every_field_and_key(hooks):
    from ctr_env.envs.config import ServoConfig

    page = hooks.expand((ROOT / "docs/reference/environments.md").read_text(encoding="utf-8"))
    assert "generated:" not in page
    for name in (
        *ServoConfig.__dataclass_fields__,
        "estimate_age",
        "apparent_position_error_m",
        "ctr_env/BaxterTrack-v0",
    ):
        assert f"`{name}`" in page


def test_the_randomisation_reference_states_each_distribution(hooks):
    from ctr_env.scenes.randomization.fields import FIELDS

    page = hooks.expand((ROOT / "docs/reference/randomization.md").read_text(encoding="utf-8"))
    row = next(line for line in page.splitlines() if line.startswith("| `camera.fov` |"))
    assert row.endswith("| – | U(0.8, 1.25) | U(0.6, 1.7) | U(0.52, 1.92) |")
    assert all(f"| `{name}` |" in page for name in FIELDS)


@pytest.mark.slow
def test_the_site_builds_strictly_and_loads_nothing_from_elsewhere(tmp_path):
    command = [Path(sys.executable).with_name("mkdocs"), "build", "--strict", "--quiet", "--site-dir", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) >= len(PAGES)
    for page in pages:
        loaded = [tag for tag in LOADED.findall(page.read_text(encoding="utf-8")) if 'rel="canonical"' not in tag]
        assert not loaded, (page, loaded)
