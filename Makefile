# NextGen Workflow. "make help" lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export GOFLAGS ?= -buildvcs=false
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
TEMPORAL := $(CURDIR)/bin/nextgen-temporal
TEMPORAL_SOURCES := $(wildcard devserver/*.go) devserver/go.mod devserver/go.sum
TOOLS_SOURCES := tools/go.mod tools/go.sum

.PHONY: help build run test bench soak lint generate verify conformance

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

build: $(TEMPORAL) ## build bin/nextgen and the embedded Temporal server
	go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/nextgen ./cmd/nextgen

$(TEMPORAL): $(TEMPORAL_SOURCES)
	@echo "building the embedded Temporal server; the first time takes some minutes"
	cd devserver && go build -trimpath -ldflags '-s -w' -o $@ .

run: build ## run everything on this machine, with sample data
	bin/nextgen dev

# -count=1: the cache of test results does not know the programs that the tests run.
test: build ## run every test against a real PostgreSQL and a real Temporal server
	NEXTGEN_TEMPORAL_BINARY=$(TEMPORAL) NEXTGEN_BINARY=$(CURDIR)/bin/nextgen go test -count=1 -timeout 20m ./...
	cd devserver && go test -timeout 5m ./...

bench: build ## measure the human step beside a bare Temporal loop, and more; ONLY=steps|shapes|transactions|deadlines|claims, OUT=file.json keeps the figures
	NEXTGEN_TEMPORAL_BINARY=$(TEMPORAL) go run ./internal/bench $(if $(ONLY),-only $(ONLY)) $(if $(OUT),-json $(OUT))

soak: build ## let 200 people work on 20 queues for FOR=30m, and fail if one is passed over or a limit does not hold
	go run ./internal/soak -for $(or $(FOR),30m) $(if $(OUT),-json $(OUT))

lint: bin/golangci-lint ## run the linters
	bin/golangci-lint run ./...
	cd devserver && ../bin/golangci-lint run --config ../.golangci.yaml ./...

generate: bin/sqlc ## generate the database code from db/queries
	bin/sqlc generate

verify: bin/sqlc ## fail if generated code, formatting or module files are not what they should be
	bin/sqlc diff
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "not gofmt-formatted: $$unformatted"; exit 1; }
	go mod tidy -diff
	cd devserver && go mod tidy -diff
	cd tools && go mod tidy -diff
	go vet ./...

conformance: $(if $(REAL),build) ## run process models that others wrote (DIR, SUITE, CASE, LIST=1, REAL=1, JSON=file; docs/conformance.md)
	go run ./internal/conformance $(if $(REAL),-real) $(if $(SUITE),-suite $(SUITE)) $(if $(CASE),-case '$(CASE)') $(if $(LIST),-list) $(if $(JSON),-json $(JSON)) $(or $(DIR),../shared/conformance)

bin/sqlc: $(TOOLS_SOURCES)
	cd tools && go build -o ../$@ github.com/sqlc-dev/sqlc/cmd/sqlc

bin/golangci-lint: $(TOOLS_SOURCES)
	cd tools && go build -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
