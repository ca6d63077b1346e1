from dataclasses import dataclass

import pytest

from ctr_env.cli.help_text import field_help, plain_text


@dataclass
class Base:
    """A base class.

    Attributes:
        length: Length, ``cm``.
        width: Width, measured
            at the top.
    """

    length: float = 1.0
    width: float = 1.0


@dataclass
class Derived(Base):
    """A derived class."""

    name: str = ""
    """Name (see :func:`~some.where.valid_names`);
    ``""``: none."""
    undocumented: int = 0


def test_fields_are_documented_below_them_or_in_the_class():
    assert field_help(Derived) == {
        "length": "Length, cm.",
        "width": "Width, measured at the top.",
        "name": 'Name (see valid_names); "": none.',
    }


@pytest.mark.parametrize(
    "text, plain",
    [
        ("One\n  line.\n\nAnother ``--x``.", "One line.\n\nAnother --x."),
        (":class:`Frame` and :data:`.runner.SCHEMA`", "Frame and SCHEMA"),
    ],
)
def test_markup_is_removed(text, plain):
    assert plain_text(text) == plain
