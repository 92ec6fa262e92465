#!/usr/bin/env bash
# Fuzzes every target of the project for the time given, one after the other: fuzz.sh 5s
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:?how long for each target, such as 5s}
count=0
while IFS=: read -r file line; do
  target=$(sed -E 's/^func (Fuzz[A-Za-z0-9_]*).*/\1/' <<<"$line")
  count=$((count + 1))
  echo "$target in $(dirname "$file")"
  out=$(go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "./$(dirname "$file")" 2>&1) || { echo "$out" >&2; exit 1; }
  grep -E '^fuzz: elapsed' <<<"$out" | tail -1
done < <(git ls-files -co --exclude-standard '*_test.go' | xargs grep -E '^func Fuzz' | sort)
[ "$count" -gt 0 ] || { echo "no fuzz target found" >&2; exit 1; }
echo "$count targets fuzzed for $time each"
