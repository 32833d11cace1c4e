# Thin on purpose: each target makes the machine ready, then hands over to cargo.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test lint bench soak

# Outside the clone, so that a second clone builds warm.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/openclear/target
# Where rustup puts cargo; a shell that has never logged in does not know it.
export PATH := $(HOME)/.cargo/bin:$(PATH)

DIR ?= demo
PORT ?= 8080

help: ## Say what there is to make
	@echo 'make TARGET, where TARGET is one of'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 10
	@echo 'Built files go to $(CARGO_TARGET_DIR); set CARGO_TARGET_DIR for another place.'

demo: ## Build OpenCLEAR and start it with a sample city (DIR=demo PORT=8080)
	@scripts/prepare demo
	@exec cargo run --profile demo -p openclear -- demo --dir '$(DIR)' --port '$(PORT)'

test: ## Run every test
	@scripts/prepare test
	@cargo xtask test

lint: ## Check formatting, lints and, with cargo-deny, licences and advisories
	@scripts/prepare lint
	@cargo xtask lint

bench: ## Measure, and print a table for each measure (CRIMES=folder of crime files, LINKAGE=of rows to link, SPLINK=of its scripts, NAMES=of the census's lists; each may be left out)
	@scripts/prepare bench
	@cargo xtask bench

soak: ## 100,000 questions to the second evaluator; 10,000 flips, 1,000 cuts, 500 kills; columns in a bucket; then fuzz every parser (SECONDS_EACH=60; wants cargo-fuzz and a nightly toolchain)
	@scripts/prepare soak
	@cargo xtask soak --seconds $(or $(SECONDS_EACH),60)
