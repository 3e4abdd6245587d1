//! What an element must hold, and the error that says what came instead.

use std::fmt::Display;
use std::str::FromStr;

use crate::base::error::{Error, Kind, Result};
use crate::base::jid::Jid;
use crate::xml::element::Element;

/// The one form of a parse error.
pub fn unexpected(expected: impl Display, got: impl Display) -> Error {
    Error::new(Kind::Protocol, format!("expected {expected}, got {got}"))
}

/// `element` has this name and namespace.
pub fn named(element: &Element, name: &str, ns: &str) -> Result<()> {
    if element.is(name, ns) {
        return Ok(());
    }
    Err(unexpected(format_args!("<{name} xmlns=\"{ns}\">"), format_args!("{element:?}")))
}

/// The first child with this name and namespace.
pub fn child<'e>(element: &'e Element, name: &str, ns: &str) -> Result<&'e Element> {
    element.find(name, ns).ok_or_else(|| {
        unexpected(format_args!("<{name} xmlns=\"{ns}\"> in <{}>", element.name()), format_args!("{element:?}"))
    })
}

/// The attribute `name`, not empty.
pub fn attr<'e>(element: &'e Element, name: &str) -> Result<&'e str> {
    element.get(name).filter(|value| !value.is_empty()).ok_or_else(|| missing(element, name, "a value"))
}

/// The attribute `name` as a number; `form` says which ones are meant.
pub fn number<T: FromStr>(element: &Element, name: &str, form: &str) -> Result<T> {
    attr(element, name)?.trim().parse().map_err(|_| missing(element, name, form))
}

/// The attribute `name` as an address.
pub fn jid(element: &Element, name: &str) -> Result<Jid> {
    address(attr(element, name)?)
}

/// The attribute `name` as an address, if it is there.
pub fn optional_jid(element: &Element, name: &str) -> Result<Option<Jid>> {
    element.get(name).map(address).transpose()
}

/// An address as it came from the network.
pub fn address(text: &str) -> Result<Jid> {
    text.parse().map_err(|e: Error| unexpected("an XMPP address", format_args!("{text:?}")).because(e))
}

fn missing(element: &Element, name: &str, form: &str) -> Error {
    unexpected(format_args!("{form} in the attribute {name} of <{}>", element.name()), format_args!("{element:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::testing::element;

    #[test]
    fn an_error_says_what_was_expected_and_what_came() {
        let host = element(r#"<streamhost xmlns="x" jid="a@@b" port="many"/>"#);
        for (error, expected, got) in [
            (named(&host, "query", "x").unwrap_err(), r#"<query xmlns="x">"#, "<streamhost"),
            (child(&host, "query", "x").unwrap_err(), r#"<query xmlns="x"> in <streamhost>"#, "<streamhost"),
            (attr(&host, "host").unwrap_err(), "a value in the attribute host of <streamhost>", "<streamhost"),
            (number::<u16>(&host, "port", "a port").unwrap_err(), "a port in the attribute port", "many"),
            (jid(&host, "jid").unwrap_err(), "an XMPP address", r#""a@@b""#),
        ] {
            assert_eq!(error.kind(), Kind::Protocol);
            let what = error.what();
            let (left, right) = what.split_once(", got ").unwrap();
            assert!(left.contains(expected) && right.contains(got), "{what}");
        }
    }
}
