use std::io::Read;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::base::task::WhenFull;

pub fn spool(change: impl FnOnce(&mut Keep)) -> (PathBuf, Spool) {
    let path = std::env::temp_dir().join(format!("firepush-spool-{}", random::token(12).unwrap()));
    let mut keep = Keep { spool: path.clone(), ..Keep::default() };
    change(&mut keep);
    let spool = Spool::open(&keep).unwrap();
    (path, spool)
}

fn entry(name: &str, made: u64) -> Entry {
    Entry {
        transfer: id_of(&[name.as_bytes()]),
        job: None,
        to: "a@x".parse().unwrap(),
        name: name.into(),
        size: 0,
        made,
        in_band: false,
        path: None,
    }
}

fn put(spool: &Spool, name: &str, made: u64, bytes: &[u8]) -> Result<Claim> {
    let mut intake = spool.intake(bytes.len() as u64)?;
    intake.write(bytes)?;
    intake.publish(&id_of(&[name.as_bytes()]), entry(name, made))
}

fn names(spool: &Spool, shelf: Shelf) -> Vec<String> {
    let look = |id: &String| spool.look(shelf, id).map_or("damaged".into(), |entry| entry.name);
    let mut names: Vec<_> = spool.ids(shelf).unwrap().iter().map(look).collect();
    names.sort();
    names
}

