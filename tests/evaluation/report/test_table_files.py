import csv
import io
import re
from html.parser import HTMLParser

import pytest

from ctr_env.drawing.page.markup import html_table
from ctr_env.drawing.page.table import Column, Number, Table
from ctr_env.evaluation.report.table_files import table_csv, table_latex

TABLE = Table(
    "results",
    "Results & more",
    "Medians.",
    (
        *(Column("system", numeric=False), Column("success (%)")),
        *(Column(name, group="error (mm)") for name in ("median", "p95")),
    ),
    (
        ("a_b", Number(100 / 3, 12.3456, 65.4321), Number(-0.0012345, -0.002, 0.0), Number(1234.5678)),
        ("c", Number(0.0, 0.0, 9.87654), Number(None), Number(2.0)),
    ),
)  # fmt: skip


class Cells(HTMLParser):
    """Texts of the cells of a table's body, row by row."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.inside = [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "tbody":
            self.inside = True
        elif tag == "tr" and self.inside:
            self.rows.append([])
        elif tag in ("td", "th") and self.inside:
            self.rows[-1].append("")

    def handle_data(self, data):
        if self.inside and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def latex_rows(text):
    body = text.partition("\\midrule")[2].partition("\\bottomrule")[0]
    rows = [line.strip().removesuffix(r"\\") for line in body.strip().splitlines()]
    plain = [re.sub(r"\{\\scriptsize (.*?)\}", r"\1", row).replace(r"\_", "_").replace("$-$", "−") for row in rows]
    return [[cell.strip().replace("--", "–") for cell in row.split(" & ")] for row in plain]


def cell_text(cell):
    return " ".join(filter(None, (cell.value_text, cell.interval_text))) if isinstance(cell, Number) else str(cell)


def test_page_latex_and_csv_show_the_same_numbers():
    shown = [[cell_text(cell) for cell in row] for row in TABLE.rows]
    assert Cells(html_table(TABLE)).rows == shown
    assert latex_rows(table_latex(TABLE)) == shown
    header, *rows = csv.reader(io.StringIO(table_csv(TABLE)))
    median = "error (mm), median"
    assert header[3:] == ["success (%) high", median, f"{median} low", f"{median} high", "error (mm), p95"]
    for row, cells in zip(rows, TABLE.rows, strict=True):
        success, low, high = map(float, row[1:4])
        assert cell_text(Number(success, low, high)) == cell_text(cells[1])
        assert (success, low, high) == (cells[1].value, cells[1].low, cells[1].high)  # full precision
    assert rows[1][4:7] == ["", "", ""]


def test_columns_share_a_heading():
    assert r"\multicolumn{2}{c}{error (mm)} \\" in table_latex(TABLE)
    assert r"\cmidrule(lr){3-4}" in table_latex(TABLE)
    assert '<th colspan="2" scope="colgroup" class="group">error (mm)</th>' in html_table(TABLE)


def test_special_characters_are_escaped():
    assert r"\caption{Results \& more. Medians.}" in table_latex(TABLE)
    assert "Results &amp; more" in html_table(TABLE)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1234.5678, "1235"), (0.012345, "0.0123"), (-2.5, "−2.50"), (1e-7, "1.00e-07"), (None, "–")],
)  # fmt: skip
def test_numbers_have_three_significant_digits(value, text):
    assert Number(value).value_text == text


def test_a_row_has_a_cell_for_every_column():
    with pytest.raises(ValueError, match="a row of 1 cells under 2 columns"):
        Table("x", "X", "", (Column("a"), Column("b")), (("only",),))
