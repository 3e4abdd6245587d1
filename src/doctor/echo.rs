//! A file to ourselves, by SOCKS5 and in-band: the whole way, there and back.

use std::sync::Arc;
use std::time::Instant;

use super::Report;
use crate::base::config::{Allow, Config, Preference};
use crate::base::error::{Error, Kind, Result};
use crate::base::waits::Wait;
use crate::client::Client;
use crate::inbox::{Event, Inbox};
use crate::os::random;
use crate::os::stop::Stop;
use crate::transfer::delivery::Method;
use crate::transfer::source::Source;

const SIZE: usize = 64 * 1024;

/// # Errors
/// [`Kind::Stopped`].
pub fn both_ways(client: &Client, config: &Config, stop: &Stop, report: &mut Report<'_>) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("firepush-doctor-{}", random::token(12)?));
    if let Err(e) = std::fs::create_dir(&folder) {
        report.warn(
            "loop",
            format!("{} can't be made: {e}", folder.display()),
            "the loop to ourselves needs 64 KiB there",
        );
        return Ok(());
    }
    let own = Config {
        jid: config.jid.as_ref().map(crate::base::jid::Jid::bare),
        dir: Some(folder.clone()),
        from: vec![Allow::Account(client.jid().bare())],
        from_file: None,
        method: Preference::Auto,
        max_size: 0,
        count: None,
        ..config.clone()
    };
    let echoed = other_end(&own, stop).and_then(|(other, inbox)| {
        for method in [Preference::Socks5, Preference::Ibb] {
            one(client, config, &other, &inbox, method, report)?;
        }
        other.close();
        Ok(())
    });
    let _ = std::fs::remove_dir_all(&folder);
    match echoed {
        Err(error) if error.kind() != Kind::Stopped => {
            report.warn("loop", error.what(), error.advice());
            Ok(())
        }
        echoed => echoed,
    }
}

/// The same account, logged in once more.
fn other_end(config: &Config, stop: &Stop) -> Result<(Client, Inbox)> {
    let other = Client::connect_until(config, stop)?;
    let inbox = other.inbox()?;
    Ok((other, inbox))
}

/// A method that fails is a warning: a push may go by the other.
fn one(
    client: &Client,
    config: &Config,
    other: &Client,
    inbox: &Inbox,
    method: Preference,
    report: &mut Report<'_>,
) -> Result<()> {
    let name = if method == Preference::Ibb { "in-band" } else { "SOCKS5" };
    let started = Instant::now();
    match carried(client, config, other, inbox, method) {
        Ok(()) => {
            report.ok("loop", format!("64 KiB by {name} came back whole in {} ms", started.elapsed().as_millis()))
        }
        Err(error) if error.kind() == Kind::Stopped => return Err(error),
        Err(error) => report.warn("loop", format!("{name}: {}", error.what()), error.advice()),
    }
    Ok(())
}

fn carried(client: &Client, config: &Config, other: &Client, inbox: &Inbox, method: Preference) -> Result<()> {
    let bytes: Vec<u8> = (0..SIZE / 4).flat_map(|word| (word as u32).wrapping_mul(0x9E37_79B9).to_le_bytes()).collect();
    let source = Source::reader("doctor.bin", bytes.len() as u64, std::io::Cursor::new(bytes.clone()));
    let own = Arc::new(Config { method, ..config.clone() });
    let delivery = client.push_as(&own, other.jid(), source, None)?.wait()?;
    if (method == Preference::Ibb) != (delivery.method == Method::Ibb) {
        return Err(Error::new(Kind::NoBytestream, "it went in-band instead"));
    }
    let limit = config.waits.limit(Wait::Data);
    while let Some(event) = inbox.next(limit)? {
        match event {
            Event::File { id, path, .. } if id == delivery.id => {
                let is_same = std::fs::read(&path).is_ok_and(|came| came == bytes);
                return if is_same { Ok(()) } else { Err(Error::new(Kind::Incomplete, "other bytes came back")) };
            }
            Event::Failed { id, error, .. } if id == delivery.id => return Err(error),
            // Of the round before.
            Event::File { .. } | Event::Failed { .. } | Event::Offer { .. } => {}
        }
    }
    Err(Error::new(Kind::Timeout, "it did not come back"))
}
