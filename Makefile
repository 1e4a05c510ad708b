# Portgate: `make` lists the targets. Needed on the machine: Python 3.11 or newer with venv, and make.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup python demo down test test-long twin-worlds cells check bench-kernel bench-policy bench-metadata bench-wall bench-protocol bench-audit fmt docs lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

python: # the locked packages and the project itself in .venv
	@$(PYTHON) -I stack/install.py

setup: python ## .venv with locked packages; Trino and OPA fetched and checked; what is there is reused
	@$(RUN) -m stack.prepare

demo: setup ## make and start the five ports and the gateway, ask three queries as three partners
	@$(RUN) -m stack.demo

down: ## stop what `make demo` or `portgate up` started
	@$(RUN) -m stack down

test: setup ## everything needed, then all tests
	@$(RUN) -m pytest

test-long: setup ## tests that take minutes: 200 gateways killed under load, 1,000 cuts of the power
	@$(RUN) -m pytest -m long

twin-worlds: setup ## 20,000 generated queries, each asked in two worlds that differ in all that the partner may not see
	@$(RUN) -m tests.twins

cells: setup ## 2,000 drawn agreements, each answer held cell by cell to what the Rego says
	@$(RUN) -m pytest tests/cells --hypothesis-profile=many

check: setup ## formatting, lint, types, import contracts, policy gates
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports
	@$(RUN) -m stack.policy_gates

bench-kernel: setup ## time a statement from its text to its verified plan, alone and beside bombs
	@$(RUN) -m stack.bench_kernel --bombs

fmt: setup ## format Python and Rego
	$(RUN) -m ruff check --fix --select I .
	$(RUN) -m ruff format .
	@$(RUN) -m stack.policy_gates --write

docs: setup ## write docs/sql.md, docs/agreements.md and the agreements' JSON Schema from the gateway's own tables
	@$(RUN) -m stack.sql_page
	@$(RUN) -m stack.agreements_page
	@$(RUN) -m tests.conformance.page

bench-policy: setup ## one decision of OPA over 500 to 5,000 agreements a port
	@$(RUN) -m stack.bench_policy

bench-metadata: setup ## metadata of 5,000 columns: the gateway's own steps
	@$(RUN) -m stack.bench_metadata

bench-wall: setup ## what the second wall costs: milliseconds a question, and a query over five ports (needs a running stack)
	@$(RUN) -m stack.bench_wall

bench-protocol: setup ## what Trino's clients get through Portgate, beside Trino itself (needs a running stack with samples)
	@$(RUN) -m stack.bench_protocol

bench-audit: setup ## the audit log: appends, checkpoints signed and cosigned, verification and search of a million records
	@$(RUN) -m stack.bench_audit

lock: ## write requirements.lock anew from requirements.in
	@$(PYTHON) -I stack/lock.py

clean: down ## stop the stack, remove its data and .venv; the cache of downloads stays
	rm -rf .portgate $(VENV)
