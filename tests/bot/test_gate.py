"""The gate cuts a stream into sentences and shows of an unfinished one only what cannot mislead."""

from __future__ import annotations

import pytest

from bot.gate import Gate, Said, Vocabulary, cleaned, is_sentence, parrots
from ingest.analysis import fold, words
from ingest.documents import Language

SOURCES = (
    "Start IA est un accompagnement de cinq jours. Le taux est de 70 % des frais, avec un plafond. Siehe evil NIS2"
)


def gate(language: Language = "fr") -> Gate:
    """A gate before three quotes, which knows the words of SOURCES."""
    return Gate(3, language, [Vocabulary(fold(word) for word in words(SOURCES))])


def said(*pieces: str, language: Language = "fr") -> list[Said]:
    """What comes of pieces, the end included."""
    cut = gate(language)
    return [*(each for piece in pieces for each in cut.feed(piece)), *cut.close()]


@pytest.mark.parametrize(
    "text",
    [
        "Le taux est de 70 % [1]. Le plafond est de 50 000 € [2][3].",
        "Le taux est de 70 %. [1] Le plafond est de 50 000 €. [2, 3]",
        "- Le taux est de 70 % [1]\n- Le plafond est de 50 000 € [2-3]\n",
        "**Le taux** est de 70 % [1].\n\nLe plafond est de `50 000 €` [2] [3] [9].",
    ],
)
def test_markers_belong_to_their_sentence_wherever_they_stand(text: str) -> None:
    """Before or after the full stop, one by one or together: numbers that were offered stay, others go."""
    for pieces in ([text], list(text)):
        first, second = said(*pieces)
        assert (first.text.rstrip("."), first.numbers) == ("Le taux est de 70 %", (1,))
        assert (second.text.rstrip("."), second.numbers) == ("Le plafond est de 50 000 €", (2, 3))


@pytest.mark.parametrize(
    "mark", ["［1］", "【1】", "【1†source】", "[^1]", "\\[1\\]", "{1}", "[quote 1]", "[1](#1)", "(1)", "¹"]
)
def test_other_forms_of_markers_are_read(mark: str) -> None:
    """Models write the number of a quote in many ways."""
    (first,) = said(f"Le taux est de 70 % des frais{'' if mark == '¹' else ' '}{mark}.")
    assert first == Said("Le taux est de 70 % des frais.", (1,))


@pytest.mark.parametrize("size", [1, 7, 500])
def test_what_a_model_thinks_is_not_said(size: int) -> None:
    """Thoughts between their tags are neither shown nor counted."""
    text = f"<think>Le taux est de 99 %. {'Je réfléchis. ' * 30}</think>Le taux est de 70 % [1]."
    cut, found = gate(), []
    for place in range(0, len(text), size):
        found += cut.feed(text[place : place + size])
        assert "réfléchis" not in cut.provisional
    assert [*found, *cut.close()] == [Said("Le taux est de 70 %.", (1,))]


def test_half_a_marker_is_held_back() -> None:
    """A marker that is cut in two is never seen, whole or in part."""
    cut = gate()
    for piece in ("Le taux est", " [", "1", "]", "[2"):
        cut.feed(piece)
        assert "[" not in cut.provisional
        assert "1" not in cut.provisional
    assert cut.provisional == "Le taux est"


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (("Le taux est de 70 % des",), "Le taux est de"),
        (("Le taux est de cinq",), "Le taux est de cinq"),  # it may become another word
        (("Le taux est de cinq fois",), "Le taux est de"),
        (("Le taux est formidable et",), "Le taux est"),
        (("Le <b>taux",), "Le"),
        (("Le evil.exam",), "Le evil."),
        (("NIS2 est",), "NIS2 est"),
        (("NIS3 est",), ""),
        (("Start:est",), "Start:"),
        (("Sta",), "Sta"),
        (("Stop",), ""),
        (("!",), ""),
    ],
)
def test_only_words_of_the_sources_are_shown_before_the_check(pieces: tuple[str, ...], shown: str) -> None:
    """A figure, in digits or words, a strange word, a tag or an address holds the rest of the sentence back."""
    cut = gate()
    for piece in pieces:
        cut.feed(piece)
    assert cut.provisional == shown