#[test]
fn an_entry_is_whole_and_ours_until_we_let_it_go() {
    let (path, spool) = spool(|_| ());
    let claim = put(&spool, "a", 1, b"bytes").unwrap();
    let mut bytes = vec![0; 5];
    File::open(path.join("queue").join(&claim.id)).unwrap().read_exact(&mut bytes).unwrap();
    assert_eq!((bytes.as_slice(), claim.entry.size), (&b"bytes"[..], 5));
    let mode = fs::metadata(path.join("queue").join(&claim.id)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(spool.claim(&claim.id).unwrap().is_none(), "another process would find it claimed");
    let id = claim.id.clone();
    drop(claim);
    let claim = spool.claim(&id).unwrap().unwrap();
    spool.remove(Shelf::Queue, &claim.id);
    assert!(spool.claim(&id).unwrap().is_none());
    fs::remove_dir_all(path).unwrap();
}

#[test]
fn what_was_never_finished_is_removed_and_what_is_being_written_stays() {
    let (path, spool) = spool(|_| ());
    fs::write(path.join("new/left"), "half").unwrap();
    let mut intake = spool.intake(0).unwrap();
    intake.write(b"more").unwrap();
    spool.clean(spool.path());
    assert!(!path.join("new/left").exists());
    intake.publish(&id_of(&[b"a"]), entry("a", 1)).unwrap();
    assert_eq!(names(&spool, Shelf::Queue), ["a"]);
    drop(spool.intake(0).unwrap());
    assert_eq!(fs::read_dir(path.join("new")).unwrap().count(), 0);
    fs::remove_dir_all(path).unwrap();
}

#[test]
fn a_damaged_entry_goes_to_failed_and_the_others_go_on() {
    let (path, spool) = spool(|_| ());
    let (a, b) = (put(&spool, "a", 1, b"bytes").unwrap().id, put(&spool, "b", 2, b"bytes").unwrap().id);
    fs::write(path.join("queue").join(&a), "nonsense").unwrap();
    assert!(spool.claim(&a).unwrap().is_none() && spool.claim(&b).unwrap().is_some());
    assert_eq!((names(&spool, Shelf::Queue), names(&spool, Shelf::Failed)), (vec!["b".into()], vec!["damaged".into()]));
    assert!(spool.tries(&a).what.contains("damaged"));
    fs::remove_dir_all(path).unwrap();
}

#[test]
fn a_full_spool_drops_the_oldest_that_nobody_sends() {
    let (path, spool) = spool(|keep| keep.spool_files = 3);
    let oldest = put(&spool, "a", 1, b"x").unwrap();
    for (name, made) in [("b", 2), ("c", 3), ("d", 4)] {
        put(&spool, name, made, b"x").unwrap();
    }
    assert_eq!(names(&spool, Shelf::Queue), ["a", "c", "d"], "a is being sent");
    drop(oldest);
    fs::remove_dir_all(path).unwrap();
    let (path, spool) = super::tests::spool(|keep| keep.spool_size = 2000);
    put(&spool, "a", 1, &[0; 800]).unwrap();
    put(&spool, "b", 2, &[0; 1400]).unwrap();
    assert_eq!(names(&spool, Shelf::Queue), ["b"]);
    fs::remove_dir_all(path).unwrap();
}

#[test]
fn what_can_never_fit_drops_nothing() {
    let (path, spool) = spool(|keep| keep.spool_size = 2000);
    put(&spool, "a", 1, &[0; 800]).unwrap();
    assert!(put(&spool, "b", 2, &[0; 2001]).is_err_and(|e| e.what().contains("2001 bytes don't fit")));
    let mut endless = spool.intake(0).unwrap();
    assert!((0..).map(|_| endless.write(&[0; 100])).find_map(Result::err).is_some_and(|e| e.kind() == Kind::Write));
    drop(endless);
    assert_eq!((names(&spool, Shelf::Queue), spool.take_dropped()), (vec!["a".to_owned()], 0));
    assert_eq!(fs::read_dir(path.join("new")).unwrap().count(), 0);
    let _being_sent = spool.claim(&id_of(&[b"a"])).unwrap();
    assert!(put(&spool, "c", 3, &[0; 1500]).is_err_and(|e| e.what().contains("is full")));
    assert_eq!(fs::read_dir(path.join("new")).unwrap().count(), 0);
    fs::remove_dir_all(path).unwrap();
}

#[test]
fn a_full_spool_refuses_the_new_one_where_it_should() {
    for when_full in [WhenFull::Newest, WhenFull::Refuse] {
        let (path, spool) = spool(|keep| (keep.spool_files, keep.when_full) = (1, when_full));
        put(&spool, "a", 1, b"x").unwrap();
        let error = put(&spool, "b", 2, b"x").err().unwrap();
        assert_eq!((error.kind(), names(&spool, Shelf::Queue)), (Kind::Write, vec!["a".to_owned()]));
        fs::remove_dir_all(path).unwrap();
    }
}

#[test]
fn a_spool_that_others_could_read_or_replace_is_refused() {
    let (path, spool) = spool(|_| ());
    let open = |mode| {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        Spool::open(&spool.keep).map(|_| ()).map_err(|e| (e.kind(), e.what()))
    };
    assert!(open(0o755).is_err_and(|(kind, what)| kind == Kind::Config && what.contains("chmod 700")));
    open(0o700).unwrap();
    let inner = Keep { spool: path.join("x/spool"), ..Keep::default() };
    fs::create_dir(path.join("x")).unwrap();
    Spool::open(&inner).unwrap();
    fs::set_permissions(path.join("x"), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(Spool::open(&inner).is_err_and(|e| e.what().contains("replaced")));
    fs::remove_dir_all(path).unwrap();
}

#[test]
fn history_survives_a_torn_line_and_is_tidied_by_what_is_seen() {
    use super::history::History;
    let (path, _) = spool(|_| ());
    let (a, b) = (id_of(&[b"a"]), id_of(&[b"b"]));
    let mut history = History::read(&path).unwrap();
    history.record(&a, 100).unwrap();
    let mut file = OpenOptions::new().append(true).open(path.join("history")).unwrap();
    file.write_all(&b.as_bytes()[..7]).unwrap();
    let mut history = History::read(&path).unwrap();
    assert!(history.has(&a) && !history.has(&b));
    history.record(&b, 200).unwrap();
    for n in 0..3000u32 {
        history.record(&id_of(&[&n.to_be_bytes()]), 300).unwrap();
    }
    history.tidy(&[a.clone(), b.clone()], 300 + 91 * 86400).unwrap();
    let history = History::read(&path).unwrap();
    assert!(history.has(&a) && history.has(&b) && !history.has(&id_of(&[&7u32.to_be_bytes()])));
    assert!(fs::metadata(path.join("history")).unwrap().len() < 100);
    fs::remove_dir_all(path).unwrap();
}

#[test]
fn standing_is_written_only_when_it_changed() {
    use super::standing::{Seen, Standing, With};
    let (path, _) = spool(|_| ());
    let mut standing = Standing::read(&path);
    standing.save().unwrap();
    assert!(!path.join("standing").exists());
    let tries = Tries { first: 1, attempts: 2, next: 3, kind: "offline".into(), what: "x y".into() };
    standing.recipients.insert("a@x".into(), With { tries: tries.clone(), seen: Seen::Absent });
    standing.login = tries;
    (standing.tried_with, standing.dropped) = ("abc".into(), 4);
    standing.save().unwrap();
    let again = Standing::read(&path);
    assert_eq!(
        (&again.recipients, again.login.clone(), again.dropped),
        (&standing.recipients, standing.login.clone(), 4)
    );
    assert_eq!(again.tried_with, "abc");
    fs::remove_dir_all(path).unwrap();
}

#[test]
fn what_another_process_remembered_meanwhile_stays() {
    use super::standing::{Seen, Standing, With};
    let (path, _) = spool(|_| ());
    let tries = |next| Tries { first: 1, attempts: 2, next, kind: "offline".into(), what: "x".into() };
    let with = |next| With { tries: tries(next), seen: Seen::Absent };
    let mut old = Standing::read(&path);
    old.recipients = [("a@x".into(), with(1)), ("b@x".into(), with(1))].into_iter().collect();
    old.outputs.insert("log".into(), ("old".into(), 1));
    old.dropped = 1;
    old.save().unwrap();
    let mut long = Standing::read(&path);
    let mut other = Standing::read(&path);
    other.login = tries(9);
    other.recipients.remove("a@x");
    other.recipients.insert("c@x".into(), with(3));
    other.outputs.insert("log".into(), ("new".into(), 2));
    other.dropped += 1;
    other.save().unwrap();
    long.recipients.remove("b@x");
    long.server = tries(5);
    long.dropped += 2;
    long.save().unwrap();
    let all = Standing::read(&path);
    assert_eq!((all.login.next, all.server.next, all.dropped), (9, 5, 4));
    assert_eq!(all.recipients.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["c@x"]);
    assert_eq!(all.outputs.get("log"), Some(&("new".to_owned(), 2)));
    fs::remove_dir_all(path).unwrap();
}

#[test]
fn of_entries_of_the_same_second_the_one_that_was_written_first_is_dropped() {
    let (path, spool) = spool(|keep| keep.spool_files = 8);
    let all = ["a", "b", "c", "d", "e", "f", "g", "h"];
    for (name, time) in all.iter().zip(1..) {
        let claim = put(&spool, name, 1, b"x").unwrap();
        let written = std::time::UNIX_EPOCH + std::time::Duration::from_millis(time);
        File::options().write(true).open(path.join("queue").join(&claim.id)).unwrap().set_modified(written).unwrap();
    }
    for (n, name) in ["i", "j", "k"].iter().enumerate() {
        put(&spool, name, 2, b"x").unwrap();
        assert_eq!(spool.take_dropped(), 1);
        assert!(!names(&spool, Shelf::Queue).contains(&all[n].to_owned()), "{} is the oldest", all[n]);
    }
    fs::remove_dir_all(path).unwrap();
}

#[test]
fn what_is_given_up_counts_within_the_limit_of_files() {
    let (path, spool) = spool(|keep| keep.spool_files = 2);
    for (name, made) in [("a", 1), ("b", 2), ("c", 3)] {
        drop(put(&spool, name, made, b"x").unwrap());
        spool.give_up(&id_of(&[name.as_bytes()]), &Error::new(Kind::Declined, "no")).unwrap();
    }
    assert_eq!((names(&spool, Shelf::Failed), spool.take_dropped()), (vec!["b".to_owned(), "c".to_owned()], 1));
    fs::remove_dir_all(path).unwrap();
}
