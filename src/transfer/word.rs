//! A word to the operator, who may not look at file offers at once (rule 24).

use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::Context;
use crate::base::config::IfOffline;
use crate::base::jid::Jid;
use crate::base::waits::Wait;
use crate::proto::message;

/// Whom we have already told something in this session.
#[derive(Default)]
pub struct Told {
    announced: Mutex<Vec<Jid>>,
    missed: Mutex<Vec<Jid>>,
}

/// Tells the recipient that files come: once, before the first offer.
pub fn announce(context: &Context, recipient: &Jid) {
    seen_online(context, recipient);
    let Some(text) = &context.config.announce else { return };
    if first_time(&context.told.announced, recipient) {
        tell(context, recipient, text);
    }
}

/// Leaves a message for a recipient who is offline: the server keeps it, unlike a file. Once until the recipient
/// was seen online again; without a state folder, once in this session.
pub fn leave_message(context: &Context, recipient: &Jid, file: &str) {
    if context.config.if_offline != IfOffline::Message || !first_time(&context.told.missed, recipient) {
        return;
    }
    let mark = mark(context, recipient);
    if mark.as_ref().is_some_and(|mark| mark.exists()) {
        return;
    }
    let account = context.session.me().bare();
    let usual = || format!("{account} has a file for you: {file}. It is sent when you are online.");
    tell(context, &recipient.bare(), &context.config.announce.clone().unwrap_or_else(usual));
    if let Some(mark) = mark {
        if let Err(e) = fs::write(&mark, b"") {
            log::warn!("can't remember in {} that a message was left: {e}", mark.display());
        }
    }
}

fn seen_online(context: &Context, recipient: &Jid) {
    if let Some(mark) = mark(context, recipient) {
        let _ = fs::remove_file(mark);
    }
}

fn first_time(told: &Mutex<Vec<Jid>>, recipient: &Jid) -> bool {
    let (mut told, recipient) = (told.lock().unwrap_or_else(PoisonError::into_inner), recipient.bare());
    let is_first = !told.contains(&recipient);
    if is_first {
        told.push(recipient);
    }
    is_first
}

fn tell(context: &Context, to: &Jid, text: &str) {
    if let Err(e) = context.session.tell(&message::chat(to, text), &context.patience.until(Wait::Write)) {
        log::warn!("the message to {to} was not sent: {e}");
    }
}

/// The file that stands for a message that was left.
fn mark(context: &Context, recipient: &Jid) -> Option<PathBuf> {
    let parties = format!("{}\0{}", context.session.me().bare(), recipient.bare());
    let name = format!("left-{}", sha1_smol::Sha1::from(parties).digest());
    context.config.state.as_ref().map(|state| state.join(name))
}
