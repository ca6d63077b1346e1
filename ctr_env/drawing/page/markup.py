"""Pieces of HTML: elements, tables."""

from __future__ import annotations

from html import escape

from .table import Cell, Column, Number, Table

__all__ = ["element", "html_table"]

_LONG = 40  # rows of a table that is folded
_VOID = ("img", "input", "meta", "br")


def element(tag: str, *content: str, **attributes: str | bool) -> str:
    """An HTML element.

    Args:
        tag: Its name.
        content: What it contains, as HTML.
        attributes: Its attributes; ``_`` stands for ``-``, a trailing one (``class_``) is dropped. ``True`` gives an
            attribute without a value, ``False`` none. Values are escaped.
    """
    words = [tag]
    for name, value in attributes.items():
        if value is False:
            continue
        plain = name.rstrip("_").replace("_", "-")
        words.append(plain if value is True else f'{plain}="{escape(str(value))}"')
    opening = f"<{' '.join(words)}>"
    return opening if tag in _VOID else f"{opening}{''.join(content)}</{tag}>"


def html_table(table: Table) -> str:
    """A table with its caption, in a region that scrolls sideways where the page is too narrow for it."""
    body = [
        element(
            "tr",
            *(_cell(cell, column, i == 0) for i, (cell, column) in enumerate(zip(row, table.columns, strict=True))),
        )
        for row in table.rows
    ]
    name = f"table-{table.key}"
    caption = element("p", element("strong", escape(table.title)), escape(table.note), class_="caption", id=name)
    content = element("table", element("thead", *_head(table)), element("tbody", *body), aria_labelledby=name)
    region = element("div", content, class_="scroll", role="region", aria_labelledby=name, tabindex="0")
    if len(table.rows) > _LONG:
        region = element("details", element("summary", f"{len(table.rows)} rows"), region)
    return element("div", caption, region, class_="table")


def _head(table: Table) -> list[str]:
    """One row of headings, or two where columns share a heading."""
    if not any(group for group, _ in table.groups):
        return [element("tr", *(_heading(column) for column in table.columns))]
    upper = (
        element("th", escape(group), colspan=str(width), scope="colgroup", class_="group") if group else "<td></td>"
        for group, width in table.groups
    )
    return [element("tr", *upper), element("tr", *(_heading(column) for column in table.columns))]


def _heading(column: Column) -> str:
    return element("th", escape(column.heading), scope="col", class_="number" if column.numeric else "text")


def _cell(cell: Cell, column: Column, first: bool) -> str:
    kind = "number" if column.numeric else "text"
    if isinstance(cell, Number):
        interval = f" {element('small', escape(cell.interval_text))}" if cell.interval_text else ""
        return element("td", escape(cell.value_text) + interval, class_=kind)
    if first:
        return element("th", escape(str(cell)), scope="row", class_=kind)
    return element("td", escape(str(cell)), class_=kind)
