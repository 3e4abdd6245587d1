//! What an examination says.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::command::Plain;
use crate::setups::Setup;
use crate::support::files;
use crate::support::process::Exit;

/// The lines of one examination.
pub struct Lines {
    pub all: Vec<Value>,
    pub exit: Exit,
}

impl Lines {
    /// Of `firepush doctor`, with a spool of its own unless the set-up says otherwise.
    pub fn of(setup: &Setup, mounts: &str) -> Lines {
        let folder = files::folder();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("chmod");
        let spool = folder.path().join("spool").display().to_string();
        let conf = folder.path().join("conf");
        fs::write(&conf, format!("[logs]\nfiles = /var/log/none\nto = {}\n", setup.to)).expect("a file");
        let conf = conf.display().to_string();
        let plain = if mounts.is_empty() { Plain::new("doctor") } else { Plain::new("doctor").mounted(mounts) };
        let plain = plain.args(setup.account.words()).args(["--json", "--spool", &spool, "--config", &conf]);
        let exit = plain.args(&setup.words).end();
        Lines { all: exit.events("check"), exit }
    }

    /// Texts and advice of a check at a level.
    pub fn said(&self, check: &str, level: &str) -> String {
        let lines = self.all.iter().filter(|line| line["check"] == check && line["level"] == level);
        lines.map(|line| format!("{} → {}\n", line["text"], line["advice"])).collect()
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.all {
            writeln!(f, "{} {} {} → {}", line["level"], line["check"], line["text"], line["advice"])?;
        }
        write!(f, "{} {}", self.exit.code, self.exit.stderr)
    }
}
