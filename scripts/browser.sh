#!/usr/bin/env bash
# Tries the console in a real browser, against local clouds with the packaged functions. make package comes before it.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p .cache/bin
go build -o .cache/bin/localcloud ./scripts/localcloud
cd functions/console/web
npm run --silent test
