"""What README and documentation tell to run, runs: Python blocks are executed, commands are parsed."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ctr_env.cli.main import COMMANDS
from ctr_env.cli.parsing import parse

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
"""Pages whose Python blocks run."""
TEXTS = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
"""Pages whose commands must exist."""

PLACEHOLDERS = {
    "ROBOT": "panda",
    "NAME": "ctrnet",
    "N": "1",
    "PRESET": "mild",
    "rules.yaml": "mild",
    "FILE.yaml": "mild",
}
OTHER_PROGRAMS = ("pip", "ray", "tensorboard")

_BLOCK = re.compile(
    r"(?:^<!-- test: (?P<mark>slow|skip: [^>]+) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_STARTS = re.compile(r"(?:[A-Z_]+=\S+ )*(?:ctr-env|make|python) ")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str
    mark: str
    """``"slow"``, ``"skip: REASON"`` or empty."""


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page=page,
            line=text[: found.start("text")].count("\n"),
            language=found["language"],
            text=found["text"],
            mark=found["mark"] or "",
        )
        for found in _BLOCK.finditer(text)
    ]


def script(page: Path, slow: bool) -> str:
    """The page's Python blocks as one program whose line numbers are the page's."""
    lines: list[str] = []
    for block in blocks(page):
        if block.language == "python" and not block.mark.startswith("skip") and (slow or block.mark != "slow"):
            lines += [""] * (block.line - len(lines)) + block.text.splitlines()
    return "\n".join(lines) + "\n"


def commands(page: Path) -> list[tuple[str, ...]]:
    """The commands in a page's shell blocks and inline code, as words without leading assignments."""
    lines = []
    for block in blocks(page):
        if block.language == "bash":
            lines += block.text.replace("\\\n", " ").splitlines()
    prose = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    lines += [code for code in _INLINE.findall(prose) if _STARTS.match(code)]
    found = []
    for line in lines:
        words = shlex.split(line, comments=True)
        while words and "=" in words[0]:
            words = words[1:]
        if words:
            found.append(tuple(words))
    return found


def run(page: Path, slow: bool) -> None:
    program = f"exec(compile({script(page, slow)!r}, {str(page)!r}, 'exec'))"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]


def pages_with(mark: str) -> list[Path]:
    return [page for page in PAGES if any(block.language == "python" and block.mark == mark for block in blocks(page))]


@pytest.mark.parametrize("page", pages_with(""), ids=name_of)
def test_python_blocks_of_a_page_run_in_order(page):
    run(page, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize("page", pages_with("slow"), ids=name_of)
def test_python_blocks_of_a_page_run_in_order_with_slow_ones(page):
    run(page, slow=True)


def test_skipped_blocks_state_a_reason():
    for page in PAGES:
        for block in blocks(page):
            assert block.mark in ("", "slow") or len(block.mark.removeprefix("skip: ")) > 10, (page, block.line)


@pytest.mark.parametrize("page", [page for page in TEXTS if commands(page)], ids=name_of)
def test_commands_of_a_page_are_accepted(page):
    for words in commands(page):
        CHECKS.get(words[0], check_other)(words)


def check_ctr_env(words: tuple[str, ...]) -> None:
    name, *options = words[1:]
    if name in ("COMMAND", "--version", "--help"):
        return
    assert name in COMMANDS, words
    if not options or "--help" in options:
        return
    module, _, kind = COMMANDS[name][0].partition(":")
    command = getattr(importlib.import_module(f"ctr_env.cli.{module}"), kind)
    try:
        parse(command, [PLACEHOLDERS.get(word, word) for word in options])
    except SystemExit:
        pytest.fail(f"not accepted: {' '.join(words)}")


def check_make(words: tuple[str, ...]) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for word in words[1:]:
        assert "=" in word or word in targets, words


def check_python(words: tuple[str, ...]) -> None:
    if words[1] in ("-c", "-m"):
        return
    source = (ROOT / words[1]).read_text()
    for word in words[2:]:
        assert not word.startswith("--") or f'"{word}"' in source, words


def check_other(words: tuple[str, ...]) -> None:
    assert words[0] in OTHER_PROGRAMS, words


CHECKS = {"ctr-env": check_ctr_env, "make": check_make, "python": check_python}
