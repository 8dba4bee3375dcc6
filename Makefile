# Samspår's commands; `make help` lists them. What a target needs it sets up by itself.

SHELL := /bin/sh
.DEFAULT_GOAL := help
VENV := .venv
RUN := $(VENV)/bin
HERE := $(shell pwd | cksum | cut -d ' ' -f 1)
INSTALLED := $(VENV)/.installed-$(HERE)
INSTALLED_DEV := $(VENV)/.installed-dev-$(HERE)
LOCKED := requirements.txt shared/pyproject.toml $(wildcard services/*/pyproject.toml) tools/install

##@ Try it

.PHONY: demo
demo: $(INSTALLED) ## Two municipalities take nineteen people through their processes; ARGS=--exit ends after the table
	@$(RUN)/samspar demo $(ARGS)

##@ Check it

.PHONY: test
test: check ## Everything that must hold before a commit lands: check, then the tests (about 10 minutes at most)
	@tools/test $(ARGS)

.PHONY: check
check: $(INSTALLED_DEV) ## Format, lint, types, imports, the rules of the tree and the deployment, without servers
	$(RUN)/ruff format --check
	$(RUN)/ruff check
	$(RUN)/lint-imports
	$(RUN)/basedpyright
	$(RUN)/pytest tests/architecture tests/deploy -m "not slow"

.PHONY: test-all
test-all: check ## The tests with the slow ones
	@tools/test --slow $(ARGS)

.PHONY: test-deploy
test-deploy: $(INSTALLED_DEV) ## docker-compose.yml really run, with podman, and the demo played on it (root on Debian)
	$(RUN)/pytest tests/deploy $(ARGS)

.PHONY: test-servers
test-servers: ## Install RabbitMQ and PostgreSQL for the tests (apt or brew)
	@tools/test-servers

.PHONY: bench
bench: $(INSTALLED_DEV) ## How fast it is beside a lean reference and a peer (20 minutes); ARGS=--quick for one small round
	@PYTHONPATH=tests $(RUN)/python -m bench $(ARGS)

.PHONY: chaos
chaos: $(INSTALLED_DEV) ## Break everything under load, then look for what was lost; ARGS=--short or "--seed 5 --faults 40"
	@test -z "$$($(RUN)/python -m shared.testing.servers)" || tools/test-servers
	@PYTHONPATH=tests PYTHONUNBUFFERED=1 $(RUN)/python -m chaos $(ARGS)

.PHONY: plants
plants: $(INSTALLED_DEV) ## Put known bugs into a copy, one after the other: which test catches each (30 minutes); ARGS=<names>
	@test -z "$$($(RUN)/python -m shared.testing.servers)" || tools/test-servers
	@PYTHONPATH=tests PYTHONUNBUFFERED=1 $(RUN)/python -m plants $(ARGS)

.PHONY: fuzz
fuzz: $(INSTALLED_DEV) ## Strange requests to all five APIs for ten minutes; ARGS="--seconds 60 --servers" and the like
	@PYTHONPATH=tests $(RUN)/python -m fuzz $(ARGS)

##@ Work on it

.PHONY: install
install: $(INSTALLED_DEV) ## Set up .venv with everything, tools included

.PHONY: format
format: $(INSTALLED_DEV) ## Format, and mend what ruff can mend
	$(RUN)/ruff format
	$(RUN)/ruff check --fix

.PHONY: lock
lock: ## Write requirements*.txt anew (needs uv); ARGS=--upgrade lifts every pin
	@tools/lock $(ARGS)

.PHONY: migration
migration: $(INSTALLED_DEV) ## Write a history's one migration anew from its tables: make migration OF=shared
	@tools/migration $(OF)

.PHONY: clean
clean: ## Remove .venv, caches and the demo's data
	rm -rf $(VENV) .samspar .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find services shared tests -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

$(INSTALLED): $(LOCKED)
	@tools/install
	@touch $@

$(INSTALLED_DEV): $(LOCKED) requirements-dev.txt
	@tools/install dev
	@touch $(INSTALLED) $@
