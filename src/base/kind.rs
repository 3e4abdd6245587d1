//! The one table of error kinds: exit code, C code, retry class, fault and advice of each.

#[cfg(feature = "capi")]
use std::ffi::CStr;

/// Whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Trying again later, without any change, can succeed. Exit code 75.
    Later,
    /// An administrator can cure it without touching the file: a spool keeps the file.
    Cure,
    /// Trying again with the same input fails again.
    Never,
}

/// Whose fault it most likely is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A defect in firepush.
    Ours,
    /// The command line, a file or a disk of this device.
    Local,
    /// The configuration of this device.
    Configuration,
    /// The path between this device and the server or proxy.
    Network,
    /// The XMPP server or its proxy.
    Server,
    /// The other user or their client.
    Peer,
}

impl Fault {
    /// A word or two for people: `the network`, `the recipient` …
    pub fn text(self) -> &'static str {
        match self {
            Fault::Ours => "a bug in firepush",
            Fault::Local => "this device",
            Fault::Configuration => "the configuration",
            Fault::Network => "the network",
            Fault::Server => "the server",
            Fault::Peer => "the other side",
        }
    }
}

struct Row {
    name: &'static str,
    exit: u8,
    code: i32,
    retry: Retry,
    fault: Fault,
    /// With a NUL behind it, for C.
    advice: &'static str,
    /// What the documentation says; a blank in front, a NUL behind.
    about: &'static str,
}

