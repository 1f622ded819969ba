"""Take out of a visitor's words what may say who he is, before somebody reads them."""

from __future__ import annotations

import re

MASK = "[…]"

_NAME_PART = r"(?:(?:van|von|de|den|der|des|du|di|le|la|ten|ter|el)\s+){0,3}[^\W\d_][\w’'-]*"
_LOWER_STOP = (
    r"(?:et|en|und|and|je|j|ik|ich|i|de|du|van|von|from|der|die|das|mon|ma|mijn|mein|meine|my|nous|wij|wir|we)"
)
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"[\w.+-]+\s?@\s?[\w-]+(?:\.[\w-]+)+",
        r"\b[A-Z]{2}\d{2}(?:[ .-]?[A-Z0-9]{4}){2,7}(?:[ .-]?[A-Z0-9]{1,4})?\b",  # IBAN
        r"\b\d{2}[.\s]?\d{2}[.\s]?\d{2}[-\s]\d{3}[.\s-]?\d{2}\b",  # national register
        # enterprise
        r"\b(?:BE\s?)?[01][ .]?\d{3}[ .]\d{3}[ .]\d{3}\b|\bBE\s?[01]\d{9}\b|(?<![\d.,])[01]\d{9}(?![\d.,])",
        r"(?<![\w.,])(?:\+|00)\s?\d{2,3}(?:[\s./()-]{0,3}\d){7,10}(?!\w)",
        r"(?<![\w.,])(?!\d\d[./-]\d\d[./-](?:19|20)\d\d)0\d{1,3}(?:\s?[/.-]\s?|\s)\d{2,3}(?:[\s.-]?\d{2,3}){1,3}(?!\w)|(?<![\w.,])04\d{8}(?!\w)",
    )
)
_INTRODUCED = re.compile(
    r"\b(je\s+m[’'\s]appelle|je\s+me\s+nomme|mon\s+nom\s+(?:est|c[’']est)|je\s+suis\s+(?:monsieur|madame|m\.|mme)"
    r"|mijn\s+naam\s+is|ik\s+heet|ik\s+ben\s+(?:meneer|mevrouw|dhr\.|mevr\.)"
    r"|mein\s+name\s+ist|ich\s+hei(?:ß|ss)e|ich\s+bin\s+(?:herr|frau)"
    r"|my\s+name\s+is|my\s+name[’']s|i\s+am\s+called|i[’'\s]a?m\s+(?:mr|mrs|ms)\.?"
    r"|(?:entreprise|soci[ée]t[ée]|firme|boîte|asbl|commerce)\s+(?:s[’']appelle|se\s+nomme)"
    r"|(?:bedrijf|firma|zaak|vzw|vennootschap)\s+heet"
    r"|(?:firma|unternehmen|betrieb|gesellschaft)\s+hei(?:ß|ss)t"
    r"|(?:company|firm|business|shop)\s+is\s+(?:called|named))"
    rf"(\s*:?\s+)({_NAME_PART})((?:\s+(?!{_LOWER_STOP}\b){_NAME_PART})?(?:\s+{_NAME_PART}(?=\s*(?:[,.;!?]|$)))?)",
    re.IGNORECASE,
)


def masked(text: str) -> str:
    """Return *text* without e-mail addresses, telephone, account and enterprise numbers, and names that are said."""
    for pattern in _PATTERNS:
        text = pattern.sub(MASK, text)
    return _INTRODUCED.sub(lambda found: f"{found[1]}{found[2]}{MASK}", text)
