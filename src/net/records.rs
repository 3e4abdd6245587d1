//! TLS records into a connection and out of it, in memory.

use std::io::Read;

use rustls::ClientConnection;

/// Moves the records that wait in the connection to `records`; writing to memory can't fail.
pub fn take_records(connection: &mut ClientConnection, records: &mut Vec<u8>) {
    while connection.wants_write() {
        if connection.write_tls(records).is_err() {
            return;
        }
    }
}

/// Takes raw bytes of a handshake.
pub fn feed(connection: &mut ClientConnection, mut raw: &[u8]) -> std::result::Result<(), rustls::Error> {
    feed_and_drain_with(connection, &mut raw, |_| {})
}

/// Takes raw bytes, and appends to `text` what was in them.
pub fn feed_and_drain(
    connection: &mut ClientConnection,
    mut raw: &[u8],
    text: &mut Vec<u8>,
) -> std::result::Result<(), rustls::Error> {
    let drain = |connection: &mut ClientConnection| {
        // Ends with WouldBlock when everything has been drained, which is what we want.
        let _ = connection.reader().read_to_end(text);
    };
    feed_and_drain_with(connection, &mut raw, drain)
}

/// `read_tls` takes only a part: loop until all is in, with the plaintext taken out between.
fn feed_and_drain_with(
    connection: &mut ClientConnection,
    raw: &mut &[u8],
    mut drain: impl FnMut(&mut ClientConnection),
) -> std::result::Result<(), rustls::Error> {
    drain(connection);
    while !raw.is_empty() {
        match connection.read_tls(raw) {
            Ok(0) | Err(_) => return Err(rustls::Error::General("more came than TLS takes".into())),
            Ok(_) => connection.process_new_packets()?,
        };
        drain(connection);
    }
    Ok(())
}