def test_what_was_shown_only_grows_until_the_sentence_is_whole() -> None:
    """A reader never sees words of an unfinished sentence vanish; the next sentence begins anew."""
    cut, before = gate(), ""
    for letter in "Start IA est un accompagnement de cinq jours, avec un plafond étrange de 3 jours. Le":
        done = cut.feed(letter)
        assert done or cut.provisional.startswith(before)
        before = "" if done else cut.provisional
    assert cut.provisional == "Le"


@pytest.mark.parametrize(
    "bait",
    [
        "https://evil.example/x", "//evil.example", "evil.example", "www.evil.example/a?b=c", "mailto:a@evil.example",
        "a@evil.example", "javascript:alert(1)", "data:text/html;base64,AAAA", "xn--80ak6aa92e.com",
        "![i](http://evil.example/i.png)", "[site](https://evil.example)", "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>", "ｅｖｉｌ．ｅｘａｍｐｌｅ", "ev\u200bil.exa\u200bmple",
        "evil dot example", "java\tscript:alert(1)", "evil[.]example", "evil.бел",
        "evil。example", "evil (point) example",
    ],
)  # fmt: skip
def test_whatever_leads_away_spoils_its_sentence(bait: str) -> None:
    """An address, an image or a script is taken out, and the sentence is marked as not to be trusted."""
    (first,) = said(f"Le taux est de 70 % {bait} [1].")
    assert first.led_away
    assert not any(part in first.text for part in ("evil", "://", "<", "javascript", "base64", "xn--", "!["))


@pytest.mark.parametrize(
    "text",
    [
        "Le taux est de 70 %, c.-à-d. le maximum.", "Zie art. 5, d.w.z. het plafond.", "Siehe z. B. Art. 12.",
        "It is 1.5 million, e.g. for firms.", "Le plafond est de 50.000 EUR.", "Data: all of them.", "A6K et NIS2.",
        "Des aides, p.ex. pour l'IA.", "Zie cf.annexe en bijv.een kmo.",
    ],
)  # fmt: skip
def test_ordinary_sentences_are_left_alone(text: str) -> None:
    """Abbreviations, figures and names are no addresses."""
    assert cleaned(text) == text
    assert not any(each.led_away for each in said(text))


def test_half_a_sentence_without_a_marker_is_none() -> None:
    """What the model did not finish is not said."""
    assert said("Le taux est de 70 % [1]. Le plafond est") == [Said("Le taux est de 70 %.", (1,))]


def test_a_reply_without_end_is_not_read_without_end() -> None:
    """What comes after some thousand letters is ignored."""
    cut = gate()
    assert sum(len(cut.feed("Le taux est de 70 % [1]. ")) for _ in range(2_000)) < 200


@pytest.mark.parametrize("text", ["was Charleroi", "Charleroi", "et puis voilà", "!!", ""])
def test_scraps_are_no_sentences(text: str) -> None:
    """Two words, or words that begin in the middle of something, are not said."""
    assert not is_sentence(text)


@pytest.mark.parametrize(
    "text", ["AKT a démarré.", "515 organisations ont été retenues.", "« Start IA » dure cinq jours."]
)
def test_a_sentence_begins_with_a_capital_a_figure_or_a_quotation_mark(text: str) -> None:
    """Short ones too."""
    assert is_sentence(text)


def test_rules_that_are_repeated_are_known() -> None:
    """Six words in a row of the rules give a leak away, whatever their case; five may be chance."""
    rules = "Say only what the quotes say. Keep every number exactly."
    assert parrots("Voici : SAY only what the quotes say", rules)
    assert not parrots("only what the quotes say", rules)
