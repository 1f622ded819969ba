"""Who comes, and whether there is room: what every face asks before a question costs anything.

caller = admission.caller(request.scope)                            who asks, and who pays for a language model
async with admission.question(caller, language, conversation): …   or it raises ``Refusal`` with 429 or 503
"""

from ui.admission.admission import Admission, Caller
from ui.admission.crossing import Crossing

__all__ = ["Admission", "Caller", "Crossing"]
