"""What is a number, and where it comes from: each class with its nearest neighbour; nothing typed slips through."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from fieldbook import names
from fieldbook.cell_code import shown_strings, unchecked
from fieldbook.faults import Rule
from fieldbook.held import MOST, held_numbers
from fieldbook.number_gate import front_lines
from fieldbook.numbers import Class, Line, Sources, counts, judge
from fieldbook.source import Cell, Fence

ROOT = Path(__file__).parents[2]
NAMES, NO_FAULTS = names.parse(
    "int{4,8}: formats\nLlama 2: a model\n8x7B: a size\ntop-1: the best\n'4-bit': a format\nGPT-4: a model\n"
)
SOURCES = Sources(NAMES, frozenset({0.9, 3.0, 12.5, 64.0, 1000.0}), (0.00784, 0.25, 171.57, 255.0), "November 2026")
KINDS = {"{": "p", "<": "g", "$": "m", "`": "k", "[": "c"}
CLOSING = {"{": "}", "<": ">", "$": "$", "`": "`", "[": "]"}


def line(marked: str, **changes) -> Line:
    """Return a line in which ``{pasted}``, ``<given>``, ``$mathematics$``, code and ``[citation]`` have their kinds."""
    text, kinds, inside = "", "", ""
    for char in marked:
        if inside and char == CLOSING[inside]:
            inside = ""
        elif not inside and char in KINDS:
            inside = char
        else:
            text += char
            kinds += KINDS.get(inside, "t")
    return Line(1, text, kinds, cited="c" in kinds, **changes)


def classes(marked: str, **changes) -> list[str]:
    return [str(verdict.source or "refused") for verdict in judge(line(marked, **changes), SOURCES)]


REFUSED = [
    "It takes 12.5 s.", "It takes 7 s.", "1,000 of them", "−3 below", "95% of all", "about 1e-6", "10⁻⁶ of it",
    "3–5 of them", "the 2nd one", "4× faster", "4x faster", "a 7B model", "70k steps", "12-bit codes", "½ of it",
    "x² grows", "in ① steps", "٣ of them", "Llama 3 and GPT-5", "int16", "top-10", "GPT-40", "GPT-4.5", "print8",
    "14-bit", "Llama 2-7B", "of 1{28}", "{28}0 of them", "3.{5}", "3.<64>", "four bits", "Two or three seconds",
    "ten-year-old", "one second", "two orders of magnitude", "three times as many", "twenty-five percent",
    "in October 2026", "the formula $17$", "the value `17`", "$0.5$", "$x = 0.126$", "$x = 256$", "$10^{-6}$",
    "$3 \\cdot 10^{4}$", "$90\\%$ of it", "`x = 0.126`", "`f(2_048)`", "${1{,}024} + x$",
]  # fmt: skip
ACCEPTED = {
    "{12.5} s": ["computed"],
    "{12.5}% of {3} rows": ["computed", "computed"],
    "<12.5> s and <three> times": ["given", "given"],
    "<1,000>": ["given"],
    "read in November 2026": ["given"],
    "12.5 and 7 s [x]": ["cited", "cited"],
    "four bits [x]": ["cited"],
    "Int8 codes of Llama 2, an 8x7B at top-1, 4-bit": ["named"] * 5,
    "GPT-4, GPT-4. GPT-4's": ["named"] * 3,
    "$x_1 + 2^{31} / 99$": ["structure"] * 4,
    "$2/255 \\approx 0.00784$": ["structure", "held", "held"],
    "$-0.0078 \\cdot x$": ["held"],
    "$x = 25\\%$": ["held"],
    "`x[3:12]`": ["structure", "structure"],
    "`x = 171.6`": ["held"],
    "`f(1_000)` and `softmax_2024`": ["held"],
    "$x = 0.126$ [x]": ["cited"],
    "one token at a time, two steps, every second, a third time, at times": [],
    "a three second": [],
    "no number at all": [],
}


@pytest.mark.parametrize("marked", REFUSED)
def test_a_number_without_a_source_is_refused(marked):
    assert "refused" in classes(marked)


@pytest.mark.parametrize("marked", ACCEPTED)
def test_its_nearest_neighbour_is_accepted(marked):
    assert classes(marked) == ACCEPTED[marked]


def test_the_given_is_what_the_code_has():
    assert classes("<12.6>") == ["refused"]
    assert classes("<x>") == ["refused"]


def test_an_alias_is_a_name_so_that_letters_make_a_number_part_of_one():
    assert classes("int16", place="alias") == ["named"]
    assert classes("word2vec, load_in_4bit, four-bit codes", place="alias") == ["named"] * 3
    for refused in ("17", "17 of them", "4 bits", "95% of it", "<12.5> steps", "12.5 [x]"):
        assert "refused" in classes(refused, place="alias"), refused
        assert "named" not in classes(refused, place="alias"), refused
    assert classes("word2vec", place="heading") == ["refused"]


def test_a_number_of_the_front_matter_is_said_at_its_own_line():
    text = (
        "---\nsummary: About 5.\naliases: [int 6]\nquestions:\n- Why 7?\n- Why not?\n- How 8?\n---\n\n# A\n\n- int 6\n"
    )
    front = {"summary": "About 5.", "aliases": '["int 6"]', "questions": '["Why 7?", "Why not?", "How 8?"]'}
    found = [(line.number, line.text, line.place) for line in front_lines(front, text)]
    assert found == [
        (2, "About 5.", "heading"),
        (3, "int 6", "alias"),
        (5, "Why 7?", "heading"),
        (7, "How 8?", "heading"),
    ]


def test_a_heading_holds_named_numbers_only():
    assert classes("Int8 and {12.5} [x]", place="heading")[:1] == ["named"]
    assert classes("12.5 steps [x]", place="heading") == ["refused"]
    assert classes("<12.5> steps", place="heading") == ["refused"]
    assert classes("four bits", place="heading") == ["refused"]


def test_a_string_in_a_cell_needs_the_number_in_code_but_no_mark():
    assert classes("grows to 64, 90% of int8", place="cell") == ["named", "given", "given"]
    assert classes("grows to 65", place="cell") == ["refused"]


def test_where_nobody_knows_what_cells_hold_formulas_are_not_judged():
    unknown = Sources(held=None)
    assert [verdict.source for verdict in judge(line("$x = 0.126$"), unknown)] == [Class.HELD]
    assert [verdict.source for verdict in judge(line("0.126"), unknown)] == [None]


@pytest.mark.parametrize(
    ("marked", "changes", "remedy"),
    [
        ("12.5 s", {}, "has no source; the code has it, so write {given}`12.5`"),
        ("171.6 s", {}, "has no source; a cell holds it, so keep it by glue() and paste it with {glue:text}"),
        ("7 s", {}, "has no source; paste it from a cell ({glue:text}), cite in its line where it stands"),
        ("7 s", {"place": "table"}, "has no source; paste it from a cell ({glue:text}), cite in its row or in the cap"),
        ("int16", {}, "has no source; a name that holds a number goes into docs/named.yml with its reason"),
        ("$17$", {}, "has no source, and dollars alone make it no formula; paste it"),
        ("$x = 0.126$", {}, "has no source in this mathematics: no cell holds it; compute it in a cell"),
        ("65", {"place": "cell"}, "has no source; put the value in by f-string"),
        (
            "65",
            {"place": "heading"},
            "stands in a heading, a summary, an alias, a question or the name of a control, which hold only numbers",
        ),
    ],
)
def test_the_remedy_fits_the_place(marked, changes, remedy):
    [verdict] = judge(line(marked, **changes), SOURCES)
    assert verdict.remedy.startswith(remedy)


def test_counts_are_by_class():
    lines = [line("{1} and 2 [x]"), line("3 left")]
    assert counts(lines, SOURCES) == {"computed": 1, "cited": 1, "refused": 1}


# --- changes at random -----------------------------------------------------------------------------------------------


def draw_number(chance: random.Random) -> str:
    """Return a number as people type them, none of which the code of `SOURCES` has."""
    number = chance.choice([chance.randint(101, 254), chance.randint(5, 60), chance.randint(2000, 90000)])
    return chance.choice(
        [
            f"{number}",
            f"{number:,}",
            f"{number}.{chance.randint(1, 99)}",
            f"−{number}",
            f"{number}%",
            f"{number}×",
            f"{number}k",
            f"{number}e-{chance.randint(2, 9)}",
            f"{number}–{number + 1}",
            chance.choice(["four", "twelve", "ninety", "two or three"])
            + chance.choice([" bits", " seconds", " years"]),
        ]
    )


def test_two_hundred_typed_numbers_are_refused_wherever_they_are_put():
    """Into every kind of line of the real pages' text, at a space, where no citation covers them."""
    chance = random.Random(4)
    texts = [
        row
        for page in sorted((ROOT / "docs").glob("*/*.md"))
        for row in page.read_text(encoding="utf-8").splitlines()
        if re.match(r"[A-Z|*-].* .* ", row) and not re.search(r"[\d{`$<]", row)
    ]
    assert len(texts) > 200
    missed = []
    for _ in range(200):
        words = chance.choice(texts).split(" ")
        at = chance.randrange(1, len(words))
        number = draw_number(chance)
        typed = " ".join([*words[:at], number, *words[at:]])
        place = chance.choice(["sentence", "table", "cell", "heading"])
        if not any(verdict.source is None for verdict in judge(Line(1, typed, "t" * len(typed), place), SOURCES)):
            missed.append((place, typed))
    assert missed == []


