#!/bin/sh
# Packages functions for Function Compute's runtime go1: functions/<folder>/main.go becomes .build/<name>/main, the name
# being the folder with - for /. The same sources give the same bytes, on any machine with the same Go.
#
#   scripts/package.sh                       all functions
#   scripts/package.sh rules deliver/lark    these
set -eu
cd "$(dirname "$0")/.."

mains=$(ls functions/*/main.go functions/*/*/main.go 2>/dev/null || true)
if [ -z "$mains" ]; then
	echo "package: no main.go under functions/" >&2
	exit 1
fi

all=
for main in $mains; do
	all="$all $(dirname "${main#functions/}")"
done
# What is no longer a function must not be deployed by an old block, nor started by the local cloud.
for old in .build/*/; do
	name=$(basename "$old")
	case " $(echo "$all" | tr / -) " in
	*" $name "*) ;;
	*) rm -rf ".build/$name" ;;
	esac
done

folders=
for wanted in "$@"; do
	found=
	for folder in $all; do
		if [ "$(echo "$folder" | tr / -)" = "$(echo "$wanted" | tr / -)" ]; then
			found=$folder
		fi
	done
	if [ -z "$found" ]; then
		echo "package: no function is named $wanted; a function is a folder with main.go under functions/" >&2
		exit 1
	fi
	folders="$folders $found"
done
folders=${folders:-$all}

export CGO_ENABLED=0 GOOS=linux GOARCH=amd64
count=$(echo "$folders" | wc -w | tr -d ' ')
n=0
for folder in $folders; do
	n=$((n + 1))
	name=$(echo "$folder" | tr / -)
	printf '[%d/%d] %-20s ' "$n" "$count" "$name"
	# Linked beside its place and moved, so that a running local cloud never starts half a binary.
	mkdir -p ".build/$name"
	# Without HTTP/2, which a function that sends one message after the other gains nothing from: 0.36 MB less.
	go build -trimpath -buildvcs=false -tags nethttpomithttp2 -ldflags '-s -w' -o ".build/$name/main.new" "./functions/$folder"
	mv ".build/$name/main.new" ".build/$name/main"
	wc -c <".build/$name/main" | awk '{printf "%.1f MB\n", $1 / 1000000}'
done
