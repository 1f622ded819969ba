"""What programs send and get, declared. ``Answer`` here is the form that ``bot.answers.Answer.as_json`` makes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool
from pydantic.json_schema import SkipJsonSchema

from bot.answers import Message, State, Status
from bot.profiles import ASKED, Judged, seat_of
from ingest.documents import Language
from ingest.documents import Role as StatementRole
from ui.asking import SAYS

MOST_TURNS = 40
LONGEST_TURN = 8000


def mend(text: Any) -> Any:
    """Return *text* with half characters, as scripts may send them, replaced; no store and no encoder takes those."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(text, str) else text


Text = Annotated[str, BeforeValidator(mend)]
Size = Literal["micro", "small", "medium", "large"]
LegalForm = Literal[
    "company", "self_employed", "association", "liberal_profession", "public_body", "university", "research_centre",
    "individual",
]  # fmt: skip
Seat = Literal["wallonia", "german_community", "brussels", "flanders", "belgium", "eu"]
Stage = Literal["starter", "established"]
Sector = Annotated[Text, Field(min_length=1, max_length=60)]


class Firm(BaseModel):
    """What is known of a firm. What is left out is not known, and never counts as a yes. Nothing of it is kept."""

    model_config = ConfigDict(extra="forbid")

    size: Size | None = Field(None, description="Micro: under 10 people; small: under 50; medium: under 250.")
    legal_form: list[LegalForm] = Field([], max_length=8, description="One, or several where it has several.")
    seat: list[Seat] = Field([], max_length=6, description="Where it has a seat of operations.")
    place: Text | None = Field(
        None, min_length=1, max_length=80, description="A town, instead of seat: «Namur» is in Wallonia."
    )
    stage: Stage | None = Field(None, description="Whether it is being founded or is established.")
    sector: list[Sector] = Field(
        [],
        max_length=5,
        description="digital, fishing, aquaculture, primary_agriculture, construction, retail, hospitality, "
        "manufacturing, health, transport, crafts, education, energy or finance; any other word decides nothing.",
    )

    @property
    def profile(self) -> dict[str, tuple[str, ...]]:
        """The firm as rules are held against it; a town that is not known gives nothing."""
        found = seat_of(self.place) if self.place and not self.seat else None
        held: dict[str, tuple[str, ...]] = {
            "size": (self.size,) if self.size else (), "legal_form": tuple(self.legal_form),
            "seat": (found,) if found else tuple(self.seat), "stage": (self.stage,) if self.stage else (),
            "sector": tuple(self.sector),
        }  # fmt: skip
        return {criterion: held[criterion] for criterion in ASKED if held[criterion]}


