"""Why a row was not received, in Swedish and English: one row here for each code that a row can get."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason in both languages. What stands in braces is a closed word or a column's letter, never what was sent."""

    sv: str
    en: str

    def filled(self, facts: Mapping[str, object]) -> "Reason":
        known = defaultdict(lambda: "…", {name: str(value) for name, value in facts.items()})
        return Reason(self.sv.format_map(known), self.en.format_map(known))


UNKNOWN: Final = Reason("Raden togs inte emot.", "The row was not received.")
REASONS: Final = {
    "sender/cell-missing": Reason(
        "Uppgiften saknas i kolumn {columns}: fyll i den.", "Column {columns} is empty: fill it in."
    ),
    "sender/cell-too-long": Reason(
        "Texten i kolumn {columns} är för lång: skriv högst 500 tecken.",
        "The text in column {columns} is too long: write at most 500 signs.",
    ),
    "sender/cell-unnamed": Reason(
        "Kolumn {columns} saknar rubrik: använd mallens rubriker eller töm cellen.",
        "Column {columns} has no header: use those of the template, or empty the cell.",
    ),
    "sender/cell-wrong": Reason(
        "Kolumn {columns} kan inte läsas: välj ur listan eller skriv som i förklaringen.",
        "Column {columns} cannot be read: choose from the list, or write as the explanation says.",
    ),
    "sender/formula-refused": Reason(
        "Kolumn {columns} innehåller en formel: skriv själva värdet.",
        "Column {columns} holds a formula: write the value itself.",
    ),
    "sender/number-cut": Reason(
        "Kalkylprogrammet har kortat numret i kolumn {columns}: formatera kolumnen som text och skriv tolv siffror.",
        "The spreadsheet has cut the number in column {columns}: format the column as text and write twelve digits.",
    ),
    "sender/identity-wrong": Reason(
        "Numret i kolumn {columns} stämmer inte: kontrollera siffrorna och typen av nummer.",
        "The number in column {columns} is not right: check its digits and its kind.",
    ),
    "sender/unknown-pathway": Reason(
        "Vägen i kolumn {columns} finns inte här: välj ur mallens lista.",
        "The pathway in column {columns} is not published here: choose from the template's list.",
    ),
    "sender/door-unknown": Reason(
        "Vägen tar inte emot dokument genom den ingången. Ingångar för dokument: {doors}.",
        "The pathway takes no documents by that door. Doors for documents: {doors}.",
    ),
    "sender/wrong-referrer": Reason(
        "Er part får inte remittera genom den ingången. Det får: {by}.",
        "Your party may not refer by this door. These may: {by}.",
    ),
    "sender/not-attested": Reason(
        "Den som remitterar ska intyga allt som vägen kräver. Det saknas: {missing}.",
        "The referrer must vouch for all that the pathway asks. Missing: {missing}.",
    ),
    "sender/ask-wrong": Reason(
        "Vägens frågor och datum ska besvaras, och inga andra. Det gäller: {wrong}.",
        "Answer the pathway's questions and dates, and no others. It concerns: {wrong}.",
    ),
    "sender/age-outside": Reason(
        "Personens ålder på remissens dag är utanför vägens: {age} år.",
        "The person's age on the day of the referral is outside the pathway's: {age} years.",
    ),
    "sender/already-referred": Reason(
        "Ni har redan remitterat personen till vägen; den remissen gäller.",
        "You have referred this person to this pathway already; that referral stands.",
    ),
    "sender/row-sent-before": Reason(
        "Ni har skickat samma rad förut; den remissen gäller. För att remittera på nytt, skicka en enskild remiss.",
        "You have sent the same row before; that referral stands. To refer the person anew, send a single referral.",
    ),
    "sender/other-rows-wrong": Reason(
        "Raden är rätt, men inget togs emot eftersom andra rader är fel: rätta dem, eller begär bara de rätta raderna.",
        "The row is right, but nothing was received since others are wrong: correct them, or ask for the good rows.",
    ),
    "platform/row-failed": Reason(
        "Plattformen kunde inte ta emot raden: skicka den som en enskild remiss, eller säg till den som driver den.",
        "The platform could not receive the row: send it as a single referral, or tell those who run the platform.",
    ),
}


def reason(code: str, facts: Mapping[str, object]) -> Reason:
    """What a person reads for a code."""
    return REASONS.get(code, UNKNOWN).filled(facts)
