//! `firepush_delivery_*`: what became of a file.

use std::ffi::{CString, c_char, c_int};
use std::ptr;
use std::sync::Arc;

use super::OK;
use super::guard::{entry_or, freeing, misuse};
use super::handles::{Kept, Name};
use super::text::c_string;
use crate::base::error::{Error, Kind};
use crate::inbox::Event;
use crate::transfer::delivery::{Method, Tier};

/// A file that was sent, received, or not received.
#[derive(Default)]
pub struct Delivery {
    error: Option<(Kind, CString)>,
    id: CString,
    transfer: Option<CString>,
    peer: CString,
    name: CString,
    path: Option<CString>,
    sha256: Option<CString>,
    bytes: u64,
    elapsed_ms: u64,
    method: Option<Method>,
    tier: Option<Tier>,
}

impl Kept for Delivery {
    const WHAT: &'static str = "delivery";
    const IS_LIVE: bool = false;
}

impl Delivery {
    pub fn sent(delivery: &crate::transfer::delivery::Delivery) -> Delivery {
        Delivery {
            id: c_string(&delivery.id),
            transfer: delivery.transfer.as_deref().map(c_string),
            peer: c_string(delivery.to.as_str()),
            name: c_string(&delivery.name),
            bytes: delivery.bytes,
            elapsed_ms: u64::try_from(delivery.elapsed.as_millis()).unwrap_or(u64::MAX),
            method: Some(delivery.method),
            tier: Some(delivery.tier),
            ..Delivery::default()
        }
    }

    /// `None` for an offer, of which nothing has become yet.
    pub fn received(event: Event) -> Option<Delivery> {
        match event {
            Event::Offer { .. } => None,
            Event::File { id, transfer, from, name, path, size, sha256, method } => Some(Delivery {
                id: c_string(&id),
                transfer: transfer.as_deref().map(c_string),
                peer: c_string(from.as_str()),
                name: c_string(&name),
                path: path.to_str().filter(|path| !path.is_empty()).map(c_string),
                sha256: Some(c_string(&sha256)),
                bytes: size,
                method: Some(method),
                ..Delivery::default()
            }),
            Event::Failed { id, transfer, from, name, error } => Some(Delivery {
                error: Some(line(&error)),
                id: c_string(&id),
                transfer: transfer.as_deref().map(c_string),
                peer: c_string(from.as_str()),
                name: c_string(&name),
                ..Delivery::default()
            }),
        }
    }
}

fn line(error: &Error) -> (Kind, CString) {
    (error.kind(), c_string(&error.to_string()))
}

/// Looks into a delivery. The table keeps it, so what it holds stays until it is freed.
fn look<T>(name: &Name<Delivery>, otherwise: T, what: impl FnOnce(&Delivery) -> T) -> T {
    entry_or(otherwise, || name.find().map(|delivery: Arc<Delivery>| what(&delivery)))
}

fn pointer(text: Option<&CString>) -> *const c_char {
    text.map_or(ptr::null(), |text| text.as_ptr())
}

#[unsafe(no_mangle)]
extern "C" fn firepush_delivery_error(delivery: Name<Delivery>) -> c_int {
    let none = misuse("").kind().code();
    look(&delivery, none, |delivery| delivery.error.as_ref().map_or(OK, |(kind, _)| kind.code()))
}

#[unsafe(no_mangle)]
extern "C" fn firepush_delivery_error_text(delivery: Name<Delivery>) -> *const c_char {
    look(&delivery, ptr::null(), |delivery| delivery.error.as_ref().map_or(c"".as_ptr(), |(_, line)| line.as_ptr()))
}

#[unsafe(no_mangle)]
extern "C" fn firepush_delivery_id(delivery: Name<Delivery>) -> *const c_char {
    look(&delivery, ptr::null(), |delivery| delivery.id.as_ptr())
}

#[unsafe(no_mangle)]
extern "C" fn firepush_delivery_transfer(delivery: Name<Delivery>) -> *const c_char {
    look(&delivery, ptr::null(), |delivery| pointer(delivery.transfer.as_ref()))
}

#[unsafe(no_mangle)]
extern "C" fn firepush_delivery_peer(delivery: Name<Delivery>) -> *const c_char {
    look(&delivery, ptr::null(), |delivery| delivery.peer.as_ptr())
}

#[unsafe(no_mangle)]
extern "C" fn firepush_delivery_name(delivery: Name<Delivery>) -> *const c_char {
    look(&delivery, ptr::null(), |delivery| delivery.name.as_ptr())
}

#[unsafe(no_mangle)]
extern "C" fn firepush_delivery_path(delivery: Name<Delivery>) -> *const c_char {
    look(&delivery, ptr::null(), |delivery| pointer(delivery.path.as_ref()))
}

#[unsafe(no_mangle)]
extern "C" fn firepush_delivery_sha256(delivery: Name<Delivery>) -> *const c_char {
    look(&delivery, ptr::null(), |delivery| pointer(delivery.sha256.as_ref()))
}

#[unsafe(no_mangle)]
extern "C" fn firepush_delivery_bytes(delivery: Name<Delivery>) -> u64 {
    look(&delivery, 0, |delivery| delivery.bytes)
}

#[unsafe(no_mangle)]
extern "C" fn firepush_delivery_elapsed_ms(delivery: Name<Delivery>) -> u64 {
    look(&delivery, 0, |delivery| delivery.elapsed_ms)
}

#[unsafe(no_mangle)]
extern "C" fn firepush_delivery_method(delivery: Name<Delivery>) -> c_int {
    look(&delivery, 0, |delivery| match delivery.method {
        None => 0,
        Some(Method::Socks5) => 1,
        Some(Method::Ibb) => 2,
    })
}

#[unsafe(no_mangle)]
extern "C" fn firepush_delivery_tier(delivery: Name<Delivery>) -> c_int {
    look(&delivery, 0, |delivery| match delivery.tier {
        None => 0,
        Some(Tier::Forwarded) => 1,
        Some(Tier::Acked) => 2,
    })
}

#[unsafe(no_mangle)]
extern "C" fn firepush_delivery_free(delivery: Name<Delivery>) {
    freeing(|| drop(delivery.take()));
}
