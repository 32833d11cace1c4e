#![cfg(test)]
use std::collections::BTreeMap;

use clear_record::{AccountId, AgencyId, Kind, RecordId, RequestId};
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{Event, Options, What};

fn log(folder: &Path) -> Log {
    let options = Options {
        folder: folder.to_owned(),
        keys: folder.join("keys"),
        origin: "test/1".into(),
        checkpoint_every: Duration::ZERO,
        ..Options::default()
    };
    Log::open(options).unwrap().0
}

fn agency(number: u64) -> AgencyId {
    format!("agency-{number}").parse().unwrap()
}

fn account(number: u64) -> AccountId {
    format!("officer-{number}").parse().unwrap()
}

fn record(number: u64) -> RecordId {
    RecordId::derived(Kind::Person, &agency(0), "test", &number.to_string())
}

/// Disclosure number `n` of a world in which numbers say who saw what.
fn disclosed(n: u64) -> Event {
    Event {
        at: Timestamp::from_second(1_700_000_000 + 60 * n as i64).unwrap(),
        what: if n % 5 == 4 { What::Batch } else { What::Answered },
        request: Some(RequestId::fresh()),
        account: Some(account(n % 3)),
        agency: Some(agency(n % 2)),
        path: [agency(n % 2), agency(7)].into(),
        case: Some(format!("JX-{}", n % 4)),
        records: vec![record(n % 6), record(100 + n % 2)],
        // Every third answer has a record of another owner.
        owners: match n % 3 {
            0 => BTreeMap::from([(agency(0), vec![0]), (agency(1), vec![1])]),
            _ => BTreeMap::from([(agency(0), vec![])]),
        },
        ..Event::default()
    }
}

fn wait(index: &Disclosures, upto: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let missing = runtime.block_on(index.caught_up(upto, Duration::from_secs(30)));
    assert_eq!(missing, 0, "{:?}", index.state());
}

/// Each key with the numbers of the disclosures that should stand under it.
type Case = (Whose<'static>, Key<'static>, Box<dyn Fn(u64) -> bool>);

fn cases() -> Vec<Case> {
    let (zero, one, seven): (&'static AgencyId, &'static AgencyId, &'static AgencyId) =
        (Box::leak(Box::new(agency(0))), Box::leak(Box::new(agency(1))), Box::leak(Box::new(agency(7))));
    let first: &'static AccountId = Box::leak(Box::new(account(1)));
    let all = |_: u64| true;
    vec![
        (Whose::Anybodys, Key::All, Box::new(all)),
        (Whose::Anybodys, Key::Record(record(2)), Box::new(|n| n % 6 == 2)),
        (Whose::Of(zero), Key::Record(record(3)), Box::new(|n| n % 6 == 3)),
        (Whose::Of(one), Key::Record(record(3)), Box::new(|_| false)),
        (Whose::Of(one), Key::Record(record(100)), Box::new(|n| n % 3 == 0 && n % 2 == 0)),
        (Whose::Anybodys, Key::Agency(one), Box::new(|n| n % 2 == 1)),
        (Whose::Anybodys, Key::Agency(seven), Box::new(all)),
        (Whose::Of(one), Key::Agency(seven), Box::new(|n| n % 3 == 0)),
        (Whose::Of(seven), Key::All, Box::new(|_| false)),
        (Whose::Anybodys, Key::Account(first), Box::new(|n| n % 3 == 1)),
        (Whose::Of(zero), Key::Case("JX-2"), Box::new(|n| n % 4 == 2)),
        (Whose::Anybodys, Key::Case("JX-9"), Box::new(|_| false)),
        (Whose::Anybodys, Key::Asked(first), Box::new(|_| false)),
    ]
}

#[test]
fn gr26_every_disclosure_stands_under_its_keys_and_a_restart_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (data, place) = (folder.path().join("data"), folder.path().join("disclosures"));
    let mut at = Vec::new();
    for round in 0..3u64 {
        let log = log(&data);
        let index = Disclosures::open(&log, &place);
        for n in round * 40..(round + 1) * 40 {
            at.push(log.append(&disclosed(n), None).wait_blocking().unwrap().index());
            // What discloses nothing stands between.
            log.append_clear(b"an order", None).wait_blocking().unwrap();
            log.append(&Event { what: What::Answered, account: Some(account(1)), ..Event::default() }, None)
                .wait_blocking()
                .unwrap();
        }
        wait(&index, log.synced_size());
        let said = at.len() as u64;
        for (whose, key, is) in cases() {
            let expected: Vec<u64> = (0..said).rev().filter(|n| is(*n)).map(|n| at[n as usize]).collect();
            let places = index.newest(whose, &key, 0..u64::MAX, 1000).unwrap();
            assert_eq!(places.iter().map(|place| place.index).collect::<Vec<_>>(), expected, "{key:?}");
            assert_eq!(index.count(whose, &key, 0..u64::MAX).unwrap(), expected.len() as u64, "{key:?}");
            let page = index.newest(whose, &key, at[5]..at[31], 3).unwrap();
            let within: Vec<u64> = expected.iter().copied().filter(|index| (at[5]..at[31]).contains(index)).collect();
            assert_eq!(page.iter().map(|place| place.index).collect::<Vec<_>>(), within[..within.len().min(3)]);
            assert_eq!(index.count(whose, &key, at[5]..at[31]).unwrap(), within.len() as u64, "{key:?}");
            for place in places {
                let n = at.iter().position(|index| *index == place.index).unwrap() as u64;
                let opening = index.entry(place).unwrap();
                let Opened::Event(event) = &opening.opened else { panic!("no event") };
                assert_eq!((event.at, &event.records), (disclosed(n).at, &disclosed(n).records));
                // Whoever has the opening can work the leaf out.
                let leaf = crate::seal::sealed_leaf(&opening.salt.unwrap(), &opening.body);
                assert_eq!(tlog_tiles::record_hash(&leaf).0, opening.leaf);
            }
        }
        drop(index);
        log.close().unwrap();
    }
}

