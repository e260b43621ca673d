"""What every part of the suite shares: a marker by folder, so that each part can be run by itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from fieldbook.build import OUTPUT
from tests.building import build_html

TESTS = Path(__file__).parent
ROOT = TESTS.parent
MARKERS = {
    "code_examples": "unit",
    "unit": "unit",
    "mutation": "unit",
    "search": "unit",
    "extension": "build",
    "pages": "build",
    "differential": "differential",
    "site": "site",
    "browser": "browser",
}


# An example that takes long says something of the machine, not of the code. Every run draws the same examples, so that
# nobody's change is refused for an unlucky draw in somebody else's test; `make edits` draws anew.
settings.register_profile(
    "fieldbook",
    deadline=None,
    derandomize="FIELDBOOK_DRAW" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("fieldbook")

collect_ignore = ["roots"]  # small books with faults of their own


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the folder that it stands in."""
    for item in items:
        path = Path(item.path)
        folder = path.relative_to(TESTS).parts[0] if path.is_relative_to(TESTS) else "unit"  # a doctest
        item.add_marker(MARKERS[folder])


@pytest.fixture(scope="session")
def site() -> Path:
    """Bring the site up to date as `make html` does, and return its folder; a build that fails stops these tests."""
    done = build_html(ROOT)
    assert done.returncode == 0, f"the site does not build:\n{done.stderr[-4000:]}"
    return ROOT / OUTPUT
