"""Gradio, imported so that it neither calls home nor loads what we do not use of it."""

from __future__ import annotations

import os
import sys

# Gradio calls home when it is imported and mounted unless this is set before.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

# It also imports the package mcp where it is installed, for servers of its own that nobody asks for here: half a second
# of each start, and 25 MB. Ours (ui/mcp.py) imports it when its first client comes.
HIDDEN = "mcp" not in sys.modules
if HIDDEN:
    sys.modules["mcp"] = None  # type: ignore[assignment]
try:
    import gradio as gr
finally:
    if HIDDEN:
        del sys.modules["mcp"]

__all__ = ["gr"]
