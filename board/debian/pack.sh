#!/bin/sh
# Makes Debian packages from what `make install PREFIX=/usr LIBDIR=/usr/lib/MULTIARCH` put into STAGE; the same bytes
# from the same files, wherever and whenever.
# usage: pack.sh ARCH STAGE OUT [PACKAGE...]
set -eu
umask 022
export LC_ALL=C TZ=UTC

here=$(cd "$(dirname "$0")" && pwd)
arch=$1 stage=$2 out=$3
shift 3
[ $# -gt 0 ] || set -- firepush libfirepush0 libfirepush-dev
multiarch=$("$here/multiarch.sh" "$arch")
version=$(sed -n '1s/.*(\(.*\)).*/\1/p' "$here/changelog")
upstream=${version%-*}
signed=$(sed -n '/^ -- /{s/^ -- //p;q;}' "$here/changelog")
: "${SOURCE_DATE_EPOCH:=$(date -d "${signed#*>  }" +%s)}"
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

put() { # put MODE FILE PATH
    install -D -m "$1" "$2" "$root/$3"
}

put_packed() { # put_packed FILE PATH: the path without .gz
    mkdir -p "$root/${2%/*}"
    gzip -9nc "$1" >"$root/$2.gz"
}

put_link() { # put_link TARGET PATH
    mkdir -p "$root/${2%/*}"
    ln -s "$1" "$root/$2"
}

# The newest version of libc6 that a symbol asks for; the compiler's own library where it is used.
libraries() { # libraries FILE
    libc=$(grep -ao 'GLIBC_2\.[0-9][0-9.]*' "$1" | sort -uV | tail -n 1)
    printf 'libc6 (>= %s)' "${libc#GLIBC_}"
    ! grep -aqF libgcc_s.so.1 "$1" || printf ', libgcc-s1 (>= 4.2)'
}

begin() { # begin PACKAGE
    package=$1 root=$work/$1 libraries=''
    put 644 "$here/copyright" "usr/share/doc/$package/copyright"
    put_packed "$here/changelog" "usr/share/doc/$package/changelog.Debian"
    put_packed "$here/../../CHANGELOG.md" "usr/share/doc/$package/changelog"
    if [ -e "$here/$package/lintian-overrides" ]; then
        put 644 "$here/$package/lintian-overrides" "usr/share/lintian/overrides/$package"
    fi
}

# In KiB, as dpkg-gencontrol counts: each file rounded up, anything else one.
size() {
    (cd "$root" && find . ! -path './DEBIAN*' ! -path . -printf '%y %s\n') |
        awk '{ sum += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print sum }'
}

finish() {
    mkdir -p "$root/DEBIAN"
    for file in conffiles shlibs triggers; do
        [ ! -e "$here/$package/$file" ] || sed "s/@UPSTREAM@/$upstream/" "$here/$package/$file" >"$root/DEBIAN/$file"
    done
    for script in postinst prerm postrm; do
        [ ! -e "$here/$package/$script" ] || put 755 "$here/$package/$script" "DEBIAN/$script"
    done
    (cd "$root" && find usr -type f | sort | xargs md5sum) >"$root/DEBIAN/md5sums"
    sed -e "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@MAINTAINER@/${signed%>  *}>/; s/@LIBRARIES@/$libraries/" \
        -e "s/@SIZE@/$(size)/" "$here/$package/control" >"$root/DEBIAN/control"
    find "$root" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
    dpkg-deb --root-owner-group -Zxz --build "$root" "$out/${package}_${version}_$arch.deb" >/dev/null
}

firepush() {
    begin firepush
    put 755 "$stage/usr/bin/firepush" usr/bin/firepush
    put 755 "$here/../systemd/firepush-as-service" usr/sbin/firepush-as-service
    for page in man1/firepush.1 man5/firepush.conf.5; do
        put_packed "$stage/usr/share/man/$page" "usr/share/man/$page"
    done
    put_packed "$here/../systemd/firepush-as-service.8" usr/share/man/man8/firepush-as-service.8
    for file in bash-completion/completions/firepush fish/vendor_completions.d/firepush.fish; do
        put 644 "$stage/usr/share/$file" "usr/share/$file"
    done
    put 644 "$stage/usr/share/zsh/site-functions/_firepush" usr/share/zsh/vendor-completions/_firepush
    for unit in firepush.service firepush.timer firepush-receive.service; do
        put 644 "$here/../systemd/$unit" "usr/lib/systemd/system/$unit"
    done
    put 644 "$here/../systemd/firepush.sysusers" usr/lib/sysusers.d/firepush.conf
    put 644 "$here/../systemd/firepush.tmpfiles" usr/lib/tmpfiles.d/firepush.conf
    put 644 "$here/firepush.conf" etc/firepush.conf
    put 644 "$here/firepush-receive.conf" usr/share/doc/firepush/examples/firepush-receive.conf
    put 644 "$here/README.Debian" usr/share/doc/firepush/README.Debian
    libraries=$(libraries "$root/usr/bin/firepush")
    finish
}

libfirepush0() {
    begin libfirepush0
    put 644 "$stage/usr/lib/$multiarch/libfirepush.so.$upstream" "usr/lib/$multiarch/libfirepush.so.$upstream"
    put_link "libfirepush.so.$upstream" "usr/lib/$multiarch/libfirepush.so.0"
    libraries=$(libraries "$root/usr/lib/$multiarch/libfirepush.so.$upstream")
    finish
}

libfirepush_dev() {
    begin libfirepush-dev
    for file in libfirepush.a pkgconfig/firepush.pc; do
        put 644 "$stage/usr/lib/$multiarch/$file" "usr/lib/$multiarch/$file"
    done
    put 644 "$stage/usr/include/firepush.h" usr/include/firepush.h
    put_link libfirepush.so.0 "usr/lib/$multiarch/libfirepush.so"
    finish
}

mkdir -p "$out"
for package; do
    case $package in
    firepush) firepush ;;
    libfirepush0) libfirepush0 ;;
    libfirepush-dev) libfirepush_dev ;;
    *)
        echo "pack.sh: there is no package $package" >&2
        exit 64
        ;;
    esac
done
