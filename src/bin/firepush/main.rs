//! The command line: `firepush send`, `firepush receive`, `firepush run` …

mod args;
#[cfg(feature = "doctor")]
mod doctor;
mod events;
#[cfg(feature = "jobs")]
mod exchange;
mod help;
mod logger;
#[cfg(feature = "jobs")]
mod person;
#[cfg(feature = "jobs")]
mod queued;
#[cfg(feature = "receive")]
mod receive;
#[cfg(feature = "jobs")]
mod report;
#[cfg(feature = "jobs")]
mod run;
mod secret;
mod send;
mod signals;
#[cfg(feature = "jobs")]
mod status;
mod syslog;
mod terminal;

use std::process::ExitCode;

use args::Command;
use events::Output;
use firepush::Error;
use firepush::error::Kind;
use firepush::settings::Verb;

fn main() -> ExitCode {
    let command = match args::parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(error) => return Output::default().fail(&error),
    };
    let code = act(command);
    if events::is_output_lost() {
        let error = Error::new(Kind::Write, "standard output could not be written");
        return Output::default().fail(&error);
    }
    code
}

fn act(command: Command) -> ExitCode {
    match command {
        Command::Usage => help::usage(),
        Command::Help(verb) => help::print(verb),
        Command::Version => help::version(),
        Command::Send(configuration, files) => send::run(&configuration, &files),
        #[cfg(feature = "receive")]
        Command::Do(Verb::Receive, configuration, _) => receive::run(configuration.settings),
        #[cfg(feature = "jobs")]
        Command::Do(Verb::Run, configuration, jobs) => run::run(&configuration, &jobs),
        #[cfg(feature = "jobs")]
        Command::Do(Verb::Retry, configuration, ids) => status::retry(&configuration, &ids),
        #[cfg(feature = "jobs")]
        Command::Do(Verb::Drop, configuration, ids) => status::forget(&configuration, &ids),
        #[cfg(feature = "jobs")]
        Command::Do(Verb::Status, configuration, _) => status::status(&configuration),
        #[cfg(feature = "doctor")]
        Command::Do(Verb::Doctor, configuration, _) => doctor::run(&configuration),
        Command::Do(Verb::Send | Verb::Config, configuration, _) => {
            let said = help::say(&configuration.text());
            configuration.check_jobs().map_or_else(|error| Output::default().fail(&error), |()| said)
        }
        #[cfg(not(all(feature = "doctor", feature = "jobs", feature = "receive")))]
        Command::Do(verb, ..) => {
            Output::default().fail(&args::built_without(args::left_out(verb).unwrap_or(verb.name())))
        }
    }
}
