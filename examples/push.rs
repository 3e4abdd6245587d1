//! Pushes one file: the least that a program needs. It leaves out progress, cancelling, and trying again later
//! (`Error::retry` says when that can help).
//!
//! usage: push ACCOUNT PASSWORD-FILE HOST:PORT CA-FILE RECIPIENT FILE

use firepush::{Client, Config, Source};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [account, password, server, ca, to, file] = args.as_slice() else {
        return Err("usage: push ACCOUNT PASSWORD-FILE HOST:PORT CA-FILE RECIPIENT FILE".into());
    };
    let config = Config {
        jid: Some(account.parse()?),
        password_file: Some(password.into()),
        server: Some(server.parse()?),
        ca_file: Some(ca.into()),
        ..Config::default()
    };
    let client = Client::connect(&config)?;
    let delivery = client.push(&to.parse()?, Source::path(file)?)?.wait()?;
    println!("{} bytes {} by {}", delivery.bytes, delivery.tier.name(), delivery.method.name());
    Ok(())
}
