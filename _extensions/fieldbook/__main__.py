"""The command line behind the Makefile: `python -m fieldbook html | new | fix | serve`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from fieldbook.build import DOCTREES, OUTPUT, build_html, environment


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m fieldbook", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("html", help="execute, check and build every page")
    commands.add_parser("fix", help="mend what is mechanical")
    commands.add_parser("serve", help="build, serve and reload on every change")
    new = commands.add_parser("new", help="scaffold a page, its module and its test")
    new.add_argument("concept", help="area/slug")
    options = parser.parse_args(arguments)
    root = Path.cwd()
    if options.command == "html":
        try:
            return build_html(root)
        except KeyboardInterrupt:
            print("Interrupted: the next build starts fresh.", file=sys.stderr)
            return 130
    if options.command == "serve":
        return serve(root)
    from fieldbook import authoring

    if options.command == "fix":
        return authoring.fix(root)
    return authoring.new(root, options.concept)


def serve(root: Path) -> int:
    """Serve the site on this machine and rebuild on every change."""
    command = [sys.executable, "-m", "sphinx_autobuild", "--nitpicky"]
    command += ["--doctree-dir", str(root / DOCTREES), "--watch", str(root / "code_examples")]
    command += ["--ignore", str(root / "_build"), "--ignore", str(root / ".venv")]
    command += ["--ignore", str(root / "node_modules"), "--ignore", "*/.git/*"]
    try:
        return subprocess.run([*command, str(root), str(root / OUTPUT)], env=environment(root), check=False).returncode
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