macro_rules! kinds {
    ($($(#[doc = $about:literal])+ $kind:ident $name:literal $exit:literal $code:literal $retry:ident $fault:ident $advice:literal;)+) => {
        /// What went wrong. Each kind has one row in one table: see the methods.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Kind { $($(#[doc = $about])+ $kind,)+ }

        impl Kind {
            /// Every kind, in the order of the C codes.
            pub const ALL: &'static [Kind] = &[$(Kind::$kind),+];

            fn row(self) -> &'static Row {
                match self {
                    $(Kind::$kind => &Row {
                        name: $name, exit: $exit, code: $code, retry: Retry::$retry,
                        fault: Fault::$fault, advice: concat!($advice, "\0"), about: concat!($($about),+, "\0"),
                    },)+
                }
            }
        }
    };
}

kinds! {
    /// The command line or an argument is not understood.
    Usage "usage" 64 -1 Never Local "see `firepush help`";
    /// The file can't be sent: not a regular file, empty by accident, changed while it was sent.
    BadFile "bad-file" 65 -2 Never Local "check the file";
    /// No such file.
    NoFile "no-file" 66 -3 Never Local "check the path";
    /// The recipient is unknown or doesn't share its presence with us; servers don't tell which.
    NotShared "not-shared" 68 -4 Cure Peer "check the address, or put this account and the recipient into each other's roster (on Openfire: one shared group)";
    /// The recipient has no resource online.
    Offline "offline" 69 -5 Cure Peer "send again when it is online";
    /// The recipient is online with a client that can't receive files this way.
    Unable "unable" 69 -6 Cure Peer "let it log in with a client that takes files (Spark, or `firepush receive`)";
    /// The recipient declined the file.
    Declined "declined" 69 -7 Never Peer "ask its user";
    /// The other side cancelled the transfer.
    Cancelled "cancelled" 69 -8 Cure Peer "ask its user, then send again";
    /// The recipient takes no further file now.
    Busy "busy" 75 -9 Later Peer "try again later";
    /// Nobody answered the offer.
    Unanswered "unanswered" 75 -10 Later Peer "its user must accept the file, and must have this account in the contact list (Spark shows no buttons otherwise)";
    /// A wait ended at its deadline.
    Timeout "timeout" 75 -11 Later Network "try again later";
    /// The connection can't be made or broke.
    Network "network" 75 -12 Later Network "check address, route and firewall, then try again";
    /// The server refused for the time being or ended the session.
    Server "server" 75 -13 Later Server "try again later, or ask its administrator";
    /// Another login took over the same resource.
    Conflict "conflict" 75 -14 Later Configuration "give each process its own resource";
    /// The work was stopped from our side.
    Stopped "stopped" 75 -15 Later Local "start it again";
    /// The other side ended before the last byte.
    Incomplete "incomplete" 75 -16 Later Peer "try again";
    /// No bytestream: no proxy can be used, or the recipient can't reach it.
    NoBytestream "no-bytestream" 75 -17 Later Server "check the server's file transfer proxy and its external address, or use --method ibb";
    /// Something that can't happen did.
    Bug "bug" 70 -18 Cure Ours "please report it";
    /// A file can't be created or written.
    Write "write" 73 -19 Cure Local "check room and permissions";
    /// A file can't be read.
    Read "read" 74 -20 Cure Local "check the file and its permissions";
    /// The other side broke the protocol.
    Protocol "protocol" 76 -21 Cure Server "report it to the administrator of the server";
    /// TLS can't be agreed on.
    Tls "tls" 76 -22 Cure Server "check the TLS settings of the server";
    /// The server offers no TLS; nothing was sent.
    NoTls "no-tls" 76 -23 Cure Server "turn TLS on at the server, or use --direct-tls";
    /// The server's certificate can't be trusted.
    Certificate "certificate" 76 -24 Cure Server "check the certificate, or name it with --ca-file or --pin";
    /// The server refused the login, or couldn't prove that it knows the password.
    Auth "auth" 77 -25 Cure Configuration "check the account and its password file; trying again and again may lock the account";
    /// No login mechanism in common.
    NoMechanism "no-mechanism" 77 -26 Cure Server "enable SCRAM-SHA-1 at the server";
    /// The configuration can't be used.
    Config "config" 78 -27 Cure Configuration "correct it";
    /// A program of the configuration failed or took too long.
    Program "program" 75 -28 Later Configuration "check the program and what it printed";
    /// The clock of this device is not set.
    Clock "clock" 75 -29 Later Local "set the clock (NTP), or pin the server's certificate, which needs none";
}

impl Kind {
    /// The name used in `--json` events, e.g. `not-shared`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The exit code of the binary (sysexits.h).
    pub fn exit_code(self) -> u8 {
        self.row().exit
    }

    /// The number in the C API: negative, never reused.
    pub fn code(self) -> i32 {
        self.row().code
    }

    /// Whether trying again can help.
    pub fn retry(self) -> Retry {
        self.row().retry
    }

    /// Whose fault it most likely is.
    pub fn fault(self) -> Fault {
        self.row().fault
    }

    /// What to do next, in one phrase.
    pub fn advice(self) -> &'static str {
        self.row().advice.trim_end_matches('\0')
    }

    /// What it means, in a sentence.
    pub fn about(self) -> &'static str {
        self.row().about.trim_start().trim_end_matches('\0')
    }

    /// The advice for C.
    #[cfg(feature = "capi")]
    pub(crate) fn advice_c(self) -> &'static CStr {
        CStr::from_bytes_with_nul(self.row().advice.as_bytes()).unwrap_or_default()
    }

    /// The meaning for C.
    #[cfg(feature = "capi")]
    pub(crate) fn about_c(self) -> &'static CStr {
        CStr::from_bytes_with_nul(self.row().about.trim_start().as_bytes()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn rule_69_codes_and_names_are_unique_and_in_order() {
        let names: HashSet<_> = Kind::ALL.iter().map(|k| k.name()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        for (i, kind) in Kind::ALL.iter().enumerate() {
            assert_eq!(kind.code(), -(i as i32) - 1, "{kind:?}: codes are never reused or moved");
        }
    }

    #[test]
    fn what_may_be_tried_again_by_itself_exits_with_75() {
        for kind in Kind::ALL {
            assert_eq!(kind.retry() == Retry::Later, kind.exit_code() == 75, "{kind:?}");
        }
    }
}
