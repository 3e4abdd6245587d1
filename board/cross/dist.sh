#!/bin/sh
# Makes OUT/firepush-VERSION-TARGET.tar.gz and its .sha256: the binary, manual pages, an example configuration, the
# licences and the list (SBOM) of all that is inside. The same bytes from the same sources, wherever and whenever.
# usage: [FIREPUSH_STD=full|small|tiny] dist.sh OUT TARGET...   TARGET is a name in the file targets
set -eu
umask 022
export LC_ALL=C TZ=UTC
# The profile is the package's, and cargo's files lie where they are looked for; cargo.sh forgets the rest.
unset CARGO_BUILD_TARGET CARGO_BUILD_TARGET_DIR TAR_OPTIONS GZIP
for name in $(env | sed -n 's/^\(CARGO_PROFILE_[A-Za-z0-9_]*\)=.*/\1/p'); do
    unset "$name"
done

here=$(cd "$(dirname "$0")" && pwd)
profile=${FIREPUSH_STD:-full}

die() {
    echo "dist.sh: $2" >&2
    exit "$1"
}

# The short name and Rust's.
names() { # names TARGET
    awk -v target="$1" '$1 == target || $2 == target { print $1, $2 }' "$here/targets"
}

[ $# -ge 2 ] || die 64 'usage: dist.sh OUT TARGET...'
out=$1
shift
for target; do
    [ -n "$(names "$target")" ] || die 64 "$target is none of $(awk '!/^#/ { printf "%s ", $1 }' "$here/targets")"
done
case $profile in
full | small | tiny) ;;
*) die 64 "FIREPUSH_STD is $profile, none of full small tiny" ;;
esac

mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$here/../.."
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
    signed=$(sed -n '/^ -- /{s/^ -- .*>  //p;q;}' board/debian/changelog)
    [ -n "$signed" ] || die 65 'board/debian/changelog has no date'
    SOURCE_DATE_EPOCH=$(date -d "$signed" +%s)
fi
export SOURCE_DATE_EPOCH
tests/setup.sh build
"$here/setup.sh"
FIREPUSH_CROSS=$(cd "${FIREPUSH_CROSS:-target/cross}" && pwd)
export FIREPUSH_CROSS
built=${CARGO_TARGET_DIR:-target}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

inventory() { # inventory WORD TRIPLE: of what cargo.sh built
    machine=
    [ "$profile" != full ] || machine=$("$here/tools/machine-rustc" "$2")
    FIREPUSH_RUSTC=$machine RUSTC=$here/tools/rustc "$built/debug/examples/inventory" "$@" default \
        "$FIREPUSH_CROSS" "$profile"
}

fill() { # fill FOLDER TRIPLE
    mkdir "$1"
    install -m 755 "$built/$2/dist/firepush" "$1/firepush"
    install -m 644 docs/firepush.1 docs/firepush.conf.5 "$1"
    install -m 644 board/firepush.conf "$1/firepush.conf.example"
    inventory licences "$2" >"$1/LICENSES"
    inventory sbom "$2" >"$1/sbom.cdx.json"
    (cd "$1" && sha256sum -- * >"$work/sums" && mv "$work/sums" SHA256SUMS)
}

pack() { # pack NAME
    tar -C "$work" --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
        -cf "$work/$1.tar" "$1"
    gzip -9n "$work/$1.tar"
    mv "$work/$1.tar.gz" "$out/$1.tar.gz"
    (cd "$out" && sha256sum "$1.tar.gz") >"$work/sum"
    mv "$work/sum" "$out/$1.tar.gz.sha256"
}

"${CARGO:-cargo}" build --locked --quiet --example inventory
for target; do
    row=$(names "$target")
    triple=${row#* }
    name=firepush-$version-${row% *}
    [ "$profile" = full ] || name=$name-$profile
    "$here/cargo.sh" "$triple" build --locked --profile dist --bin firepush
    fill "$work/$name" "$triple"
    pack "$name"
    echo "$out/$name.tar.gz"
done
