//! What is in board/ for devices: each package, laid into a system as near to the real one as this machine allows.

#[path = "support/mod.rs"]
mod support;

#[path = "packages/buildroot.rs"]
mod buildroot;
#[path = "packages/busybox.rs"]
mod busybox;
#[path = "packages/chroot.rs"]
mod chroot;
#[path = "packages/debian.rs"]
mod debian;
#[path = "packages/debs.rs"]
mod debs;
#[path = "packages/facts.rs"]
mod facts;
#[path = "packages/machine.rs"]
mod machine;
#[path = "packages/openwrt.rs"]
mod openwrt;
#[path = "packages/sbom.rs"]
mod sbom;
#[path = "packages/shell.rs"]
mod shell;
#[path = "packages/systemd.rs"]
mod systemd;
#[path = "packages/yocto.rs"]
mod yocto;