class Turn(BaseModel):
    """One earlier turn of the conversation."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["user", "assistant"] = Field(description="Who spoke.")
    text: Text = Field(max_length=LONGEST_TURN, description="What was said.")


class Question(BaseModel):
    """What is asked, after what, in which language if the asker knows it, and for which firm."""

    model_config = ConfigDict(extra="forbid")

    question: Text = Field(
        description="The question, in French, Dutch, German or English. White space around it does not count.",
        json_schema_extra={"minLength": 1, "pattern": SAYS.pattern},
    )
    history: Annotated[list[Turn], Field(max_length=MOST_TURNS)] = Field(
        [], description="The earlier turns, the oldest first: the server keeps no conversation."
    )
    language: Language | None = Field(None, description="Language of the answer; left out, it is that of the question.")
    conversation: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        description="A random name of the conversation: it has one open question, and limits of its own, so that one "
        "visitor behind an address cannot use up what all have.",
    )
    profile: Firm | None = Field(
        None, description="A firm: each programme of the answer then says whether it may apply. Nothing else changes."
    )

    @property
    def messages(self) -> tuple[Message, ...]:
        """The history as the bot takes it."""
        return tuple(Message(turn.role, turn.text) for turn in self.history)


class Feedback(BaseModel):
    """What a reader thinks of an answer."""

    model_config = ConfigDict(extra="forbid")

    answer_id: Text = Field(min_length=1, max_length=100, description="Id of the answer.")
    rating: Literal[1, -1] = Field(description="1: thumb up, -1: thumb down.")
    reason: Text | None = Field(None, max_length=500, description="Why, in the reader's own words.")


class _Exact(BaseModel):
    """A form that holds these members and no other."""

    model_config = ConfigDict(extra="forbid")


class Citation(_Exact):
    """One source of an answer. The quote stands letter for letter in the passage."""

    n: int = Field(ge=1, description="Number that the markers [n] of the text name it by.")
    document: str = Field(description="Id of the document; with the language it makes its address.")
    version: int = Field(description="Version of the document that was quoted.")
    title: str
    url: str | None = Field(description="Address of the original page.")
    page: int | None = Field(description="Page of a PDF, counted from 1.")
    heading: str | None
    language: Language = Field(description="Language of the quote.")
    quote: str
    passage: str = Field(description="Text of the passage around the quote.")
    passage_id: str
    as_of: str | None = Field(description="Date of the source, whole or partial ISO: 2025, 2025-06, 2025-06-30.")
    confidence: str | None = Field(description="How sure the editors are of the source.")
    link: str | None = Field(description="Where a reader finds the quote.")


class Statement(_Exact):
    """One sentence of an answer with the numbers of its citations."""

    text: str
    citations: list[int]
    language: Language
    phrased: bool = Field(description="Whether a language model chose the words; else it is a quote.")


class Programme(_Exact):
    """A programme that an answer speaks of, with its state on the day of the answer."""

    id: str
    title: str
    state: State
    opens: str | None = Field(description="First day, whole or partial ISO date.")
    closes: str | None = Field(description="Last day, whole or partial ISO date.")
    verified_on: str | None = Field(description="Day on which the editors last checked the sources.")
    url: str | None
    eligibility: Judged | None = Field(
        default_factory=lambda: None,
        description="Whether the firm of `profile` may apply, as `POST /api/v1/eligibility` says it; null where no "
        "rules are kept. Only with a profile, and never stored.",
    )


class NextStep(_Exact):
    """The one official place to go next."""

    text: str
    url: str | None


class Validated(_Exact):
    """That staff wrote and validated the answer."""

    on: str = Field(description="ISO date.")


class Answer(_Exact):
    """A cited answer: the same form over HTTP, from the command line and in the stored receipt."""

    id: str = Field(description="Name of the answer, for feedback and to read it again.")
    question: str
    standalone_question: str = Field(description="The question in full, where it leaned on earlier turns.")
    language: Language
    status: Status = Field(
        description="answered, partial: from the sources; not_in_sources: they do not say; clarify: the question says "
        "too little; out_of_scope, other_region, refused: not for this guichet; unavailable: not now."
    )
    text: str = Field(description="Everything that the reader must see, with markers [n] of the citations.")
    as_of: str = Field(description="The day that is answered for, ISO.")
    generation: int = Field(description="Counts the changes of the library.")
    mode: str = Field(description='"extractive", or "llm:" and the name of the language model that chose the words.')
    statements: list[Statement]
    citations: list[Citation]
    programmes: list[Programme]
    next_step: NextStep | None
    timings: dict[str, float] = Field(description="Milliseconds that each step took.")
    validated: Validated | SkipJsonSchema[None] = Field(
        default_factory=lambda: None, description="Only in answers that staff wrote."
    )


class Started(_Exact):
    """An answer under way, to be heard at its address."""

    id: str = Field(description="Name that nobody can guess; whoever knows it hears the answer.")
    events: str = Field(description="Address of the events, the same as in Location.")


class DocumentEntry(_Exact):
    """What a document is, in one language, without its text."""

    key: str = Field(description="Language and id, such as fr/start-ia.")
    id: str
    language: Language
    languages: list[Language] = Field(description="All languages in which the document is there.")
    href: str = Field(description="Address of the whole document.")
    title: str
    url: str | None = Field(description="Address of the original page.")
    kind: str | None = Field(description="Kind of sheet: programme, subsidy, training, compute, law, …")
    operator: str | None = Field(description="Who runs the programme.")
    audience: str | None = Field(description="Whom it is for.")
    aliases: list[str] = Field(description="Other names.")
    as_of: str | None = Field(description="Date of the source, whole or partial ISO.")
    state: State | None = Field(description="Where a programme stands today; null for what is none.")
    opens: str | None = Field(description="First day, whole or partial ISO date.")
    closes: str | None = Field(description="Last day, whole or partial ISO date.")
    verified_on: str | None = Field(description="Day on which the editors last checked the sources.")
    review_by: str | None = Field(description="Day until which they want to check again.")
    version: int = Field(description="Counts the published versions.")
    published_at: str | None = Field(description="Since when this version is served, in UTC.")


class QuotableStatement(_Exact):
    """One sentence or list item that answers may quote."""

    text: str
    role: StatementRole = Field(description="fact, gap (what the sources leave open) or warning.")
    url: str | None = Field(description="Where it comes from.")
    as_of: str | None = Field(description="Date of that source.")
    confidence: str | None


class DocumentPassage(_Exact):
    """A piece of a document, as it is searched and cited."""

    id: str = Field(description="What citations call passage_id.")
    headings: list[str]
    page: int | None = Field(description="Page of a PDF, counted from 1.")
    page_label: str | None = Field(description="What is printed on that page.")
    text: str
    statements: list[QuotableStatement]


class Document(DocumentEntry):
    """A document in one language, with its passages in reading order."""

    passages: list[DocumentPassage]


class DocumentPage(_Exact):
    """Some of the documents, in the order of their ids and languages."""

    documents: list[DocumentEntry]
    total: int = Field(description="How many documents fulfil the conditions, on all pages.")
    generation: int = Field(description="Counts the changes of the library.")
    next: str | None = Field(description="Address of the next page; null on the last one.")


class ServiceStatus(_Exact):
    """What answers, and from what."""

    status: Literal["ready", "not_ready"]
    generation: int = Field(description="Counts the changes of the library.")
    documents: int = Field(description="How many documents are searched, languages counted once.")
    today: str = Field(description="The day that is answered for, ISO, in Brussels.")
    languages: list[Language]
    longest_question: int = Field(description="Characters that a question may have.")


class FieldProblem(BaseModel):
    """What is wrong with one field, without what was sent."""

    pointer: str | SkipJsonSchema[None] = Field(
        default_factory=lambda: None, description="Place in the body, as a JSON pointer: #/history/0/role."
    )
    parameter: str | SkipJsonSchema[None] = Field(
        default_factory=lambda: None, description="Name of a parameter of the address or of a header."
    )
    detail: str = Field(description="What is wrong, in the caller's language.")


class Problem(BaseModel):
    """An error as RFC 9457 has it."""

    type: str = Field(description="Name of the kind, for programs.")
    title: str = Field(description="The kind in English, always the same.")
    status: int
    detail: str = Field(description="A sentence for a person, in the caller's language.")
    request_id: str | SkipJsonSchema[None] = Field(
        default_factory=lambda: None, description="What X-Request-ID says, for a report to the operator."
    )
    errors: list[FieldProblem] | SkipJsonSchema[None] = Field(
        default_factory=lambda: None, description="The fields that are wrong."
    )


# --- the protocol of OpenAI ------------------------------------------------------------------------------------------

MODEL = "guichet-ia"
"""What the guichet is called as a model."""


class ContentPart(BaseModel):
    """A part of a message; only text is taken."""

    type: str = Field(description="text; any other is refused.", json_schema_extra={"const": "text"})
    text: Text | None = None


class ChatMessage(BaseModel):
    """A message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"] = Field(
        description="user and assistant are the conversation; the others are passed over."
    )
    content: Annotated[Text, Field(max_length=100_000)] | list[ContentPart] | None = Field(
        None, description="What was said."
    )


