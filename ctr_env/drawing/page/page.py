"""A report as one HTML page that needs nothing else."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import Any

from plotly.offline import get_plotlyjs

from .chart import Chart
from .markup import element, html_table
from .plotly_figure import plotly_figure
from .section import Html, Part, Section
from .styles import DARK, LIGHT
from .swatch import legend
from .table import Table

__all__ = ["make_page"]

_THEMES = {
    "light": {"text": "#1b1f24", "muted": "#5a636e", "grid": "#dfe3e8", "back": "#ffffff", "raised": "#f5f7f9"},
    "dark": {"text": "#e4e8ed", "muted": "#9aa4b0", "grid": "#333a43", "back": "#15181c", "raised": "#1d2127"},
}


def make_page(
    title: str,
    lede: str,
    facts: Sequence[tuple[str, str]],
    sections: Sequence[Section],
    style: str = "",
    script: str = "",
) -> str:
    """The page.

    Plotly and the figures are embedded compressed; the page decompresses them itself and draws a figure when it comes
    into view.

    Args:
        title: Title of the page.
        lede: One sentence under the title.
        facts: Names and values that say what was run.
        sections: The content.
        style: CSS of this page beside that of all pages.
        script: JavaScript of this page, run when it is there.
    """
    charts = {part.key: part for section in sections for part in section.parts if isinstance(part, Chart)}
    drawn = {key: [plotly_figure(panel) for panel in chart.panels] for key, chart in charts.items()}
    head = [
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", escape(title)),
        element("style", _themes_css() + _packaged("style.css") + style),
    ]
    body = [
        element("a", "Skip to the content", href="#content", class_="skip"),
        element("header", element("h1", escape(title)), element("p", escape(lede), class_="lede"), _facts(facts)),
        _contents(sections),
        element("main", *(_section(section) for section in sections), id="content"),
    ]
    if charts:
        body += [
            element("script", _packed(get_plotlyjs()), type="text/plain", id="plotly"),
            element("script", _packed(json.dumps(drawn, separators=(",", ":"))), type="text/plain", id="charts"),
            element("script", json.dumps(_themes()), type="application/json", id="themes"),
            element("script", _packaged("page.js")),
        ]
    if script:
        body.append(element("script", script))
    return f"<!DOCTYPE html>\n{element('html', element('head', *head), element('body', *body), lang='en')}\n"


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    items = (element("div", element("dt", escape(name)), element("dd", escape(value))) for name, value in facts)
    return element("dl", *items, class_="facts")


def _contents(sections: Sequence[Section]) -> str:
    links = (element("li", element("a", escape(s.title), href=f"#{s.key}")) for s in sections)
    return element("nav", element("ol", *links), aria_label="Contents")


def _section(section: Section) -> str:
    heading = element("h2", escape(section.title), id=f"{section.key}-title")
    parts = map(_part, section.parts)
    introduction = [element("p", escape(section.introduction))] if section.introduction else []
    return element("section", heading, *introduction, *parts, id=section.key, aria_labelledby=f"{section.key}-title")


def _part(part: Part) -> str:
    if isinstance(part, Html):
        return part.text
    return html_table(part) if isinstance(part, Table) else _chart(part)


def _chart(chart: Chart) -> str:
    panels = []
    for i, panel in enumerate(chart.panels):
        height = plotly_figure(panel)["layout"]["height"]
        panels.append(
            element("div", class_="panel", data_chart=chart.key, data_panel=str(i), style=f"min-height:{height}px")
        )
    columns = chart.columns
    drawing = element(
        "div", *panels, class_="panels", role="img", aria_label=chart.summary, style=f"--columns:{columns}"
    )
    caption = element("figcaption", escape(chart.caption))
    title = element("h3", escape(chart.title))
    return element("figure", title, legend(chart), drawing, caption, class_="chart", id=f"chart-{chart.key}")


def _themes() -> dict[str, Any]:
    lines = {"light": LIGHT, "dark": DARK}
    return {
        theme: {**named, **{str(i): colour for i, colour in enumerate(lines[theme])}}
        for theme, named in _THEMES.items()
    }


def _themes_css() -> str:
    """The colours as CSS variables."""
    rules = {}
    for theme, colours in _themes().items():
        rules[theme] = "".join(f"--{'c' if name.isdigit() else ''}{name}:{value};" for name, value in colours.items())
    swatches = "".join(f".c{i}{{stroke:var(--c{i});fill:var(--c{i})}}" for i in range(len(LIGHT)))
    dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{rules['dark']}}}}}"
    return f":root{{{rules['light']}}}{dark}{swatches}"


def _packaged(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _packed(text: str) -> str:
    """A text compressed, as letters."""
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()
