# `make help` lists the targets. Node 20.12 with npm is all that a machine needs beforehand.

SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

BIN := node_modules/.bin
INSTALLED := node_modules/.installed
IMAGE := .cache/image.binpb
BASELINE := proto/baseline.binpb

TIERS := unit integration migrations rest property
TIER_TARGETS := $(TIERS:%=test-%)
MOCHA := node --import tsx node_modules/mocha/bin/mocha.js --config test/.mocharc.json
comma := ,
empty :=
ALL_TESTS := test/{$(subst $(empty) $(empty),$(comma),$(TIERS))}/**/*.test.ts

.PHONY: help install run build test $(TIER_TARGETS) test-openstack soak check check-protos gen bench fmt baseline clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  make test-TIER  Run one tier: $(TIERS)"

install: $(INSTALLED)

# A stamp, because npm gives the folder itself no reliable time.
$(INSTALLED): package.json package-lock.json .npmrc .ci/link-postgres-libraries.mjs
	@command -v npm >/dev/null && command -v node >/dev/null \
	  || { echo 'Apportion needs Node.js 20.12 or newer with npm, and one of them is not on the PATH.' >&2; exit 1; }
	@node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 12) ? 0 : 1)' \
	  || { echo "Apportion needs Node.js 20.12 or newer; this is $$(node --version)." >&2; exit 1; }
	npm ci --ignore-scripts
	@node .ci/link-postgres-libraries.mjs
	@touch $@

run: build ## Start Envoy, the server and an embedded Postgres with demo data; Ctrl-C stops all of it
	@exec node dist/main.js dev

# tsc never removes what a deleted source left behind, and a forgotten migration would still run.
build: $(INSTALLED) ## Compile src/ to dist/
	@sources=$$(find src -name '*.ts' | LC_ALL=C sort); \
	  [ "$$sources" = "$$(cat dist/.sources 2>/dev/null)" ] || rm -rf dist; \
	  $(BIN)/tsc -p src/tsconfig.json && echo "$$sources" > dist/.sources

test: build ## Run the whole suite, or the one file or folder that ONLY names
	@$(MOCHA) '$(or $(ONLY),$(ALL_TESTS))'

$(TIER_TARGETS): test-%: build
	@$(MOCHA) '$(or $(ONLY),test/$*/**/*.test.ts)'

test-openstack: $(INSTALLED) ## Run the suite of the OpenStack driver on the real services that OPENSTACK_PEER names
	@[ -x '$(OPENSTACK_PEER)/openstack.sh' ] \
	  || { echo 'OPENSTACK_PEER must name a folder with openstack.sh, whose services are running; `make test` uses a fake cloud.' >&2; exit 2; }
	@OPENSTACK_PEER='$(OPENSTACK_PEER)' $(MOCHA) 'test/integration/openstack/*.test.ts'

soak: build ## Break, race and fuzz the ledger for a quarter of an hour; SEED repeats a run
	@$(MOCHA) '$(or $(ONLY),test/soak/*.test.ts)'

check: $(INSTALLED) ## Do what CI does: format, lint, types, protos, generated files, then the tests
	$(BIN)/prettier --check .
	$(BIN)/eslint .
	$(BIN)/tsc -p tsconfig.json
	$(BIN)/tsx proto/generate.ts --check
	@$(MAKE) check-protos
	@$(MAKE) test

# Reads the image that the generator has just left.
check-protos:
	$(BIN)/buf lint $(IMAGE) --config proto/buf.yaml --path apportion
	@if [ -e $(BASELINE) ]; then \
	  echo '$(BIN)/buf breaking $(IMAGE) --against $(BASELINE) --config proto/buf.yaml --path apportion'; \
	  $(BIN)/buf breaking $(IMAGE) --against $(BASELINE) --config proto/buf.yaml --path apportion; \
	else \
	  echo '$(BASELINE) does not exist yet: no release to stay compatible with'; \
	fi

gen: $(INSTALLED) ## Write all that follows from the protos: src/gen/, envoy/apportion.pb, envoy/routes.md
	@$(BIN)/tsx proto/generate.ts

bench: build ## Measure the APIs: the ledger against plain SQL, the others against documented figures
	@$(BIN)/tsx test/bench/run.ts

fmt: $(INSTALLED) ## Format everything and mend what the linter can mend
	@$(BIN)/prettier --write --log-level warn .
	@$(BIN)/eslint --fix .

baseline: gen ## At a release: declare the protos what later ones must stay compatible with
	@cp envoy/apportion.pb $(BASELINE)
	@echo 'wrote $(BASELINE)'

clean: ## Remove what was built; installed packages and the data of `make run` stay
	@rm -rf dist .cache coverage
