"""Tables as CSV and LaTeX files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from ctr_env.drawing.page.table import MISSING, Cell, Number, Table

__all__ = ["table_csv", "table_latex"]

_LATEX = {
    **{"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}"},
    **{
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "–": "--",
        "“": "``",
        "”": "''",
        "−": "$-$",
        "×": r"$\times$",
        "°": r"$^\circ$",
    },
    **{"³": r"$^3$", "²": r"$^2$", "<": r"$<$", ">": r"$>$"},
}


def table_csv(table: Table) -> str:
    """A table as CSV: every number in full precision, the ends of its interval in columns of their own."""
    with_interval = [table.has_interval(i) for i in range(len(table.columns))]
    headings: list[str] = []
    for column, wide in zip(table.columns, with_interval, strict=True):
        name = column.full_heading
        headings += [name, f"{name} low", f"{name} high"][: 3 if wide else 1]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    for row in table.rows:
        writer.writerow([value for cell, wide in zip(row, with_interval, strict=True) for value in _values(cell, wide)])
    return text.getvalue()


def table_latex(table: Table) -> str:
    """A table as LaTeX with the rules of the package ``booktabs``; its numbers are those of the page."""
    alignment = "".join("r" if column.numeric else "l" for column in table.columns)
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "  \\centering",
        f"  \\caption{{{_escaped(table.title)}. {_escaped(table.note)}}}",
        f"  \\label{{tab:{table.key}}}",
        f"  \\begin{{tabular}}{{{alignment}}}",
        "    \\toprule",
        *_latex_groups(table),
        f"    {_row(_escaped(column.heading) for column in table.columns)}",
        "    \\midrule",
        *(f"    {_row(map(_latex_cell, row))}" for row in table.rows),
        "    \\bottomrule",
        "  \\end{tabular}",
        "\\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _latex_groups(table: Table) -> list[str]:
    """The row of headings that columns share, with the rules below them; nothing if there are none."""
    if not any(group for group, _ in table.groups):
        return []
    cells, rules, first = [], [], 1
    for group, width in table.groups:
        cells.append(f"\\multicolumn{{{width}}}{{c}}{{{_escaped(group)}}}" if group else "")
        rules += [f"\\cmidrule(lr){{{first}-{first + width - 1}}}"] if group else []
        first += width
    return [f"    {_row(cells)}", f"    {' '.join(rules)}"]


def _values(cell: Cell, wide: bool) -> list[str]:
    if isinstance(cell, Number):
        found = [cell.value, cell.low, cell.high][: 3 if wide else 1]
        return ["" if value is None else repr(value) for value in found]
    return [str(cell), "", ""][: 3 if wide else 1]


def _latex_cell(cell: Cell) -> str:
    if not isinstance(cell, Number):
        return _escaped(str(cell))
    interval = f" {{\\scriptsize {cell.interval_text}}}" if cell.interval_text else ""
    return ("--" if cell.value_text == MISSING else _escaped(cell.value_text)) + interval


def _row(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in text)
