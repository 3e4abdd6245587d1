//! PLAIN (RFC 4616): only ever inside TLS (rule 3).

/// The one message, with an empty authorization identity (rule 9).
pub fn initial(user: &str, password: &str) -> Vec<u8> {
    ["", user, password].join("\0").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_09_the_authorization_identity_is_empty() {
        assert_eq!(initial("tim", "tanstaaftanstaaf"), b"\0tim\0tanstaaftanstaaf", "RFC 4616 §4");
        assert_eq!(initial("öps", "pä ss"), "\0öps\0pä ss".as_bytes());
    }
}