# --- names -----------------------------------------------------------------------------------------------------------


def test_the_list_of_names_is_refused_where_it_is_faulty():
    text = "GPT-4: a model of OpenAI\nGPT-{4,5}: models of OpenAI\nint8:\nLlama: a model\n'12': a number\n"
    found = names.parse(text)[1]
    assert [(fault.line, fault.rule, fault.message.partition(";")[0]) for fault in found] == [
        (2, Rule.NAMED, "'GPT-4' stands twice"),
        (3, Rule.NAMED, "'int8' has no reason"),
        (4, Rule.NAMED, "'Llama' is no name with a number: it needs a letter and a digit"),
        (5, Rule.NAMED, "'12' is no name with a number: it needs a letter and a digit"),
    ]
    assert names.parse("- a\n")[1][0].message.startswith("not a mapping")
    assert names.parse("a: [\n")[1][0].message.startswith("not YAML")


def test_a_name_stands_whole():
    assert [NAMES.spans(text) for text in ("GPT-4.5", "Llama 2-7B", "14-bit", "1,4-bit", "uint8", "int80")] == [[]] * 6
    assert NAMES.spans("non-int8 and GPT-4.") == [(4, 8), (13, 18)]


def test_a_name_that_stands_nowhere_is_refused():
    known, _ = names.parse("int{4,8}: formats of integers\n")
    used = known.used(["Int8 codes"])
    assert [fault.message for fault in names.unused(known, used)] == [
        "'int4' stands on no page; take it out of 'int{4,8}'"
    ]
    assert names.unused(known, known.used(["int4 and int8"])) == []


