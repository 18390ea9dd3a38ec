# Everything a developer or an operator types. `make` alone lists it.

SOURCES = $(wildcard aliance.py benchmarks bot commands core handlers simulator sms_gateway tests tools web)
BIN = .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo run test peers check fix migrate translate bench
.SUFFIXES:

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1	/' | expand -t 12

.venv/ready: pyproject.toml requirements-dev.txt tools/setup
	@tools/setup

setup: .venv/ready ## build .venv with pip and make sure of a Chromium; the other targets do it when needed
	@tools/chromium

demo: .venv/ready ## the product and its outside world on one web page
	@$(BIN)/aliance demo $(ARGS)

run: .venv/ready ## the product against a real Bot API and SMSC, settings from the environment
	@$(BIN)/aliance run $(ARGS)

# Written bytecode saves each of the some hundred processes that tests start half a second.
test: export PYTHONDONTWRITEBYTECODE =
test: .venv/ready ## every test; CRASH=20 plays each crash 20 times, COVER=1 measures coverage, ARGS="-k name" chooses
	@rm -f .coverage .coverage.*
	@ALIANCE_TEST_CRASH_ROUNDS=$(or $(CRASH),1) $(BIN)/python -m pytest $(or $(ARGS),-n auto --dist worksteal) $(if $(COVER),--cov --cov-report=term)

peers: .venv/ready ## SMS against node-smpp and Debian's Kannel, which it installs (root or sudo), under tshark's eyes
	@tools/peers
	@$(BIN)/python -m pytest tests/peers $(or $(ARGS),-n auto)

check: .venv/ready ## style, format, types, import contracts, locks and catalogues
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/mypy $(SOURCES)
	@$(BIN)/lint-imports
	@$(BIN)/python -m tools.locks
	@$(BIN)/python -m tools.catalogues --check

fix: .venv/ready ## format, sort imports, mend what ruff can mend
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

migrate: .venv/ready ## bring the database of ALIANCE_DATABASE_URL to the newest schema
	@$(BIN)/aliance migrate $(ARGS)

translate: .venv/ready ## bring locales/*/LC_MESSAGES/*.po up to the words in the code
	@$(BIN)/python -m tools.catalogues

bench: .venv/ready ## measure and write docs/performance.md
	@$(BIN)/python -m benchmarks $(ARGS)
