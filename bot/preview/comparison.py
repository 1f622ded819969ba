"""What a change does to answers, as values: each answer before and after, and what differs between them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.answers import Answer
from bot.preview.golden import Missing
from ingest.documents import Language
from ingest.figures import Figure, figures

Kind = Literal["better", "worse", "other"]
KINDS: tuple[Kind, ...] = ("worse", "better", "other")
What = Literal["verdict", "error", "status", "facts", "programmes", "citations", "next_step", "text"]
FAILED = "failed"
"""The status of an answer that could not be made."""
_RANK: Mapping[str, int] = {"answered": 3, "partial": 2, FAILED: 0}
"""How much an answer gives; every other status lies between a failure and a partial answer."""


@dataclass(frozen=True, slots=True)
class Cited:
    """A source of an answer."""

    n: int
    key: str
    title: str
    quote: str


@dataclass(frozen=True, slots=True)
class State:
    """A programme of an answer, with its state."""

    id: str
    title: str
    state: str
    opens: str | None
    closes: str | None


@dataclass(frozen=True, slots=True)
class Side:
    """An answer, as far as it is compared and shown. It holds nothing that the asker wrote."""

    status: str
    language: Language
    text: str = ""
    facts: tuple[str, ...] = ()
    """The figures of the statements, each once, in canonical form."""
    programmes: tuple[State, ...] = ()
    cited: tuple[Cited, ...] = ()
    next_step: str = ""
    missing: tuple[Missing, ...] = ()
    """What a control question lacks; nothing for a question of a visitor."""

    @classmethod
    def of(cls, answer: Answer, missing: tuple[Missing, ...] = ()) -> Side:
        """Return what is compared of *answer*."""
        found = {figure for each in answer.statements for figure in figures(each.text, each.language)}
        step = answer.next_step
        return cls(
            status=answer.status, language=answer.language, text=answer.text,
            facts=tuple(_written(figure) for figure in sorted(found)),
            programmes=tuple(State(p.id, p.title, p.state, p.opens, p.closes) for p in answer.programmes),
            cited=tuple(
                Cited(c.n, f"{c.language}/{c.document}", c.title, c.quote) for c in answer.citations
            ),
            next_step=f"{step.text} {step.url or ''}".rstrip() if step else "", missing=missing,
        )  # fmt: skip

    @property
    def rank(self) -> int:
        """How much it gives, to compare."""
        return _RANK.get(self.status, 1)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Side:
        """Return the side that ``dataclasses.asdict`` made *data* of."""
        return cls(**{
            **data,
            "facts": tuple(data["facts"]),
            "programmes": tuple(State(**each) for each in data["programmes"]),
            "cited": tuple(Cited(**each) for each in data["cited"]),
            "missing": tuple(Missing(**each) for each in data["missing"]),
        })  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """A question that gets another answer. ``id`` is that of a control question, or of a receipt."""

    id: str
    golden: bool
    kind: Kind
    what: tuple[What, ...]
    before: Side
    after: Side

    @property
    def is_regression(self) -> bool:
        """Whether a control question was answered right, and would not be any more."""
        return self.golden and not self.before.missing and bool(self.after.missing)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a change does to all that was asked again."""

    day: str
    """The day that was answered for, ISO."""
    golden: int
    real: int
    passed_before: int
    """Control questions that are answered right now."""
    passed_after: int
    changes: tuple[Change, ...] = ()
    left_out: int = 0
    """Questions of visitors for which there was no time."""

    @property
    def asked(self) -> int:
        """How many questions were asked on both sides."""
        return self.golden + self.real

    @property
    def unchanged(self) -> int:
        """How many get the same answer."""
        return self.asked - len(self.changes)

    @property
    def regressions(self) -> tuple[Change, ...]:
        """Control questions that were answered right, and would not be any more."""
        return tuple(change for change in self.changes if change.is_regression)

    def of_kind(self, kind: str) -> tuple[Change, ...]:
        """Return the changes of one kind."""
        return tuple(change for change in self.changes if change.kind == kind)

    def as_json(self) -> dict[str, Any]:
        """The form in which it is kept."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Comparison:
        """Return the comparison that ``as_json`` made *data* of."""
        changes = tuple(
            Change(**{
                **each, "what": tuple(each["what"]), "before": Side.from_json(each["before"]),
                "after": Side.from_json(each["after"]),
            })
            for each in data["changes"]
        )  # fmt: skip
        return cls(**{**data, "changes": changes})


def change(id: str, before: Side, after: Side, *, golden: bool) -> Change | None:
    """Return what differs between two answers to one question; None where nothing does."""
    what = differences(before, after)
    return Change(id, golden, _kind(before, after, golden=golden), what, before, after) if what else None


def differences(before: Side, after: Side) -> tuple[What, ...]:
    """Return in what two answers differ, the weightiest first; ``text`` only where nothing else does."""
    programmes, programmes_after = ({(p.id, p.state, p.opens, p.closes) for p in s.programmes} for s in (before, after))
    cited, cited_after = ({(c.key, c.quote) for c in s.cited} for s in (before, after))
    found: list[tuple[What, bool]] = [
        ("verdict", bool(before.missing) != bool(after.missing)),
        ("error", FAILED in (before.status, after.status) and before.status != after.status),
        ("status", before.status != after.status),
        ("facts", before.facts != after.facts),
        ("programmes", programmes != programmes_after),
        ("citations", cited != cited_after),
        ("next_step", before.next_step != after.next_step),
    ]
    what = tuple(name for name, differs in found if differs)
    return what or (("text",) if before.text != after.text else ())


def _kind(before: Side, after: Side, *, golden: bool) -> Kind:
    if golden:
        if bool(before.missing) == bool(after.missing):
            return "other"
        return "worse" if after.missing else "better"
    # Whether other figures are righter ones, only a person can tell.
    if before.rank == after.rank:
        return "other"
    return "worse" if after.rank < before.rank else "better"


def _written(figure: Figure) -> str:
    return f"{figure.value} %" if figure.kind == "percent" else figure.value
