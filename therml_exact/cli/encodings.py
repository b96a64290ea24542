"""Output in any encoding: characters that an encoding lacks are spelled with such as it has.

ASCII, Latin-1 and code page 1252 have no Theta, no infinity and no lines of boxes. What is told must come out there
too, so each such character is written as its name or its likeness (Theta, inf, <=, +), and one that has none as "?".
The same spelling serves a whole stream (`speak_plainly`) and the cells of a table, which are measured before (`spell`).
"""

from __future__ import annotations

import codecs
import sys
import unicodedata

HANDLER = "therml_exact.spelled"
_LIKENESSES = {
    "∞": "inf", "≤": "<=", "≥": ">=", "≠": "!=", "−": "-", "–": "-", "—": "-", "·": "*", "×": "x", "±": "+-",
    "→": "->", "←": "<-", "↦": "->", "⟂": "_|_", "∝": "~", "∼": "~", "⟨": "<", "⟩": ">", "…": "...", "’": "'",
    "“": '"', "”": '"', "′": "'", "∂": "d", "∑": "sum", "∫": "int", "√": "sqrt", "∈": "in", "•": "*",
}  # fmt: skip
_RAISED = {"<super>": "^", "<sub>": "_"}


def _likeness(character: str) -> str:
    r"""What a character is written as where an encoding lacks it.

    >>> [_likeness(c) for c in "Θβ≤éᵢᴺ┃━╇\udc80"]
    ['Theta', 'beta', '<=', 'e', '_i', '^N', '|', '-', '+', '?']
    """
    if character in _LIKENESSES:
        return _LIKENESSES[character]
    name = unicodedata.name(character, "")
    if name.startswith("GREEK ") and " LETTER " in name:
        letter = name.split(" LETTER ")[1].split()[0].lower()
        return letter.capitalize() if "CAPITAL" in name else letter
    if name.startswith("BOX DRAWINGS"):
        straight = {"HORIZONTAL": "-", "VERTICAL": "|"}
        return straight.get(name.split()[-1], "+") if " AND " not in name else "+"
    mark = _RAISED.get(unicodedata.decomposition(character).split(" ")[0], "")
    plain = "".join(c for c in unicodedata.normalize("NFKD", character) if c.isascii())
    return mark + plain if plain else "?"


def _spelled(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_likeness, error.object[error.start : error.end])), error.end


codecs.register_error(HANDLER, _spelled)


def spell(text: str, encoding: str) -> str:
    """A text of characters that an encoding has.

    >>> spell("I(Θ;Φ) ≤ ∞", "ascii"), spell("Θ", "utf-8")
    ('I(Theta;Phi) <= inf', 'Θ')
    """
    return text.encode(encoding, HANDLER).decode(encoding)


def speak_plainly() -> None:
    """Let standard output and standard error spell what their encodings lack."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # a stream of a test or a notebook has none
        if reconfigure is not None:
            reconfigure(errors=HANDLER)
