//! What a ledger does, whatever keeps it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use clear_record::{Caveat, Kind, Label, LabelId, Person, Record, Seq};
use clear_store::{AsOf, Batch, Error, Head};

use crate::bed::{Bed, agency, at, batch, draft, file, id, now, outbox, word, words};

const END: Seq = Seq(u64::MAX);

pub(crate) async fn seq_is_commit_order(bed: Bed) {
    let store = bed.open().await;
    let fence = Arc::new(store.ledger.lead().await.unwrap());
    let writers: Vec<_> = (0..8u128)
        .map(|writer| {
            let (store, fence) = (store.clone(), Arc::clone(&fence));
            tokio::spawn(async move {
                let mut done = Vec::new();
                for turn in 0..10 {
                    let drafts = (0..1 + turn % 4).map(|n| draft(writer * 1000 + turn * 10 + n, "x")).collect();
                    let batch = Batch { outbox: vec![outbox("filed")], ..batch(drafts) };
                    done.push(store.ledger.commit(&fence, batch).await.unwrap());
                }
                done
            })
        })
        .collect();
    let follower = tokio::spawn({
        let store = store.clone();
        async move {
            // What a follower has read never changes beneath it: no row appears below the head that it saw.
            let mut seen = 0;
            while seen < 8 * 23 {
                let head = store.ledger.head().await.unwrap();
                let page = store.ledger.follow(Seq(seen), head.seq, 1000).await.unwrap();
                let expected: Vec<u64> = (seen + 1..=head.seq.0).collect();
                assert_eq!(page.iter().map(|version| version.seq.0).collect::<Vec<_>>(), expected);
                seen = head.seq.0;
                tokio::task::yield_now().await;
            }
        }
    });
    let mut done = Vec::new();
    for writer in writers {
        let of_one = writer.await.unwrap();
        assert!(of_one.is_sorted_by_key(|committed| committed.seqs.start), "one writer's commits are in its order");
        done.extend(of_one);
    }
    follower.await.unwrap();
    done.sort_by_key(|committed| committed.seqs.start);
    let (mut seq, mut number) = (1, 1);
    for committed in &done {
        assert_eq!((committed.seqs.start, committed.outbox.clone()), (seq, number..number + 1));
        (seq, number) = (committed.seqs.end, committed.outbox.end);
    }
    assert_eq!(store.ledger.head().await.unwrap(), Head { seq: Seq(8 * 23), register: 0, outbox: 80 });
    assert_eq!(done.iter().map(|committed| committed.new_labels.len()).sum::<usize>(), 1, "one label, new once");
}

pub(crate) async fn an_old_leader_writes_nothing(bed: Bed) {
    let store = bed.open().await;
    let old = store.ledger.lead().await.unwrap();
    file(&store, &old, &[(1, "a")]).await;
    let new = store.ledger.lead().await.unwrap();
    let refused = store.ledger.commit(&old, batch(vec![draft(2, "b")])).await;
    assert!(matches!(refused, Err(Error::Fenced { held: 1, is: 2 })), "{refused:?}");
    let refused = store.ledger.expunge(&old, id(1), now(), vec![]).await;
    assert!(matches!(refused, Err(Error::Fenced { held: 1, is: 2 })), "{refused:?}");
    assert_eq!(words(&store.ledger.follow(Seq(0), END, 9).await.unwrap()), "1:1=a");
    assert_eq!(file(&store, &new, &[(3, "c")]).await.seqs, 2..3);
}

