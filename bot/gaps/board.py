"""The gap board: what people asked and did not get, grouped by meaning, until it is done."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from threading import RLock
from typing import Any

import numpy as np
from sqlalchemy import Engine

from bot.evidence import LIKELY
from bot.gaps.anonymity import LEAST, Crossed, crossed
from bot.gaps.grouping import NEAR, Items, Meanings, named, same_words, shared_words
from bot.gaps.items import WEEKS, Item, Label, Page, Wanted, last_mondays
from bot.gaps.masking import masked
from bot.glossary import Glossary
from bot.names import Names
from bot.places import REGIONS, regions
from bot.states import PROGRAMME_KINDS
from ingest.analysis import fold
from ingest.database import now
from ingest.embedding import Vectors
from ingest.errors import GuichetError
from ingest.gaps import Asked, Fresh, Gap, Gaps, Joined, Tally
from ingest.snapshot import Reading
from ingest.trends import Trends

BATCH = 1_000
"""Questions that are taken in at once."""
PAGE = 50
"""Items of a page."""
PLACE_WEEKS = 4
"""Whole weeks that the table by place covers, always as many."""


class NoSuchGap(GuichetError):
    """An item that is not there, or that cannot be changed so."""


class Board:
    """The items of one library; several threads may use it. *library* is always read at its newest generation."""

    def __init__(self, library: Reading, engine: Engine, today: Callable[[], dt.date]) -> None:
        self.gaps = Gaps(engine)
        self.trends = Trends(engine)
        self._library = library
        self._today = today
        self._lock = RLock()
        self._items: Items | None = None
        self._names: tuple[int, Names, frozenset[str]] | None = None
        self._places: tuple[dt.date, Crossed] | None = None
        self._meanings = Meanings(library.words_model)

    # --- taking in -------------------------------------------------------------------------------------------------

    def gather(self, most: int | None = None) -> int:
        """Take in what was asked since the last time, up to *most* questions; return how many came."""
        taken = 0
        with self._lock:
            while True:
                fresh = self.gaps.fresh(LIKELY, BATCH if most is None else min(BATCH, most - taken))
                self._take_in(fresh)
                taken += len(fresh.asked)
                if fresh.whole or (most is not None and taken >= most):
                    return taken

    def purge(self, before: dt.datetime) -> int:
        """Forget what the questions of *before* said, before their receipts do; return how many items forgot.

        What was not taken in yet is first. An item keeps what staff wrote, the programme, its counts, and the words
        that stood in five of its questions.
        """
        with self._lock:
            self.gather()
            ageing = self.gaps.ageing(before)
            questions = self.gaps.questions(ageing, kept=True)
            forgot = []
            for gap in self.gaps.gaps(ageing):
                every = [(masked(one.asked.text), one.asked.language, one.asked.day) for one in questions[gap.id]]
                found = shared_words(every, _Known(self._library), LEAST)
                words = tuple(dict.fromkeys([*gap.words, *found]))
                young = [one for one in questions[gap.id] if one.asked.at >= before]
                forgot.append(self._derived(dataclasses.replace(gap, words=words), young))
            self.gaps.rewrite(forgot, before)
            self._items = None
            return len(forgot)

    def _take_in(self, fresh: Fresh) -> None:
        items, gaps = self._loaded(), {}
        names, programmes = self._present_names()
        next_id = self.gaps.last_id() + 1
        joined: list[Joined] = []
        vectors = self._meanings.of([one.text for one in fresh.asked], [one.language for one in fresh.asked])
        for asked, vector in zip(fresh.asked, vectors, strict=True):
            called = named(asked.text, names, programmes)
            programme = called[0] if called else None
            row, id, near = items.nearest(vector, called)
            if near >= NEAR:
                items.join(row, vector, programme)
            else:
                id, next_id = next_id, next_id + 1
                items.add(id, vector[None], programme)
                gaps[id] = Gap(id)
            joined.append(Joined(asked, id, programme or asked.near, bool(called)))
        touched = {entry.gap for entry in joined}
        gaps |= {gap.id: gap for gap in self.gaps.gaps(touched - set(gaps))}
        reopened: Counter[int] = Counter()
        for entry in joined:
            gap = gaps[entry.gap]
            if gap.state == "done" and gap.closed_at and entry.asked.at > gap.closed_at:
                reopened[gap.id] += 1
            gaps[gap.id] = _with_question(gap, entry)
        for id in touched:
            sums = items.sums(id).tobytes()
            gaps[id] = dataclasses.replace(gaps[id], vectors=sums, model=self._meanings.name)
        if self.gaps.take_in(joined, gaps.values(), fresh, reopened):
            self._items = None

    def _loaded(self) -> Items:
        """Return the vectors of the items; those of another model are made anew of what is kept."""
        if self._items is None:
            gaps = self.gaps.gaps()
            other = [gap for gap in gaps if gap.vectors and gap.model != self._meanings.name]
            if other:
                questions = self.gaps.questions([gap.id for gap in other], kept=True)
                anew = {
                    gap.id: self._derived(dataclasses.replace(gap, vectors=None), questions[gap.id]) for gap in other
                }
                self.gaps.rewrite(anew.values())
                gaps = [anew.get(gap.id, gap) for gap in gaps]
            self._items = Items(self._meanings.dimension)
            for gap in gaps:
                self._items.add(gap.id, self._rows(gap), gap.programme if gap.named else None)
        return self._items

    def _rows(self, gap: Gap) -> Vectors:
        return np.frombuffer(gap.vectors or b"", dtype=np.float32).reshape(-1, self._meanings.dimension)

    def _derived(self, gap: Gap, kept: Sequence[Joined]) -> Gap:
        """Return *gap* with what follows from the questions that are kept, the title and the lasting words alone."""
        vectors = self._meanings.of([one.asked.text for one in kept], [one.asked.language for one in kept])
        rows = self._rows(gap)
        # What was merged keeps apart: each question counts for the vector that it is nearest to.
        nearest = (vectors @ rows.T).argmax(axis=1) if len(rows) > 1 else np.zeros(len(kept), dtype=np.int64)
        sums = [vectors[nearest == row].sum(axis=0) for row in np.unique(nearest)]
        written = [text for text in (gap.title, " ".join(gap.words)) if text]
        sums += list(self._meanings.of(written, ["fr"] * len(written))) if written else []
        stored = np.array(sums, dtype=np.float32)
        leading = gap.leading if gap.leading in {one.asked.answer_id for one in kept} else None
        if kept and leading is None:
            middle = vectors.sum(axis=0)
            leading = kept[int((vectors @ middle).argmax())].asked.answer_id
        return dataclasses.replace(
            gap, vectors=stored.tobytes() if len(stored) else None, model=self._meanings.name, leading=leading
        )

    def _present_names(self) -> tuple[Names, frozenset[str]]:
        """Return what documents are called at present, and which of them are programmes."""
        generation = self._library.generation
        if self._names is None or self._names[0] != generation:
            glossary = Glossary.read(self._library.settings.corpus_dir / "glossary.yaml")
            infos = list(self._library.documents.values())
            programmes = frozenset(info.id for info in infos if info.meta.get("kind") in PROGRAMME_KINDS)
            self._names = generation, Names(infos, glossary.former), programmes
        return self._names[1], self._names[2]

    # --- looking ---------------------------------------------------------------------------------------------------

    @property
    def today(self) -> dt.date:
        """The day that it is."""
        return self._today()

    def count(self) -> int:
        """Return how many items are to do."""
        return self.gaps.count("todo")

    def page(self, wanted: Wanted, number: int = 1) -> Page:
        """Return a page of the items that are wanted, the most asked of the last weeks first."""
        gaps, tallies = self.gaps.gaps(), self.gaps.tallies()
        fitting = [gap for gap in gaps if self._fits(gap, tallies.get(gap.id, Tally()), wanted)]
        if wanted.text.strip():
            labels = self._labels(fitting)
            fitting = [gap for gap in fitting if _holds(gap, labels[gap.id], wanted.text)]
        weeks = self._weeks([gap.id for gap in fitting])
        fitting.sort(key=lambda gap: (-sum(weeks[gap.id][-4:]), -tallies.get(gap.id, Tally()).count, gap.id))
        number = max(1, min(number, -(-len(fitting) // PAGE)))
        shown = fitting[(number - 1) * PAGE : number * PAGE]
        labels = self._labels(shown)
        items = [self._item(gap, tallies.get(gap.id, Tally()), labels[gap.id], weeks[gap.id]) for gap in shown]
        concerned = sorted({gap.programme for gap in gaps if gap.programme}, key=self.title_of)
        return Page(items, len(fitting), number, {id: self.title_of(id) for id in concerned}, not gaps)

    def every(self) -> list[Item]:
        """Return all items, in the order of their numbers."""
        gaps, tallies = self.gaps.gaps(), self.gaps.tallies()
        labels, weeks = self._labels(gaps), self._weeks([gap.id for gap in gaps])
        return [self._item(gap, tallies.get(gap.id, Tally()), labels[gap.id], weeks[gap.id]) for gap in gaps]

    def item(self, id: int) -> Item:
        """Return an item; what was merged leads to what it was merged into. Raises ``NoSuchGap``."""
        gap = self._gap(id)
        tally = self.gaps.tallies([gap.id]).get(gap.id, Tally())
        return self._item(gap, tally, self._labels([gap])[gap.id], self._weeks([gap.id])[gap.id])

    def questions(self, id: int) -> list[Asked]:
        """Return the questions of an item, oldest first, masked; the words of old ones are gone."""
        return [
            dataclasses.replace(
                one.asked, text=masked(one.asked.text), reasons=tuple(masked(reason) for reason in one.asked.reasons)
            )
            for one in self.gaps.questions([id])[id]
        ]

    def near(self, id: int, most: int = 8) -> list[Item]:
        """Return the open items that mean most nearly the same: what one may be merged into."""
        with self._lock:
            items = self._loaded()
            mine = _units(items.sums(id))
            others = [gap for gap in self.gaps.gaps() if gap.id != id and gap.state != "done"]
            nearness = {
                gap.id: float((mine @ _units(rows).T).max()) if len(mine) and len(rows := self._rows(gap)) else 0.0
                for gap in others
            }
        others.sort(key=lambda gap: -nearness[gap.id])
        labels = self._labels(others[:most])
        return [self._item(gap, Tally(), labels[gap.id], ()) for gap in others[:most]]

    def by_place(self) -> Crossed:
        """Return the questions by programme and by the Region of the towns in them, small figures left out.

        It is made once a week: two of a week could be subtracted from each other.
        """
        end = last_mondays(self.today, 1)[0]
        if self._places and self._places[0] == end:
            return self._places[1]
        asked = self.gaps.between(end - dt.timedelta(weeks=PLACE_WEEKS), end)
        entries = [
            (one.programme, region, same_words(one.asked.text))
            for one in asked if one.programme for region in regions(one.asked.text)
        ]  # fmt: skip
        self._places = end, crossed(entries, REGIONS)
        return self._places[1]

    def topics(self, mondays: Sequence[dt.date], most: int) -> dict[str, list[int | None]]:
        """Return how many answers of each week were about each of the *most* asked documents, by their ids.

        A figure below ``LEAST`` is None, zero too. Receipts lose their words after a while, so that answers are
        counted and not different questions, as long ago as last week.
        """
        asked = self.trends.topics(mondays[0], mondays[-1] + dt.timedelta(days=7), most)
        weeks = self.trends.topics_by_week(mondays, [document for document, _, _ in asked])
        return {
            document: [week[document] if week[document] >= LEAST else None for week in weeks]
            for document, _, _ in asked
        }  # fmt: skip

    def title_of(self, document: str) -> str:
        """Return what a document is called, or its id when it is gone."""
        key = self._library.key_of(document, "fr")
        return self._library.documents[key].title.split(":")[0].strip() if key else document

    def _item(self, gap: Gap, tally: Tally, label: Label, weeks: tuple[int, ...]) -> Item:
        return Item(gap, tally, label, self.title_of(gap.programme) if gap.programme else None, weeks)

    def _labels(self, gaps: Sequence[Gap]) -> dict[int, Label]:
        asked = self.gaps.asked(gap.leading for gap in gaps if gap.leading and not gap.title)
        return {gap.id: _label(gap, asked.get(gap.leading or "")) for gap in gaps}

    def _weeks(self, ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
        mondays = last_mondays(self.today, WEEKS)
        counted = self.gaps.weeks(ids, mondays[0])
        return {id: tuple(counted[id][monday.isoformat()] for monday in mondays) for id in ids}

    def _fits(self, gap: Gap, tally: Tally, wanted: Wanted) -> bool:
        kinds: Mapping[Any, int] = tally.kinds
        of_kind = tally.rated if wanted.kind == "rated" else kinds.get(wanted.kind, 0)
        languages: Mapping[Any, int] = tally.languages
        return (
            wanted.fits_state(gap.state)
            and (not wanted.kind or of_kind > 0)
            and (not wanted.language or wanted.language in languages)
            and (not wanted.programme or wanted.programme == gap.programme)
        )

    # --- changing --------------------------------------------------------------------------------------------------

    # *seen* is the ``mark`` of what was opened: ``ChangedMeanwhile`` is raised when somebody else did the same since.

    def take_in_hand(self, id: int, owner: str, by: str, seen: int | None = None) -> None:
        """Say that *owner* sees to an item."""
        opened = {"closed_at": None, "closed_by": "", "generation": None, "document": ""}
        values = {"state": "in_hand", "owner": owner, **opened}
        self._change(id, by, "in hand", values, seen, owner=owner)

    def close(self, id: int, by: str) -> None:
        """Say that an item is done."""
        values = {"state": "done", "closed_at": now(), "closed_by": by, "generation": None, "document": ""}
        self._change(id, by, "closed", values)

    def reopen(self, id: int, by: str) -> None:
        """Say that an item is to do again."""
        values = {"state": "todo", "closed_at": None, "closed_by": "", "generation": None, "document": ""}
        self._change(id, by, "reopened", values)

    def rename(self, id: int, title: str, by: str, seen: int | None = None) -> None:
        """Call an item by a title of staff's own; an empty one leaves it to the questions again."""
        # The title itself does not go into the journal: it may repeat a visitor's words, and the journal is for good.
        self._change(id, by, "renamed", {"title": " ".join(title.split())[:200]}, seen)

    def note(self, id: int, text: str, by: str, seen: int | None = None) -> None:
        """Write a note on an item."""
        self._change(id, by, "noted", {"note": text.strip()[:2000]}, seen)

    def link_draft(self, id: int, draft: int, by: str) -> None:
        """Link an item to the document that was started from it; it is in hand from then on."""
        if not self.gaps.link_draft(id, draft, by):
            raise _none(id)

    def _change(
        self, id: int, by: str, action: str, values: Mapping[str, Any], seen: int | None = None, **detail: Any
    ) -> None:
        if not self.gaps.change(id, by, action, values, seen, **detail):
            raise _none(id)

    def merge(self, id: int, into: int, by: str) -> int:
        """Put the questions of an item into another; return the number of that. Raises ``NoSuchGap``."""
        with self._lock:
            gap, target = self._gap(id), self._gap(into)
            if gap.id == target.id:
                raise NoSuchGap(f"{id}: an item cannot be merged into itself; choose another one")
            target = dataclasses.replace(
                target, vectors=((target.vectors or b"") + (gap.vectors or b"")) or None,
                words=tuple(dict.fromkeys([*target.words, *gap.words])), leading=target.leading or gap.leading,
            )  # fmt: skip
            self.gaps.merge(gap, target, by)
            self._items = None
            return target.id

    def split(self, id: int, answer_ids: Collection[str], by: str) -> int:
        """Put some questions of an item into a new one; return its number. Raises ``NoSuchGap``."""
        with self._lock:
            gap = self._gap(id)
            questions = self.gaps.questions([gap.id])[gap.id]
            leaving = [one for one in questions if one.asked.answer_id in answer_ids and one.asked.text]
            staying = [one for one in questions if one not in leaving]
            if not leaving or not staying:
                raise NoSuchGap(f"{id}: choose some of its questions, but not all of them")
            new = self._settled(Gap(self.gaps.last_id() + 1, state="todo"), leaving)
            rest = self._settled(dataclasses.replace(gap, vectors=None), staying)
            self.gaps.split(rest, new, [one.asked.answer_id for one in leaving], by)
            self._items = None
            return new.id

    def _settled(self, gap: Gap, questions: Sequence[Joined]) -> Gap:
        gap = dataclasses.replace(gap, programme=None, named=False)
        for one in questions:
            gap = _with_question(gap, one)
        return self._derived(gap, [one for one in questions if one.asked.text])

    def _gap(self, id: int) -> Gap:
        for _ in range(100):
            found = self.gaps.gaps([id])
            if not found:
                break
            if found[0].merged_into is None:
                return found[0]
            id = found[0].merged_into
        raise _none(id)


