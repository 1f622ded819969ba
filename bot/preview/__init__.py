"""Preview of a change: control questions and visitors' questions on what is served and on what would be."""

from bot.preview.asking import PreviewStopped, PreviewTooSlow, Progress, Question, compare
from bot.preview.comparison import KINDS, Change, Comparison, Side
from bot.preview.golden import GoldenInvalid, GoldenQuestion, GoldenSet, Missing, read_golden
from bot.preview.previews import (
    Demand,
    GoldenMade,
    GoldenResult,
    LibraryChanged,
    Made,
    PreviewFailed,
    PreviewRunning,
    Previews,
    Running,
    Verdict,
)

__all__ = [
    "KINDS", "Change", "Comparison", "Demand", "GoldenInvalid", "GoldenMade", "GoldenQuestion", "GoldenResult",
    "GoldenSet", "LibraryChanged", "Made", "Missing", "PreviewFailed", "PreviewRunning", "PreviewStopped",
    "PreviewTooSlow", "Previews", "Progress", "Question", "Running", "Side", "Verdict", "compare", "read_golden",
]  # fmt: skip