# --- cells -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("figure(fig, caption='of 5', alt=f'a {x:.3f} b')", ["of 5", "a \ufffc b"]),
        ("figure(fig, caption=('one ' f'{x} ' 'two'))", ["one \ufffc two"]),
        ("text = 'of 5'\nfigure(fig, caption=text)", ["of 5"]),
        ("glue('n5', 'of 5')", ["of 5"]),
        ("glue('x', ', '.join(f'{q:.2f} of 9' for q in p))", [", ", "\ufffc of 9"]),
        ("ax.set_title('at 5'); fig.suptitle('6' if x else '7')", ["at 5", "6", "7"]),
        ("ax.text(1, 2, 'three 3'); ax.annotate('four 4', (4, 4))", ["three 3", "four 4"]),
        ("ax.plot(x, label='at 5', color='C1')", ["at 5"]),
        ("ax.set(title='5', xlim=(0, 4))", ["5"]),
        ("print('done in 5')", ["done in 5"]),
        ("x = {'of 5': 1}\nf('5')\nfigure(fig, name='five-5', caption=f\"{x['of 5']:.0f}\")", ["\ufffc"]),
        ("Frame(f'of 5 {x}', bars({'rank 6': x}, label='share 7'))", ["of 5 \ufffc", "rank 6", "share 7"]),
        ("table({f'row {i} 8': x for i in n}, names=['9'])", ["row \ufffc 8", "9"]),
        ("lines(x, {'of 5': y}, xlabel='6', ylabel='7', at=8)", ["of 5", "6", "7"]),
        ("heatmap(x, label='of 5', row_names=('6', '7'))", ["of 5", "6", "7"]),
        ("not python at all", []),
    ],
)
def test_strings_that_cells_show_are_found(code, shown):
    assert sorted(text for _, _, text in shown_strings([code])) == sorted(shown)


