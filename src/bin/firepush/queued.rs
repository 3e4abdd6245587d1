//! `firepush send --queue`, and standard input: what can't be sent now waits in the spool.

use std::path::PathBuf;
use std::process::ExitCode;

use firepush::error::Result;
use firepush::settings::Configuration;
use firepush::unattended::{Outcome, Run, Stream, standard_input};

use crate::events::Output;
use crate::{run, signals};

/// Sends files, or standard input, and keeps what can't be sent.
pub fn send(configuration: &Configuration, files: &[PathBuf], output: Output) -> ExitCode {
    match deliver(configuration, files, output) {
        Ok(outcome) => exit_code(configuration, &outcome, output),
        Err(error) => output.fail(&error),
    }
}

fn deliver(configuration: &Configuration, files: &[PathBuf], output: Output) -> Result<Outcome> {
    let stop = signals::stop()?;
    let deliver = Run::new(configuration, &stop);
    let tell = &mut |happening| run::tell(output, happening);
    if files.iter().all(|file| file.as_os_str() != "-") {
        return deliver.send_or_keep(files, tell);
    }
    let part_size = configuration.settings.line.part_size;
    deliver.send_stream(Stream { from: standard_input(&stop)?, part_size }, tell)
}

/// With `--queue`, what waits is as good as done: a run sends it.
fn exit_code(configuration: &Configuration, outcome: &Outcome, output: Output) -> ExitCode {
    let code = run::conclude(output, outcome, true);
    match &outcome.failed {
        None if configuration.settings.line.queue => ExitCode::SUCCESS,
        _ => code,
    }
}
