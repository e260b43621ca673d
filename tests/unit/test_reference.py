"""The tables of the writing guide: made from the declarations, complete, and true of the guide's own words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fieldbook import concept, reference, structure
from fieldbook.faults import Rule

GUIDE = Path(__file__).parents[2] / "docs" / "contributing"


def test_every_rule_has_a_row_with_a_sentence():
    rows = reference.rule_rows()
    assert [name for name, _ in rows] == [f"`fieldbook.{rule.value}`" for rule in Rule]
    assert all(re.fullmatch(r"[A-Z].{10,}\.", text) for _, text in rows), rows
    assert ("`fieldbook.cell`", "A cell that fails, or that asks for network, clock, chance or the machine.") in rows


def test_limits_follow_what_the_build_enforces(monkeypatch):
    monkeypatch.setattr(structure, "OPENING_WORDS", 77)
    monkeypatch.setattr(structure, "BODY_WORDS", 2345)
    monkeypatch.setattr(structure, "MISREADS", 11)
    monkeypatch.setattr(structure, "CARDS", range(5, 8))
    monkeypatch.setattr(concept, "SUMMARY_LENGTH", 99)
    text = " ".join(limit for _, limit in reference.limit_rows())
    for part in ("at most 77 words", "at most 2,345 words", "at most 11 entries", "5 to 7 flashcards", "99 characters"):
        assert part in text


@pytest.mark.parametrize("path", sorted(GUIDE.glob("*.md")), ids=lambda path: path.stem)
def test_the_guide_names_only_rules_that_exist(path):
    named = set(re.findall(r"\bfieldbook\.([a-z-]+)\]", path.read_text(encoding="utf-8")))
    assert named <= {rule.value for rule in Rule}
    assert named or path.stem != "kitchen-sink"