pub(crate) async fn a_commit_at_another_register_writes_nothing(bed: Bed) {
    let store = bed.open().await;
    let fence = store.ledger.lead().await.unwrap();
    let at_register = |expects_register, entries: &[&str]| Batch {
        register: entries.iter().map(|entry| entry.as_bytes().to_vec()).collect(),
        expects_register,
        outbox: vec![outbox("o")],
        ..batch(vec![draft(1, "a")])
    };
    assert_eq!(store.ledger.commit(&fence, at_register(0, &["r1", "r2"])).await.unwrap().register, 2);
    let refused = store.ledger.commit(&fence, at_register(0, &["lost"])).await;
    assert!(matches!(refused, Err(Error::RegisterMoved { expected: 0, is: 2 })), "{refused:?}");
    let refused = store.ledger.commit(&fence, at_register(3, &["lost"])).await;
    assert!(matches!(refused, Err(Error::RegisterMoved { expected: 3, is: 2 })), "{refused:?}");
    assert_eq!(store.ledger.head().await.unwrap(), Head { seq: Seq(1), register: 2, outbox: 1 });
    assert_eq!(store.ledger.commit(&fence, at_register(2, &["r3"])).await.unwrap().register, 3);
    let entries = |versions: &[(u64, &str)]| {
        versions.iter().map(|(version, text)| (*version, text.as_bytes().to_vec())).collect::<Vec<_>>()
    };
    assert_eq!(store.ledger.register(0).await.unwrap(), entries(&[(1, "r1"), (2, "r2"), (3, "r3")]));
    assert_eq!(store.ledger.register(2).await.unwrap(), entries(&[(3, "r3")]));
    assert_eq!(store.ledger.register(3).await.unwrap(), entries(&[]));
}

pub(crate) async fn labels_are_numbered_once(bed: Bed) {
    let label = |name: &str, caveats: &[Caveat]| {
        let mut label = Label::of(agency(name), Kind::Narrative);
        label.caveats = caveats.iter().copied().collect::<BTreeSet<_>>();
        label
    };
    let labels = [
        label("north", &[]),
        label("south", &[]),
        label("north", &[Caveat::Juvenile, Caveat::Sealed]),
        label("east", &[]),
    ];
    let filing = |places: &[usize]| {
        batch(
            places.iter().map(|place| clear_record::Draft { label: labels[*place].clone(), ..draft(1, "x") }).collect(),
        )
    };
    let numbers = |ids: &[u32]| ids.iter().copied().map(LabelId).collect::<Vec<_>>();
    let store = bed.open().await;
    let old = store.ledger.lead().await.unwrap();
    let fence = store.ledger.lead().await.unwrap();
    assert!(store.ledger.commit(&old, filing(&[3])).await.is_err());
    assert_eq!(store.ledger.labels().await.unwrap(), [], "a refused commit adds no label");

    let committed = store.ledger.commit(&fence, filing(&[0, 1, 0])).await.unwrap();
    assert_eq!(committed.label_of, numbers(&[0, 1, 0]));
    assert_eq!(committed.new_labels, [(LabelId(0), labels[0].clone()), (LabelId(1), labels[1].clone())]);
    let committed = store.ledger.commit(&fence, filing(&[1, 2])).await.unwrap();
    assert_eq!(committed.label_of, numbers(&[1, 2]));
    assert_eq!(committed.new_labels, [(LabelId(2), labels[2].clone())]);
    store.close().await;

    let store = bed.open().await;
    let fence = store.ledger.lead().await.unwrap();
    let committed = store.ledger.commit(&fence, filing(&[2, 3])).await.unwrap();
    assert_eq!(committed.label_of, numbers(&[2, 3]));
    assert_eq!(committed.new_labels, [(LabelId(3), labels[3].clone())]);
    assert_eq!(store.ledger.labels().await.unwrap(), labels);
    let followed = store.ledger.follow(Seq(0), END, 99).await.unwrap();
    assert_eq!(followed.iter().map(|version| version.label).collect::<Vec<_>>(), numbers(&[0, 1, 0, 1, 2, 2, 3]));
}

