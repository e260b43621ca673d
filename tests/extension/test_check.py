"""`make check` on the small book: what it says of one page, of the others, and of a page that is not there."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from fieldbook.build import environment

TEST = """from code_examples.numbers.mean import mean


def test_of_one():
    assert mean([2]) == 2


def test_of_two():
    assert mean([4, 6]) == 5
"""


@pytest.fixture
def book(project):
    """Return the small book with tests of its module."""
    project.write("tests/code_examples/numbers/test_mean.py", TEST)
    return project


def check(project, *place: str) -> tuple[int, list[str], str]:
    command = [sys.executable, "-m", "fieldbook", "check", *place]
    done = subprocess.run(
        command, cwd=project.root, env=environment(project.root), capture_output=True, encoding="utf-8", check=False
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_a_good_page_is_one_line(book):
    clean = (0, ["docs/numbers/mean.md: nothing wrong; 3 cells, 4 doctests, 2 tests."], "")
    assert check(book, "numbers/mean") == clean
    assert check(book, "docs/numbers/mean.md") == clean
    assert not list((book.root / "_build").rglob("*.html"))


def test_all_faults_are_said_at_once_again_and_until_mended(book):
    page, module = "docs/numbers/mean.md", "code_examples/numbers/mean.py"
    book.edit(page, "and [attention](#attention)", "and [attention](#atention)")
    book.edit(page, "assert mean(values) == 3", "assert mean(values) == 4")
    book.edit(module, "    3.0\n", "    3.5\n")
    book.edit("tests/code_examples/numbers/test_mean.py", "== 5", "== 6")
    book.edit("docs/words/token.md", "A token is no word.", "")
    book.write("docs/planned.yml", "words:\n  attention: Attention\n  mean: Mean\n")
    line = book.line
    expected = [
        f"{module}:{line(module, '>>> mean([1.0')}: doctest 'mean([1.0, 2.0, 6.0])' gave 3.0, not 3.5; "
        "correct the code, or the result it shows [fieldbook.doctest]",
        f"{page}:{line(page, 'and [attention]')}: unknown slug 'atention' in a link; "
        "did you mean 'attention'? [fieldbook.link]",
        f"{page}:{line(page, ':tags: [remove-cell]') - 1}: cell fails: AssertionError: assert mean(values) == 4; "
        "mend the cell or the code it calls [fieldbook.cell]",
        "docs/planned.yml:3: 'mean' is planned, but docs/numbers/mean.md exists; remove this entry [fieldbook.planned]",
        "tests/code_examples/numbers/test_mean.py:9: test_of_two fails: assert 5.0 == 6; "
        "mend the code, or the test [fieldbook.tests]",
    ]
    code, said, _ = check(book, "numbers/mean")
    assert [line for line in said if line in expected] == expected, "\n".join(said)
    assert said[-1] == "2 faults on other pages: make html shows them."
    assert code == 1
    assert check(book, "numbers/mean")[:2] == (1, said)
    assert check(book, "words/token")[0] == 1


def test_tests_run_again_only_when_what_they_test_has_changed(book):
    check(book, "mean")
    passed = book.root / "_build/check/passed.json"
    [entry] = json.loads(passed.read_text(encoding="utf-8")).values()
    passed.write_text(passed.read_text(encoding="utf-8").replace('"passed": 2', '"passed": 99'), encoding="utf-8")
    assert entry["passed"] == 2
    assert check(book, "mean")[1][0].endswith(" 99 tests.")
    book.edit("code_examples/numbers/mean.py", "    3.0\n", "    3.0\n\n")
    assert check(book, "mean")[1][0].endswith(" 2 tests.")


def test_a_page_that_is_not_there(book):
    nearest = "no page 'numbers/maen'; did you mean 'numbers/mean'? (make check PAGE=area/slug)\n"
    assert check(book, "numbers/maen") == (2, [], nearest)


def test_without_a_page_the_changed_ones_are_judged(book):
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], cwd=book.root, check=True)
    book.edit("docs/words/token.md", "Text is cut", "Every text is cut")
    assert check(book)[1] == ["docs/words/token.md: nothing wrong; 0 cells, 0 doctests, 0 tests."]
    book.edit("code_examples/numbers/mean.py", "    3.0\n", "    3.0\n\n")
    assert check(book)[1] == ["2 pages: nothing wrong; 3 cells, 4 doctests, 2 tests."]
