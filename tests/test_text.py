"""Numbers of files: one form each, and nothing that Python's own readers take besides."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from therml_exact.numbers.text import has_control, read_exact, read_hexadecimal, read_rational, shown


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_come_back_from_their_text(value):
    assert read_hexadecimal(value.hex()).hex() == value.hex()
    assert read_exact(value.hex()) == Fraction(value)


@given(st.fractions())
def test_rationals_come_back_from_their_text(value):
    assert read_rational(str(value)) == value == read_exact(str(value))


HOSTILE = [
    "", " 1", "1 ", "+1", "1/", "/2", "1/-2", "1e5", "1e999999999", "1_000", "0.8", ".5", "٣", "１", "²", "1/٣",
    "0x1", "0x1p3", "0X1.8p+1", "0x2.0p+0", "0x1.8p+1 ", "0x1.8p+99999", "0x1.8p+9999", "inf", "nan", "-inf",
    "Infinity",
    "9" * 4301, "1/" + "9" * 4301, "1/0", True, 1, 1.0, None, b"1", ["1"], "1\n", "0x1.8p+1\n",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: shown(text))
def test_what_was_never_written_is_refused(text):
    for read in (read_exact, read_rational, read_hexadecimal):
        with pytest.raises(ValueError):
            read(text)


def test_control_characters_and_halves_of_characters():
    assert all(has_control(f"a{c}b") for c in "\x00\x1b\n\x7f\x9f\ud800\udfff")
    assert not any(has_control(text) for text in ("", "a b", "\u00e9\u03b8 \U0001f600", "~\xa0"))


def test_a_value_of_sixty_characters_is_shown_whole():
    assert shown("x" * 58) == repr("x" * 58)
    assert shown("x" * 59) == "'" + "x" * 56 + "..." and len(shown("x" * 59)) == 60


def test_a_message_shows_no_more_than_a_line():
    for value in ("x" * 10**7, ["y"] * 10**6, "\x1b[31m\0", {"a": "\x1b"}, b"\x00" * 10**6):
        text = shown(value)
        assert len(text) <= 60 and text.isprintable()
