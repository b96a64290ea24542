r"""Formulas for a page that needs no network: what marimo writes for its KaTeX, as MathML that browsers set.

<marimo-tex>||(x^2||)</marimo-tex>  inline,   ||[x^2||]  displayed,   \tag{22} as the number at its right
"""

from __future__ import annotations

import html
import re
from functools import cache
from xml.etree import ElementTree

__all__ = ["with_mathml"]

_MARIMO = re.compile(r"<marimo-tex[^>]*>\s*\|\|(?P<open>[(\[])(?P<tex>.*?)\|\|[)\]]\s*</marimo-tex>", re.DOTALL)
_LIMITS = ("min", "max", "inf", "sup", "lim")
_SPACE = "http://www.w3.org/1998/Math/MathML"
ElementTree.register_namespace("", _SPACE)
_TAG = re.compile(r"\\tag\{([^}]*)\}")


def with_mathml(text: str) -> str:
    """HTML with each formula of marimo's as MathML."""
    return _MARIMO.sub(lambda match: mathml(html.unescape(match["tex"]), match["open"] == "["), text)


@cache
def mathml(tex: str, displayed: bool) -> str:
    """A formula of TeX as MathML; a displayed one breaks where TeX leaves a wide space, as on a telephone."""
    numbers = _TAG.findall(tex)
    parts = re.split(r"\\qquad|\\quad", _TAG.sub("", tex).strip()) if displayed else [tex.strip()]
    formulas = [_converted(part, displayed) for part in parts]
    if not displayed:
        return formulas[0]
    number = f'<span class="number">({numbers[0]})</span>' if numbers else ""
    return f'<span class="formula">{"".join(formulas)}{number}</span>'


def _converted(tex: str, displayed: bool) -> str:
    from latex2mathml.converter import convert

    primed = tex.replace("''", "″").replace("'", "′")  # letters of their own: as superscripts they stand too high
    math = ElementTree.fromstring(convert(primed, display="block" if displayed else "inline"))  # noqa: S314  # our own
    for element in list(math.iter()):
        names = [child.text for child in element]
        if displayed and element.tag == f"{{{_SPACE}}}msub" and names[0] in _LIMITS:
            element.tag = f"{{{_SPACE}}}munder"
        for place in reversed(range(len(names) - 1)):
            after = element[place + 1].tag.rpartition("}")[2]
            if names[place] in ("log", "ln") and element.tag == f"{{{_SPACE}}}mrow" and after != "mo":
                element.insert(place + 1, ElementTree.Element(f"{{{_SPACE}}}mspace", width="0.17em"))
    return ElementTree.tostring(math, encoding="unicode")