#[test]
fn gr26_an_index_that_is_lost_broken_or_of_another_log_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let (data, place) = (folder.path().join("data"), folder.path().join("disclosures"));
    let first = log(&data);
    for n in 0..50 {
        first.append(&disclosed(n), None).wait_blocking().unwrap();
    }
    let list = |log: &Log| {
        let index = Disclosures::open(log, &place);
        wait(&index, log.synced_size());
        cases().iter().map(|(whose, key, _)| index.newest(*whose, key, 0..u64::MAX, 1000).unwrap()).collect::<Vec<_>>()
    };
    let whole = list(&first);
    assert_eq!(whole[0].len(), 50);
    std::fs::remove_dir_all(&place).unwrap();
    assert_eq!(list(&first), whole, "made again from the log");
    first.close().unwrap();
    drop(first);
    // Another log, shorter, with another key.
    let other = log(&folder.path().join("other"));
    other.append(&disclosed(0), None).wait_blocking().unwrap();
    assert_eq!(list(&other)[0].len(), 1);
    other.close().unwrap();
    // Rubbish instead of tables: an alarm, and no panic.
    std::fs::remove_dir_all(&place).unwrap();
    std::fs::write(&place, b"not a folder").unwrap();
    let log = log(&data);
    let index = Disclosures::open(&log, &place);
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while index.state().is_ok() && std::time::Instant::now() < until {
        std::thread::yield_now();
    }
    assert!(matches!(index.state(), Err(Error::Stopped { .. })));
    assert!(index.newest(Whose::Anybodys, &Key::All, 0..9, 9).is_err());
    assert!(log.append(&disclosed(1), None).wait_blocking().is_ok(), "the log goes on");
}

#[test]
fn gr26_the_file_names_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (data, place) = (folder.path().join("data"), folder.path().join("disclosures"));
    let log = log(&data);
    for n in 0..20 {
        log.append(&disclosed(n), None).wait_blocking().unwrap();
    }
    let index = Disclosures::open(&log, &place);
    wait(&index, 20);
    drop(index);
    let words = [record(2).to_string(), account(1).to_string(), agency(7).to_string(), "JX-2".to_owned()];
    let mut files = vec![place];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|item| item.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for word in &words {
            assert!(!bytes.windows(word.len()).any(|window| window == word.as_bytes()), "{word} in {}", path.display());
        }
    }
}

#[test]
fn gr26_an_entry_that_does_not_open_is_listed_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let (data, place) = (folder.path().join("data"), folder.path().join("disclosures"));
    let first = log(&data);
    for n in 0..10 {
        first.append(&disclosed(n), None).wait_blocking().unwrap();
    }
    first.close().unwrap();
    drop(first);
    // Two openings are changed, and their frames' checksums with them.
    let path = data.join("log/frames-000001.log");
    let bytes = std::fs::read(&path).unwrap();
    let (header, mut rest) = bytes.split_at(crate::frame::SEGMENT_HEADER);
    let mut changed = header.to_vec();
    while let Some(length) = crate::frame::claimed_length(rest) {
        let crate::frame::Frame { index, batch, mut entry } = crate::frame::decode(&rest[..length]).unwrap();
        if [3, 4].contains(&index) {
            *entry.opening.last_mut().unwrap() ^= 1;
        }
        crate::frame::encode(&mut changed, &entry, index, batch);
        rest = &rest[length..];
    }
    std::fs::write(&path, changed).unwrap();
    let log = log(&data);
    log.append(&disclosed(10), None).wait_blocking().unwrap();
    let index = Disclosures::open(&log, &place);
    wait(&index, 11);
    let flawed = index.oldest(Whose::Anybodys, &Key::Flawed, 0..u64::MAX, 100).unwrap();
    assert_eq!(flawed.iter().map(|place| place.index).collect::<Vec<_>>(), [3, 4]);
    assert!(flawed.iter().all(|place| index.entry(*place).is_err() && index.leaf(*place).is_ok()));
    assert_eq!(index.count(Whose::Anybodys, &Key::All, 0..u64::MAX).unwrap(), 9);
    let mut read = Vec::new();
    let next = index.read_from(2, 3, |place, opening| read.push((place.index, opening.is_ok()))).unwrap();
    assert_eq!((read, next), (vec![(2, true), (3, false), (4, false)], 5));
}

