"""The model card: what stands in ``card.md``, with the figures that were just measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

_TEMPLATE = Path(__file__).with_name("card.md")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the card says that only a run knows; sizes in tokens, numbers a vector and bytes."""

    tokens: int
    dimension: int
    size: int
    pairs: Mapping[str, int]
    questions: int
    share: float
    """Of the fine-tuned runs in the table."""


def write(folder: Path, facts: Facts, figures: Mapping[str, Mapping[str, float]]) -> None:
    """Write the card to ``README.md`` of the model *folder*; *figures* are percent, by model and by measure."""
    card = Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        tokens=f"{facts.tokens:,}",
        dimension=facts.dimension,
        size=f"{facts.size / 1e6:.1f}",
        pairs=table({name: {"pairs": count} for name, count in facts.pairs.items()}, decimals=0),
        questions=facts.questions,
        share=facts.share,
        figures=table(_turned(figures)),
    )
    (folder / "README.md").write_text(card, encoding="utf-8")


def table(rows: Mapping[str, Mapping[str, float]], *, decimals: int = 1) -> str:
    """Return *rows* as a Markdown table; a value that a row lacks is a dash."""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for name, row in rows.items():
        cells = [f"{row[column]:,.{decimals}f}" if column in row else "-" for column in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _turned(figures: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Return *figures* with the measures as rows and the models as columns."""
    measures = dict.fromkeys(name for row in figures.values() for name in row)
    return {name: {model: row[name] for model, row in figures.items() if name in row} for name in measures}
