#!/bin/sh
# Prepares what builds firepush for other machines, once, into DIR: Debian's rustc with the source of its std, and
# zig, the C compiler and linker for all of them. Installs nothing; the cargo that is there is used.
# usage: setup.sh [DIR]   without DIR it is $FIREPUSH_CROSS, or target/cross
set -eu
export LC_ALL=C # what apt says is read

here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-${FIREPUSH_CROSS:-$here/../../target/cross}}
made=$(cksum <"$here/setup.sh")

die() {
    echo "setup: $*" >&2
    exit 69
}

quietly() { # quietly COMMAND...: only the last line of what it says, and only when it fails
    said=$("$@" 2>&1) || die "$1: $(printf '%s\n' "$said" | tail -n 1)"
}

look_for_programs() {
    missing=
    for program in cargo cc apt-get dpkg-deb python3; do
        command -v "$program" >/dev/null || missing="$missing $program"
    done
    [ -z "$missing" ] || die "not found:$missing"
    python3 -c 'import ensurepip, venv' 2>/dev/null || die "not found: python3-venv"
}

dependency() { # dependency PACKAGE BEGINNING: the package's dependency with that beginning and a number
    apt-cache depends "$1" | sed -n "s/^ *Depends: \($2[0-9.]*\)\$/\1/p" | head -n 1
}

download_rust() {
    version=$(apt-cache policy rustc-web | sed -n 's/^ *Candidate: //p')
    std=$(dependency libstd-rust-web-dev libstd-rust-web-)
    llvm=$(dependency "${std:-none}" libllvm)
    [ -n "$llvm" ] || die "apt knows no rustc-web (Debian 12 has it; apt-get update?)"
    # std can be built only by the rustc that it belongs to.
    for package in rustc-web libstd-rust-web-dev "$std" rust-web-src; do
        quietly apt-get download "$package=$version"
    done
    quietly apt-get download "$llvm"
}

unpack() {
    dpkg-deb --fsys-tarfile "$1" | tar -xC rust --strip-components=2 --wildcards --no-wildcards-match-slash \
        --exclude='./usr/share' --exclude='./usr/libexec' --exclude='./usr/bin/rustdoc' \
        --exclude='./usr/src/*/compiler' --exclude='./usr/src/*/src' --exclude='./usr/src/*/tests' \
        --exclude='./usr/src/*/debian'
}

make_rust() {
    echo "setup: rustc and the source of std into ${PWD}"
    rm -rf rust debs
    mkdir rust debs
    cd debs
    download_rust
    cd ..
    for package in debs/*.deb; do
        unpack "$package"
    done
    mv rust/lib/*-linux-gnu*/*.so* rust/lib/
    rm -rf debs
    quietly env LD_LIBRARY_PATH="$PWD/rust/lib" rust/bin/rustc --version
}

make_zig() {
    echo "setup: zig into ${PWD}"
    rm -rf zig venv
    quietly python3 -m venv venv
    # 0.17 takes another malloc into musl
    quietly venv/bin/pip install --disable-pip-version-check --no-deps --target zig ziglang==0.15.2
    rm -rf venv
    for other in darwin freebsd macos mingw netbsd wasi windows; do
        rm -rf zig/ziglang/lib/libc/"$other" zig/ziglang/lib/libc/include/*-"$other"*
    done
}

[ "$(cat "$folder/made-from" 2>/dev/null)" != "$made" ] || exit 0
look_for_programs
mkdir -p "$folder"
cd "$folder"
rm -f made-from
make_rust
make_zig
echo "$made" >made-from
