//! What there is to carry files with, and who could take them: looked at, not used.

use std::sync::Arc;

use super::Context;
use super::proxies;
use super::recipient::{Search, is_gone, offline, subscription, takes_files, unable};
use crate::base::endpoint::Endpoint;
use crate::base::error::{Error, Result};
use crate::base::jid::Jid;
use crate::base::waits::Wait;
use crate::net::dial::Purpose;
use crate::os::thread;
use crate::os::until::Until;
use crate::proto::bytestreams::StreamHost;
use crate::proto::disco::{self, Info};
use crate::proto::ns;
use crate::proto::roster::Subscription;
use crate::proto::version::{self, Version};

/// An address of a proxy, and whether a TCP connection to it came about.
pub struct Probed {
    pub host: StreamHost,
    pub outcome: Result<()>,
}

/// Every address that the server's proxies name, tried all at once.
///
/// # Errors
/// What ended the session, or a stop.
pub fn proxies(context: &Context) -> Result<Vec<Probed>> {
    let named = proxies::usable(proxies::list(context)?.query(context)?.named()?, true);
    let mut probes = Vec::new();
    for host in named.into_iter().take(proxies::PROBED_MAX) {
        let (dialer, patience) = (Arc::clone(&context.dialer), context.patience.clone());
        let endpoint = Endpoint { host: host.host.clone(), port: host.port };
        let dial = move || dialer.dial(&endpoint, Purpose::new(&patience, Wait::Probe)).map(|_| ());
        probes.push((host, thread::work_out("firepush-probe", dial)?));
    }
    let lost = || Err(Error::new(crate::base::error::Kind::Bug, "the probe ended without an outcome"));
    let probed = probes.into_iter().map(|(host, probe)| Probed { host, outcome: probe.join().unwrap_or_else(lost) });
    Ok(probed.collect())
}

/// A client of the recipient.
pub struct Resource {
    pub jid: Jid,
    /// What it says it can do; nothing when it didn't answer.
    pub info: Option<Info>,
}

impl Resource {
    pub fn takes_files(&self) -> bool {
        self.info.as_ref().is_some_and(takes_files)
    }

    /// `SOCKS5`, `in-band`.
    pub fn methods(&self) -> Vec<&'static str> {
        let has = |feature| self.info.as_ref().is_some_and(|info| info.has(feature));
        let all = [(ns::BYTESTREAMS, "SOCKS5"), (ns::IBB, "in-band")];
        all.into_iter().filter(|(feature, _)| has(feature)).map(|(_, name)| name).collect()
    }
}

/// The recipient as a push would find it.
pub struct Recipient {
    /// How our roster has it; nothing when the server doesn't tell.
    pub subscription: Option<Subscription>,
    pub resources: Vec<Resource>,
    /// The client that would get a file, or why there is none.
    pub chosen: Result<Jid>,
}

/// Looks at a recipient.
///
/// # Errors
/// What ended the session, or a stop.
pub fn recipient(context: &Context, to: &Jid) -> Result<Recipient> {
    context.session.want(&to.bare());
    let chosen = Search::start(context, to).and_then(Search::found).and_then(|found| found.best(context));
    let until = context.patience.until(Wait::Discover);
    let chosen = if to.is_bare() { chosen } else { chosen.and_then(|jid| answered(context, jid, &until)) };
    let mut flight = context.session.flight(&until);
    let roster = flight.roster_item(to)?;
    let mut asked = Vec::new();
    for (jid, _) in context.session.online(&to.bare()) {
        asked.push((flight.get(&jid, disco::info_query())?, jid));
    }
    flight.send()?;
    let subscription = subscription(&roster, &until).ok();
    let mut resources = Vec::new();
    for (info, jid) in asked {
        let info = info.wait_briefly(&until)?.and_then(|answer| answer.ok().flatten());
        resources.push(Resource { jid, info: info.and_then(|query| Info::parse(&query).ok()) });
    }
    Ok(Recipient { subscription, resources, chosen })
}

/// A push takes a full address as it is; whether it is there shows when it is asked.
fn answered(context: &Context, jid: Jid, until: &Until) -> Result<Jid> {
    match context.session.get(&jid, disco::info_query(), until)?.wait_briefly(until)? {
        Some(Err(refusal)) if is_gone(&refusal) => Err(offline(&jid)),
        Some(Ok(query)) => {
            let info = query.and_then(|query| Info::parse(&query).ok()).unwrap_or_default();
            if takes_files(&info) { Ok(jid) } else { Err(unable(&jid)) }
        }
        _ => Ok(jid),
    }
}

/// What the server says it is; nothing when it doesn't.
///
/// # Errors
/// What ended the session, or a stop.
pub fn server(context: &Context) -> Result<Option<Version>> {
    let until = context.patience.until(Wait::Discover);
    let asked = context.session.get(&context.session.me().server(), version::query(), &until)?;
    let answer = asked.wait_briefly(&until)?.and_then(|answer| answer.ok().flatten());
    Ok(answer.and_then(|query| Version::parse(&query)))
}
