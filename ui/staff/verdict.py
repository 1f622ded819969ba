"""What staff is told of a file: the verdict in plain sentences, where a guess comes from, why a file is refused."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.documents import Basis, Language
from ingest.filenames import shown
from ingest.findings import Findings, Resemblance
from ui.staff.forms import words

REFUSALS = frozenset(
    {"password", "no_text", "damaged", "too_large", "too_many_members", "wrong_type", "empty", "memory", "timeout",
     "front_matter"}
)  # fmt: skip
"""The kinds of refusal that have a sentence of their own."""
THOUSANDS: dict[Language, str] = {"fr": " ", "nl": ".", "de": ".", "en": ","}
"""What parts the thousands of a number."""


def verdict(findings: Findings, language: Language, resemblance: Resemblance | None = None) -> list[str]:
    """Return what was found in a file, one plain sentence each, what staff must act on last."""
    sentences = [_said("sentence", language, what=", ".join(_sizes(findings, language)))]
    sentences += _paged("scans", findings.scanned, language)
    sentences += _paged("unread", findings.unread, language)
    sentences.append(_figures(findings, language))
    sentences += _tongues(findings, language)
    if resemblance:
        percent = round(100 * resemblance.share)
        sentences.append(_said(f"version_{resemblance.reason}", language, title=resemblance.title, percent=percent))
    if findings.order_pages:
        sentences += _paged("orders", findings.order_pages, language)
    elif findings.orders:
        sentences.append(_said("orders_somewhere", language))
    if findings.hidden:
        sentences.append(_said("hidden", language))
    return sentences


def guessed(basis: Basis, language: Language) -> str:
    """Return the words beside a field that say that its value is a guess, and where it comes from."""
    return _said(f"from_{basis}", language)


def refusal(kind: str, name: str, language: Language) -> str:
    """Return one sentence on why the file *name* is refused, with the way out."""
    return _said(f"refused_{kind if kind in REFUSALS else 'other'}", language, name=shown(name))


def _sizes(findings: Findings, language: Language) -> list[str]:
    sizes = [_counted("pages", findings.pages, language)] if findings.file == "pdf" else []
    if findings.tables:
        sizes.append(_counted("tables", findings.tables, language))
    return [*sizes, _counted("words", findings.words, language)]


def _figures(findings: Findings, language: Language) -> str:
    counts = (("dates", findings.date_count), ("amounts", findings.amount_count))
    found = [_counted(what, count, language) for what, count in counts if count]
    return _said("found", language, what=_listed(found, language)) if found else _said("found_nothing", language)


def _tongues(findings: Findings, language: Language) -> list[str]:
    name = _said(f"in_{findings.language}", language)
    sentences = [_said("tongue" if findings.language_sure else "tongue_unsure", language, name=name)]
    if others := [_said(f"in_{other}", language) for other in findings.other_languages]:
        sentences.append(_said("tongue_others", language, names=_listed(others, language)))
    return sentences


def _paged(what: str, pages: Sequence[int], language: Language) -> list[str]:
    if not pages:
        return []
    listed = _listed(_ranges(pages), language)
    return [_said(f"{what}_{'one' if len(pages) == 1 else 'many'}", language, pages=listed)]


def _ranges(pages: Sequence[int]) -> list[str]:
    """Return page numbers for people: ``2–4``, ``9``."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][-1] + 1:
            runs[-1].append(page)
        else:
            runs.append([page])
    return [f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]


def _counted(what: str, count: int, language: Language) -> str:
    return _said(
        f"{what}_{'one' if count == 1 else 'many'}", language, count=f"{count:,}".replace(",", THOUSANDS[language])
    )


def _listed(parts: Sequence[str], language: Language) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return _said("list", language, first=", ".join(parts[:-1]), last=parts[-1])


def _said(which: str, language: Language, /, **values: object) -> str:
    return words(f"desk_findings.{which}", language, **values)