def _none(id: int) -> NoSuchGap:
    return NoSuchGap(f"{id}: the board has no such item; open the list to see them all")


class _Known:
    """The words of a dictionary: those of the bundled model and of the documents."""

    def __init__(self, library: Reading) -> None:
        self._model = library.words_model.vocabulary
        self._lexicon = library.lexicon

    def __contains__(self, word: object) -> bool:
        return word in self._model or (isinstance(word, str) and self._lexicon.number(word) is not None)


def _with_question(gap: Gap, entry: Joined) -> Gap:
    """Return *gap* with what one more question tells: a named programme says more than a near one."""
    better = (entry.named and not gap.named) or (gap.programme is None and entry.programme is not None)
    return dataclasses.replace(
        gap, leading=gap.leading or entry.asked.answer_id, programme=entry.programme if better else gap.programme,
        named=gap.named or entry.named,
    )  # fmt: skip


def _label(gap: Gap, asked: tuple[str, Any] | None) -> Label:
    if gap.title:
        return Label(gap.title, "staff")
    if asked:
        return Label(masked(asked[0]), "question", asked[1])
    return Label(", ".join(gap.words), "words") if gap.words else Label("", "none")


def _holds(gap: Gap, label: Label, text: str) -> bool:
    held = fold(" ".join((label.text, gap.title, gap.note, gap.owner, *gap.words)))
    return all(word in held for word in fold(text).split())


def _units(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)
