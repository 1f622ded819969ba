"""``/api/v1`` and ``/v1``: the same answers for programs and for the widget; stateless, without cookies.

``routes`` puts the routers of the other rooms together; each room has ``router(bot, settings)`` and declares what it
takes and returns in ``schemas`` or beside it, so that the OpenAPI document is whole.
"""
