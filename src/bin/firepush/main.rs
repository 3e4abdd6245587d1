//! The command line: `firepush send`, `firepush receive`, `firepush run` …

mod args;
mod doctor;
mod events;
mod exchange;
mod help;
mod logger;
mod person;
mod queued;
mod receive;
mod report;
mod run;
mod secret;
mod send;
mod signals;
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
        Command::Do(Verb::Receive, configuration, _) => receive::run(configuration.settings),
        Command::Do(Verb::Run, configuration, jobs) => run::run(&configuration, &jobs),
        Command::Do(Verb::Retry, configuration, ids) => status::retry(&configuration, &ids),
        Command::Do(Verb::Drop, configuration, ids) => status::forget(&configuration, &ids),
        Command::Do(Verb::Status, configuration, _) => status::status(&configuration),
        Command::Do(Verb::Doctor, configuration, _) => doctor::run(&configuration),
        Command::Do(Verb::Send | Verb::Config, configuration, _) => {
            let said = help::say(&configuration.text());
            configuration.check_jobs().map_or_else(|error| Output::default().fail(&error), |()| said)
        }
    }
}
