"""The mutation runner on a small project: every fate that a mutant can meet, and every list that is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fieldbook import executor
from tests.mutation import report
from tests.mutation.mutants import mutants
from tests.mutation.report import Subject
from tests.mutation.run import RESULTS, kept

ROOT = Path(__file__).parents[2]
MODULE, PAGE = "code_examples/numbers/steps.py", "docs/numbers/steps.md"

linux = pytest.mark.skipif(not executor.can_fork(), reason="the warm executor forks")


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the mutants of a project from the folder of this one, as its target does."""
    command = [sys.executable, "-m", "tests.mutation.run", "--root", str(root), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)


def copy(folder: Path) -> Path:
    return shutil.copytree(ROOT / "tests/roots/test-mutants", folder / "a project")


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str], dict]:
    """Return a project whose mutants have run, what was said, and the results."""
    root = copy(tmp_path_factory.mktemp("mutants"))
    before = {path: path.read_bytes() for path in root.rglob("*.*") if path.is_file()}
    done = run(root)
    assert {path: path.read_bytes() for path in before} == before  # nothing mutated was written
    return root, done, json.loads((root / "tests/mutation/results.json").read_text(encoding="utf-8"))


def all_survivors(data: dict) -> list[str]:
    return [said for entry in data["files"].values() for said in entry["survivors"]]


@linux
def test_each_fate_is_told_apart(ran):
    _, done, data = ran
    module = data["files"][MODULE]
    survivors = "\n".join(all_survivors(data))
    assert "x + x" not in survivors  # by its example
    assert "sum(values)" not in survivors  # by its test alone:
    assert module["tests"] == 2
    assert f"{MODULE}:36: return x * x → return x / x (arithmetic)" in module["survivors"]
    assert module["timed_out"] == 2  # n += 1 and n -= 0: they say that they reached the limit, so they are killed
    assert "n -= 1" not in survivors
    assert module["equivalent"] == 1
    assert "a >= b" not in survivors
    assert done.returncode == 1


@linux
def test_cells_are_judged_by_their_page_and_hidden_ones_are_checks(ran):
    data = ran[2]
    survivors = data["files"][PAGE]["survivors"]
    assert not any("double" in said for said in survivors)
    assert f"{PAGE}:15: unchecked = 5 + 7 → unchecked = 5 - 7 (arithmetic)" in survivors
    assert not any("spare" in said or "assert" in said or "largest" in said for said in survivors)


@linux
def test_a_mutant_that_dies_without_saying_why_has_survived(ran):
    survivors = all_survivors(ran[2])
    assert f"{PAGE}:17: leaves = False → leaves = True (constant)" in survivors
    assert f"{PAGE}:18: if leaves: → if not (leaves): (condition)" in survivors


@linux
def test_the_table_and_the_score_are_said_and_entries_that_no_longer_hold_are_refused(ran):
    _, done, data = ran
    assert "numbers  modules" in done.stdout
    assert all(said in done.stdout for said in all_survivors(data))
    assert done.stderr.splitlines()[-4:] == [
        "tests/mutation/equivalents.yml:7: 'return x + x → return x - x' is killed, so it is no equivalent; "
        "remove the entry",
        f"tests/mutation/equivalents.yml:13: no mutant of {MODULE} is 'return 2 * x → return 2 / x' any more; "
        "remove the entry or correct it",
        f"build: {data['all']['scores']['build']:.1%} of the mutants killed, less than 85%; "
        "write checks for the survivors",
        f"tests: {data['all']['scores']['tests']:.1%} of the mutants killed, less than 95%; "
        "write checks for the survivors",
    ]


