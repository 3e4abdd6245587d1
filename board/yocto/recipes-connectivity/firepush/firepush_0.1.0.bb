SUMMARY = "Push logs and captures to people on an XMPP server"
DESCRIPTION = "Sends files when cron or a timer calls it, and keeps what can't be sent yet."
HOMEPAGE = "https://crates.io/crates/firepush"
BUGTRACKER = "https://crates.io/crates/firepush"
SECTION = "net"
CVE_PRODUCT = "firepush"
LICENSE = "MIT | Apache-2.0"
LIC_FILES_CHKSUM = "\
    file://LICENSE-APACHE;md5=3b83ef96387f14655fc854ddc3c6bd57 \
    file://LICENSE-MIT;md5=ed04f04d77db7b3217ec1af300f23745 \
"

SRC_URI = "\
    https://crates.io/api/v1/crates/firepush/${PV}/download;name=firepush;downloadfilename=${BP}.tar.gz \
    file://firepush.conf \
    file://firepush.cron \
    file://firepush.service \
    file://firepush.timer \
"

inherit cargo cargo-update-recipe-crates systemd

require ${BPN}-crates.inc

PACKAGECONFIG ??= "doctor external gzip jobs receive roots tls12"
PACKAGECONFIG[capi] = "--features=capi"
PACKAGECONFIG[doctor] = "--features=doctor"
PACKAGECONFIG[external] = "--features=external"
PACKAGECONFIG[gzip] = "--features=gzip"
PACKAGECONFIG[intl] = "--features=intl"
PACKAGECONFIG[jobs] = "--features=jobs"
PACKAGECONFIG[receive] = "--features=receive"
PACKAGECONFIG[roots] = "--features=roots"
PACKAGECONFIG[tls12] = "--features=tls12"

CARGO_BUILD_FLAGS += "--no-default-features ${PACKAGECONFIG_CONFARGS}"

SYSTEMD_SERVICE:${PN} = "${@bb.utils.contains('PACKAGECONFIG', 'jobs', 'firepush.timer', '', d)}"

# Where file:// is unpacked to: UNPACKDIR is what later releases call it.
FIREPUSH_FILES = "${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}"

do_compile() {
    oe_cargo_build --bin firepush
    if ${@bb.utils.contains('PACKAGECONFIG', 'capi', 'true', 'false', d)}; then
        export RUSTFLAGS="${RUSTFLAGS}"
        "${CARGO}" rustc ${CARGO_BUILD_FLAGS} --lib --crate-type staticlib
    fi
}

do_install() {
    install -D -m 0755 ${B}/target/${CARGO_TARGET_SUBDIR}/firepush ${D}${bindir}/firepush
    install -D -m 0644 ${S}/docs/firepush.1 ${D}${mandir}/man1/firepush.1
    install -D -m 0644 ${S}/docs/firepush.conf.5 ${D}${mandir}/man5/firepush.conf.5
    install -D -m 0644 ${FIREPUSH_FILES}/firepush.conf ${D}${sysconfdir}/firepush.conf
    # What cron or a timer calls.
    if ${@bb.utils.contains('PACKAGECONFIG', 'jobs', 'false', 'true', d)}; then
        :
    elif ${@bb.utils.contains('DISTRO_FEATURES', 'systemd', 'true', 'false', d)}; then
        install -D -m 0644 ${FIREPUSH_FILES}/firepush.service ${D}${systemd_system_unitdir}/firepush.service
        install -D -m 0644 ${FIREPUSH_FILES}/firepush.timer ${D}${systemd_system_unitdir}/firepush.timer
    else
        install -D -m 0644 ${FIREPUSH_FILES}/firepush.cron ${D}${sysconfdir}/cron.d/firepush
    fi
    if ${@bb.utils.contains('PACKAGECONFIG', 'capi', 'true', 'false', d)}; then
        install -D -m 0644 ${S}/src/capi/firepush.h ${D}${includedir}/firepush.h
        install -D -m 0644 ${B}/target/${CARGO_TARGET_SUBDIR}/libfirepush.a ${D}${libdir}/libfirepush.a
        install -d ${D}${libdir}/pkgconfig
        sed -e 's|@PREFIX@|${prefix}|; s|@LIBDIR@|${libdir}|; s|@VERSION@|${PV}|' ${S}/src/capi/firepush.pc.in \
            > ${D}${libdir}/pkgconfig/firepush.pc
    fi
}

FILES:${PN} += "${systemd_system_unitdir}"
CONFFILES:${PN} = "${sysconfdir}/firepush.conf"

# The crond of BusyBox knows no cron.d.
RRECOMMENDS:${PN} += "${@bb.utils.contains('DISTRO_FEATURES', 'systemd', '', 'cronie', d)}"
