//! The namespaces.

/// RFC 6120 §4.8.2: stanzas between a client and its server.
pub const CLIENT: &str = "jabber:client";
/// RFC 6120 §4.8.1: the stream itself.
pub const STREAM: &str = "http://etherx.jabber.org/streams";
/// RFC 6120 §4.9.2: conditions of stream errors.
pub const STREAMS_ERR: &str = "urn:ietf:params:xml:ns:xmpp-streams";
/// RFC 6120 §8.3.2: conditions of stanza errors.
pub const STANZAS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";
/// RFC 6120 §5: STARTTLS.
pub const TLS: &str = "urn:ietf:params:xml:ns:xmpp-tls";
/// RFC 6120 §6: SASL.
/// XEP-0440
pub const SASL_CB: &str = "urn:xmpp:sasl-cb:0";
pub const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
/// RFC 6120 §7: resource binding.
pub const BIND: &str = "urn:ietf:params:xml:ns:xmpp-bind";
/// RFC 3921 §3: session establishment.
pub const SESSION: &str = "urn:ietf:params:xml:ns:xmpp-session";
/// RFC 6121 §2: the roster.
pub const ROSTER: &str = "jabber:iq:roster";
/// XEP-0030: what an entity is and can do.
pub const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";
/// XEP-0030: what belongs to an entity.
pub const DISCO_ITEMS: &str = "http://jabber.org/protocol/disco#items";
/// XEP-0004: data forms.
pub const XDATA: &str = "jabber:x:data";
/// XEP-0020: feature negotiation.
pub const FEATURE_NEG: &str = "http://jabber.org/protocol/feature-neg";
/// XEP-0047: in-band bytestreams.
pub const IBB: &str = "http://jabber.org/protocol/ibb";
/// XEP-0065: SOCKS5 bytestreams.
pub const BYTESTREAMS: &str = "http://jabber.org/protocol/bytestreams";
/// XEP-0092: software version.
pub const VERSION: &str = "jabber:iq:version";
/// XEP-0095: stream initiation.
pub const SI: &str = "http://jabber.org/protocol/si";
/// XEP-0096: the file transfer profile of stream initiation.
pub const SI_FILE: &str = "http://jabber.org/protocol/si/profile/file-transfer";
/// XEP-0199: ping.
pub const PING: &str = "urn:xmpp:ping";