@linux
def test_what_is_as_it_was_is_not_run_again_and_what_has_changed_is(ran, tmp_path):
    root, done, data = ran
    root = shutil.copytree(root, tmp_path / "again")
    results = root / "tests/mutation/results.json"
    again = run(root)
    assert again.stderr.splitlines()[0] == "2 of 2 files are as they were when they were last measured"
    assert " of 2: " not in again.stderr
    assert json.loads(results.read_text(encoding="utf-8")) == data
    assert (again.returncode, again.stderr.splitlines()[-4:]) == (done.returncode, done.stderr.splitlines()[-4:])
    test = root / "tests/code_examples/numbers/test_steps.py"
    test.write_text("def test_nothing():\n    assert True\n", encoding="utf-8")
    changed = run(root)
    assert changed.stderr.splitlines()[0] == "1 of 2 files are as they were when they were last measured"
    now = json.loads(results.read_text(encoding="utf-8"))
    assert now["files"][PAGE] == data["files"][PAGE]
    assert now["files"][MODULE]["tests"] == 0 < data["files"][MODULE]["tests"]


@linux
def test_one_page_changes_its_own_results_and_a_page_that_is_not_there_is_refused(ran, tmp_path):
    root, _, data = ran
    root = shutil.copytree(root, tmp_path / "again")
    results = root / "tests/mutation/results.json"
    done = run(root, "numbers/step")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        2,
        "there is no page 'numbers/step'; name one as area/slug, such as numbers/steps, or an area",
    )
    other, gone = "docs/numbers/other.md", "docs/numbers/gone.md"
    (root / other).write_text("# Another page\n", encoding="utf-8")
    entries = {**data["files"], other: data["files"][PAGE], gone: data["files"][PAGE]}
    results.write_text(json.dumps({"files": entries}), encoding="utf-8")
    done = run(root, "numbers/steps", "--anew")
    said = [f"{at} of 2: {path}, " for at, path in enumerate((MODULE, PAGE), 1)]
    assert done.returncode == 1
    assert all(line.startswith(start) for line, start in zip(done.stderr.splitlines(), said, strict=False))
    now = json.loads(results.read_text(encoding="utf-8"))
    assert now["files"] == {**data["files"], other: data["files"][PAGE]}
    assert now["all"]["mutants"] == data["all"]["mutants"] + data["files"][PAGE]["mutants"]


