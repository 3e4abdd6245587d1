//! Standard input by way of the spool, whole or in numbered parts.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::Arc;

use super::deliver::Delivery;
use super::keep::fresh_id;
use super::plan::{From, Item, Plan};
use super::{Event, Outcome, Run};
use crate::base::config::Empty;
use crate::base::error::{Error, Kind, Result};
use crate::base::task::Recipients;
use crate::base::waits::{Wait, Waits};
use crate::os::mailbox::Mailbox;
use crate::os::stop::Stop;
use crate::os::thread;
use crate::os::until::{Patience, Ready};
use crate::spool::entry::Entry;
use crate::spool::tries::Tries;
use crate::spool::{Claim, Shelf, Spool};

/// A stream that goes by way of the spool.
pub struct Stream {
    /// Where the bytes come from.
    pub from: Box<dyn Read + Send>,
    /// The size of a part; 0 is one part.
    pub part_size: u64,
}

/// What the reading thread needs to make entries.
struct Intaking {
    spool: Spool,
    stream: Stream,
    /// The name that is offered; of parts, with a number.
    name: String,
    to: Vec<Recipients>,
    made: u64,
    in_band: bool,
    skips_empty: bool,
    parts: Arc<Mailbox<Result<Part>>>,
}

/// A part as entries, one a recipient; none at the end of the stream.
struct Part {
    items: Vec<Item>,
    /// Entries that made room for it.
    dropped: u64,
}

impl Run<'_> {
    /// Takes a stream into the spool, whole or part by part, and sends each part when it is complete. It is read
    /// on, whatever becomes of the parts.
    ///
    /// # Errors
    /// As [`Run::run`], and [`Kind::Read`] of the stream.
    pub fn send_stream(&self, stream: Stream, tell: &mut dyn FnMut(Event)) -> Result<Outcome> {
        let settings = &self.configuration.settings;
        let parts = Arc::new(Mailbox::new(usize::MAX)?);
        let intaking = Intaking {
            spool: Spool::open(&settings.keep)?,
            stream,
            name: self.name_of_stream()?,
            to: settings.to.clone(),
            made: self.clock.now(),
            in_band: settings.task.only_in_band(),
            skips_empty: settings.config.empty == Empty::Skip,
            parts: Arc::clone(&parts),
        };
        thread::spawn("firepush-intake", move || intaking.run())?;
        // When all is stopped the intake ends by itself: what it has read is waited for.
        let patience = Patience::new(&settings.config.waits, &Stop::new()?);
        self.with_delivery(tell, |delivery| {
            let (mut sent, mut ids) = (Ok(()), Vec::new());
            loop {
                let items = match parts.take_within(&patience.until(Wait::Idle))? {
                    None => Vec::new(),
                    Some(Ok(part)) => {
                        delivery.tell_dropped(part.dropped);
                        if part.items.is_empty() {
                            break;
                        }
                        part.items
                    }
                    Some(Err(error)) => {
                        sent = sent.and(Err(error));
                        break;
                    }
                };
                ids.extend(items.iter().map(|item| item.id.clone()));
                // What goes wrong with the sending must not end the taking.
                sent = sent.and(delivery.send_what_is_due(items));
            }
            delivery.count_waiting(&ids).and(sent)
        })
    }
}

impl Intaking {
    fn run(mut self) {
        let mut number = 0;
        loop {
            number += 1;
            let part = self.part(number);
            let last = !matches!(&part, Ok(part) if !part.items.is_empty());
            if self.parts.put(part).is_err() || last {
                return;
            }
        }
    }

    fn part(&mut self, number: u32) -> Result<Part> {
        let items = self.entries(number)?;
        Ok(Part { items, dropped: self.spool.take_dropped() })
    }

