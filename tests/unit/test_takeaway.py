"""What a page gives to take with it: what it needs, and how it is packed."""

from __future__ import annotations

import contextlib
import io
import runpy
import zipfile
from pathlib import Path

import nbformat
import pytest
from docutils import nodes

from fieldbook import takeaway
from fieldbook.markdown import CELL, is_left_out

ROOT = Path(__file__).parents[2]


def test_needs_are_followed_through_modules_and_packages(tmp_path):
    area = tmp_path / "code_examples" / "words"
    area.mkdir(parents=True)
    for folder in (area, area.parent):
        (folder / "__init__.py").write_text('"""Words."""\n', encoding="utf-8")
    (area / "mean.py").write_text("import math\nfrom code_examples.words.sums import total\n", encoding="utf-8")
    (area / "sums.py").write_text("def total(x):\n    import numpy\n    return numpy.sum(x)\n", encoding="utf-8")
    (area / "other.py").write_text("import scipy\n", encoding="utf-8")
    files, modules = takeaway.needed(
        tmp_path, ["from code_examples.words import mean\nfrom fieldbook.page import glue"]
    )
    names = [path.relative_to(tmp_path).as_posix() for path in files]
    words = "code_examples/words"
    assert names == ["code_examples/__init__.py", f"{words}/__init__.py", f"{words}/mean.py", f"{words}/sums.py"]
    assert modules == {"numpy"}


def test_what_is_no_python_needs_nothing(tmp_path):
    assert takeaway.needed(tmp_path, ["%pip install numpy", "import numpy as"]) == ([], set())


def test_requirements_are_the_locked_ones_of_all_that_is_needed():
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    entries = takeaway.entries_of(lock)
    assert "".join(entries.values()) in lock
    made = takeaway.locked(lock, ("matplotlib",))
    assert {"matplotlib", "numpy", "pillow", "python-dateutil", "cycler"} <= takeaway.entries_of(made).keys()
    assert "sphinx" not in takeaway.entries_of(made)
    assert takeaway.entries_of(made).items() <= entries.items()
    assert takeaway.locked(lock, ("dateutil",)).startswith("python-dateutil=="), "a module of another name"
    assert takeaway.locked(lock, ()) == ""


def test_a_module_that_no_locked_package_gives_is_named():
    assert takeaway.unlocked("numpy==2.3.4\n", ["numpy", "scipy", "nowhere"]) == ["nowhere", "scipy"]


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("x = 1", "x = 1"),
        ("", ""),
        ("x = (1,\n     2)\n(x,\n x)", "x = (1,\n     2)\nprint(((x,\n x)))"),
        ("é = 'ü'; é", "é = 'ü'; print(é)"),
        ("print(1)", "print(1)"),
        ("fig.show()", "print(fig.show())"),
        ("1 +", "1 +"),
    ],
)
def test_a_script_prints_what_a_notebook_shows(code, result):
    assert takeaway.printed(code) == result


def test_cells_that_leave_no_trace_on_the_page_are_passed_over():
    tags = ("", "remove-cell", "remove_cell", "remove-input", "remove-output", "remove-input, remove_output")
    text = "".join(f"```{{code-cell}} ipython3\n:tags: [{tag}]\n\n{at}\n```\n\n" for at, tag in enumerate(tags))
    assert [source.strip() for source in takeaway.visible_cells(text)] == ["0", "3", "4"]
    assert takeaway.visible_cells("```{code-cell} ipython3\n\n```\n") == []


def test_a_section_for_the_site_alone_is_kept_where_a_cell_stands_in_it():
    section = nodes.section("", nodes.title("", "Check yourself"), nodes.paragraph("", "Cards."))
    assert is_left_out(section)
    section += nodes.container("", nb_element="cell_code")
    assert not is_left_out(section)


def test_the_room_for_cells_is_counted():
    with pytest.raises(ValueError, match="the text has room for 1 cells, not for 2"):
        takeaway.notebook(f"One\n{CELL}\n", ["1", "2"])


def test_a_notebook_is_valid_and_leaves_out_empty_text():
    book = takeaway.notebook(f"One\n{CELL}\n\n{CELL}\n", ["1\n", "2\n"])
    assert [(cell.cell_type, cell.source) for cell in book.cells] == [("markdown", "One"), ("code", "1"), ("code", "2")]
    nbformat.validate(nbformat.reads(nbformat.writes(book), as_version=4))


def test_the_same_texts_give_the_same_bytes():
    one, other = takeaway.packed({"a": "1", "b": "2"}), takeaway.packed({"b": "2", "a": "1"})
    assert one == other
    with zipfile.ZipFile(io.BytesIO(one)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"a": b"1", "b": b"2"}


def test_the_stand_in_has_every_helper_and_says_what_would_be_seen():
    stand_in = Path(takeaway.__file__).parent / "stand_in" / "page.py"
    real, page = (runpy.run_path(str(path)) for path in (stand_in.parents[1] / "page.py", stand_in))
    assert set(page["__all__"]) == set(real["__all__"])
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        page["glue"]("half", 0.5)
        page["explore"](
            "n", lambda n, m: page["Frame"](f"{n} by {m}.", page["bars"]({"n": n}, label="n")), n=[1, 2], m=range(50)
        )
    lines = said.getvalue().splitlines()
    assert lines[0] == "half = 0.5"
    assert (lines[1], lines[-1]) == ("n 1, m 0: 1 by 0.", "n 2, m 49: 2 by 49.")
    assert len(lines) == 1 + 12
