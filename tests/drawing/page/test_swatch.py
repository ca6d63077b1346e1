import re

import numpy as np

from ctr_env.drawing.page.chart import Chart, Line, Panel
from ctr_env.drawing.page.swatch import legend


def chart(lines, **settings):
    values = np.arange(2.0)
    return Chart(
        "c", "C", "", "", (Panel([Line(f"line {i}", values, values, i) for i in range(lines)], "x", "y", **settings),)
    )


def test_a_few_lines_are_all_shown():
    assert re.findall('aria-pressed="(.*?)"', legend(chart(3))) == ["true"] * 3


def test_of_many_lines_the_first_are_shown_at_first():
    text = legend(chart(30))
    assert re.findall('aria-pressed="(.*?)"', text) == ["true"] * 6 + ["false"] * 24
    assert re.findall('data-all="(.*?)"', text) == ["all", "none"]
    assert "The first 6 of 30 lines" in text


def test_what_the_axis_names_needs_no_legend():
    assert legend(chart(1)) == ""
    assert legend(chart(3, categories=("a", "b"), sideways=True)) == ""
