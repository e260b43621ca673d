"""Cards and the ledger of their ids.

A reader's study history hangs on a card's id. So every id stands, with question and answer as first meant, in the
committed ledger of its area, ``docs/<area>/cards.yml``: an edit of wording keeps the id, a new meaning is refused,
and an id that leaves the pages stays in the ledger as retired. No Sphinx import.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import yaml

from fieldbook import yml
from fieldbook.faults import Fault, Rule

LEDGER = "docs/{area}/cards.yml"
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*-[1-9][0-9]*")
SAME_MEANING = 0.5
"""Share of words that must agree for an edited card to count as the same one."""


@dataclass(frozen=True)
class Card:
    """One flashcard as its page gives it: the Markdown of question and answer."""

    id: str
    question: str
    answer: str
    docname: str
    line: int


@dataclass(frozen=True)
class Known:
    """One entry of a ledger."""

    question: str
    answer: str
    retired: bool
    line: int


def split(lines: list[str]) -> int | None:
    """Return the index of the first line ``---`` outside a fence, or None.

    Examples
    --------
    >>> split(["Why?", "---", "So."])
    1
    >>> split(["```", "---", "```"]) is None
    True
    """
    fence = ""
    for index, line in enumerate(lines):
        mark = re.match(r"\s*(`{3,}|~{3,}|:{3,})", line)
        if mark and not fence:
            fence = mark.group(1)
        elif mark and line.strip() == mark.group(1) and mark.group(1).startswith(fence):
            fence = ""
        elif not fence and line.rstrip() == "---":
            return index
    return None


def parse_ledger(text: str, path: str) -> tuple[dict[str, Known], list[Fault]]:
    r"""Return a ledger's entries by id, and what is wrong with it.

    Examples
    --------
    >>> parse_ledger("softmax-1:\n  question: Why?\n  answer: So.\n", "docs/foundations/cards.yml")[0]
    {'softmax-1': Known(question='Why?', answer='So.', retired=False, line=1)}
    """
    shape = "an entry is 'id:' with question, answer and, once it has left its page, 'retired: true'"
    try:
        node, values = yml.read(text)
    except yaml.YAMLError as error:
        line = error.problem_mark.line + 1 if getattr(error, "problem_mark", None) else 1
        return {}, [Fault(path, line, Rule.FLASHCARD, f"the ledger is not YAML; {shape}")]
    entries: dict[str, Known] = {}
    faults = []
    if values is None:
        return entries, []
    if not isinstance(values, dict):
        return {}, [Fault(path, 1, Rule.FLASHCARD, f"the ledger is no mapping; {shape}")]
    for key, _ in node.value:
        line, value = key.start_mark.line + 1, values[key.value]
        texts = value if isinstance(value, dict) else {}
        if not (
            {"question", "answer"} <= texts.keys() <= {"question", "answer", "retired"}
            and isinstance(texts["question"], str)
            and isinstance(texts["answer"], str)
            and texts.get("retired", True) is True
        ):
            faults.append(Fault(path, line, Rule.FLASHCARD, f"'{key.value}' is malformed; {shape}"))
        elif key.value in entries:
            faults.append(Fault(path, line, Rule.FLASHCARD, f"'{key.value}' stands twice; keep one"))
        else:
            retired = "retired" in texts
            entries[key.value] = Known(texts["question"], texts["answer"], retired, line)
    return entries, faults


def agreement(one: str, other: str) -> float:
    """Return the share of words, in order, on which two texts agree: 0 for none, 1 for all.

    Examples
    --------
    >>> agreement("What is the rank?", "what is the rank")
    1.0
    >>> agreement("What is the rank?", "Define entropy.")
    0.0
    """
    first, second = (re.findall(r"\w+", text.casefold()) for text in (one, other))
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def compare(cards: Iterable[Card], ledgers: Mapping[str, Mapping[str, Known]]) -> list[Fault]:
    """Hold the cards of all pages against the ledgers.

    Parameters
    ----------
    cards : iterable of Card
        Every card of the site.
    ledgers : mapping of str to mapping of str to Known
        The entries of each ledger, by the ledger's path.

    Returns
    -------
    list of Fault
        Cards with an id that is taken, unknown, retired or means something else; ids that no page has.
    """
    faults = []
    known = {key: (entry, path) for path, entries in ledgers.items() for key, entry in entries.items()}
    seen: dict[str, Card] = {}
    for card in cards:
        if card.id in seen:
            first = seen[card.id]
            message = (
                f"card id '{card.id}' is taken by {first.docname}.md:{first.line}; give this card the next free id"
            )
            faults.append(Fault(card.docname, card.line, Rule.FLASHCARD, message))
            continue
        seen[card.id] = card
        if card.id not in known:
            message = f"card '{card.id}' is in no ledger of ids; run 'make fix' to enter it"
        elif known[card.id][0].retired:
            message = f"card id '{card.id}' is retired in {known[card.id][1]}; give this card the next free id"
        else:
            entry, path = known[card.id]
            share = agreement(f"{card.question} {card.answer}", f"{entry.question} {entry.answer}")
            if share >= SAME_MEANING:
                continue
            message = (
                f"card '{card.id}' agrees with {path}:{entry.line} in only {share:.0%} of its words: "
                "if it asks something new, give it the next free id and retire the old one; "
                "if it means the same, update that entry"
            )
        faults.append(Fault(card.docname, card.line, Rule.FLASHCARD, message))
    for key, (entry, path) in sorted(known.items()):
        if key not in seen and not entry.retired:
            message = f"card '{key}' is on no page; add 'retired: true' to keep its id from being used again"
            faults.append(Fault(path, entry.line, Rule.FLASHCARD, message))
    return faults


def read_ledgers(root: Path, areas: Iterable[str]) -> tuple[dict[str, dict[str, Known]], list[Fault]]:
    """Return the ledgers of all areas by path, and what is wrong with them."""
    ledgers, faults = {}, []
    for area in areas:
        path = LEDGER.format(area=area)
        file = Path(root, path)
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        ledgers[path], found = parse_ledger(text, path)
        faults += found
    return ledgers, faults


def enter(root: Path, cards: Iterable[Card], areas: Iterable[str]) -> list[str]:
    """Append the cards that no ledger knows to the ledger of their area; return their ids."""
    ledgers, _ = read_ledgers(root, areas)
    known = {key for entries in ledgers.values() for key in entries}
    entered = []
    for card in cards:
        if card.id in known:
            continue
        known.add(card.id)
        entered.append(card.id)
        path = Path(root, LEDGER.format(area=card.docname.split("/")[1]))
        entry = {card.id: {"question": card.question, "answer": card.answer}}
        with path.open("a", encoding="utf-8", newline="\n") as file:
            yaml.safe_dump(entry, file, allow_unicode=True, sort_keys=False, width=1000)
    return entered
