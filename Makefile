# The commands of this checkout. Owns their names and one line about each; what they do is in scripts/.
# `make` alone lists them.

.DEFAULT_GOAL := help
.PHONY: help run stop clean-data test test-fast fuzz schemathesis chaos check audit openapi matrix screenshots lab-up lab-down bench-transport

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## install what is missing, build, start Portolan with a first server and destination
	@scripts/run

stop: ## stop what `make run` started; the data stays
	@scripts/stop

clean-data: ## remove what `make run` kept (needs CONFIRM=yes)
	@scripts/clean-data

test: ## install what the tests need, run every check and every test, with PostgreSQL and the lab
	@scripts/test

test-fast: ## the tests that need no lab and no root
	@scripts/test fast

fuzz: ## every target of the fuzzer for a minute (needs a C++ compiler)
	@scripts/fuzz

schemathesis: ## ask a running Portolan all that openapi.json allows, and much that it does not
	@scripts/schemathesis

chaos: ## every fault many times, and docs/reliability.md from it (an hour)
	@scripts/chaos

check: ## format, lints, documentation, dependencies, shell scripts
	@scripts/check

audit: ## known vulnerabilities of the dependencies (needs the network, see deny.toml)
	@cargo deny --workspace check advisories

openapi: ## write openapi.json anew
	@cargo run --quiet --locked -p portolan -- openapi > openapi.json.new && mv openapi.json.new openapi.json

matrix: ## write docs/security-matrix.md anew
	@PORTOLAN_UPDATE_DOCS=1 cargo test --quiet --locked -p portolan-server --test it published

screenshots: ## make the pictures in docs/screenshots anew
	@scripts/screenshots

lab-up: ## start the lab: real SSH servers and Docker engines on this machine
	@lab/lab install && lab/lab up

lab-down: ## stop the lab
	@lab/lab down

bench-transport: ## measure SSH and Docker calls against the lab
	@scripts/bench-transport