pub(crate) async fn reads_are_as_of_what_was_known_and_what_was_true(bed: Bed) {
    let store = bed.open().await;
    let fence = store.ledger.lead().await.unwrap();
    let since =
        |number, words, valid_from: &str| clear_record::Draft { valid_from: at(valid_from), ..draft(number, words) };
    let filings = [
        vec![since(1, "first", "2024-01-10T00:00:00Z"), since(2, "other", "2024-01-01T00:00:00Z")],
        // True from February on, known from the second commit on.
        vec![since(1, "february", "2024-02-01T00:00:00Z")],
        // A correction of January, known last.
        vec![since(1, "corrected", "2024-01-10T00:00:00Z")],
    ];
    for drafts in filings {
        store.ledger.commit(&fence, batch(drafts)).await.unwrap();
    }
    let read = async |numbers: &[u128], seq, valid: Option<&str>| {
        let ids: Vec<_> = numbers.iter().copied().map(id).collect();
        words(&store.ledger.read(&ids, AsOf { seq, valid: valid.map(at) }).await.unwrap())
    };
    assert_eq!(read(&[1], END, None).await, "4:1=corrected");
    assert_eq!(read(&[1], Seq(3), None).await, "3:1=february");
    assert_eq!(read(&[1], Seq(2), None).await, "1:1=first");
    assert_eq!(read(&[1], Seq(0), None).await, "");
    assert_eq!(read(&[1], Seq(3), Some("2024-01-15T00:00:00Z")).await, "1:1=first");
    assert_eq!(read(&[1], END, Some("2024-01-15T00:00:00Z")).await, "4:1=corrected");
    assert_eq!(read(&[1], END, Some("2024-01-10T00:00:00Z")).await, "4:1=corrected");
    assert_eq!(read(&[1], END, Some("2024-01-09T23:59:59.999999Z")).await, "");
    assert_eq!(
        read(&[2, 7, 1], END, None).await,
        "2:2=other 4:1=corrected",
        "in the order asked, missing ones left out"
    );
    assert_eq!(read(&[], END, None).await, "");
    let version = store.ledger.read(&[id(2)], AsOf { seq: END, valid: None }).await.unwrap().remove(0);
    assert_eq!((version.valid_from, version.recorded_at), (at("2024-01-01T00:00:00Z"), now()));
    assert_eq!(version.provenance, draft(2, "other").provenance);
}

pub(crate) async fn a_history_is_every_version(bed: Bed) {
    let store = bed.open().await;
    let fence = store.ledger.lead().await.unwrap();
    file(&store, &fence, &[(1, "a"), (2, "x")]).await;
    file(&store, &fence, &[(1, "b"), (1, "c")]).await;
    let history = async |number, upto| words(&store.ledger.history(id(number), upto).await.unwrap());
    assert_eq!(history(1, END).await, "1:1=a 3:1=b 4:1=c");
    assert_eq!(history(1, Seq(3)).await, "1:1=a 3:1=b");
    assert_eq!(history(2, END).await, "2:2=x");
    assert_eq!(history(3, END).await, "");
}

