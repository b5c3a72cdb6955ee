# make test    installs what it needs and runs everything
# make bench   prints the figures of the budgets beside their limits
# make build   makes bin/app

export CGO_ENABLED ?= 0
TEMPL = go run github.com/a-h/templ/cmd/templ@v0.3.977

# Pages are closures in short functions, which the compiler would copy whole into everybody who draws them:
# without inlining in these two folders the binary is 3 MB smaller; the sign-in page takes 17 µs instead of 16.
SMALL = -trimpath -ldflags='-s -w' -gcflags='portico/views/...=-l' -gcflags='portico/handlers/...=-l'

.PHONY: build test install check generate unit race e2e bench

build:
	go build $(SMALL) -o bin/app ./app

test: install check
	.ci/with-postgres $(MAKE) --no-print-directory unit race e2e

install:
	.ci/install

# Formatting, vet, modules, and that generated files are what their sources make.
check:
	@test -z "$$(gofmt -l app handlers models seed static views)" || { gofmt -l app handlers models seed static views; echo 'run gofmt -w on these'; exit 1; }
	go vet ./...
	go mod verify >/dev/null
	@before=$$(.ci/generated-sum); $(MAKE) --no-print-directory generate >/dev/null; \
	  test "$$before" = "$$(.ci/generated-sum)" || { echo 'generated files were out of date: commit what make generate made'; exit 1; }

generate:
	@for d in views/*/; do $(TEMPL) generate -path $$d >/dev/null 2>&1 || exit 1; done
	go generate ./static ./app/i18n

unit:
	go test -timeout 60m $$(go list ./... | grep -v /app/e2e)

# Where goroutines meet: the race detector needs a C compiler.
race:
	CGO_ENABLED=1 go test -race -timeout 45m ./app/factor ./app/limit ./app/signin ./app/outbox ./app/job ./app/openid

e2e:
	PORTICO_E2E_ALL=1 go test -timeout 90m ./app/e2e/...

bench:
	.ci/install
	.ci/with-postgres go run ./app/bench
