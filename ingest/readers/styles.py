"""Take out of a web page what its styles hide: not displayed, transparent, tiny, off the screen, in its own background.

Only what the page itself says is known: style attributes and its ``<style>`` elements, simple selectors outside of
``@media``. Style sheets elsewhere are not fetched; where one of them may give light letters a dark ground, the text is
kept and staff is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ingest.readers.hidden import Hidden

Declarations = dict[str, str]

NEAR = 24
"""How far apart two colours may be, in steps of 255, and still not be told apart."""
TINY_PIXELS = 2.0

_WHITE = (255, 255, 255)
_RULE = re.compile(r"([^{}@;]+)\{([^{}]*)\}")
_BLOCKS = re.compile(r"@[^{};]+\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}|@[^;{}]+;|/\*.*?\*/", re.DOTALL)
_SIMPLE = re.compile(r"(?P<tag>[a-z][a-z0-9]*)?(?:(?P<mark>[.#])(?P<name>[\w-]+))?", re.IGNORECASE)
_LENGTH = re.compile(r"(-?[\d.]+)\s*(px|pt|r?em|ex|ch|%|vw|vh|in|cm|mm)?")
_PIXELS = {"px": 1.0, None: 1.0, "pt": 1.333, "em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0, "%": 0.16, "vw": 10.0,
           "vh": 8.0, "in": 96.0, "cm": 37.8, "mm": 3.78}  # fmt: skip
_FUNCTION = re.compile(r"(rgba?|hsla?)\(([^)]*)\)")
_NAMED = {"white": _WHITE, "black": (0, 0, 0), "snow": (255, 250, 250), "ivory": (255, 255, 240),
          "whitesmoke": (245, 245, 245), "ghostwhite": (248, 248, 255), "red": (255, 0, 0), "blue": (0, 0, 255),
          "green": (0, 128, 0), "yellow": (255, 255, 0), "gray": (128, 128, 128), "grey": (128, 128, 128),
          "lightgray": (211, 211, 211), "lightgrey": (211, 211, 211), "navy": (0, 0, 128)}  # fmt: skip
_UNSEEN_TAGS = ("template", "noscript")

Colour = tuple[int, int, int]


def without_hidden(tree: Any) -> list[Hidden]:
    """Take hidden text out of *tree*, a page as lxml has it, and return what it was."""
    found = [piece for tag in _UNSEEN_TAGS for element in tree.xpath(f"//{tag}") for piece in _dropped(element, tag)]
    rules = _rules(tree)
    foreign = bool(tree.xpath("//link[contains(@rel, 'stylesheet')]"))
    styled = {element: style for element in _candidates(tree, rules) if (style := _style(element, rules))}
    gone: set[Any] = set()
    for element, style in styled.items():
        if element.getparent() is None or (gone and not gone.isdisjoint(element.iterancestors())):
            continue
        if how := _undisplayed(element, style):
            found += _dropped(element, how)
            gone.add(element)
        elif how := _unreadable(style):
            found += _blanked(element, how, styled)
        elif "color" in style and (background := _same_as_background(element, style, styled)):
            if background == "own" or not foreign:
                found += _blanked(element, "in the colour of its background", styled)
            elif text := _text(element):
                found.append(Hidden("in the colour of the page, unless a style sheet says otherwise", text, kept=True))
    return found


def _rules(tree: Any) -> dict[tuple[str | None, str | None, str | None], Declarations]:
    """Return what the ``<style>`` elements say, by tag, mark (``.`` or ``#``) and name."""
    rules: dict[tuple[str | None, str | None, str | None], Declarations] = {}
    for sheet in tree.xpath("//style/text()"):
        for selectors, body in _RULE.findall(_BLOCKS.sub("", str(sheet))):
            declared = _declarations(body)
            for selector in selectors.split(","):
                if (match := _SIMPLE.fullmatch(selector.strip())) and match[0]:
                    tag = match["tag"].lower() if match["tag"] else None
                    rules.setdefault((tag, match["mark"], match["name"]), {}).update(declared)
    return rules


def _declarations(text: str) -> Declarations:
    pairs = (part.partition(":") for part in text.lower().split(";"))
    declared = {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs if value.strip()}
    if "background" in declared:
        declared.setdefault("background-color", declared["background"])
    return declared


def _candidates(tree: Any, rules: Mapping[tuple[str | None, str | None, str | None], Declarations]) -> list[Any]:
    """Return the elements that have a style, in the order of the page."""
    marks = ["@style", "@hidden", "@color", "@bgcolor"]
    marks += [f"local-name()='{tag}'" for tag, mark, _ in rules if tag and not mark]
    if any(mark == "." for _, mark, _ in rules):
        marks.append("@class")
    if any(mark == "#" for _, mark, _ in rules):
        marks.append("@id")
    return list(tree.xpath(f"//*[{' or '.join(dict.fromkeys(marks))}]"))


def _style(element: Any, rules: Mapping[tuple[str | None, str | None, str | None], Declarations]) -> Declarations:
    style: Declarations = {}
    if rules and isinstance(element.tag, str):
        names = [(".", name) for name in (element.get("class") or "").split()]
        names += [("#", element.get("id"))] if element.get("id") else []
        for mark, name in [(None, None), *names]:
            for tag in (None, element.tag):
                style |= rules.get((tag, mark, name), {})
    for attribute, name in (("color", "color"), ("bgcolor", "background-color")):
        if element.get(attribute):
            style[name] = element.get(attribute).lower()
    if element.get("hidden") is not None and element.get("hidden") != "until-found":
        style["display"] = "none"
    return style | _declarations(element.get("style") or "")


def _undisplayed(element: Any, style: Declarations) -> str | None:
    """Say how an element is hidden with all that is in it."""
    if element.tag in ("body", "html"):
        return None  # a page that its script shows at the end
    if style.get("display") == "none":
        return "not displayed"
    if "opacity" in style and _number(style["opacity"]) < 0.05:
        return "transparent"
    if style.get("position") in ("absolute", "fixed"):
        clipped = style.get("clip", "").replace(" ", "").replace("px", "") in ("rect(0,0,0,0)", "rect(1,1,1,1)")
        if clipped or any(abs(_pixels(style.get(side, "0"))) >= 999 for side in ("left", "right", "top", "bottom")):
            return "off the screen"
    if _pixels(style.get("text-indent", "0")) <= -999:
        return "off the screen"
    if style.get("overflow") == "hidden" and any(
        style.get(side) and _pixels(style[side]) <= 1 for side in ("height", "width", "max-height", "max-width")
    ):
        return "in a box without room"
    return None


def _unreadable(style: Declarations) -> str | None:
    """Say how letters are hidden whose descendants may be visible again."""
    if style.get("visibility") in ("hidden", "collapse"):
        return "not visible"
    if "font-size" in style and _LENGTH.fullmatch(style["font-size"]) and _pixels(style["font-size"]) < TINY_PIXELS:
        return "tiny letters"
    if "color" in style and _alpha(style["color"]) < 0.05:
        return "transparent"
    return None


def _same_as_background(element: Any, style: Declarations, styled: Mapping[Any, Declarations]) -> str | None:
    """Say whose background the letters are alike: ``own`` when the page tells it, ``page`` when white is assumed."""
    colour = _colour(style["color"])
    if colour is None:
        return None
    for holder in (element, *element.iterancestors()):
        held = styled.get(holder, style if holder is element else {})
        if "background-image" in held or "url(" in held.get("background", "") or "gradient" in str(held):
            return None
        background = _colour(held["background-color"]) if "background-color" in held else None
        if background is not None:
            return "own" if _alike(colour, background) else None
    return "page" if _alike(colour, _WHITE) else None


def _alike(one: Colour, other: Colour) -> bool:
    return all(abs(a - b) <= NEAR for a, b in zip(one, other, strict=True))


def _dropped(element: Any, how: str) -> list[Hidden]:
    """Take an element out, leaving the text that follows it."""
    text, parent = _text(element), element.getparent()
    if parent is None:
        return []
    previous, tail = element.getprevious(), element.tail or ""
    if previous is not None:
        previous.tail = (previous.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(element)
    return [Hidden(how, text)] if text else []


def _blanked(element: Any, how: str, styled: Mapping[Any, Declarations]) -> list[Hidden]:
    """Empty an element, but not those in it that say otherwise of the same property."""
    names = {"not visible": "visibility", "tiny letters": "font-size"}
    pieces: list[str] = []
    _blank(element, names.get(how, "color"), styled, pieces)
    text = " ".join(" ".join(pieces).split())
    return [Hidden(how, text)] if text else []


def _blank(element: Any, name: str, styled: Mapping[Any, Declarations], pieces: list[str]) -> None:
    pieces.append(element.text or "")
    element.text = None
    for child in element:
        if isinstance(child.tag, str) and name not in styled.get(child, {}):
            _blank(child, name, styled, pieces)
        pieces.append(child.tail or "")
        child.tail = None


def _text(element: Any) -> str:
    """Return the words in an element, scripts and styles apart."""
    return " ".join(" ".join(element.xpath(".//text()[not(parent::script or parent::style)]")).split())


def _number(text: str) -> float:
    match = _LENGTH.match(text)
    return float(match[1]) * (0.01 if match[2] == "%" else 1) if match and match[1].strip("-.") else 1.0


def _pixels(text: str) -> float:
    match = _LENGTH.match(text)
    return float(match[1]) * _PIXELS[match[2]] if match and match[1].strip("-.") else 0.0


def _alpha(text: str) -> float:
    if text == "transparent":
        return 0.0
    match = _FUNCTION.search(text)
    parts = re.split(r"[\s,/]+", match[2].strip()) if match else []
    return _number(parts[3]) if len(parts) == 4 else 1.0


def _colour(text: str) -> Colour | None:
    """Return the colour that *text* names, or ``None`` when it is transparent, computed or unknown."""
    if _alpha(text) < 0.5:
        return None
    if match := re.search(r"#([0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b", text):
        digits = match[1] if len(match[1]) > 4 else "".join(2 * digit for digit in match[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    if (match := _FUNCTION.search(text)) and match[1].startswith("rgb"):
        parts = re.split(r"[\s,/]+", match[2].strip())[:3]
        values = [round(_number(part) * 255) if part.endswith("%") else round(_number(part)) for part in parts]
        return (values[0], values[1], values[2]) if len(values) == 3 else None
    return next((_NAMED[word] for word in text.split() if word in _NAMED), None)
