"""Serves a mutated module to the process of one job, where its file would be imported; nothing is written.

The runner puts a call of `serve` before the cells of a job. It binds no name, so the page runs as it would without.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from types import ModuleType


class _Loader(SourceLoader):
    """Loads one module from a text; it gives no time stamp, so no compiled file is looked for."""

    def __init__(self, path: str, source: str) -> None:
        self.path, self.source = path, source

    def get_filename(self, fullname: str) -> str:
        return self.path

    def get_data(self, path: str) -> bytes:
        return self.source.encode()


class _Finder(MetaPathFinder):
    def __init__(self, name: str, loader: _Loader) -> None:
        self.name, self.loader = name, loader

    def find_spec(self, fullname: str, path: object, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        return spec_from_file_location(fullname, self.loader.path, loader=self.loader)


def serve(name: str, path: str, source: str) -> None:
    """Let ``import name`` give `source`, as if it stood at `path`.

    Raises
    ------
    RuntimeError
        If the module has been imported already: its mutant would never run.
    """
    if name in sys.modules:
        raise RuntimeError(f"{name} is imported already, so its mutant would not run; do not preload it")
    sys.meta_path.insert(0, _Finder(name, _Loader(path, source)))
