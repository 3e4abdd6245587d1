//! What is in board/ for devices: each package, laid into a system as near to the real one as this machine allows.

#[path = "support/mod.rs"]
mod support;

#[path = "packages/busybox.rs"]
mod busybox;
#[path = "packages/chroot.rs"]
mod chroot;
#[path = "packages/openwrt.rs"]
mod openwrt;
#[path = "packages/shell.rs"]
mod shell;
