"""The gap board: questions that were not answered well, grouped by meaning, and closed when they are answered."""

from bot.gaps.board import Board, NoSuchGap
from bot.gaps.items import Item, Label, Page, Wanted
from bot.gaps.replaying import Replayed, replayed_gaps

__all__ = ["Board", "Item", "Label", "NoSuchGap", "Page", "Replayed", "Wanted", "replayed_gaps"]