@linux
def test_a_run_that_is_cut_short_keeps_the_files_that_it_has_measured(ran, tmp_path):
    root, _, data = ran
    root = shutil.copytree(root, tmp_path / "again")
    results = root / "tests/mutation/results.json"
    results.unlink()
    command = [sys.executable, "-m", "tests.mutation.run", "--root", str(root)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr.readline().startswith(f"1 of 2: {MODULE}, ")
        running.kill()
    now = json.loads(results.read_text(encoding="utf-8"))["files"]
    assert now.keys() == {MODULE}
    assert now[MODULE]["outcomes"] == data["files"][MODULE]["outcomes"]
    assert run(root).stderr.splitlines()[0] == "1 of 2 files are as they were when they were last measured"


@linux
def test_a_sample_is_run_and_completed_by_the_next_run(ran, tmp_path):
    root, _, data = ran
    root = shutil.copytree(root, tmp_path / "again")
    results = root / "tests/mutation/results.json"
    results.unlink()
    run(root, "--sample", "5")
    some = json.loads(results.read_text(encoding="utf-8"))
    for path, entry in some["files"].items():
        whole = data["files"][path]
        assert (entry["mutants"], entry["mutants"] + entry["left_out"]) == (5, whole["mutants"])
        same = [letter for letter, other in zip(entry["outcomes"], whole["outcomes"], strict=True) if letter == other]
        assert len(same) == 5 == len(entry["outcomes"].replace(report.LEFT_OUT, ""))
        assert set(entry["survivors"]) <= set(whole["survivors"])
    again = run(root, "--sample", "5")
    assert again.stderr.splitlines()[0] == "2 of 2 files are as they were when they were last measured"
    assert not any(line.startswith("1 of 2: ") for line in again.stderr.splitlines())
    run(root)
    assert json.loads(results.read_text(encoding="utf-8")) == data


@pytest.mark.parametrize(
    "text", ["<<<<<<< ours", "[]", "{}", '{"files": 3}', '{"files": {"a": {}}}', '{"files": {"a": {"digest": "0"}}}']
)
def test_results_that_cannot_be_read_are_not_kept(tmp_path, text):
    (tmp_path / RESULTS).parent.mkdir(parents=True)
    (tmp_path / RESULTS).write_text(text, encoding="utf-8")
    assert kept(tmp_path) == {}


@linux
def test_what_is_red_to_begin_with_measures_nothing(tmp_path):
    root = copy(tmp_path)
    test = "tests/code_examples/numbers/test_steps.py"
    for path, old, new in ((MODULE, "    6\n", "    7\n"), (PAGE, "== 6", "== 7"), (test, "== 3", "== 4")):
        text = (root / path).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (root / path).write_text(text.replace(old, new), encoding="utf-8")
    (root / "code_examples/numbers/untested.py").write_text("x = 1\n", encoding="utf-8")
    (root / "tests/code_examples/numbers/test_untested.py").write_text("x = 1\n", encoding="utf-8")
    done = run(root)
    assert done.returncode == 2
    red = [line.split(" is red before anything is changed: ")[0] for line in done.stderr.splitlines()]
    assert red == [
        "docs/numbers/steps",
        "code_examples/numbers/steps",
        "tests/code_examples/numbers/test_steps.py",
        "tests/code_examples/numbers/test_untested.py",
    ]
    assert not (root / "tests/mutation/results.json").exists()


# --- the list of equivalents -----------------------------------------------------------------------------------------


def subjects(count: int) -> list[Subject]:
    """Return mutants of ``x = 1``, one line after another."""
    found = [one for one in mutants("x = 1\n" * count) if one.mutated == "x = 2"]
    return [Subject("code_examples/numbers/a.py", "modules", one.line, one) for one in found]


def entry(**changes: object) -> str:
    good = {"path": "code_examples/numbers/a.py", "operator": "constant", "line": "x = 1", "becomes": "x = 2"}
    return f"- {json.dumps({**good, 'reason': 'Nobody reads x.', **changes})}\n"


def test_an_entry_excuses_one_mutant_by_its_ordinal():
    found = subjects(40)
    assert report.mark_equivalents(entry(ordinal=2), found, whole=True) == []
    assert [one.line for one in found if one.equivalent] == [2]
    assert len(report.survivors(found)) == 39
    assert report.scores(report.tally(found)) == {"build": 0.0, "tests": 0.0}


def test_an_empty_list_is_fine():
    assert report.mark_equivalents("", subjects(1), whole=True) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (entry(reason=""), "add or correct reason"),
        (entry(remark="x"), "an entry has the keys"),
        ("- a text\n", "an entry has the keys"),
        (entry(ordinal=41), "no mutant of code_examples/numbers/a.py is 'x = 1 → x = 2' any more"),
        (entry(operator="call"), "any more"),
        (entry() + entry(), "equivalents.yml:2: 'x = 1 → x = 2' stands twice; keep one"),
        (entry() + entry(ordinal=2), "2 of 40 mutants are listed, more than 3%"),
        ("- [", "not YAML"),
    ],
)
def test_a_list_that_is_wrong_is_refused(text, message):
    [fault] = report.mark_equivalents(text, subjects(40), whole=True)
    assert message in fault


def test_entries_of_files_that_did_not_run_are_passed_over_unless_everything_ran():
    other = entry(path="code_examples/numbers/b.py")
    assert report.mark_equivalents(other, subjects(40), whole=False) == []
    assert "any more" in report.mark_equivalents(other, subjects(40), whole=True)[0]


@pytest.mark.parametrize("size", ["0", "-3", "2.5", "all"])
def test_a_sample_of_no_size_is_refused(size):
    done = run(ROOT, f"--sample={size}")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        f"make mutants: error: argument --sample: {size!r} is no size of a sample; pass an integer of at least 1"
    )
