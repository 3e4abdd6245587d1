//! `firepush doctor` against a table of set-ups: the line that is wrong is the right one, with what to do next.

#[path = "support/command.rs"]
mod command;
#[path = "support/openfire/mod.rs"]
mod openfire;
mod support;

#[path = "doctor/clock.rs"]
mod clock;
#[path = "doctor/lines.rs"]
mod lines;
#[path = "doctor/setups.rs"]
mod setups;
