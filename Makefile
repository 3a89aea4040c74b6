# Carnet. `make run` and `make test` need Go and make, nothing else.
SHELL := /bin/bash
GO ?= go
BIN := bin/carnet
DATA ?= carnet-data
LISTEN ?= 127.0.0.1:8080
GOLANGCI_VERSION := v2.15.0
GOLANGCI := .tools/golangci-lint-$(GOLANGCI_VERSION)
FUZZTIME ?= 10m
ROUNDS ?= 50
SOAK ?= 10m

.PHONY: help run build test race lint bench fuzz crash soak roundtrip documents generate clean

##@ Use
run: build ## Build, start on the embedded store with demo data, print the address, tokens and requests to paste
	./$(BIN) serve --demo --listen $(LISTEN) --data $(DATA)

build: ## Build bin/carnet
	$(GO) build -trimpath -o $(BIN) ./cmd/carnet

##@ Check
test: ## Run all tests (under ten minutes on two cores)
	$(GO) vet ./...
	$(GO) test -timeout 9m ./...

race: ## Run all tests under the race detector
	CARNET_RACE=1 $(GO) test -race -short -timeout 25m ./...

lint: $(GOLANGCI) ## Run the linters
	$(GOLANGCI) run ./...

$(GOLANGCI):
	@mkdir -p .tools
	GOBIN=$(CURDIR)/.tools $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv .tools/golangci-lint $@

roundtrip: ## Round-trip every resource of the R4 definitions package (needs npm)
	bash .ci/roundtrip

documents: ## Submit every document of DOCUMENTS to a server of its own, find and retrieve them, compare
	bash .ci/documents

##@ Measure (their results are recorded in docs/)
bench: build ## Throughput, latency and disk against the machine's limits
	./$(BIN) bench

soak: build ## Keep a server under mixed load for SOAK and print rate and memory as they go
	./$(BIN) bench --soak $(SOAK)

crash: ## kill -9 under concurrent writes, ROUNDS times, then check every acknowledged write
	CARNET_CRASH_ROUNDS=$(ROUNDS) $(GO) test -count=1 -timeout 60m -run 'TestCrash' -v ./store/embedded ./cmd/carnet

fuzz: ## Fuzz every target for FUZZTIME
	FUZZTIME=$(FUZZTIME) bash .ci/fuzz

##@ Maintain
generate: ## Generate the R4 tables anew (DEFINITIONS=directory of the R4 definitions)
	$(GO) run ./fhir/spec/gen -package $(DEFINITIONS)

clean: ## Remove what was built
	rm -rf bin .tools

help: ## Show this help
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z]+:.*##/ {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