class StreamOptions(BaseModel):
    """What a stream tells beside the answer."""

    include_usage: StrictBool | None = Field(None, description="Whether a last chunk counts tokens.")


def _only(value: Any) -> dict[str, Any]:
    """Return the schema of a parameter that may be left out, or say *value*; another one gets its own sentence."""
    return {"anyOf": [{"const": value}, {"type": "null"}]}


class Completion(BaseModel):
    """A question as clients of OpenAI ask it. Other parameters, such as temperature, are passed over."""

    model: Text = Field(description="guichet-ia.", json_schema_extra={"enum": [MODEL]})
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=1000)] = Field(
        description="The conversation; its last message of the user is the question."
    )
    stream: StrictBool | None = Field(None, description="Whether to answer in chunks.")
    stream_options: StreamOptions | None = None
    n: Any = Field(None, description="Only 1.", json_schema_extra=_only(1))
    logprobs: Any = Field(None, description="Only false.", json_schema_extra=_only(False))
    response_format: Any = Field(None, description="Only text.", json_schema_extra=_only({"type": "text"}))
    modalities: Any = Field(None, description="Only text.", json_schema_extra=_only(["text"]))
    tool_choice: Any = Field(
        None, description="No tool is ever called.", json_schema_extra={"enum": ["none", "auto", None]}
    )

    @property
    def missed(self) -> Iterator[str]:
        """The parameters that ask for what we cannot give; passing them over would be a lie."""
        wanted = {
            "n": self.n is None or (self.n == 1 and not isinstance(self.n, bool)),
            "logprobs": self.logprobs is None or self.logprobs is False,
            "response_format": self.response_format in (None, {"type": "text"}),
            "modalities": self.modalities in (None, ["text"]),
            "tool_choice": self.tool_choice in (None, "none", "auto"),
        }
        return (parameter for parameter, is_given in wanted.items() if not is_given)


