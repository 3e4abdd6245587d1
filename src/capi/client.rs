//! `firepush_client_*`.

use std::ffi::{c_char, c_int};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::config::{Config, Configured};
use super::guard::{entry, freeing, misuse};
use super::handles::{Kept, Name, Place};
use super::log;
use super::text::fill;
use crate::base::config::Config as ClientConfig;
use crate::base::error::Result;
use crate::os::stop::Stop;

/// A client that connects when it is told to.
pub struct Client {
    pub configured: Configured,
    config: ClientConfig,
    /// Ends all that waits with it.
    pub stop: Stop,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_connecting: bool,
    /// The last one, though it may have ended.
    client: Option<crate::client::Client>,
}

impl Kept for Client {
    const WHAT: &'static str = "client";
    const IS_LIVE: bool = true;
}

/// Lets others connect however this ends.
struct Connecting<'c>(&'c Client);

impl Drop for Connecting<'_> {
    fn drop(&mut self) {
        self.0.lock().is_connecting = false;
    }
}

impl Client {
    fn connect(&self) -> Result<()> {
        self.stop.check()?;
        // Nothing is asked of a client under the lock: it may be about to log, and a log callback to ask for us.
        let last = self.lock().client.clone();
        if last.as_ref().is_some_and(|client| client.ended().is_none()) {
            return Ok(());
        }
        if std::mem::replace(&mut self.lock().is_connecting, true) {
            return Err(misuse("another thread connects this client"));
        }
        let _connecting = Connecting(self);
        let connected = match last {
            Some(last) => last.reconnect(),
            None => crate::client::Client::connect_until(&self.config, &self.stop),
        }?;
        let before = self.lock().client.replace(connected);
        drop(before);
        Ok(())
    }

    /// The one that is connected, or was.
    ///
    /// # Errors
    /// [`crate::base::error::Kind::Usage`], [`crate::base::error::Kind::Stopped`] after an abort.
    pub fn connected(&self) -> Result<crate::client::Client> {
        self.stop.check()?;
        self.lock()
            .client
            .clone()
            .ok_or_else(|| misuse("the client is not connected: firepush_client_connect comes first"))
    }

    /// Ends the stream in order when nothing else is going on, else all of it at once.
    fn end(&self) {
        let client = self.lock().client.take();
        match client {
            Some(client) if !client.is_shared() => client.close(),
            _ => {}
        }
        self.stop.stop();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_client_new(config: Name<Config>, client: *mut Name<Client>) -> c_int {
    entry(|| {
        // SAFETY: the header asks for a place or NULL.
        let place = unsafe { Place::new(client) }?;
        let configured = config.find()?.now()?;
        let config = configured.config();
        config.account()?;
        place.keep(Client { configured, config, stop: Stop::new()?, state: Mutex::default() })
    })
}

#[unsafe(no_mangle)]
extern "C" fn firepush_client_connect(client: Name<Client>) -> c_int {
    entry(|| {
        log::not_inside()?;
        client.find()?.connect()
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn firepush_client_jid(client: Name<Client>, buffer: *mut c_char, size: usize) -> c_int {
    entry(|| {
        // SAFETY: the header asks for a buffer of that size, or NULL.
        unsafe { fill(buffer, size, "") }?;
        let client = client.find()?.connected()?;
        // SAFETY: as above.
        unsafe { fill(buffer, size, client.jid().as_str()) }
    })
}

#[unsafe(no_mangle)]
extern "C" fn firepush_client_abort(client: Name<Client>) -> c_int {
    entry(|| {
        client.find()?.stop.stop();
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn firepush_client_free(client: Name<Client>) {
    freeing(|| client.take().iter().for_each(|client| client.end()));
}
