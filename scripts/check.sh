#!/usr/bin/env bash
# The whole check, step by step. It stops at the first step that fails and says which.
set -euo pipefail
cd "$(dirname "$0")/.."

step() {
  local name=$1 from=$SECONDS
  shift
  echo "== $name"
  "$@" || { echo "== $name failed: $*" >&2; exit 1; }
  echo "   $((SECONDS - from)) s"
}
formatted() {
  local wrong
  wrong=$(git ls-files -co --exclude-standard '*.go' | xargs -r gofmt -l)
  [ -z "$wrong" ] || { echo "not formatted; run make format:" "$wrong" >&2; return 1; }
}

# As functions are packaged, so that what one step compiles serves the others.
export GOFLAGS="-trimpath -tags=nethttpomithttp2"

step "tools" make --no-print-directory -j 4 tools
step "format" formatted
step "vet and lint" make --no-print-directory lint
step "package" make --no-print-directory package
step "openapi" go run ./scripts/openapi -check
step "browser" bash scripts/browser.sh
# SQLite is C made into Go, whose memory the detector cannot judge; to watch it takes seven times as long.
step "test" env CGO_ENABLED=1 go test -vet off -race -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc=-race=false -timeout 15m ./...
step "fuzz" make --no-print-directory fuzz
step "demo" make --no-print-directory demo ONCE=1 PORT="${DEMO_PORT:-9760}"
echo "== all checks passed in $((SECONDS / 60)) min $((SECONDS % 60)) s"
