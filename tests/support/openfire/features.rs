//! What is offered at each step, in Openfire's order and with its duplicates.

use super::options::Options;

const LIMITS: &str = r#"<limits xmlns="urn:xmpp:stream-limits:0"><max-bytes>1048576</max-bytes><idle-seconds>360</idle-seconds></limits>"#;
const COMPRESSION: &str =
    r#"<compression xmlns="http://jabber.org/features/compress"><method>zlib</method></compression>"#;
const VERSION: &str = r#"<ver xmlns="urn:xmpp:features:rosterver"/>"#;
const CAPS: &str = r#"<c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="https://www.igniterealtime.org/projects/openfire/" ver="x"/>"#;
const BOUND_FEATURES: &str = r#"<sm xmlns="urn:xmpp:sm:2"/><sm xmlns="urn:xmpp:sm:3"/><csi xmlns="urn:xmpp:csi:0"/>"#;
const BINDING: &str = r#"<sasl-channel-binding xmlns="urn:xmpp:sasl-cb:0"><channel-binding type="tls-server-end-point"/></sasl-channel-binding>"#;
const REGISTER: &str = r#"<register xmlns="http://jabber.org/features/iq-register"/>"#;

/// Mechanisms before TLS too, PLAIN among them, and the limits twice.
pub fn in_clear(options: &Options) -> String {
    let starttls = r#"<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"><required/></starttls>"#;
    let starttls = if options.starttls { starttls } else { "" };
    [starttls, LIMITS, COMPRESSION, VERSION, &mechanisms(options), REGISTER, CAPS, LIMITS].concat()
}

/// On direct TLS the limits come twice, first and last.
pub fn in_tls(options: &Options, direct: bool) -> String {
    let limits = if direct { LIMITS } else { "" };
    [limits, COMPRESSION, VERSION, &mechanisms(options), BINDING, REGISTER, CAPS, LIMITS].concat()
}

pub fn logged_in(options: &Options) -> String {
    let optional = if options.session_required { "" } else { "<optional/>" };
    let bind = format!(
        r#"<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/><session xmlns="urn:ietf:params:xml:ns:xmpp-session">{optional}</session>"#
    );
    [COMPRESSION, VERSION, &bind, BOUND_FEATURES, CAPS, LIMITS].concat()
}

fn mechanisms(options: &Options) -> String {
    let named = |name: &&str| format!("<mechanism>{name}</mechanism>");
    let all: String = options.mechanisms.iter().map(named).collect();
    format!(r#"<mechanisms xmlns="urn:ietf:params:xml:ns:xmpp-sasl">{all}</mechanisms>"#)
}
