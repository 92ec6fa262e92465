# Everything a developer, a deployment and the continuous check need. `make help` lists it.
SHELL := /bin/bash -eu -o pipefail
.DEFAULT_GOAL := help

FUNCTIONS := $(patsubst functions/%/main.go,%,$(wildcard functions/*/main.go functions/*/*/main.go))
LINTER    := .cache/bin/golangci-lint-2.15.0
GENERATOR := .cache/bin/oapi-codegen-2.8.2
DIFFER    := .cache/bin/oasdiff-1.36.0
PORT      ?= 9700
ONCE      ?=
FUZZ_TIME ?= 2s
PROOFS    ?=
BASE      ?=
ARGS      ?=
export CGO_ENABLED ?= 0

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

.PHONY: demo
demo: package ## See it work on this machine: set-up, rules, events, messages (ONCE=1 ends by itself)
	go run ./scripts/demo -port $(PORT) $(if $(ONCE),-once)

.PHONY: local
local: package ## Run the local cloud alone, with nothing set up (PORT=9700)
	go run ./scripts/localcloud -port $(PORT) -data .local/cloud

.PHONY: gallery
gallery: ## Draw what receivers are sent, every sample, channel and language: .build/gallery.html
	@go run ./scripts/gallery -o .build/gallery.html

.PHONY: package
package: web ## Build every function as Function Compute takes it, into .build/
	@bash scripts/package.sh $(FUNCTIONS)

WEB   := functions/console/web
BUILT := functions/console/built/index.html.gz

.PHONY: web
web: ## Build the console's page, which the function console embeds
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(BUILT); \
	else echo "web: npm is missing, so the console will only say how to build it (install Node 20)" >&2; fi

$(BUILT): $(shell find $(WEB)/src $(WEB)/public -type f ! -name '*.gen.ts') $(WEB)/index.html $(WEB)/vite.config.ts \
		$(WEB)/tsconfig.json $(WEB)/openapi.json $(WEB)/node_modules/.package-lock.json
	@cd $(WEB) && npm run --silent build

$(WEB)/node_modules/.package-lock.json: $(WEB)/package.json $(WEB)/package-lock.json
	@echo "installing the console's packages"
	@cd $(WEB) && npm ci --silent --no-audit --no-fund

.PHONY: browser
browser: package ## Try the console in a real browser, against the local cloud
	@bash scripts/browser.sh

.PHONY: openapi
openapi: $(GENERATOR) ## Write the API's description, and the Go client made of it, after a change of the API
	@bash scripts/package.sh
	go run ./scripts/openapi
	go test ./scripts/notifyctl/manifest -run Schema -update

.PHONY: notifyctl
notifyctl: ## Build the command line, one static binary: .build/notifyctl
	@mkdir -p .build && go build -trimpath -ldflags '-s -w' -o .build/notifyctl ./scripts/notifyctl

.PHONY: deploy
deploy: package ## Deploy with Serverless Devs (needs an Alibaba Cloud account; see README)
	s deploy

.PHONY: keys
keys: ## Make the secrets of a new deployment
	@go run ./scripts/keys

.PHONY: test
test: ## Check everything: format, vet, lint, tests with -race, real binaries, short fuzzing
	@bash scripts/check.sh

.PHONY: prove
prove: package ## Prove what is promised at full size, figures in docs/figures.md (PROOFS="once burst": some of them)
	go run ./scripts/prove $(PROOFS)

.PHONY: format
format: $(LINTER) ## Format the code
	$(LINTER) fmt

.PHONY: lint
lint: $(LINTER) ## Lint the code
	$(LINTER) run --allow-parallel-runners ./...

.PHONY: fuzz
fuzz: ## Fuzz every target for FUZZ_TIME (2s)
	@bash scripts/fuzz.sh $(FUZZ_TIME)

.PHONY: sbom
sbom: ## Write the bill of materials of what is deployed, and the list of its licences
	@bash scripts/sbom.sh

.PHONY: bench
bench: package ## Measure the packaged functions (BASE=REV: against a revision's; ARGS="-channels lark …", ARGS=-h tells)
	go run ./scripts/bench $(if $(BASE),-base $(BASE)) $(ARGS)

.PHONY: bench-steps
bench-steps: ## Time the steps of a delivery, and the matcher
	go test -run '^$$' -bench . -benchmem ./shared/...

.PHONY: tools
tools: $(LINTER) $(GENERATOR) $(DIFFER) scripts/serverless/node_modules/.package-lock.json $(WEB)/node_modules/.package-lock.json chromium

.PHONY: postgres
postgres:
	@bash scripts/postgres.sh

# Two installations at once would wait for each other's lock.
.PHONY: chromium
chromium: postgres
	@bash scripts/chromium.sh

$(LINTER):
	@echo "building golangci-lint (once, some minutes)"
	@mkdir -p .cache/bin && GOBIN=$(CURDIR)/.cache/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
	@mv .cache/bin/golangci-lint $@

$(GENERATOR):
	@echo "building oapi-codegen (once)"
	@mkdir -p .cache/bin && GOBIN=$(CURDIR)/.cache/bin go install github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2
	@mv .cache/bin/oapi-codegen $@

$(DIFFER):
	@echo "building oasdiff (once)"
	@mkdir -p .cache/bin && GOBIN=$(CURDIR)/.cache/bin go install github.com/oasdiff/oasdiff@v1.36.0
	@mv .cache/bin/oasdiff $@

scripts/serverless/node_modules/.package-lock.json: scripts/serverless/package.json scripts/serverless/package-lock.json
	@echo "installing Serverless Devs"
	@cd scripts/serverless && npm ci --silent --no-audit --no-fund

.PHONY: clean
clean: ## Remove what was built and what the local cloud kept
	rm -rf .build .cache .local scripts/serverless/node_modules $(WEB)/node_modules functions/console/built/*
