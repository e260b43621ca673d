"""The build as one command: what fails once fails until it is mended."""

from __future__ import annotations

import shutil

import pytest

from fieldbook.build import DOCTREES, OUTPUT, STATE
from tests.building import build_html


def html(project):
    return build_html(project.root)


def test_a_fault_is_said_on_every_build_until_it_is_mended(project):
    project.edit("docs/numbers/mean.md", "mean(values)\n```\n\n```{code-cell}", "mean([])\n```\n\n```{code-cell}")
    project.edit("docs/numbers/median.md", "the middle one", "{nonsense}`the middle one`")
    cell = "```{code-cell} ipython3\nfrom code_examples"
    line = project.line("docs/numbers/mean.md", cell)
    role = project.line("docs/numbers/median.md", "{nonsense}")
    said = [
        f"docs/numbers/mean.md:{line}: WARNING: cell fails: ZeroDivisionError: division by zero; "
        "mend the cell or the code it calls [fieldbook.cell]",
        f"docs/numbers/median.md:{role}: WARNING: "
        'Unknown interpreted text role "nonsense"; correct its name, or take it out [myst.role_unknown]',
    ]
    for _ in range(3):
        done = html(project)
        assert done.returncode != 0
        for fault in said:
            assert fault in done.stderr.replace(f"{project.root}/", "")
        assert "Not built: mend the faults above" in done.stderr
        assert (project.root / STATE).exists()  # it ran to its end: no need to start fresh

    project.edit("docs/numbers/mean.md", "mean([])", "mean(values)")
    project.edit("docs/numbers/median.md", "{nonsense}`the middle one`", "the middle one")
    done = html(project)
    assert done.returncode == 0, done.stderr
    assert "WARNING: cell" not in done.stderr
    assert "Built. Open file://" in done.stdout
    assert done.stdout.strip().endswith("a%20book/_build/html/index.html")
    assert (project.root / OUTPUT / "docs/numbers/mean.html").exists()


BROKEN = {
    "entry twice": (
        "@misc{gauss1809theoria,\n  title = {Again},\n}\n",
        1,
        "repeated bibliography entry: gauss1809theoria",
    ),
    "entry cut short": ("@misc{\n", 2, "premature end of file"),
    "brace left open": ("@misc{zzz2000z,\n  title = {A\n}\n", 4, "premature end of file"),
}


@pytest.mark.parametrize(("entry", "line", "fault"), BROKEN.values(), ids=BROKEN.keys())
def test_a_fault_outside_the_pages_is_said_again_too(project, entry, line, fault):
    bib = project.root / "docs/references.bib"
    good = bib.read_text(encoding="utf-8")
    bib.write_text(good + entry, encoding="utf-8")
    project.edit("docs/numbers/median.md", "the middle one", "{nonsense}`the middle one`")
    for _ in range(2):
        done = html(project)
        assert done.returncode == 1
        at = good.count("\n") + line
        assert f"docs/references.bib:{at}: WARNING: the file cannot be read here: {fault}; mend" in done.stderr
        assert 'Unknown interpreted text role "nonsense"' in done.stderr
        assert "unknown bibliography key" not in done.stderr  # the other entries are read
    bib.write_text(good, encoding="utf-8")
    project.edit("docs/numbers/median.md", "{nonsense}`the middle one`", "the middle one")
    assert html(project).returncode == 0


def test_an_unfinished_build_is_made_afresh_and_an_unchanged_one_not_at_all(project):
    assert html(project).stdout.splitlines()[-1].startswith("Built.")
    assert html(project).stdout.startswith("Nothing has changed. Open file://")
    page = project.root / OUTPUT / "docs/numbers/mean.html"
    good = page.read_bytes()
    for path in (page, project.root / OUTPUT / "_static/search/data.js"):
        path.unlink()  # somebody removed what was built
    assert html(project).stdout.splitlines()[-1].startswith("Built.")
    page.write_text("spoilt", encoding="utf-8")
    assert html(project).stdout.splitlines()[-1].startswith("Built.")
    assert page.read_bytes() == good
    (project.root / STATE).unlink()  # as a build leaves it that was cut short
    assert html(project).stdout.splitlines()[-1].startswith("Built.")
    assert page.exists()
    (project.root / DOCTREES / "faulty.json").write_text('{"pages": 3}', encoding="utf-8")
    project.edit("docs/numbers/mean.md", "One number for many", "One number for all")
    assert html(project).stdout.splitlines()[-1].startswith("Built.")


def test_the_page_of_a_removed_document_goes_with_it(project):
    assert html(project).returncode == 0
    for path in ("docs/words/token.md", "docs/words/cards.yml", "docs/words/index.md"):
        (project.root / path).unlink()
    project.edit("index.md", "docs/words/index\n", "")
    project.edit("docs/about/further.md", "[](/docs/words/token.md)", "tokens")
    done = html(project)
    assert done.returncode == 0, done.stderr
    assert not (project.root / OUTPUT / "docs/words").exists()


def test_a_change_of_an_imported_module_reaches_the_page(project):
    assert html(project).returncode == 0
    project.edit("code_examples/numbers/mean.py", "return sum(values)", "return 2 * sum(values)")
    done = html(project)
    assert done.returncode != 0  # the page's check, its doctest and the module's own all notice
    for part in ("WARNING: cell fails: AssertionError", "gave 10.0, not 5.0", "gave 6.0, not 3.0"):
        assert part in done.stderr


def test_a_link_to_a_page_that_is_no_longer_planned_is_refused_by_the_next_build(project):
    assert html(project).returncode == 0
    project.edit("docs/planned.yml", "attention: Attention", "polygon: Polygon")
    for _ in range(2):
        done = html(project)
        assert done.returncode != 0
        assert done.stderr.count("unknown slug 'attention' in a link") == 2


def outputs(project) -> dict[str, bytes]:
    out = project.root / OUTPUT
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize("project", ["test-twelve"], indirect=True)
def test_nothing_is_left_of_earlier_builds(project):
    assert html(project).returncode == 0
    before = outputs(project)
    project.edit("docs/words/frequency.md", "[2, 1])", "[2, 1.25])")  # a picture that is a file of its own
    assert html(project).returncode == 0
    after = outputs(project)
    pictures = [{name for name in files if name.startswith("_images/")} for files in (before, after)]
    assert [len(names) for names in pictures] == [1, 1]
    assert pictures[0] != pictures[1]

    assert "_static/own.css" in after
    (project.root / "_static/own.css").unlink()
    assert html(project).returncode == 0
    assert "_static/own.css" not in outputs(project)

    (project.root / "_templates/search-form.html").unlink()
    project.edit("conf.py", "A small book that holds every construct.", "A small book.")
    assert html(project).returncode == 0
    again = outputs(project)
    assert "A small book." in again["index.html"].decode()
    for folder in (OUTPUT, DOCTREES):
        shutil.rmtree(project.root / folder)
    (project.root / STATE).unlink()
    assert html(project).returncode == 0
    assert outputs(project) == again


def test_a_spoilt_output_is_made_again_after_a_build_with_faults(project):
    project.edit("docs/numbers/median.md", "the middle one", "{nonsense}`the middle one`")
    assert html(project).returncode == 1
    page = project.root / OUTPUT / "docs/words/token.html"
    page.write_text("spoilt", encoding="utf-8")
    project.edit("docs/numbers/median.md", "{nonsense}`the middle one`", "the middle one")
    assert html(project).returncode == 0
    assert "spoilt" not in page.read_text(encoding="utf-8")
