//! What waits for one recipient: an entry of the spool, and how it is written.

use std::fs::File;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::fields::{Fields, Line};
use crate::base::task::Recipients;

/// A file on its way to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What both sides know the file by, however often it is sent.
    pub transfer: String,
    /// The job it belongs to; none: `send --queue`.
    pub job: Option<String>,
    pub to: Recipients,
    /// The name that is offered.
    pub name: String,
    /// How many bytes.
    pub size: u64,
    /// When it came, in seconds since 1970.
    pub made: u64,
    /// In-band only.
    pub in_band: bool,
    /// The file that stays where it is; none: the bytes are in the entry.
    pub path: Option<PathBuf>,
}

/// Behind the bytes and the note: the length of the note, and its SHA-1.
const FOOTER: usize = "firepush1 00000000 \n".len() + 40;

impl Entry {
    /// The note and the footer that follow the bytes of the entry.
    pub fn trailer(&self) -> String {
        let line = Line::default().with("transfer", &self.transfer).with("to", self.to.to_string());
        let line = line.with("name", &self.name).number("size", self.size).number("made", self.made);
        let line = line.number("in_band", self.in_band.into());
        let line = self.job.iter().fold(line, |line, job| line.with("job", job));
        let note = self.path.iter().fold(line, |line, path| line.with("path", path.as_os_str().as_bytes())).finish();
        format!("{note}firepush1 {:08} {}\n", note.len(), sha1_smol::Sha1::from(&note).digest())
    }

    /// Reads the note of an entry; `None` when it is damaged.
    ///
    /// # Errors
    /// Of reading.
    pub fn read(file: &File) -> io::Result<Option<Entry>> {
        let length = file.metadata()?.len();
        let Some(note_end) = length.checked_sub(FOOTER as u64) else { return Ok(None) };
        let footer = text_at(file, note_end, FOOTER)?;
        let Some((note_length, digest)) = footer.as_deref().and_then(parse_footer) else { return Ok(None) };
        let Some(data) = note_end.checked_sub(note_length as u64) else { return Ok(None) };
        let Some(note) = text_at(file, data, note_length)? else { return Ok(None) };
        if sha1_smol::Sha1::from(&note).digest().to_string() != digest {
            return Ok(None);
        }
        let entry = Fields::parse(&note).and_then(|fields| Entry::from_fields(&fields));
        Ok(entry.filter(|entry| data == if entry.path.is_some() { 0 } else { entry.size }))
    }

    fn from_fields(fields: &Fields) -> Option<Entry> {
        Some(Entry {
            transfer: fields.text("transfer")?,
            job: fields.text("job"),
            to: fields.text("to")?.parse().ok()?,
            name: fields.text("name")?,
            size: fields.number("size")?,
            made: fields.number("made")?,
            in_band: fields.number("in_band")? != 0,
            path: fields.bytes("path").map(|path| std::ffi::OsString::from_vec(path.to_vec()).into()),
        })
    }
}

fn parse_footer(footer: &str) -> Option<(usize, &str)> {
    let (length, digest) = footer.strip_prefix("firepush1 ")?.strip_suffix('\n')?.split_once(' ')?;
    Some((length.parse().ok()?, digest))
}

fn text_at(file: &File, offset: u64, length: usize) -> io::Result<Option<String>> {
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(String::from_utf8(bytes).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn entry() -> Entry {
        Entry {
            transfer: "0123456789abcdef".into(),
            job: Some("logs".into()),
            to: "a@x | b@x".parse().unwrap(),
            name: "a b\n.log".into(),
            size: 5,
            made: 7,
            in_band: true,
            path: None,
        }
    }

    fn file(bytes: &[u8]) -> File {
        let path = std::env::temp_dir().join(format!("firepush-entry-{}", crate::os::random::token(12).unwrap()));
        File::create(&path).unwrap().write_all(bytes).unwrap();
        let file = File::open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        file
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let whole = ["bytes".as_bytes(), entry().trailer().as_bytes()].concat();
        assert_eq!(Entry::read(&file(&whole)).unwrap(), Some(entry()));
        let watched = Entry { path: Some("/var/log/\u{1}x".into()), job: None, ..entry() };
        assert_eq!(Entry::read(&file(watched.trailer().as_bytes())).unwrap(), Some(watched));
    }

    #[test]
    fn an_entry_that_was_cut_or_changed_anywhere_is_damaged() {
        let whole = ["bytes".as_bytes(), entry().trailer().as_bytes()].concat();
        for length in 0..whole.len() {
            assert_eq!(Entry::read(&file(&whole[..length])).unwrap(), None, "cut at {length}");
            assert_eq!(Entry::read(&file(&whole[length + 1..])).unwrap(), None, "begun at {}", length + 1);
        }
        for at in 5..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            assert_eq!(Entry::read(&file(&bytes)).unwrap(), None, "changed at {at}");
        }
    }
}
