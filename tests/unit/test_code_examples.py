"""Rules for every reference implementation: its docstrings, its page and its test."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest
from numpydoc.validate import validate

from fieldbook.source import code_cells

ROOT = Path(__file__).parents[2]
MODULES = sorted(path for path in (ROOT / "code_examples").rglob("*.py") if path.name != "__init__.py")
SHARED = [path for path in MODULES if path.parent.name == "shared"]
"""What several pages need and no page shows; all others belong to one page."""

OPTIONAL = {
    "ES01",  # an extended summary, where one sentence says it all
    "SA01",  # a "See Also" section
}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def public_functions() -> list[str]:
    """Return the full name of every public function and class of the modules."""
    names = []
    for path in MODULES:
        module = importlib.import_module(module_name(path))
        names += [
            f"{module.__name__}.{name}"
            for name, value in sorted(vars(module).items())
            if not name.startswith("_")
            and (inspect.isfunction(value) or inspect.isclass(value))
            and value.__module__ == module.__name__
        ]
    return names


def test_there_are_modules_to_check():
    assert len(MODULES) >= 4
    assert len(public_functions()) >= len(MODULES)


@pytest.mark.parametrize("name", public_functions())
def test_a_docstring_follows_numpydoc(name):
    faults = [f"{code}: {text}" for code, text in validate(name)["errors"] if code not in OPTIONAL]
    assert faults == [], f"{name}: {faults}"


def bare(values):
    """Return values"""
    return values


def test_the_validator_refuses_a_docstring_without_sections():
    codes = {code for code, _ in validate(f"{__name__}.bare")["errors"]} - OPTIONAL
    assert {"PR01", "RT01", "EX01"} <= codes


OF_A_PAGE = [path for path in MODULES if path not in SHARED]


@pytest.mark.parametrize("path", OF_A_PAGE, ids=module_name)
def test_a_module_has_its_page_and_its_test_and_names_its_page(path):
    area, slug = path.parent.name, path.stem.replace("_", "-")
    page = f"docs/{area}/{slug}.md"
    assert (ROOT / page).exists(), f"{path} has no page; write {page} or rename the module"
    test = ROOT / "tests" / "code_examples" / area / f"test_{path.stem}.py"
    assert test.exists(), f"{path} has no test; write {test.relative_to(ROOT)}"
    assert page in (importlib.import_module(module_name(path)).__doc__ or "")


def test_every_test_of_a_module_has_its_module():
    tests = sorted((ROOT / "tests" / "code_examples").rglob("test_*.py"))
    modules = {path.relative_to(ROOT / "code_examples") for path in MODULES}
    orphans = [test for test in tests if Path(test.parent.name, test.name.removeprefix("test_")) not in modules]
    assert orphans == []


@pytest.mark.parametrize("path", OF_A_PAGE, ids=module_name)
def test_its_page_calls_it(path):
    page = ROOT / "docs" / path.parent.name / f"{path.stem.replace('_', '-')}.md"
    cells = "".join(cell.source for cell in code_cells(page.read_text(encoding="utf-8")))
    assert module_name(path) in cells
