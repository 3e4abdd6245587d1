#!/bin/sh
# Builds the Debian packages of an architecture into dist; a foreign one by board/cross, which setup.sh there prepares.
# usage: build.sh amd64|armhf|arm64 [OUT]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
arch=${1:-amd64}
multiarch=$("$here/multiarch.sh" "$arch")
cd "$here/../.."
out=${2:-dist}
target=${CARGO_TARGET_DIR:-target}
stage=$target/debian/$arch
cross=$here/../cross

install_by() { # install_by MAKE-VARIABLE...
    # The library keeps its symbols until it is linked, and panics unwind in it: they must not cross into C.
    CARGO_PROFILE_RELEASE_STRIP=symbols make install DESTDIR="$stage" PREFIX=/usr LIBDIR="/usr/lib/$multiarch" \
        LDFLAGS='-Wl,-s -Wl,-z,relro -Wl,-z,now' "$@"
}

# make hands its CARGO on to the script, which wants the real one.
install_across() { # install_across TARGET TRIPLE
    install_by CARGO="env CARGO=${CARGO:-cargo} $cross/cargo.sh $1" CC="$cross/cc.sh $1" RELEASE="$target/$2/release"
}

rm -rf "$stage"
case $arch in
"$(dpkg --print-architecture)") install_by ;;
armhf) install_across armv7-gnu armv7-unknown-linux-gnueabihf ;;
arm64) install_across aarch64-gnu aarch64-unknown-linux-gnu ;;
*)
    echo "build.sh: $arch can't be built on $(dpkg --print-architecture)" >&2
    exit 69
    ;;
esac
"$here/pack.sh" "$arch" "$stage" "$out"
