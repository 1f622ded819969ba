"""Read what a sentence claims of a programme: rates, ceilings, least amounts, durations, opening and closing days.

Precise rather than complete: a sentence that holds two rates, tells of the past or speaks of a budget claims nothing
here. Each claim carries marks, the same in four languages, of whom and what it is true: two claims are compared only
where these agree.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from bot.limits import CEILING, PAST
from ingest.cards import Field
from ingest.documents import Language
from ingest.quantities import in_order, plain, quantities

_I = re.IGNORECASE


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that a sentence claims; ``marks`` say of whom and what, ``years`` of which time."""

    field: Field
    value: Any
    unit: str
    marks: frozenset[str] = frozenset()
    years: frozenset[str] = frozenset()
    past: bool = False
    """Told of as something that was."""
    most: bool = False
    """Only an upper end: «up to 50 %»."""


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)", _I)


_MARKS: dict[str, re.Pattern[str]] = {
    name: _any(*patterns)
    for name, patterns in {
        # Whom
        "micro": (r"(?:très petites?|micro)[- ]?(?:entreprises?)?|tpe", r"micro-?ondernemingen?|micro-?bedrijven",
                  r"kleinst\w*|mikro\w*", r"micro[- ]?(?:firms?|enterprises?|businesse?s?)"),
        "small": (r"(?<!très )petites?(?! et moyennes)", r"kleine(?! en (?:middel|micro))", r"kleine[nrs]?(?! und mit)",
                  r"small(?! and medium)"),
        "medium": (r"(?<!petites et )moyennes?", r"(?<!kleine en )middel\w+", r"(?<!kleine und )mittler\w+|mittelgroß\w*",
                   r"(?<!small and )medium(?:-sized)?"),
        "large": (r"grandes?(?= entreprises?|\W|$)", r"grote", r"große[nrs]?|großunternehmen", r"large|big"),
        "sme": (r"pme|petites et moyennes", r"kmo['’]?s?|kleine en middel\w+", r"kmu|kleine und mittlere", r"smes?"),
        "self-employed": (r"indépendant\w*", r"zelfstandig\w*", r"selbst(?:st)?ändig\w*", r"self-employed|sole traders?"),
        "association": (r"asbl|associations?|non[- ]marchand", r"vzw['’]?s?|vereniging\w*", r"vog|verein\w*",
                        r"non-profits?|charit\w+"),
        "public": (r"pouvoirs publics|communes?|services publics", r"gemeenten?|overheid\w*|overheden",
                   r"gemeinden?|behörden?", r"public (?:bodies|authorities|services)|municipalit\w+"),
        "research": (r"universités?|hautes écoles|centres? de recherche", r"universiteit\w*|hogescho\w+|onderzoekscentr\w+",
                     r"universität\w*|hochschul\w*|forschungszentr\w*", r"universit\w+|research cent\w+"),
        "starter": (r"start-?ups?|starters?|jeunes entreprises|créateurs?|création", r"startend\w*|oprichting",
                    r"gründ\w+|existenzgründ\w*", r"young (?:firms|companies)|founders?"),
        "worker": (r"(?:par|chaque) (?:travailleur|personne|salarié|employé|apprenant)\w*",
                   r"per (?:werknemer|persoon|medewerker|deelnemer)\w*", r"(?:pro|je) (?:mitarbeiter|person|arbeitnehmer)\w*",
                   r"(?:per|each) (?:worker|employee|person|trainee)\w*"),
        "lender": (r"prêteurs?", r"kredietgevers?|leners? die|geldgevers?", r"darlehensgeber\w*|kreditgeber\w*", r"lenders?"),
        "borrower": (r"emprunteurs?", r"kredietnemers?|ontleners?", r"darlehensnehmer\w*|kreditnehmer\w*", r"borrowers?"),
        # Of what, how counted
        "hour": (r"(?:par|de l['’]) ?heures?|horaires?", r"per uur|uurtarief", r"(?:pro|je) stunde|stundensatz",
                 r"(?:per|an|each) hour|hourly"),
        "day": (r"par jour\w*|journalier", r"per dag|dagtarief", r"(?:pro|je) tag|tagessatz", r"(?:per|a) day|daily"),
        "month": (r"par mois|mensuel\w*", r"per maand|maandelijks\w*", r"(?:pro|je|im) monat|monatlich\w*",
                  r"(?:per|a) month|monthly"),
        "year": (r"par an(?:née)?|annuel\w*|par année civile", r"per (?:kalender)?jaar|jaarlijks\w*",
                 r"(?:pro|je|im) (?:kalender)?jahr|jährlich\w*", r"(?:per|a|each) (?:calendar )?year|annual\w*|yearly"),
        "three years": (r"trois ans|3 ans|trois années|3 années\w*", r"(?:drie|3) (?:kalender)?jaar",
                        r"(?:drei|3) (?:kalender)?jahren?", r"(?:three|3) (?:calendar )?years"),
        "project": (r"par projet|par dossier", r"per project|per dossier", r"(?:pro|je) (?:projekt|antrag)",
                    r"(?:per|each) (?:project|application)"),
        "service": (r"par prestation|par mission", r"per prestatie|per opdracht", r"(?:pro|je) (?:leistung|auftrag)",
                    r"(?:per|each) (?:service|assignment)"),
        # What is paid for
        "training": (r"formations?|cours", r"opleiding\w*|cursus\w*", r"\w*schulung\w*|\w*bildung\w*|kurs\w*",
                     r"training|courses?"),
        "audit": (r"audits?|diagnostics?|bilan", r"audits?|diagnos\w+|doorlichting", r"audits?|\w*diagnos\w*",
                  r"audits?|diagnos\w+"),
        "advice": (r"conseils?|conseillers?|consultants?|coaching|accompagnements?",
                   r"advies\w*|advis\w+|consultant\w*|coaching|begeleiding", r"\w*berat\w+|\w*berater\w*|coaching|begleitung",
                   r"advi[cs]e\w*|consult\w+|coaching|support from"),
        "software": (r"logiciels?|licences?|abonnements?", r"software\w*|licenties?|abonnement\w*",
                     r"software\w*|lizenz\w*|abonnement\w*", r"software|licen[cs]es?|subscriptions?"),
        "equipment": (r"investissements?|équipements?|matériels?|machines?", r"investering\w*|uitrusting|materiaal|machines?",
                      r"investition\w*|ausrüstung\w*|maschinen?|geräte?n?", r"investments?|equipment|machines?|hardware"),
        "wages": (r"salaires?|salariaux|salariales?|rémunérations?", r"lonen?|loonkosten|salaris\w*|weddes?",
                  r"l[oö]hne?|lohnkosten|gehält\w+|gehalts?\w*|personalkosten", r"wages?|salar\w+|staff costs?|payroll"),
        "travel": (r"voyages?|déplacements?|mobilité", r"reizen|reis\w*kosten|verplaatsing\w*|mobiliteit", r"reise\w*|mobilität",
                   r"travel|trips?|mobility"),
        "patent": (r"brevets?|antériorités?|nouveauté", r"octrooi\w*|patent\w*", r"patent\w*", r"patents?|novelty"),
        "industrial research": (r"recherche industrielle", r"industrieel onderzoek", r"industrielle\w* forschung",
                                r"industrial research"),
        "development": (r"développement expérimental", r"experimentele ontwikkeling", r"experimentelle\w* entwicklung",
                        r"experimental development"),
        "feasibility": (r"faisabilité", r"haalbaarheid\w*", r"machbarkeit\w*", r"feasibility"),
        "prototype": (r"prototypes?|preuves? de concept", r"prototypes?", r"prototyp\w*|machbarkeitsnachweis\w*",
                      r"prototypes?|proofs? of concept"),
        "loan": (r"prêts?|crédits?(?! d['’]impôt)|emprunts?", r"lening\w*|kredieten?|krediet", r"darlehen\w*|kredit\w*",
                 r"loans?|credit(?! claim)"),
        "guarantee": (r"garanties?", r"waarborg\w*|garanties?", r"garantien?|bürgschaft\w*", r"guarantees?"),
        "advance": (r"avances? récupérables?", r"terugvorderba\w+", r"rückzahlbar\w* vorsch\w+", r"recoverable advances?"),
        "equity": (r"capital|equity|participations?", r"kapitaal\w*|equity", r"kapital\w*|beteiligung\w*", r"equity|capital"),
        "tax": (r"impôts?|fiscal\w*|précompte", r"belasting\w*|fisca\w+|voorheffing", r"steuer\w*|vorabzug", r"tax\w*"),
        "first": (r"premi(?:er|ère)s?|1re?", r"eerste", r"erste[nrs]?", r"first"),
        "second": (r"deuxièmes?|seconde?s?|2e", r"tweede", r"zweite[nrs]?", r"second"),
        "german community": (r"communauté germanophone|germanophones?", r"duitstalige\w*", r"deutschsprachige\w*|ostbelgien",
                             r"german-speaking"),
        "brussels": (r"bruxell\w+", r"brussel\w*", r"brüssel\w*", r"brussels"),
        "flanders": (r"flamande?s?|flandre", r"vlaamse?|vlaanderen", r"fläm\w*|flandern", r"flemish|flanders"),
    }.items()
}  # fmt: skip
"""Marks of whom and of what a value is true, each in four languages."""

