//! The command line: `firepush send`, `firepush receive`.

mod args;
mod events;
mod help;
mod logger;
mod receive;
mod send;
mod signals;
mod terminal;

use std::process::ExitCode;

use args::Command;
use events::Output;

fn main() -> ExitCode {
    let command = match args::parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(error) => return Output::default().fail(&error),
    };
    match command {
        Command::Usage => help::usage(),
        Command::Help(verb) => help::print(verb),
        Command::Version => help::version(),
        Command::Send(settings, files) => send::run(settings, &files),
        Command::Receive(settings) => receive::run(settings),
    }
}
