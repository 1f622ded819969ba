"""Keys of programs that ask the guichet from a server of their own."""

from ui.keys.keys import SCOPES, Key, KeyRefused, Keys, ScopeName

__all__ = ["SCOPES", "Key", "KeyRefused", "Keys", "ScopeName"]
