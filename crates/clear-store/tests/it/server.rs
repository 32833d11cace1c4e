//! What only a server can meet: being away.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clear_record::Seq;
use clear_store::{Batch, Error, Store};

use crate::bed::{Bed, batch, draft, file, outbox, words};

const END: Seq = Seq(u64::MAX);

/// The error and its causes, as an operator reads them.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_its_password() {
    let keys = tempfile::TempDir::new().unwrap();
    for address in ["postgres://clear:hunter2@127.0.0.1:1/db", "postgres://clear:hunter2@%2Fnowhere:5432/db"] {
        let refused = Store::postgres(address, keys.path()).await.unwrap_err();
        assert!(matches!(&refused, Error::Unreachable { .. }), "{refused:?}");
        let text = chain(&refused);
        assert!(text.contains("postgres://clear@") && text.contains("start it, or correct its address"), "{text}");
        assert!(!format!("{text}{refused:?}").contains("hunter2"), "{text}");
    }
    let refused = Store::postgres("mysql:hunter2", keys.path()).await.unwrap_err();
    assert!(matches!(&refused, Error::Address { .. }) && !chain(&refused).contains("hunter2"), "{}", chain(&refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_and_comes_back_is_used_again() {
    let mut bed = Bed::server();
    let store = bed.open().await;
    let fence = store.ledger.lead().await.unwrap();
    file(&store, &fence, &[(1, "a")]).await;
    bed.postgres().stop().unwrap();
    let refused = store.ledger.commit(&fence, batch(vec![draft(2, "b")])).await;
    assert!(matches!(&refused, Err(Error::Unreachable { .. })), "{refused:?}");
    assert!(matches!(store.ledger.head().await, Err(Error::Unreachable { .. })));
    assert!(matches!(store.ledger.follow(Seq(0), END, 9).await, Err(Error::Unreachable { .. })));
    assert!(matches!(store.cards.get("a", "b").await, Err(Error::Unreachable { .. })));
    bed.postgres().resume().unwrap();
    assert_eq!(words(&store.ledger.follow(Seq(0), END, 9).await.unwrap()), "1:1=a");
    assert_eq!(file(&store, &fence, &[(2, "b")]).await.seqs, 2..3);
    assert_eq!(words(&store.ledger.follow(Seq(0), END, 9).await.unwrap()), "1:1=a 2:2=b");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_under_load_keeps_what_it_acknowledged() {
    let mut bed = Bed::server();
    let store = bed.open().await;
    let fence = Arc::new(store.ledger.lead().await.unwrap());
    let over = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4u128)
        .map(|writer| {
            let (store, fence, over) = (store.clone(), Arc::clone(&fence), Arc::clone(&over));
            tokio::spawn(async move {
                let (mut acknowledged, mut turn) = (Vec::new(), 0);
                while !over.load(Ordering::Acquire) {
                    turn += 1;
                    let drafts = (0..5).map(|n| draft(writer * 1_000_000 + turn * 10 + n, "x")).collect();
                    match store.ledger.commit(&fence, Batch { outbox: vec![outbox("o")], ..batch(drafts) }).await {
                        Ok(committed) => acknowledged.push((committed.seqs, writer * 1_000_000 + turn * 10)),
                        Err(Error::Unreachable { .. }) => tokio::task::yield_now().await,
                        Err(error) => panic!("{}", chain(&error)),
                    }
                }
                acknowledged
            })
        })
        .collect();
    for _ in 0..3 {
        let before = store.ledger.head().await.unwrap().seq;
        while store.ledger.head().await.is_ok_and(|head| head.seq.0 < before.0 + 50) {
            tokio::task::yield_now().await;
        }
        bed.postgres().stop().unwrap();
        bed.postgres().resume().unwrap();
    }
    over.store(true, Ordering::Release);
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    let head = store.ledger.head().await.unwrap();
    let all = store.ledger.follow(Seq(0), END, 1_000_000).await.unwrap();
    assert_eq!(all.len() as u64, head.seq.0);
    assert!(
        all.iter().zip(1..).all(|(version, seq)| version.seq == Seq(seq) && version.record.is_some()),
        "dense, and every body opens"
    );
    assert_eq!(head.outbox * 5, head.seq.0, "commits are whole");
    for (seqs, number) in acknowledged {
        let at = usize::try_from(seqs.start - 1).unwrap();
        let kept: Vec<u128> = all[at..at + 5].iter().map(|version| version.id.raw).collect();
        assert_eq!(kept, (number..number + 5).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_server_agree() {
    let bed = Bed::server();
    let (one, two) = (bed.open().await, bed.open().await);
    let first = one.ledger.lead().await.unwrap();
    file(&one, &first, &[(1, "a")]).await;
    assert_eq!(words(&two.ledger.follow(Seq(0), END, 9).await.unwrap()), "1:1=a");
    let second = two.ledger.lead().await.unwrap();
    assert!(matches!(one.ledger.commit(&first, batch(vec![draft(2, "b")])).await, Err(Error::Fenced { .. })));
    let south = clear_record::Draft {
        label: clear_record::Label::of(crate::bed::agency("south"), clear_record::Kind::Narrative),
        ..draft(3, "c")
    };
    two.ledger.commit(&second, batch(vec![south])).await.unwrap();
    assert_eq!(one.ledger.labels().await.unwrap(), two.ledger.labels().await.unwrap());
    assert_eq!(words(&one.ledger.follow(Seq(0), END, 9).await.unwrap()), "1:1=a 2:3=c");
    let third = one.ledger.lead().await.unwrap();
    assert_eq!(file(&one, &third, &[(4, "d")]).await.label_of, [clear_record::LabelId(0)]);
}
