"""Charts as Plotly figures and as PDF files."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from ctr_env.drawing.page.chart import Chart, Line, Panel
from ctr_env.drawing.page.pdf_figure import chart_figure, save_pdf
from ctr_env.drawing.page.plotly_figure import plotly_figure
from ctr_env.drawing.page.styles import DARK, LIGHT, style

X = np.array([0.0, 1.0, 2.0])


def line(mark, style=0, z=None):
    return Line(f"line {style}", X, np.array([1.0, np.nan, 3.0]), style, z=z, low=X, high=X + 4.0, mark=mark)


PANELS = {
    "band": Panel([line("line")], "x", "y", log_y=True, levels=((2.0, "tolerance"),), x_range=(0.0, 2.0)),
    "step": Panel([line("step")], "x", "y", y_range=(0.0, 5.0)),
    "points": Panel([line("points", 1)], "x", "y", categories=("a", "b", "c"), title="<b>"),
    "sideways": Panel([line("marks", 2)], "x", "y", categories=("a", "b", "c"), y_range=(0.0, 5.0), sideways=True),
    "image": Panel([line("marks", 2)], "x", "y", y_range=(5.0, 0.0), same_scale=True),
    "space": Panel([line("line", 3, z=X)], "x", "y", z_label="z"),
}


def coloured(value):
    """A figure with the colours of the light theme, as the page makes it."""
    text = json.dumps(value)
    for i, colour in enumerate(LIGHT):
        text = text.replace(f'"@{i}~"', f'"{colour}2e"').replace(f'"@{i}"', f'"{colour}"')
    for name in ("text", "muted", "grid"):
        text = text.replace(f'"@{name}"', '"#123456"')
    return json.loads(text)


@pytest.mark.parametrize("name", PANELS)
def test_plotly_accepts_every_kind_of_panel(name):
    figure = plotly_figure(PANELS[name])
    json.dumps(figure, allow_nan=False)
    made = coloured(figure)
    assert "@" not in json.dumps(made["data"])
    for trace in made["data"]:
        trace["fillcolor"] = trace.get("fillcolor", "#000")[:7]  # Plotly's JavaScript accepts #rrggbbaa
        if "fill" not in trace:
            del trace["fillcolor"]
        else:
            trace["line"]["color"] = trace["line"]["color"][:7]
    go.Figure(made)


def test_a_band_is_a_closed_polygon_below_its_line():
    band, drawn = plotly_figure(PANELS["band"])["data"]
    assert band["uid"].startswith("band") and band["meta"] == drawn["meta"] == "line 0"
    assert band["x"] == [0.0, 1.0, 2.0, 2.0, 1.0, 0.0] and band["y"] == [0.0, 1.0, 2.0, 6.0, 5.0, 4.0]
    assert drawn["y"] == [1.0, None, 3.0]


def test_axes_in_space_are_equally_long():
    scene = plotly_figure(PANELS["space"])["layout"]["scene"]
    lengths = [np.diff(scene[name]["range"])[0] for name in ("xaxis", "yaxis", "zaxis")]
    assert lengths == pytest.approx([lengths[0]] * 3)


def test_titles_hold_no_markup():
    assert plotly_figure(PANELS["points"])["layout"]["title"]["text"] == "&lt;b>"


def test_the_same_chart_gives_the_same_pdf(tmp_path):
    chart = Chart("all", "All", "", "", tuple(PANELS.values()))
    save_pdf(chart, tmp_path / "a.pdf")
    save_pdf(chart, tmp_path / "b.pdf")
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_pdf_and_page_draw_the_same_numbers():
    axes = chart_figure(Chart("one", "One", "", "", (PANELS["band"],))).axes[0]
    (web,) = [trace for trace in plotly_figure(PANELS["band"])["data"] if "uid" not in trace]
    assert axes.lines[0].get_xdata().tolist() == web["x"]
    assert np.nan_to_num(axes.lines[0].get_ydata()).tolist() == [value or 0.0 for value in web["y"]]


def test_styles_differ_in_more_than_colour():
    shown = [style(i) for i in range(280)]
    assert len(set(shown)) == 280
    assert len({(s.dash, s.marker) for s in shown[:8]}) == 8


@pytest.mark.parametrize(("colours", "background"), [(LIGHT, "#ffffff"), (DARK, "#15181c")])
def test_lines_have_a_contrast_of_three_to_the_background(colours, background):
    def luminance(colour):
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    for colour in colours:
        low, high = sorted([luminance(colour), luminance(background)])
        assert (high + 0.05) / (low + 0.05) >= 3, colour
