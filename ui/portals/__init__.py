"""Who may embed the guichet: portals, each with its origins. Without any, only the guichet's own pages may."""

from ui.portals.origins import normal
from ui.portals.portals import Allowed, Origin, Portal, PortalRefused, Portals

__all__ = ["Allowed", "Origin", "Portal", "PortalRefused", "Portals", "normal"]
