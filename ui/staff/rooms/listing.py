"""How documents stand in the lists of the desk."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.documents import LANGUAGES, Language
from ingest.revisions import Revision
from ui.markup import Markup, tag
from ui.staff import forms


def named(revision: Revision) -> Markup:
    """Return the title of a revision, or the name of its file, as the way to its page."""
    return forms.link(forms.address("documents", revision.number), revision.title or revision.name)


def in_languages(revisions: Sequence[Revision], language: Language) -> Markup:
    """Return a document by its title in the reader's language, if it has one, with a link to each of its languages."""
    leading = next((each for each in revisions if each.language == language), revisions[0])
    others = [each for each in revisions if each is not leading]
    links = [
        forms.link(forms.address("documents", each.number), (each.language or "").upper())
        for each in sorted(others, key=lambda each: LANGUAGES.index(each.language or "fr"))
    ]
    return tag("span", named(leading), tag("span", [tag("span", " ", link) for link in links], class_="languages"))