    fn entries(&mut self, number: u32) -> Result<Vec<Item>> {
        let whole = self.stream.part_size == 0;
        if whole && number > 1 {
            return Ok(Vec::new());
        }
        let mut intake = self.spool.intake(0)?;
        let most = if whole { u64::MAX } else { self.stream.part_size };
        let (taken, stopped) = match intake.copy(&mut self.stream.from, most) {
            // A part that a signal cut short is a part all the same; a whole would be a lie.
            Err(e) if e.kind() == Kind::Stopped && !whole => (intake.written(), true),
            taken => (taken.map_err(|e| e.at("standard input"))?, false),
        };
        if taken == 0 && (number > 1 || stopped || self.skips_empty) {
            return Ok(Vec::new());
        }
        let name = if whole { self.name.clone() } else { part_name(&self.name, number) };
        let mut items: Vec<Item> = Vec::new();
        let mut claims: Vec<Claim> = Vec::new();
        let mut intake = Some(intake);
        for to in &self.to {
            let (id, intake) = (
                fresh_id()?,
                match (intake.take(), claims.first()) {
                    (None, Some(first)) => self.spool.again(first)?,
                    (Some(intake), _) => intake,
                    (None, None) => self.spool.intake(taken)?,
                },
            );
            let entry = Entry {
                transfer: id.clone(),
                job: None,
                to: to.clone(),
                name: name.clone(),
                size: taken,
                made: self.made,
                in_band: self.in_band,
                path: None,
            };
            let claim = intake.publish(&id, entry)?;
            let (entry, to) = (claim.entry.clone(), to.clone());
            items.push(Item {
                transfer: id.clone(),
                id,
                job: None,
                to,
                from: From::Spool(entry),
                tries: Tries::default(),
                since: self.made,
            });
            claims.push(claim);
        }
        Ok(items)
    }
}

impl Delivery<'_, '_> {
    fn tell_dropped(&mut self, files: u64) {
        if files > 0 {
            self.state.standing.dropped += files;
            (self.tell)(Event::Dropped { files });
        }
    }

    /// What failed once may have been sent since.
    fn count_waiting(&mut self, ids: &[String]) -> Result<()> {
        let spool = self.state.must_spool()?;
        self.outcome.waiting = ids.iter().filter(|id| spool.has(Shelf::Queue, id)).count() as u64;
        Ok(())
    }

    /// These, and what went before and is due again.
    fn send_what_is_due(&mut self, items: Vec<Item>) -> Result<()> {
        self.renew();
        let fresh: Vec<_> = items.iter().map(|item| item.id.clone()).collect();
        let plan = Plan::make(self.state, &[], true)?;
        let nobodys = |item: &Item| item.job.is_none() && !fresh.contains(&item.id);
        let now = self.state.clock.now();
        self.add(plan.items.into_iter().filter(|item| nobodys(item) && item.tries.is_due(now)).collect());
        self.add(items);
        self.work()?;
        for item in self.not_begun() {
            if let (From::Spool(entry), true) = (&item.from, fresh.contains(&item.id)) {
                let (id, name, size) = (item.id.clone(), entry.name.clone(), entry.size);
                self.outcome.waiting += 1;
                (self.tell)(Event::Queued { id, name, size, to: item.to.clone() });
            }
        }
        Ok(())
    }
}

/// Numbers sort by name for a long time.
fn part_name(name: &str, number: u32) -> String {
    match name.rfind('.') {
        Some(dot) if dot > 0 => format!("{}-{number:06}{}", &name[..dot], &name[dot..]),
        _ => format!("{name}-{number:06}"),
    }
}

/// Standard input, for [`Stream::from`]: reading it ends when all is stopped.
///
/// # Errors
/// [`Kind::Read`] when there is none.
pub fn standard_input(stop: &Stop) -> Result<Box<dyn Read + Send>> {
    let input = io::stdin().as_fd().try_clone_to_owned();
    let input = input.map_err(|e| Error::new(Kind::Read, format!("there is no standard input: {e}")).because(e))?;
    Ok(Box::new(Input { file: input.into(), patience: Patience::new(&Waits::default(), stop) }))
}

struct Input {
    file: File,
    patience: Patience,
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.patience.until(Wait::Idle).ready(&self.file, Ready::Read) {
                Err(e) if e.kind() != Kind::Timeout => return Err(io::Error::other(e)),
                Err(_) => {}
                Ok(()) => return self.file.read(buffer),
            }
        }
    }
}
