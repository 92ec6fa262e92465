#!/usr/bin/env bash
# Fuzzes every target of the project for the time given, as many at once as there are cores: fuzz.sh 5s
set -euo pipefail
cd "$(dirname "$0")/.."
export TIME=${1:?how long for each target, such as 5s}

# SQLite's own code is no target: instrumented it takes minutes to build. Go's fuzzer calls it a failure where its own time
# runs out while it looks at an input (github.com/golang/go/issues/75804, mended in Go 1.27); it writes down each input that failed.
fuzz() {
  local out
  out=$(go test -run '^$' -fuzz "^$2\$" -fuzztime "$TIME" -parallel 1 -gcflags=modernc.org/sqlite/lib=-d=libfuzzer=0 \
    -gcflags=modernc.org/libc=-d=libfuzzer=0 "./$1" 2>&1) ||
    { grep -q '^ *context deadline exceeded$' <<<"$out" && ! grep -q 'Failing input' <<<"$out"; } ||
    { echo "$2 in $1:"$'\n'"$out" >&2; return 255; } # which stops xargs
  echo "$2 in $1: $(grep -E '^fuzz: elapsed' <<<"$out" | tail -1)"
}
export -f fuzz

targets=$(git ls-files -co --exclude-standard '*_test.go' | xargs grep -E '^func Fuzz' |
  sed -E 's|^(.*)/[^/]*:func (Fuzz[A-Za-z0-9_]*).*|\1 \2|' | sort)
[ -n "$targets" ] || { echo "no fuzz target found" >&2; exit 1; }
xargs -P "$(nproc)" -L 1 bash -c 'fuzz "$@"' fuzz <<<"$targets"
echo "$(wc -l <<<"$targets") targets fuzzed for $TIME each"
