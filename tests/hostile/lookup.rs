//! A look-up that never ends: glibc reads /etc/hosts, which is a pipe into which nobody writes.

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use firepush::config::Wait;

use crate::bed::{Bed, assert_says};
use crate::command::Plain;
use crate::openfire::options::Options;
use crate::openfire::puppet::Manners;

struct Lookup {
    bed: Bed,
    hosts: PathBuf,
}

impl Lookup {
    fn new() -> Lookup {
        let bed = Bed::new(Options::default(), Manners::default());
        let hosts = bed.folder.path().join("hosts");
        let name = CString::new(hosts.as_os_str().as_bytes()).expect("no NUL");
        // SAFETY: the pointer is that of a live string that ends with NUL.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        Lookup { bed, hosts }
    }

    fn command(&self, words: &[&str]) -> Plain {
        let words = [&["--server", "a-name.invalid:5222"], words].concat();
        self.bed.command(&words).mounted(&format!("mount --bind {} /etc/hosts", self.hosts.display()))
    }

    /// Returns when somebody reads the file, who waits as long as what is returned lives.
    fn wait_for_reader(&self) -> File {
        OpenOptions::new().write(true).open(&self.hosts).expect("a pipe")
    }
}

#[test]
fn a_name_that_is_not_looked_up_in_time_ends_the_wait_resolve() {
    let exit = Lookup::new().command(&["--wait-resolve", "100ms"]).end().expect(75);
    assert_says(&exit, &[Wait::Resolve.doing(), Wait::Resolve.setting()]);
}

#[test]
fn a_signal_ends_the_wait_resolve() {
    let lookup = Lookup::new();
    let running = lookup.command(&[]).start();
    let _silent = lookup.wait_for_reader();
    running.signal(libc::SIGTERM);
    assert_says(&running.wait().expect(75), &["stopped", Wait::Resolve.doing()]);
}
