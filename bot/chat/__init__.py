"""Talk to a language model: any provider by one setting, streamed, with time-outs, one retry and a breaker."""

from bot.chat.failures import ChatFailure, Kind
from bot.chat.model import LONGEST, ChatModel, LangChainModel, Piece, Turn, open_chat_model
from bot.chat.patience import Breaker, Patience, patiently

__all__ = [
    "LONGEST", "Breaker", "ChatFailure", "ChatModel", "Kind", "LangChainModel", "Patience", "Piece", "Turn",
    "open_chat_model", "patiently",
]  # fmt: skip