class ChatUsage(BaseModel):
    """Tokens that a language model took."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class UrlCitation(BaseModel):
    """A marker in the text, and the page that it cites."""

    start_index: int
    end_index: int
    title: str
    url: str


class Annotation(BaseModel):
    """A citation as OpenAI describes it."""

    type: Literal["url_citation"]
    url_citation: UrlCitation


class AssistantMessage(BaseModel):
    """The answer in Markdown, the sources below it."""

    role: Literal["assistant"]
    content: str
    refusal: None
    annotations: list[Annotation]


class Choice(BaseModel):
    """The one answer."""

    index: Literal[0]
    message: AssistantMessage
    logprobs: None
    finish_reason: Literal["stop"]


class AboutAnswer(BaseModel):
    """What our own protocol says beside the text."""

    answer_id: str = Field(description="Id for feedback, and to read the answer again.")
    status: Status
    language: Language
    as_of: str


class ChatCompletion(BaseModel):
    """An answer as clients of OpenAI take it."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: ChatUsage
    system_fingerprint: str
    guichet: AboutAnswer


class Delta(BaseModel):
    """What a chunk adds to the answer."""

    role: Literal["assistant"] | SkipJsonSchema[None] = Field(default_factory=lambda: None)
    content: str | SkipJsonSchema[None] = Field(default_factory=lambda: None)
    annotations: list[Annotation] | SkipJsonSchema[None] = Field(
        default_factory=lambda: None, description="With the end of the answer."
    )


class ChunkChoice(BaseModel):
    """The one answer, as far as a chunk goes."""

    index: Literal[0]
    delta: Delta
    logprobs: None
    finish_reason: Literal["stop"] | None


class ChatCompletionChunk(BaseModel):
    """A piece of an answer as clients of OpenAI take it."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: ChatUsage | SkipJsonSchema[None] | None = Field(default_factory=lambda: None)
    guichet: AboutAnswer | SkipJsonSchema[None] = Field(
        default_factory=lambda: None, description="With the end of the answer."
    )


class Model(BaseModel):
    """A model as clients of OpenAI list it."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(BaseModel):
    """The models that there are."""

    object: Literal["list"]
    data: list[Model]


class OpenAIError(BaseModel):
    """What went wrong, as OpenAI says it."""

    message: str
    type: str
    param: str | None
    code: str | None
    request_id: str | None


class OpenAIFailure(BaseModel):
    """An error of OpenAI."""

    error: OpenAIError