#[test]
fn a_day_begins_with_its_first_entry() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(&folder.path().join("data"));
    for n in 0..100 {
        log.append(&disclosed(n), None).wait_blocking().unwrap();
    }
    let index = Disclosures::open(&log, &folder.path().join("disclosures"));
    wait(&index, 100);
    // A minute between two; 1,700,000,000 lies 100 s before a quarter of an hour.
    for (second, first) in [(0, 0), (1_699_999_999, 0), (1_700_000_200, 2), (1_700_001_100, 17), (1_800_000_000, 100)] {
        assert_eq!(index.at(Timestamp::from_second(second).unwrap()).unwrap(), first, "{second}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// The tables beside a model that keeps everything in a list, whatever is written in one batch.
    #[test]
    fn gr26_the_tables_answer_as_a_list_does(
        batches in prop::collection::vec(prop::collection::vec((0u8..6, 1u64..4), 1..20), 1..8),
        from in 0u64..200, length in 0u64..200, max in 1usize..30,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let postings = Postings::apart(folder.path(), [7; 32]).unwrap();
        let (mut model, mut next) = (Vec::new(), 0u64);
        for batch in batches {
            let mut entries = Vec::new();
            for (who, step) in batch {
                next += step;
                let place = Place { index: next, segment: 1, offset: next as u32 };
                model.push((who, place));
                // Of nobody's records, of one owner's, of another's: each in a part of its own.
                let owners = match next % 3 {
                    0 => BTreeMap::new(),
                    owner => BTreeMap::from([(agency(owner), vec![])]),
                };
                let event = Event {
                    what: What::Answered,
                    case: Some(who.to_string()),
                    records: vec![record(1)],
                    owners,
                    ..Event::default()
                };
                entries.push(postings.indexed(place, &event));
            }
            postings.write(&entries, Place { index: next + 1, segment: 1, offset: 0 }).unwrap();
        }
        let range = from..from + length;
        for who in 0u8..6 {
            let text = who.to_string();
            let key = Key::Case(&text);
            let mut expected: Vec<Place> =
                model.iter().filter(|(known, place)| *known == who && range.contains(&place.index)).map(|it| it.1).collect();
            prop_assert_eq!(postings.count(Whose::Anybodys, &key, range.clone()).unwrap(), expected.len() as u64);
            expected.reverse();
            expected.truncate(max);
            prop_assert_eq!(postings.newest(Whose::Anybodys, &key, range.clone(), max).unwrap(), expected);
        }
    }
}

#[test]
fn gr26_a_destroyed_opening_says_so_and_is_no_alarm() {
    let folder = tempfile::tempdir().unwrap();
    let (data, place) = (folder.path().join("data"), folder.path().join("disclosures"));
    let log = log(&data);
    for n in 0..3 {
        log.append(&disclosed(n), None).wait_blocking().unwrap();
    }
    let list = |index: &Disclosures| index.newest(Whose::Anybodys, &Key::All, 0..u64::MAX, 9).unwrap();
    let index = Disclosures::open(&log, &place);
    wait(&index, 3);
    let said = Event { what: What::Destroyed, why: Some("Expungement order 26-EX-4".into()), ..Event::default() };
    log.destroy(1, &said).unwrap();
    wait(&index, log.synced_size());
    let destroyed: Vec<(u64, bool)> = list(&index)
        .into_iter()
        .map(|place| index.entry(place).unwrap())
        .map(|it| (it.index, it.is_destroyed()))
        .collect();
    assert_eq!(destroyed, [(2, false), (1, true), (0, false)], "what was noted before still stands there");
    drop(index);
    std::fs::remove_dir_all(&place).unwrap();
    let again = Disclosures::open(&log, &place);
    wait(&again, log.synced_size());
    assert_eq!(
        list(&again).iter().map(|place| place.index).collect::<Vec<_>>(),
        [2, 0],
        "made again, it knows nothing"
    );
    assert_eq!(again.count(Whose::Anybodys, &Key::Flawed, 0..u64::MAX).unwrap(), 0);
}
