//! Pushes a capture from memory and a file at once over one login, shows how far they are, and can be stopped from
//! another thread. It leaves out a spool: what fails is lost when the program ends.
//!
//! usage: push_many ACCOUNT PASSWORD-FILE HOST:PORT CA-FILE RECIPIENT FILE

use std::io::Cursor;
use std::time::Duration;

use firepush::error::Retry;
use firepush::{Client, Config, Job, Source, Stop};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [account, password, server, ca, to, file] = args.as_slice() else {
        return Err("usage: push_many ACCOUNT PASSWORD-FILE HOST:PORT CA-FILE RECIPIENT FILE".into());
    };
    let config = Config {
        jid: Some(account.parse()?),
        password_file: Some(password.into()),
        server: Some(server.parse()?),
        ca_file: Some(ca.into()),
        ..Config::default()
    };
    let stop = Stop::new()?; // `stop.stop()` from any thread ends every wait below
    let client = Client::connect_until(&config, &stop)?;
    let capture = vec![0x5a; 200_000];
    let sources = [Source::reader("ring.pcap", capture.len() as u64, Cursor::new(capture)), Source::path(file)?];
    let jobs = sources.into_iter().map(|source| client.push(&to.parse()?, source)).collect::<Result<Vec<_>, _>>()?;
    for job in jobs {
        finish(job)?;
    }
    Ok(())
}

fn finish(job: Job) -> firepush::error::Result<()> {
    let outcome = loop {
        let progress = job.progress();
        println!("{} of {} bytes", progress.done, progress.total);
        if let Some(outcome) = job.wait_for(Duration::from_millis(100)) {
            break outcome;
        }
    };
    match outcome {
        Ok(delivery) => println!("{} is {}", delivery.name, delivery.tier.name()),
        Err(error) if error.retry() == Retry::Never => return Err(error),
        Err(error) => println!("worth another try: {error}"),
    }
    Ok(())
}