def test_strings_have_their_cell_and_line():
    assert shown_strings(["x = 1\n\nlabel = 'a 5'", "\nglue('a', label)"]) == [(0, 3, "a 5")]


HIDDEN = ("remove-cell",)


@pytest.mark.parametrize(
    ("cells", "fences", "expected"),
    [
        ([("p = f(2)\np", ())], [], [0]),
        ([("p = f(2)\np", ()), ("assert p > 1", HIDDEN)], [], []),
        ([("assert p > 1", HIDDEN), ("p = f(2)\np", ())], [], [1]),  # the check stands before
        ([("p = f(2)\np", ()), ("assert q > 1", HIDDEN)], [], [0]),  # of something else
        ([("p = f(2)\np", ()), ("q = p.sum()\nassert q > 1", HIDDEN)], [], []),  # one assignment
        ([("p = f(2)\np", ()), ("r = p\nq = r\nassert q", HIDDEN)], [], [0]),  # two
        ([("p = f(2)\np", ()), ("for q in p:\n    assert q", HIDDEN)], [], []),
        ([("p = f(2)\nassert p\np", ())], [], []),  # in the cell itself
        ([("p = f(2)", ())], [], []),  # shows nothing
        ([("p = f(2);", ())], [], []),
        ([("p = f(2)\nglue('p', p)", HIDDEN)], [], [0]),  # pasted
        ([("print(p)", ())], [], [0]),
        ([("f(2)", ())], [">>> f(3)\n4"], []),
        ([("f(2)", ())], [">>> f(3)"], [0]),  # an example without a result checks nothing
        ([("f(2)", ())], [">>> g(3)\n4"], [0]),
        ([("f(2)", ("raises-exception",))], [], []),
        ([("p = f()\nassert p", HIDDEN), ("fig, ax = plt.subplots()\nax.plot(p)\nfigure(fig)", ())], [], []),
        ([("p = f()\nassert p", HIDDEN), ("fig, ax = plt.subplots()\nax.plot(q)\nfigure(fig)", ())], [], [1]),
        ([("import numpy as np\nnp.pi", ()), ("assert np.pi", HIDDEN)], [], []),
    ],
)
def test_a_cell_with_a_result_is_held_by_a_check(cells, fences, expected):
    made = [Cell(10 * at + 1, source, tags) for at, (source, tags) in enumerate(cells)]
    assert [cell.index for cell in unchecked(made, [Fence(99, text) for text in fences])] == expected


def test_held_numbers_are_few_sorted_and_finite():
    import numpy as np

    output = [{"text": "1,024 rows of int8\n"}, {"data": {"text/plain": "array([0.5, -2e-3])"}}]
    assert held_numbers([np.arange(3), np.random.default_rng(0).normal(size=99)], [output]) == [
        -0.002, 0.0, 0.5, 1.0, 2.0, 1024.0
    ]  # fmt: skip
    assert held_numbers([10**400, float("nan"), None, "7", [[[[5]]]], [[[6]]]]) == [6.0]
    assert len(held_numbers([list(range(64 * at, 64 * at + 64)) for at in range(99)])) == MOST
