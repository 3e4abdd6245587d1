//! The C API as a firmware engineer meets it: C and C++ programs that are built against the header and the static
//! library, and run against a real server.

#[path = "unattended/bed.rs"]
mod bed;
#[path = "capi/built.rs"]
mod built;
#[path = "capi/callbacks.rs"]
mod callbacks;
#[path = "capi/examples/mod.rs"]
mod examples;
#[path = "capi/header.rs"]
mod header;
#[path = "capi/install.rs"]
mod install;
#[path = "capi/misuse.rs"]
mod misuse;
#[path = "capi/process.rs"]
mod process;
#[path = "capi/sides.rs"]
mod sides;
#[path = "capi/storm.rs"]
mod storm;
mod support;
