"""What a cell may not ask for: network, clock, chance, the machine that it runs on.

Such a cell gives something else next time, or elsewhere, though it does not fail here. Judged from its code, before it
runs. No Sphinx import.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

# fmt: off
NETWORK = {
    "aiohttp", "datasets", "ftplib", "gdown", "http.client", "httpx", "huggingface_hub", "openai", "requests",
    "smtplib", "socket", "urllib.request", "urllib3", "wget",
}
CLOCK = {
    "datetime.date.today", "datetime.datetime.now", "datetime.datetime.today", "datetime.datetime.utcnow",
    "time.ctime", "time.localtime", "time.monotonic", "time.perf_counter", "time.process_time", "time.time",
    "time.time_ns", "timeit.timeit",
}
# fmt: on
SEEDED = {"numpy.random.default_rng", "numpy.random.SeedSequence", "numpy.random.RandomState", "random.Random"}
"""What is chance without an argument, and none with one."""

CHANCE = {"uuid.uuid1", "uuid.uuid4", "os.urandom"}
MACHINE = {"socket.gethostname", "platform.node", "getpass.getuser", "pathlib.Path.home", "os.getlogin", "os.getpid"}
READERS = {"open", "pathlib.Path", "numpy.load", "numpy.loadtxt", "numpy.genfromtxt", "numpy.fromfile"}
MAGIC = re.compile(r"\s*(%{1,2}[a-z]\w*|!\s*\S+)")


def check_cell(source: str, names: dict[str, str] | None = None) -> list[tuple[int, str]]:
    r"""Return what a cell may not do: its line, from 1, and what to do instead.

    Parameters
    ----------
    source : str
        Its code.
    names : dict of str to str
        What the cells above have imported, by the names that they gave it; this cell's imports are added.

    Returns
    -------
    list of (int, str)
        Line and message of each fault.

    Examples
    --------
    >>> check_cell("import numpy as np\nnp.random.rand(3)")
    [(2, "'numpy.random.rand' gives other numbers each time; use np.random.default_rng(0)")]
    >>> check_cell("import numpy as np\nnp.random.default_rng(0).random(3)")
    []
    """
    lines = source.splitlines()
    found = []
    for number, line in enumerate(lines, start=1):
        if (match := MAGIC.match(line)) and not _parses(source):
            found.append((number, f"'{match[1]}' is a command of the notebook; write Python, and install nothing"))
            lines[number - 1] = re.sub(r"\S.*", "pass", line)
    try:
        tree = ast.parse("\n".join(lines))
    except SyntaxError:
        return found  # running it says so
    names = {} if names is None else names
    for node in ast.walk(tree):
        found += _imports(node, names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found += _call(node, names)
    return sorted(set(found))


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def _imports(node: ast.AST, names: dict[str, str]) -> Iterator[tuple[int, str]]:
    """Note what each name stands for, and find modules that reach for the network."""
    modules = []
    if isinstance(node, ast.Import):
        for alias in node.names:
            names[alias.asname or alias.name.partition(".")[0]] = (
                alias.name if alias.asname else alias.name.partition(".")[0]
            )
            modules.append(alias.name)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for alias in node.names:
            names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            modules += [node.module, f"{node.module}.{alias.name}"]
    for module in modules:
        if module in NETWORK or module.partition(".")[0] in NETWORK:
            message = f"'{module}' reaches for the network, and a page is built without; put the data into the cell"
            yield getattr(node, "lineno", 1), message
            return


def _call(node: ast.Call, names: dict[str, str]) -> Iterator[tuple[int, str]]:
    called = _name(node.func, names)
    if called in CLOCK:
        yield node.lineno, f"'{called}' gives something else each time; count steps, or write the date"
    elif called in MACHINE:
        yield node.lineno, f"'{called}' gives something else on each machine; write the value"
    elif called in SEEDED:
        if not node.args and not node.keywords:
            yield node.lineno, f"'{called}' has no seed and gives other numbers each time; write {_short(called)}(0)"
    elif called in CHANCE or called.startswith(("numpy.random.", "random.", "secrets.")):
        remedy = "random.Random(0)" if called.startswith("random.") else "np.random.default_rng(0)"
        yield node.lineno, f"'{called}' gives other numbers each time; use {remedy}"
    elif called in READERS and node.args and isinstance(node.args[0], ast.Constant):
        path = str(node.args[0].value)
        if re.match(r"/|~|[A-Za-z]:[\\/]|https?:", path):
            yield node.lineno, f"'{path}' is not part of the project; put the data into the cell or 'code_examples'"


def _short(name: str) -> str:
    return name.replace("numpy.", "np.", 1)


def _name(node: ast.AST, names: dict[str, str]) -> str:
    """Return the full name of what is called; empty if it is no plain name."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        inner = _name(node.value, names)
        root = node.value if isinstance(node.value, ast.Name) else None
        return f"{inner}.{node.attr}" if inner and (root is None or root.id in names) else ""
    return ""
