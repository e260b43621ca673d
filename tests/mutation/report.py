"""What became of the mutants: equivalents held against the list, counts, the table, the committed results. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml

from fieldbook import yml
from tests.mutation.mutants import Mutant

LEAST = {"build": 0.85, "tests": 0.95}
"""The share of mutants that each oracle must kill."""

MOST_EQUIVALENT = 0.03
EQUIVALENTS = "tests/mutation/equivalents.yml"
KEYS = {"path": "", "scope": "", "operator": None, "line": None, "becomes": None, "ordinal": 1, "reason": None}
"""What an entry says, and what it may leave out."""


@dataclass
class Subject:
    """One mutant in its file, and what became of it; `steps` are the jobs that may notice it, each with its oracle."""

    path: str
    kind: str
    line: int
    mutant: Mutant
    steps: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    killed_by: str | None = None
    timed_out: bool = False
    equivalent: bool = False
    left_out: bool = False  # not drawn, and not run before

    @property
    def area(self) -> str:
        """The area of its file."""
        return self.path.split("/")[1]

    @property
    def identity(self) -> tuple[Any, ...]:
        """What an entry of the equivalents names."""
        return self.path, *self.mutant.identity

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.mutant.original} → {self.mutant.mutated} ({self.mutant.operator})"


def mark_equivalents(text: str, subjects: list[Subject], *, whole: bool) -> list[str]:
    """Mark the survivors that the list of equivalents names; return what is wrong with the list.

    Parameters
    ----------
    text : str
        The list, in YAML.
    subjects : list of Subject
        What was run.
    whole : bool
        Whether that was everything; otherwise entries of other files are passed over.

    Returns
    -------
    list of str
        A message for each fault, with its line.
    """
    try:
        tree, entries = yml.read(text)
    except yaml.YAMLError as error:
        return [f"{EQUIVALENTS}: not YAML: {error}"]
    known = {one.identity: one for one in subjects}
    paths = {one.path for one in subjects}
    faults = []
    for node, given in zip(tree.value if tree else [], entries or [], strict=True):
        where = f"{EQUIVALENTS}:{node.start_mark.line + 1}"
        entry = {**KEYS, **given} if isinstance(given, dict) else {}
        missing = [key for key in KEYS if not entry.get(key) and key != "scope"]
        if missing or entry.keys() - KEYS:
            faults.append(f"{where}: an entry has the keys {', '.join(KEYS)}; add or correct {', '.join(missing)}")
            continue
        if not whole and entry["path"] not in paths:
            continue
        one = known.get(tuple(entry[key] for key in ("path", "scope", "operator", "line", "becomes", "ordinal")))
        said = f"{entry['line']} → {entry['becomes']}"
        if one is None:
            faults.append(f"{where}: no mutant of {entry['path']} is '{said}' any more; remove the entry or correct it")
        elif one.killed_by:
            faults.append(f"{where}: '{said}' is killed, so it is no equivalent; remove the entry")
        elif one.equivalent:
            faults.append(f"{where}: '{said}' stands twice; keep one")
        else:
            one.equivalent = True
    counts = tally(subjects)
    if counts["equivalent"] > MOST_EQUIVALENT * counts["mutants"] and whole:
        share = f"{counts['equivalent']} of {counts['mutants']} mutants are listed, more than {MOST_EQUIVALENT:.0%}"
        faults.append(f"{EQUIVALENTS}: {share}; write checks that tell them apart, or simpler code")
    return faults


def tally(subjects: Iterable[Subject]) -> dict[str, int]:
    """Count mutants by what became of them; `tests` counts what the tests killed besides the build.

    What was left out counts as that alone, and is not among the mutants.

    Examples
    --------
    >>> one = Subject("a", "cells", 1, Mutant(1, "", "call", "f(x)", "x", 1, "x"), killed_by="build")
    >>> tally([one, Subject("a", "cells", 1, one.mutant, left_out=True)])
    {'mutants': 1, 'equivalent': 0, 'build': 1, 'tests': 0, 'survived': 0, 'timed_out': 0, 'left_out': 1}
    """
    counts = dict.fromkeys(("mutants", "equivalent", "build", "tests", "survived", "timed_out", "left_out"), 0)
    for one in subjects:
        if one.left_out:
            counts["left_out"] += 1
            continue
        counts["mutants"] += 1
        counts["equivalent" if one.equivalent else one.killed_by or "survived"] += 1
        counts["timed_out"] += one.timed_out
    return counts


def scores(counts: dict[str, int]) -> dict[str, float]:
    """Return the share that each oracle kills of the mutants that are not equivalent; 1 if there are none.

    Examples
    --------
    >>> scores({"mutants": 11, "equivalent": 1, "build": 8, "tests": 1})
    {'build': 0.8, 'tests': 0.9}
    """
    total = counts["mutants"] - counts["equivalent"]
    killed = {"build": counts["build"], "tests": counts["build"] + counts["tests"]}
    return {oracle: round(count / total, 4) if total else 1.0 for oracle, count in killed.items()}


def table(subjects: list[Subject]) -> str:
    """Return the counts as lines: one for the modules and one for the cells of each area, and one for all."""
    rows = [("", "", "mutants", "equivalent", "build", "build and tests", "survived")]
    groups = sorted({(one.area, one.kind) for one in subjects}, key=lambda group: (group[0], group[1] != "modules"))
    for area, kind in [*groups, ("all", "modules"), ("all", "cells"), ("all", "")]:
        counts = tally(one for one in subjects if area in ("all", one.area) and kind in ("", one.kind))
        share = scores(counts)
        shown = (f"{share['build']:.1%}", f"{share['tests']:.1%}")
        rows.append((area, kind, str(counts["mutants"]), str(counts["equivalent"]), *shown, str(counts["survived"])))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) if at < 2 else cell.rjust(width) for at, (cell, width) in enumerate(pairs)).rstrip()
        for pairs in (list(zip(row, widths, strict=True)) for row in rows)
    )


def survivors(subjects: Iterable[Subject]) -> list[Subject]:
    """Return what nothing killed and nobody excused, by path and line."""
    left = [one for one in subjects if not (one.killed_by or one.equivalent or one.left_out)]
    return sorted(left, key=lambda one: (one.path, one.line, str(one)))


OUTCOMES = {"build": "b", "tests": "t", None: "-"}
"""How the fate of a mutant is written: what killed it, in capitals if by running too long."""

LEFT_OUT = "."


def outcomes(subjects: Iterable[Subject]) -> str:
    """Return the fates of mutants in their order, a letter each.

    Examples
    --------
    >>> mutant = Mutant(1, "", "call", "f(x)", "x", 1, "x")
    >>> late = Subject("a", "cells", 1, mutant, killed_by="build", timed_out=True)
    >>> outcomes([late, Subject("a", "cells", 1, mutant)])
    'B-'
    """
    letters = [(LEFT_OUT if one.left_out else OUTCOMES[one.killed_by], one.timed_out) for one in subjects]
    return "".join(letter.upper() if timed_out else letter for letter, timed_out in letters)


def recall(subjects: list[Subject], written: str) -> None:
    """Give mutants the fates that were written for them; see `outcomes`."""
    killers = {letter: killer for killer, letter in OUTCOMES.items()} | {LEFT_OUT: None}
    for one, letter in zip(subjects, written, strict=True):
        one.killed_by, one.timed_out, one.left_out = killers[letter.lower()], letter.isupper(), letter == LEFT_OUT


def file_entry(subjects: list[Subject], digest: str) -> dict[str, Any]:
    """Return what is kept of one file: the counts, each mutant's fate, every survivor, and what was measured."""
    counts = tally(subjects)
    return {
        "kind": subjects[0].kind,
        **counts,
        "scores": scores(counts),
        "survivors": [str(one) for one in survivors(subjects)],
        "outcomes": outcomes(subjects),
        "digest": digest,
    }


def as_data(files: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the results as they are committed: counts in all, by area and by file."""

    def counted(entries: list[dict[str, Any]]) -> dict[str, Any]:
        counts = {key: sum(entry[key] for entry in entries) for key in tally([])}
        return {**counts, "scores": scores(counts)}

    areas: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for path in sorted(files):
        areas.setdefault(path.split("/")[1], {}).setdefault(files[path]["kind"], []).append(files[path])
    return {
        "all": counted(list(files.values())),
        "areas": {
            area: {kind: counted(kinds[kind]) for kind in sorted(kinds)} for area, kinds in sorted(areas.items())
        },
        "files": dict(sorted(files.items())),
    }
