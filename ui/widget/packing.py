"""Make our scripts and style sheets small before they travel: no comment, no idle space, short names for our own.

Only for the sources of this folder, which are written so that it is safe: a name is shortened wherever it stands, and
only if it is declared here and nowhere a property, a key or part of a shorthand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import count

_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<text>\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')"
    r"|(?P<name>[A-Za-z_$][\w$]*)|(?P<number>\.?\d[\w.]*)|(?P<mark>=>|\.\.\.|\?\?=|\?\?|\?\.|[-+*/%&|=!<>]=+|&&|\|\||\+\+|--|.)",
    re.DOTALL,
)
_REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*")
_BEFORE_REGEX = frozenset({"(", ",", "=", ":", "[", "!", "&&", "||", "?", "{", "}", ";", "=>", "return", ""})
_DECLARING = frozenset({"const", "let", "function", "function*"})
_WORD = re.compile(r"[\w$]")
_STYLE_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_STYLE_ZERO = re.compile(r"(?<![\w.])0(?=\.\d)")
_STYLE_SPACE = re.compile(r"\s*([{};,>])\s*|(?<=:) +")
_RESERVED = frozenset({"as", "do", "if", "in", "is", "of", "on", "by"})

Token = tuple[str, str]
"""Kind and text; the kind is that of ``_TOKEN``, or ``regex``, or ``template`` for what stands outside ``${…}``."""


def small_script(text: str) -> str:
    """Return a script that does what *text* does."""
    found = list(_tokens(text))
    short = _short_names(found)
    return _joined(_plainer([short.get(text, text) if kind == "name" else text for kind, text in found]))


def small_style(text: str) -> str:
    """Return a style sheet that says what *text* says."""
    spare = _STYLE_SPACE.sub(r"\1", _STYLE_COMMENT.sub("", text)).replace(";}", "}").strip()
    return _STYLE_ZERO.sub("", spare)


def _tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of *text* that mean something; a line break is one where a statement may end without a mark."""
    place, last = 0, ""
    depths: list[int] = []
    while place < len(text):
        if text[place] == "`" or (text[place] == "}" and depths and depths[-1] == 0):
            if text[place] == "}":
                depths.pop()
            end = _template_end(text, place + 1)
            if text.startswith("${", end - 2):
                depths.append(0)
            yield "template", text[place:end]
            last, place = "`", end
            continue
        match = (_REGEX.match(text, place) if text[place] == "/" and last in _BEFORE_REGEX else None) or _TOKEN.match(
            text, place
        )
        if match is None or text.startswith(("//", "/*"), place):
            match = _TOKEN.match(text, place)
        assert match
        kind, piece = match.lastgroup or "regex", match[0]
        place = match.end()
        if kind in {"space", "comment"}:
            continue
        if depths:
            depths[-1] += (piece == "{") - (piece == "}")
        yield kind, piece
        last = piece


def _template_end(text: str, place: int) -> int:
    """Return where a template that is open at *place* ends or is left for a ``${``."""
    while text[place] != "`":
        if text.startswith("${", place):
            return place + 2
        place += 2 if text[place] == "\\" else 1
    return place + 1


def _short_names(found: list[Token]) -> dict[str, str]:
    """Return a short name for each name that is surely only ours, the shortest for the most frequent."""
    texts = ["", *(text for _, text in found), ""]
    names = [kind == "name" for kind, _ in found]
    declared, kept = set(), set()
    for place, ours in enumerate(names, start=1):
        before, text, after = texts[place - 1], texts[place], texts[place + 1]
        if not ours:
            continue
        if before in _DECLARING or (before == "*" and texts[place - 2] == "function"):
            declared.add(text)
        key = before in {"{", ","} and after in {",", "}", ":"} and _innermost(texts, place) == "{"
        method = after == "(" and before not in _DECLARING | {"*"} and _after(texts, place + 1) == "{"
        if before in {".", "?."} or key or method or text in {"get", "set"}:
            kept.add(text)
    declared.update(_bound(texts))
    uses = Counter(text for kind, text in found if kind == "name" and text in declared - kept)
    taken = {text for kind, text in found if kind == "name"}
    fresh = (name for name in _names() if name not in taken | _RESERVED)
    return {
        name: next(fresh) for name, _ in sorted(uses.items(), key=lambda pair: (-pair[1], pair[0])) if len(name) > 1
    }


