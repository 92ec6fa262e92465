#!/usr/bin/env bash
# Writes .build/sbom.json, the bill of materials of what is deployed, and THIRD_PARTY.md, the list of its licences.
set -euo pipefail
cd "$(dirname "$0")/.."
version=v1.10.0
tool=.cache/bin/cyclonedx-gomod-$version
if [ ! -x "$tool" ]; then
	echo "building cyclonedx-gomod (once)"
	mkdir -p .cache/bin
	GOBIN=$PWD/.cache/bin go install "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$version"
	mv .cache/bin/cyclonedx-gomod "$tool"
fi
mkdir -p .build
# GOFLAGS and the platform are fixed, so that the same sources give the same bytes.
GOOS=linux GOARCH=amd64 CGO_ENABLED=0 "$tool" mod -json -licenses -std -noserial -notimestamp -output .build/modules.json . 2>/dev/null
go run ./scripts/sbom -lock functions/console/web/package-lock.json -out .build/sbom.json -list THIRD_PARTY.md <.build/modules.json
rm .build/modules.json
echo "$(($(grep -c "^| " THIRD_PARTY.md) - 1)) parts: .build/sbom.json, THIRD_PARTY.md"
