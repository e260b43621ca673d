"""The command line behind the Makefile: `python -m fieldbook html | check | new | fix | advise | serve`."""

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
    page = commands.add_parser("check", help="judge one page")
    page.add_argument("place", nargs="?", default="", help="area/slug; without it the pages that git sees changed")
    fix = commands.add_parser("fix", help="mend what is mechanical, or put in the links that are named")
    fix.add_argument("--links", default="", metavar="SLUG[:LINE]", help="proposed links to put in, parted by spaces")
    fix.add_argument("--page", default="", metavar="AREA/SLUG", help="with --links: on this page only")
    advise = commands.add_parser("advise", help="propose links, and name what a page's reader cannot know yet")
    advise.add_argument("page", help="area/slug")
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
    if options.command == "check":
        from fieldbook.check import check

        return check(root, options.place)
    if options.command == "serve":
        return serve(root)
    from fieldbook import advice, authoring

    if options.command == "advise":
        return advice.advise(root, options.page)
    if options.command == "fix" and options.links:
        return advice.fix(root, options.page, options.links)
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
