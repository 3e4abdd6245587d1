//! Receives files from a whole domain until a number of them is there. It leaves out logging in again after a lost
//! connection (`Client::reconnect`).
//!
//! usage: collector ACCOUNT PASSWORD-FILE HOST:PORT CA-FILE DOMAIN FOLDER COUNT

use std::time::Duration;

use firepush::config::Allow;
use firepush::{Client, Config, Event};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [account, password, server, ca, domain, folder, count] = args.as_slice() else {
        return Err("usage: collector ACCOUNT PASSWORD-FILE HOST:PORT CA-FILE DOMAIN FOLDER COUNT".into());
    };
    let config = Config {
        jid: Some(account.parse()?),
        password_file: Some(password.into()),
        server: Some(server.parse()?),
        ca_file: Some(ca.into()),
        from: vec![Allow::Domain(domain.clone())],
        dir: Some(folder.into()),
        ..Config::default()
    };
    let client = Client::connect(&config)?;
    let inbox = client.inbox()?;
    println!("ready as {}", client.jid());
    let mut missing: u64 = count.parse()?;
    while missing > 0 {
        match inbox.next(Duration::from_secs(60))? {
            Some(Event::File { path, size, from, .. }) => {
                println!("{}: {size} bytes from {from}", path.display());
                missing -= 1;
            }
            Some(Event::Failed { name, error, .. }) => println!("{name} was not received: {error}"),
            Some(_) | None => {}
        }
    }
    Ok(())
}