_PAYS = _any(
    r"(?:couvr\w+|pai\w+|pay(?:é|e[rs]?|ent)\w*|finan[cç]\w+|pren\w* en charge|pris\w* en charge|rembours\w+|subventionn\w+|taux"
    r"|interven\w+|part publique|subside\w*|subvention\w*|aide (?:est|s['’]élève|atteint|de))",
    r"(?:dekt|dekken|betaalt|betalen|betaald|vergoed\w*|terugbetaal\w*|financier\w+|gefinancierd|neemt|nemen|steunpercentage|tarief"
    r"|tussenkomst|subsidie\w*|steun (?:bedraagt|is|van))",
    r"(?:deckt|decken|übernimmt|übernehmen|übernommen|zahl\w+|gezahlt|bezahl\w+|erstatt\w+|finanzier\w+|fördersatz|satz|zuschuss\w*"
    r"|förder(?:t|ung|quote)\w*|hilfe (?:beträgt|deckt))",
    r"(?:covers?|covered|pays?|paid|funds?|funded|financ\w+|reimburs\w+|refunds?|rate|grants?|subsid\w+|aid (?:is|of|covers))",
)
_NO_RATE = _any(
    r"bonus|major\w+|augment\w+|supplément\w*|monter de|points?|intérêts?|tva|chiffre d['’]affaires|du capital|des parts|part(?:icip)?ants?"
    r"|des (?:entreprises|pme|travailleurs|répondants|dirigeants)|acomptes?|soldes?|avance de|effectifs?|au lieu de|budget\w*|réuss\w+|accept\w+",
    r"verhoog\w*|verhoging|extra|bijkomend\w*|punten|rente\w*|intrest\w*|btw|omzet|van het kapitaal|deelnemers"
    r"|van de (?:ondernemingen|bedrijven|kmo['’]s|werknemers|respondenten)|voorschot van|saldo|in plaats van|begroting|aanvaard\w*",
    r"erhöh\w+|zuschlag\w*|zusätzlich\w*|punkte?n?|zins\w*|mwst|mehrwertsteuer|umsatz\w*|des kapitals|teilnehmer\w*"
    r"|der (?:unternehmen|betriebe|kmu|befragten|arbeitnehmer)|anzahlung\w*|restbetrag|statt|anstatt|haushalt\w*|angenommen\w*",
    r"top-?up|increase\w*|rais\w+|additional|extra|points?|interest|vat|turnover|of the capital|participants"
    r"|of (?:firms|companies|smes|workers|respondents|businesses)|down payment|instal\w+|balance|instead of|budget\w*|accept\w+",
)
"""With these a percentage is no part that an aid pays."""
_NO_MONEY = _any(
    r"budget\w*|chiffre d['’]affaires|bilan|de minimis|enveloppe (?:totale|globale|budgétaire)|fonds de|millions? d['’]euros pour|amendes?|capital social"
    r"|a (?:reçu|investi|levé)|doté\w*|au total pour|remboursement maximum|salaire",
    r"budget\w*|begroting\w*|omzet|balanstotaal|de[- ]minimis\w*|totale enveloppe|fonds van|boetes?|kreeg|heeft ontvangen|maatschappelijk kapitaal",
    r"budget\w*|haushalt\w*|umsatz\w*|bilanz\w*|de[- ]minimis\w*|gesamtbudget|fonds von|geldbußen?|bußgeld\w*|erhielt|stammkapital",
    r"budget\w*|turnover|balance sheet|de minimis|total envelope|fund of|fines?|received|raised|share capital",
)
_FLOOR = _any(
    r"minim(?:um|ales?|aux?)|au moins|à partir de(?= ?\d)", r"minim(?:um|ale?|aal)|minstens|ten minste|vanaf(?= ?€)",
    r"mindest\w*|wenigstens|ab(?= ?\d)|minimum", r"at least|minimum|no less than|starting (?:at|from)",
)  # fmt: skip
_LASTS = _any(
    r"durées?|dure(?:nt)?", r"duurt|duren|duur|looptijd", r"dauert|dauern|dauer|laufzeit", r"lasts?|duration|takes?",
)  # fmt: skip
_UNTIL = _any(
    r"jusqu['’]au|jusqu['’]à(?: fin)?|au plus tard|dates? limites?|clôtur\w+|se termin\w+|ferm\w+|avant le|échéances?|prolongée? jusqu\S+",
    r"tot(?: en met| eind)?|t/m|uiterlijk|uiterste (?:indien)?datum|einddatum|eindigt|loopt af|sluit\w*|afsluit\w*|vóór|deadline",
    r"bis(?: zum| ende)?|spätestens|fristen?|\w*frist|endet|schließt|einreichschluss|einsendeschluss|stichtag|läuft bis|vor dem",
    r"until|by|no later than|deadlines?|clos(?:es|ing|ed|e)|ends?|at the latest|before",
)
_FROM = _any(
    r"ouvr\w+|ouverte?s? (?:à partir|dès|depuis|du)|à partir du|dès le|débute\w*",
    r"opent|openen|open vanaf|vanaf|start(?:en)? op|begint",
    r"öffnet|öffnen|ab(?: dem)?|beginnt|startet",
    r"opens?|from|starting|starts?|begins?",
)
_CALL = _any(
    r"appels?|candidatures?|demandes?|dossiers?|dépôts?|inscriptions?|introdui\w+|ouverte?s?|postuler|soumission\w*|aide|chèque|prime|programme",
    r"oproep\w*|kandidatu\w+|aanvra\w+|dossiers?|indien\w*|inschrijv\w+|open|steun|cheque|premie|programma|regeling",
    r"aufrufe?\w*|bewerb\w+|antr[aä]g\w*|beantrag\w+|einreich\w*|anmeld\w+|offen|hilfe|förderung|scheck|prämie|programm",
    r"calls?|applications?|apply|applicants?|submi\w+|registrations?|open|aid|cheque|voucher|grant|scheme|programme",
)
_NO_DEADLINE = _any(
    r"factures?|paiements?|pai\w+|rapports?|résultats?|projets? (?:doi\w+|dur\w+)|entre en vigueur|vérifié\w*|publié\w*|budget\w*|formation\w* du",
    r"factu\w+|betal\w+|verslag\w*|rapport\w*|resultat\w+|treedt in werking|nagekeken|gepubliceerd|begroting\w*|budget\w*",
    r"rechnung\w*|zahlung\w*|bericht\w*|ergebnis\w*|tritt in kraft|geprüft|veröffentlicht|haushalt\w*|budget\w*",
    r"invoices?|payments?|paid|reports?|results?|enters? into force|checked|published|budget\w*",
)
_CLOSED = _any(
    r"(?:est|sont) (?:définitivement |désormais |maintenant )?(?:fermée?s?|closes?|clôturée?s?|suspendue?s?|supprimée?s?|arrêtée?s?)"
    r"|n['’](?:est|existe) plus(?: (?:disponible|accessible|ouverte?|possible))?|a pris fin",
    r"(?:is|zijn) (?:definitief |nu |voorlopig )?(?:gesloten|afgesloten|stopgezet|opgeheven|afgeschaft|opgeschort)"
    r"|niet meer (?:beschikbaar|open|mogelijk)|bestaat niet meer",
    r"(?:ist|sind) (?:endgültig |nun |derzeit )?(?:geschlossen|eingestellt|beendet|abgeschafft|ausgesetzt)"
    r"|nicht mehr (?:verfügbar|offen|möglich)|gibt es nicht mehr",
    r"(?:is|are) (?:now |permanently |currently )?(?:closed|discontinued|suspended|abolished|withdrawn)"
    r"|no longer (?:available|open|exists)|has ended",
)
_OPEN = _any(
    r"(?:est|sont) (?:actuellement|à nouveau|de nouveau|toujours|maintenant) ouverte?s?",
    r"(?:is|zijn) (?:momenteel|opnieuw|nog(?: steeds)?|nu) open",
    r"(?:ist|sind) (?:derzeit|wieder|weiterhin|jetzt|noch) (?:offen|geöffnet)",
    r"(?:is|are) (?:currently|again|still|now) open",
)
_DOUBT = _any(
    r"si|serai(?:en)?t|pourrai(?:en)?t|environ|probablement|annoncée?s?|non confirmé|en principe|peut-être|prévu\w*",
    r"of het|zou(?:den)?|ongeveer|waarschijnlijk|aangekondigd|niet bevestigd|misschien|gepland",
    r"ob|würden?|ungefähr|etwa|wahrscheinlich|angekündigt|nicht bestätigt|vielleicht|geplant",
    r"whether|would|might|about|around|probably|announced|unconfirmed|perhaps|planned",
)
_NOT = _any(r"ne|n['’]\w+|pas|aucune?", r"niet|geen", r"nicht|keine?\w*", r"not|no|never")
_SINCE = re.compile(
    r"(?:depuis|dès|à partir d[eu]|sinds|vanaf|seit|ab|since|from|as of)\s+(?:\S+\s+){0,3}?((?:19|20)\d\d)", _I
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_BETWEEN = re.compile(r"\d\s?%?\s*(?:à|et|tot|en|bis|und|to|and|-|–)\s*\d+(?:[.,]\d+)?\s?(?:%|pour|procent|prozent)", _I)


_SPAN = re.compile(r"\b(?:du|entre|van|tussen|vom|zwischen|between)\b", _I)
_PERCENT = re.compile(r"%|pour ?cent|procent|prozent|per ?cent", _I)
_EURO = re.compile(r"€|\beur", _I)
_TIME = re.compile(
    r"(?<!\w)(?:mois|maand\w*|\w*monat\w*|months?|ans?|jaar|jahre?\w*|years?|jours?|dag\w*|tage?n?|days?|heures?|uur|uren"
    r"|stunden?|hours?)(?!\w)", _I,
)  # fmt: skip
LONGEST = 600
"""Letters of a sentence that is read for claims."""
FAR = 60
"""Letters between «at most» and its sum."""
NEAR = 25
"""Letters between «up to» and its rate."""


def marks(text: str) -> frozenset[str]:
    """Return the marks of *text*: of whom and what it speaks."""
    return frozenset(name for name, pattern in _MARKS.items() if pattern.search(text))


@lru_cache(maxsize=65_536)
def claims(text: str, language: Language) -> tuple[Claim, ...]:
    """Return what *text*, one statement, claims of the programme that it speaks of."""
    flat = plain(text)
    if len(flat) > LONGEST or flat.rstrip().endswith("?") or _DOUBT.search(flat):
        return ()
    past = bool(PAST.search(flat))
    found = _state(flat)
    # Reading figures takes a millisecond: first the words that make a claim of them.
    if any(sign.isdigit() for sign in flat):
        for wanted, read in _READERS:
            if wanted(flat):
                found += read(flat, language)
    if not found:
        return ()
    own, years = marks(flat), _years(flat)
    return tuple(
        replace(claim, marks=own | claim.marks, years=claim.years or years, past=past) for claim in found
    )


def _years(text: str) -> frozenset[str]:
    """Return the years of which *text* speaks; «since 2023» speaks of now."""
    since = {match[1] for match in _SINCE.finditer(text)}
    return frozenset(_YEAR.findall(text)) - since


def _may_rate(text: str) -> bool:
    return bool(_PERCENT.search(text) and _PAYS.search(text)) and not (_NO_RATE.search(text) or _NOT.search(text))


def _rate(text: str, language: Language) -> list[Claim]:
    told = [quantity for quantity in in_order(text, language) if quantity.unit == "percent"]
    rates = [float(quantity.value) / 100 for quantity in told]
    if len(rates) == 2 and rates[0] < rates[1] and _BETWEEN.search(text):
        return [Claim("rate", [round(rate, 4) for rate in rates], "")]
    if len(rates) != 1 or not 0 < rates[0] <= 1:
        return []
    mark = CEILING.search(text)
    most = mark is not None and 0 <= text.find(told[0].text) - mark.end() < NEAR
    return [Claim("rate", round(rates[0], 4), "", most=most)]


def _may_limit(text: str) -> bool:
    return bool(_EURO.search(text) and (CEILING.search(text) or _FLOOR.search(text))) and not _NO_MONEY.search(text)


def _money(text: str, language: Language) -> list[Claim]:
    found: list[Claim] = []
    fields: tuple[tuple[Field, re.Pattern[str]], ...] = (("ceiling", CEILING), ("minimum", _FLOOR))
    for field, pattern in fields:
        sums = {_limited(text, match, language) for match in pattern.finditer(text)} - {None}
        if len(sums) == 1 and not (field == "minimum" and _NOT.search(text)):
            found.append(Claim(field, _plain_number(sums.pop() or "0"), "EUR"))
    return found


def _limited(text: str, mark: re.Match[str], language: Language) -> str | None:
    """Return the sum that *mark* makes a limit: the next one after it, or the one just before it."""
    rest = text[mark.end() :]
    after = next((q for q in in_order(rest, language) if q.unit != "date"), None)
    if after and rest.find(after.text) <= FAR:
        return after.value if after.unit == "EUR" else None
    before = [q for q in in_order(text[: mark.start()], language) if q.unit == "EUR"]
    return before[-1].value if before and mark.start() - text.rfind(before[-1].text) <= FAR else None


def _may_last(text: str) -> bool:
    return bool(_TIME.search(text) and _LASTS.search(text)) and not _NO_DEADLINE.search(text)


def _duration(text: str, language: Language) -> list[Claim]:
    lengths = {(q.value, q.unit) for q in quantities(text, language) if q.sure and q.unit in ("month", "day", "hour")}
    if len(lengths) != 1:
        return []
    value, unit = lengths.pop()
    return [Claim("duration", _plain_number(value), unit)]


def _may_date(text: str) -> bool:
    dated = bool(_YEAR.search(text) and _CALL.search(text)) and not (_NO_DEADLINE.search(text) or _NOT.search(text))
    return dated and bool(_UNTIL.search(text) or _FROM.search(text) or _SPAN.search(text))


def _days(text: str, language: Language) -> list[Claim]:
    """Return opening and closing days: one date with its word, or two as the ends of a time."""
    dates = [q for q in quantities(text, language) if q.unit == "date" and re.match(r"\d{4}-\d\d", q.value)]
    values = sorted({q.value for q in dates})
    if len(values) == 2:
        return [_day("opens", values[0]), _day("closes", values[1])]
    if len(values) == 1 and _UNTIL.search(text):
        return [_day("closes", values[0])]
    return [_day("opens", values[0])] if len(values) == 1 and _FROM.search(text) else []


def _day(field: Field, value: str) -> Claim:
    return Claim(field, value, "date", years=frozenset({value[:4]}))


def _state(text: str) -> list[Claim]:
    closed, opened = _CLOSED.search(text), _OPEN.search(text)
    return [] if bool(closed) == bool(opened) else [Claim("state", "closed" if closed else "open", "")]


def _plain_number(value: str) -> float | int:
    number = float(value)
    return int(number) if number.is_integer() else number


_READERS: tuple[tuple[Callable[[str], bool], Callable[[str, Language], list[Claim]]], ...] = (
    (_may_rate, _rate), (_may_limit, _money), (_may_last, _duration), (_may_date, _days),
)  # fmt: skip
"""What a sentence may claim: the words that it needs for it, and how its figures are read."""
