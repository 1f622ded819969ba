"""The head of a sheet: what every document of the corpus says about itself, validated."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from ingest.documents import Language
from ingest.errors import InvalidFrontMatter
from ingest.listing import LOADER

PartialDate = Annotated[str, StringConstraints(pattern=r"^\d{4}(-\d\d(-\d\d)?)?$")]
"""An ISO date, whole (``2026-05-31``) or as far as it is known (``2026-05``, ``2026``)."""
SheetKind = Literal[
    "programme", "subsidy", "training", "compute", "tax", "law", "actor", "strategy", "statistic", "data"
]
CRITERIA: dict[str, tuple[str, ...]] = {
    "size": ("micro", "small", "medium", "large"),
    "legal_form": (
        "company", "self_employed", "association", "liberal_profession", "public_body", "university",
        "research_centre", "individual",
    ),
    "seat": ("wallonia", "german_community", "brussels", "flanders", "belgium", "eu"),
    "stage": ("starter", "established"),
    "sector": (),
}  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Contact(_Strict):
    """The official place to ask. ``confirmed`` is false when the address does not stand in a source."""

    name: str | None = None
    """Whose address it is, where that is not the operator."""
    url: str | None = None
    email: str | None = None
    confirmed: bool = False


class Amount(_Strict):
    """One amount: ``rate`` is a fraction (0.5 is 50 %) or a range of two, ``ceiling_eur`` a sum in euro."""

    what: str
    rate: float | tuple[float, float] | None = None
    ceiling_eur: float | None = None
    duration_months: int | None = None
    as_of: PartialDate | None = None
    source: str | None = None


class EligibilityRule(_Strict):
    """Who may apply (``only``) or may not (``not``); ``source`` is the footnote that says so."""

    criterion: Literal["size", "legal_form", "seat", "stage", "sector"]
    rule: Literal["only", "not"]
    values: tuple[str, ...]
    source: str

    @model_validator(mode="after")
    def _known_values(self) -> EligibilityRule:
        known = CRITERIA[self.criterion]
        unknown = [value for value in self.values if known and value not in known]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not one of {', '.join(known)}")
        return self


class FrontMatter(_Strict):
    """The head of one language version of a sheet."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    lang: Language
    title: Annotated[str, StringConstraints(min_length=1)]
    kind: SheetKind
    operator: str
    audience: str
    aliases: tuple[str, ...] = ()
    status: Literal["open", "closed", "permanent", "unknown"]
    opens: PartialDate | None = None
    closes: PartialDate | None = None
    status_as_of: PartialDate | None = None
    verified_on: dt.date
    review_by: dt.date
    contact: Contact = Contact()
    amounts: tuple[Amount, ...] = ()
    eligibility: tuple[EligibilityRule, ...] = ()
    missing: tuple[str, ...] = Field((), description="What the sources do not say: price, rate, state, …")
    traps: tuple[str, ...] = ()


def parse(head: str, path: Path) -> FrontMatter:
    """Return the validated front matter *head* of *path*; an error names the file, the line and the key."""
    try:
        data: Any = yaml.load(head, LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        raise InvalidFrontMatter(f"{path.name}, line {line}: not valid YAML; correct the head of the file") from error
    if not isinstance(data, dict):
        raise InvalidFrontMatter(f"{path.name}, line 1: the head must be a list of «key: value» lines")
    try:
        return FrontMatter.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        line = _line_of(head, str(first["loc"][0]) if first["loc"] else "")
        raise InvalidFrontMatter(f"{path.name}, line {line}, key {key}: {first['msg']}") from error


def _line_of(head: str, key: str) -> int:
    """Return the line of the file on which *key* stands; 1 when it is missing altogether."""
    for number, line in enumerate(head.splitlines(), start=2):
        if line.startswith(f"{key}:"):
            return number
    return 1