pub(crate) async fn followers_go_by_pages(bed: Bed) {
    let store = bed.open().await;
    let fence = store.ledger.lead().await.unwrap();
    file(&store, &fence, &[(1, "a"), (2, "b"), (3, "c")]).await;
    file(&store, &fence, &[(1, "d"), (4, "e")]).await;
    let page = async |after, upto, max| words(&store.ledger.follow(Seq(after), upto, max).await.unwrap());
    assert_eq!(page(0, END, 2).await, "1:1=a 2:2=b");
    assert_eq!(page(2, END, 2).await, "3:3=c 4:1=d");
    assert_eq!(page(4, END, 2).await, "5:4=e");
    assert_eq!(page(5, END, 2).await, "");
    assert_eq!(page(1, Seq(3), 9).await, "2:2=b 3:3=c", "what is not visible yet is not shown");
    assert_eq!(page(0, END, 0).await, "");
    // Of some kinds alone, and by known places.
    let kind = id(1).kind;
    let other = Kind::ALL.into_iter().find(|other| *other != kind).unwrap();
    let of = async |kinds: &[Kind], after, max| {
        words(&store.ledger.follow_kinds(kinds, Seq(after), END, max).await.unwrap())
    };
    assert_eq!(of(&[other], 0, 9).await, "");
    assert_eq!(of(&[other, kind], 0, 2).await, "1:1=a 2:2=b");
    assert_eq!(of(&[kind], 3, 9).await, "4:1=d 5:4=e");
    let changed = async |after, upto| {
        let mut changed = store.ledger.changed(kind, Seq(after), upto).await.unwrap();
        changed.sort_unstable();
        changed
            .iter()
            .map(|(id, before)| format!("{}{}", id.raw, if *before { "+" } else { "" }))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!((changed(0, END).await, changed(2, END).await), ("1 2 3 4".into(), "1+ 3 4".into()));
    assert_eq!((changed(2, Seq(3)).await, changed(5, END).await), ("3".into(), String::new()));
    assert_eq!(store.ledger.changed(other, Seq(0), END).await.unwrap(), []);
    let at = async |places: &[(u128, u64)]| {
        let places: Vec<_> = places.iter().map(|(raw, seq)| (id(*raw), Seq(*seq))).collect();
        words(&store.ledger.read_at(&places).await.unwrap())
    };
    assert_eq!(at(&[(4, 5), (1, 1), (3, 3)]).await, "5:4=e 1:1=a 3:3=c");
    assert_eq!(at(&[(1, 2), (9, 9), (1, 4)]).await, "4:1=d", "at another's place it is not");
    assert_eq!(at(&[]).await, "");
}

pub(crate) async fn the_outbox_is_kept_until_the_next_commit_after_it_is_logged(bed: Bed) {
    let filing =
        |texts: &[&str], drafts| Batch { outbox: texts.iter().map(|text| outbox(text)).collect(), ..batch(drafts) };
    let store = bed.open().await;
    let fence = store.ledger.lead().await.unwrap();
    let rows = async |store: &clear_store::Store| {
        let rows = store.ledger.unlogged().await.unwrap();
        rows.iter()
            .map(|row| format!("{}@{}:{}", row.number, row.upto, String::from_utf8_lossy(&row.body)))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        store.ledger.commit(&fence, filing(&["a", "b"], vec![draft(1, "x"), draft(2, "x")])).await.unwrap().outbox,
        1..3
    );
    assert_eq!(
        store.ledger.commit(&fence, filing(&["c"], vec![])).await.unwrap().outbox,
        3..4,
        "a commit may be an outbox row alone"
    );
    assert_eq!(rows(&store).await, "1@2:a 2@2:b 3@2:c");
    store.ledger.logged(2).await.unwrap();
    store.ledger.logged(1).await.unwrap();
    assert_eq!(rows(&store).await, "3@2:c");
    store.close().await;

    let store = bed.open().await;
    let fence = store.ledger.lead().await.unwrap();
    assert_eq!(rows(&store).await, "1@2:a 2@2:b 3@2:c", "nothing was deleted yet: the log is asked what it has");
    store.ledger.logged(2).await.unwrap();
    assert_eq!(store.ledger.commit(&fence, filing(&["d"], vec![])).await.unwrap().outbox, 4..5);
    store.close().await;

    let store = bed.open().await;
    let fence = store.ledger.lead().await.unwrap();
    assert_eq!(rows(&store).await, "3@2:c 4@2:d");
    // A number beyond the end deletes nothing that comes later.
    store.ledger.logged(9).await.unwrap();
    store.ledger.commit(&fence, filing(&["e"], vec![])).await.unwrap();
    store.close().await;
    assert_eq!(rows(&bed.open().await).await, "5@2:e");
}

pub(crate) async fn a_reopened_ledger_goes_on(bed: Bed) {
    let store = bed.open().await;
    let fence = store.ledger.lead().await.unwrap();
    file(&store, &fence, &[(1, "a")]).await;
    store.cards.put("account", "k", 0, None, None, b"card".to_vec()).await.unwrap();
    store.close().await;

    let store = bed.open().await;
    let refused = store.ledger.commit(&fence, batch(vec![])).await;
    assert!(refused.is_ok(), "the same leader goes on");
    let next = store.ledger.lead().await.unwrap();
    assert_ne!(next, fence);
    assert_eq!(file(&store, &next, &[(2, "b")]).await.seqs, 2..3);
    assert_eq!(words(&store.ledger.follow(Seq(0), END, 9).await.unwrap()), "1:1=a 2:2=b");
    assert_eq!(store.cards.get("account", "k").await.unwrap().unwrap().body, b"card");
}

pub(crate) async fn a_cancelled_commit_is_whole_or_absent(bed: Bed) {
    let store = bed.open().await;
    let fence = store.ledger.lead().await.unwrap();
    file(&store, &fence, &[(1, "first")]).await;
    let mut acknowledged = 1;
    for turn in 0..40u64 {
        let drafts = (0..50).map(|n| draft(u128::from(turn) * 100 + n, "x")).collect();
        let commit = store.ledger.commit(&fence, batch(drafts));
        if let Ok(committed) = tokio::time::timeout(Duration::from_micros(turn * 150), commit).await {
            acknowledged = committed.unwrap().seqs.end - 1;
        }
    }
    let last = file(&store, &fence, &[(9999, "last")]).await;
    assert_eq!((last.seqs.start - 2) % 50, 0, "batches of fifty, whole");
    assert!(last.seqs.start > acknowledged);
    let all = store.ledger.follow(Seq(0), END, 9999).await.unwrap();
    assert!(all.iter().zip(1..).all(|(version, seq)| version.seq == Seq(seq)), "dense");
    assert_eq!(all.len() as u64, last.seqs.start);
}

pub(crate) async fn contents_of_another_kind_are_refused(bed: Bed) {
    let store = bed.open().await;
    let fence = store.ledger.lead().await.unwrap();
    let wrong = clear_record::Draft { id: clear_record::RecordId { kind: Kind::Person, raw: 1 }, ..draft(1, "a") };
    let refused = store.ledger.commit(&fence, batch(vec![draft(2, "b"), wrong])).await;
    assert!(matches!(refused, Err(Error::Kind { is: Kind::Narrative, .. })), "{refused:?}");
    assert_eq!(store.ledger.head().await.unwrap().seq, Seq(0));
}

pub(crate) async fn large_batches_and_large_bodies_come_back(bed: Bed) {
    let store = bed.open().await;
    let fence = store.ledger.lead().await.unwrap();
    // Around the sizes at which statements and threads are divided.
    for count in [0, 1, 2, 255, 257, 499, 501, 1203] {
        let before = store.ledger.head().await.unwrap().seq;
        let drafts: Vec<_> = (0..count).map(|number| draft(number, &format!("words-{number}"))).collect();
        let committed = store.ledger.commit(&fence, batch(drafts)).await.unwrap();
        assert_eq!(u128::from(committed.seqs.end - committed.seqs.start), count);
        let read = store.ledger.follow(before, END, 9999).await.unwrap();
        let expected: Vec<_> =
            (0..count).zip(before.0 + 1..).map(|(number, seq)| format!("{seq}:{number}=words-{number}")).collect();
        assert_eq!(read.iter().map(word).collect::<Vec<_>>(), expected);
    }
    let ids: Vec<_> = (0..1203).rev().map(id).collect();
    let read = store.ledger.read(&ids, AsOf { seq: END, valid: None }).await.unwrap();
    assert_eq!(read.iter().map(|version| version.id).collect::<Vec<_>>(), ids);

    let long = "long ".repeat(1 << 20);
    let person = Record::from(Person { marks: Some(long.clone()), ..no_person() });
    let big = clear_record::Draft {
        id: clear_record::RecordId { kind: Kind::Person, raw: 7 },
        record: person.clone(),
        ..draft(7, "x")
    };
    let committed = store.ledger.commit(&fence, batch(vec![big.clone(), draft(8, &long), big])).await.unwrap();
    let read = store.ledger.follow(Seq(committed.seqs.start - 1), END, 9).await.unwrap();
    assert!(read[0].record == Some(person.clone()) && read[2].record == Some(person));
}

fn no_person() -> Person {
    match Record::from_bytes(Kind::Person, b"{}") {
        Ok(Record::Person(person)) => person,
        _ => unreachable!("a person may be unknown in every field"),
    }
}

pub(crate) async fn a_newer_layout_is_refused(bed: Bed) {
    bed.open().await.close().await;
    bed.meddle_with_ledger("UPDATE meta SET layout = 99").await;
    let refused = bed.try_open().await;
    assert!(matches!(&refused, Err(Error::Newer { found: 99, known: 1, .. })), "{refused:?}");
    bed.meddle_with_ledger("UPDATE meta SET layout = 1").await;
    bed.meddle_with_keys("UPDATE meta SET layout = 99").await;
    let refused = bed.try_open().await;
    assert!(matches!(&refused, Err(Error::Newer { found: 99, known: 1, .. })), "{refused:?}");
}
