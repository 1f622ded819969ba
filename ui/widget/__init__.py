"""The bubble that a portal puts on its pages with one line: ``/widget.js`` and what it fetches."""
