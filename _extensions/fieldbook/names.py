"""Names that hold a number: ``docs/named.yml``, a mapping of name to the reason why its number needs no source.

A name is written as it stands on the pages. Braces list alternatives, so ``GPT-{3,4}`` is two names, and a name that
begins with a small letter may begin a sentence. Each name must stand somewhere on the site, else its entry is refused:
the list holds what is used and nothing else. No Sphinx import.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import yaml

from fieldbook import yml
from fieldbook.faults import Fault, Rule

PATH = "docs/named.yml"


@dataclass(frozen=True)
class Names:
    """The names by themselves, each with the line of its entry and the entry as written."""

    lines: dict[str, tuple[int, str]] = field(default_factory=dict)
    pattern: re.Pattern[str] | None = None

    def spans(self, text: str) -> Iterable[tuple[int, int]]:
        """Return where names stand in a text."""
        return [match.span() for match in self.pattern.finditer(text)] if self.pattern else []

    def used(self, texts: Iterable[str]) -> set[str]:
        """Return the names that stand in some texts."""
        spellings = {spelling: name for name in self.lines for spelling in (name, name[:1].upper() + name[1:])}
        found = (match.group() for text in texts if self.pattern for match in self.pattern.finditer(text))
        return {spellings[re.sub(r"\s", " ", name)] for name in found}


def parse(text: str) -> tuple[Names, list[Fault]]:
    r"""Return the names of a file, and what is wrong with it.

    Examples
    --------
    >>> names, faults = parse("GPT-{3,4}: models of OpenAI\nint8: integers of eight bits\n")
    >>> sorted(names.lines), faults
    (['GPT-3', 'GPT-4', 'int8'], [])
    >>> names.spans("Int8 by GPT-4, not GPT-40, int80 or print8")
    [(0, 4), (8, 13)]
    """
    shape = "an entry is 'name: why its number needs no source'"
    try:
        node, _ = yml.read(text, yml.TextLoader)
    except yaml.YAMLError as error:
        line = error.problem_mark.line + 1 if getattr(error, "problem_mark", None) else 1
        return Names(), [Fault(PATH, line, Rule.NAMED, f"not YAML: {getattr(error, 'problem', error)}; {shape}")]
    if node is None:
        return Names(), []
    if not isinstance(node, yaml.MappingNode):
        return Names(), [Fault(PATH, 1, Rule.NAMED, f"not a mapping; {shape}")]
    lines: dict[str, tuple[int, str]] = {}
    faults = []
    for key, value in node.value:
        line, entry = key.start_mark.line + 1, str(key.value)
        if not isinstance(value, yaml.ScalarNode) or len(value.value.split()) < 2:
            faults.append(Fault(PATH, line, Rule.NAMED, f"'{entry}' has no reason; {shape}"))
        for name in expand(entry):
            if name in lines:
                faults.append(Fault(PATH, line, Rule.NAMED, f"'{name}' stands twice; keep one"))
            elif not re.search(r"\d", name) or not re.search(r"[^\W\d_]", name):
                message = f"'{name}' is no name with a number: it needs a letter and a digit"
                faults.append(Fault(PATH, line, Rule.NAMED, message))
            else:
                lines[name] = (line, entry)
    return Names(lines, _pattern(lines)), faults


def expand(entry: str) -> list[str]:
    """Return the names that an entry stands for.

    Examples
    --------
    >>> expand("{u,}int{4,8}")
    ['uint4', 'uint8', 'int4', 'int8']
    """
    match = re.search(r"\{([^{}]*)\}", entry)
    if match is None:
        return [entry]
    choices = match.group(1).split(",")
    return [name for choice in choices for name in expand(entry[: match.start()] + choice + entry[match.end() :])]


def unused(names: Names, used: set[str]) -> list[Fault]:
    """Return a fault for each name that stands nowhere."""
    return [
        Fault(PATH, line, Rule.NAMED, f"'{name}' stands on no page; take it out" + (f" of '{entry}'" * (entry != name)))
        for name, (line, entry) in names.lines.items()
        if name not in used
    ]


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    """Return what matches any name whole: no letter or digit before or after it, and no number that it is a part of."""
    alternatives = []
    for name in sorted(names, key=lambda name: (-len(name), name)):
        first, rest = name[0], re.escape(name[1:]).replace(r"\ ", r"\s")
        head = f"[{first}{first.upper()}]" if first.islower() else re.escape(first)
        before = r"(?<![\w.,/×+−–-])" if first.isdigit() else r"(?<!\w)"
        alternatives.append(f"{before}{head}{rest}")
    return re.compile(f"(?:{'|'.join(alternatives)})(?!\\w|[.,:/×–−-]\\d)") if alternatives else None
