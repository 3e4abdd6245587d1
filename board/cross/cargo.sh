#!/bin/sh
# Runs cargo for another machine, with what setup.sh made; std is built from its source on the way, unless it is to be
# full and the machine's own rustc (or $FIREPUSH_RUSTC) brings one that will do.
# usage: [FIREPUSH_STD=full|small|tiny] cargo.sh TARGET COMMAND ARGS...
#        cargo.sh armv7-musl build --profile dist --bin firepush
# TARGET is a name in the file targets. full is std as it is, small built for size, tiny one that panics without a word;
# both of these are for the profile dist only.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

die() {
    echo "cargo.sh: $2" >&2
    exit "$1"
}

[ $# -ge 2 ] || die 64 'usage: cargo.sh TARGET COMMAND ARGS...'
row=$(awk -v target="$1" '$1 == target || $2 == target { print $2, $5 }' "$here/targets")
[ -n "$row" ] || die 64 "$1 is none of $(awk '!/^#/ { printf "%s ", $1 }' "$here/targets")"
triple=${row% *} flags="-Ctarget-feature=${row#* }"
command=$2
shift 2

cross=${FIREPUSH_CROSS:-$here/../../target/cross}
[ -e "$cross/made-from" ] || die 69 "there is no toolchain: run $here/setup.sh"
FIREPUSH_CROSS=$(cd "$cross" && pwd)

# -Os is for the parts of the C library that zig makes.
flags="$flags -Clink-arg=-Os"
case $triple in
*-musl*) flags="$flags -Clink-self-contained=no" ;;
esac
# Who can't unwind needs no tables for it; what is the same in several functions becomes one of its own; a panic says
# what, not at which line; Debug says names without what is inside.
tight='-Cforce-unwind-tables=no -Cllvm-args=-enable-machine-outliner=always -Zlocation-detail=none -Zfmt-debug=shallow'
machine=
case ${FIREPUSH_STD:=full} in
full) machine=$("$here/tools/machine-rustc" "$triple") ;;
small)
    set -- -Zbuild-std-features=optimize_for_size "$@"
    flags="$flags $tight"
    ;;
tiny)
    set -- -Zbuild-std-features=optimize_for_size "$@"
    flags="$flags $tight -Zunstable-options -Cpanic=immediate-abort"
    ;;
*) die 64 "FIREPUSH_STD is $FIREPUSH_STD, none of full small tiny" ;;
esac
[ -n "$machine" ] || set -- -Zbuild-std=std,panic_abort "$@"

# What else of the environment cargo, cc-rs, clang and zig would take into the bytes; profiles are the caller's affair.
forgotten=
for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_.-]*\)=.*/\1/p'); do
    case $name in
    CARGO_BUILD_JOBS | CARGO_BUILD_TARGET_DIR | CARGO_BUILD_BUILD_DIR) ;;
    CARGO_BUILD_* | CARGO_UNSTABLE_* | CARGO_INCREMENTAL | CARGO_ENCODED_RUSTFLAGS | __CARGO_* | RUSTC_*WRAPPER | \
        CFLAGS* | TARGET_CFLAGS* | ARFLAGS* | TARGET_ARFLAGS* | RANLIB* | TARGET_RANLIB* | CC_* | AR_* | \
        CRATE_CC_* | RING_* | CCC_OVERRIDE_OPTIONS | CPATH | C_INCLUDE_PATH | COMPILER_PATH | LIBRARY_PATH | ZIG_*)
        forgotten="$forgotten -u $name"
        ;;
    esac
done

# Where std lies goes into names that rustc sorts by: so it is always the same place below the package.
FIREPUSH_SYSROOT=$(cd "$here/../.." && pwd)/target/sysroot
mkdir -p "${FIREPUSH_SYSROOT%/*}"
[ "$(readlink "$FIREPUSH_SYSROOT")" = "$FIREPUSH_CROSS/rust" ] || ln -sfn "$FIREPUSH_CROSS/rust" "$FIREPUSH_SYSROOT"

export FIREPUSH_CROSS FIREPUSH_STD FIREPUSH_SYSROOT FIREPUSH_RUSTC="$machine" FIREPUSH_TARGET="$triple"
# Else std takes the 32-bit calls of musl, and panics when the clock stands after January 2038.
export RUST_LIBC_UNSTABLE_MUSL_V1_2_3=1
export RUSTC="$here/tools/rustc" RUSTC_BOOTSTRAP=1 RUSTFLAGS="$flags"
export TARGET_CC="$here/tools/linker" TARGET_AR="$here/tools/ar"
# shellcheck disable=SC2086 # two words a name
exec env $forgotten "${CARGO:-cargo}" --config "target.$triple.linker = '$here/tools/linker'" \
    "$command" --target "$triple" "$@"