def _bound(texts: list[str]) -> Iterator[str]:
    """Yield the names that a function takes, or a list is taken apart into."""
    for place, text in enumerate(texts):
        if text == "=>" and _WORD.match(texts[place - 1]):
            yield texts[place - 1]
        elif text == "=>":
            yield from _listed(texts, _opening(texts, place - 1))
        elif (text == "(" and "function" in texts[place - 3 : place]) or (
            text == "[" and texts[place - 1] in _DECLARING
        ):
            yield from _listed(texts, place)


def _listed(texts: list[str], opening: int) -> Iterator[str]:
    """Yield the plain names in the list that opens at *opening*, and in lists within it."""
    depth = 0
    for place in range(opening, len(texts)):
        depth += (texts[place] in {"(", "["}) - (texts[place] in {")", "]"})
        if depth == 0:
            return
        plain = texts[place - 1] in {"(", "[", ","} and texts[place + 1] in {")", "]", ",", "="}
        if plain and _WORD.match(texts[place]) and not texts[place][0].isdigit():
            yield texts[place]


def _after(texts: list[str], opening: int) -> str:
    """Return what follows the bracket that opens at *opening*."""
    depth = 0
    for place in range(opening, len(texts)):
        depth += (texts[place] == "(") - (texts[place] == ")")
        if depth == 0:
            return texts[place + 1]
    return ""


def _opening(texts: list[str], closing: int) -> int:
    """Return where the bracket that closes at *closing* opens."""
    depth = 0
    for place in range(closing, -1, -1):
        depth += (texts[place] in {")", "]"}) - (texts[place] in {"(", "["})
        if depth == 0:
            return place
    return 0


def _innermost(texts: list[str], place: int) -> str:
    """Return the bracket that is open at *place*."""
    depth = 0
    for text in reversed(texts[:place]):
        opening = text[-1:] if text.endswith("${") or text in {"(", "[", "{"} else ""
        if text in {")", "]", "}"} or (text.startswith("}") and not opening):
            depth += 1
        elif opening:
            if not depth:
                return opening
            depth -= 1
    return ""


def _names() -> Iterator[str]:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    yield from letters
    for number in count():
        yield letters[number % 52] + letters[number // 52 % 52]


def _plainer(texts: list[str]) -> list[str]:
    """Return the same program without a last comma, or brackets around the only thing that a function takes."""
    texts = [
        "let" if text == "const" else text
        for text, after in zip(texts, [*texts[1:], ""], strict=True)
        if not (text == "," and after in {")", "]", "}"})
    ]
    found: list[str] = []
    place = 0
    while place < len(texts):
        opening, name, closing, arrow = (*texts[place : place + 4], "", "", "", "")[:4]
        if (opening, closing, arrow) == ("(", ")", "=>") and name.isidentifier():
            found += [name, "=>"]
            place += 4
        else:
            found.append(texts[place])
            place += 1
    return list(_merged(found))


def _merged(texts: list[str]) -> Iterator[str]:
    """Yield *texts* with declarations that follow each other as one."""
    declares = [False]
    fresh = True
    place = 0
    while place < len(texts):
        text = texts[place]
        if fresh:
            declares[-1] = text == "let"
        fresh = text in {";", "{", "}"}
        if text == ";" and declares[-1] and texts[place + 1 : place + 2] == ["let"]:
            yield ","
            place += 2
            fresh = False
            continue
        if text in {"{", "(", "["} or text.endswith("${"):
            declares.append(False)
        elif (text in {"}", ")", "]"} or (text.startswith("}") and text.endswith("`"))) and len(declares) > 1:
            declares.pop()
            # What follows a bracket in a declaration still belongs to it, until its mark.
            fresh = fresh and not declares[-1]
        yield text
        place += 1


def _joined(texts: list[str]) -> str:
    pieces: list[str] = []
    for piece in texts:
        if (pieces and _WORD.match(piece[0]) and _WORD.match(pieces[-1][-1])) or (
            pieces and piece[0] in "+-/" and pieces[-1][-1] == piece[0]
        ):
            pieces.append(" ")
        pieces.append(piece)
    return "".join(pieces).replace(";}", "}")
