"""The page in a headless browser."""

import importlib.util
from pathlib import Path

import pytest

from ctr_env.evaluation.report.writer import ReportOptions, write_report

_spec = importlib.util.spec_from_file_location("browser", Path(__file__).with_name("browser.py"))
browser_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(browser_module)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page(study_folder, tmp_path_factory):
    return write_report(study_folder, tmp_path_factory.mktemp("page") / "report.html", ReportOptions(files=False)).page


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    assert browser_module.PROGRAM, "install Chromium: these tests look at the page in it"
    browser = browser_module.Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("dark", [False, True])
def test_every_figure_is_drawn_without_an_error_and_the_page_does_not_scroll_sideways(browser, page, width, dark):
    browser.messages.clear()
    browser.open(page, width, dark=dark)
    assert browser.messages == []
    assert browser.evaluate("document.documentElement.scrollWidth") == width
    assert browser.evaluate("document.querySelectorAll('.panel .main-svg').length") >= 15


def test_the_legend_hides_and_shows_lines(browser, page):
    browser.open(page, 1400)
    panel = "document.querySelector('#chart-errors-static .panel')"
    button = "document.querySelector('#chart-errors-static .legend button')"
    shown = f"{panel}.data.filter((trace) => trace.visible !== false).length"
    before = browser.evaluate(shown)
    browser.evaluate(f"{button}.click()")
    assert browser.evaluate(shown) == before - 2  # a line and its band
    assert browser.evaluate(f"{button}.getAttribute('aria-pressed')") == "false"
    browser.evaluate(f"{button}.click()")
    assert browser.evaluate(shown) == before


def test_the_page_prints(browser, page, tmp_path):
    browser.open(page, 1400)
    browser.pdf(tmp_path / "report.pdf")
    content = (tmp_path / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF") and content.count(b"/Type /Page\n") >= 3
