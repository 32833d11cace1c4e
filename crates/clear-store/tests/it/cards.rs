//! What cards do, whatever keeps them.

use std::collections::BTreeSet;

use clear_store::{Card, Error};

use crate::bed::{Bed, at};

fn conflict<T: std::fmt::Debug>(result: Result<T, Error>) {
    assert!(matches!(&result, Err(Error::Conflict { .. })), "{result:?}");
}

pub(crate) async fn a_card_is_written_by_compare_and_swap(bed: Bed) {
    let cards = bed.open().await.cards;
    let put = async |if_revision, body: &str| {
        cards.put("session", "k", if_revision, Some("o"), Some(at("2024-01-01T00:00:00Z")), body.into()).await
    };
    assert_eq!(cards.get("session", "k").await.unwrap(), None);
    conflict(put(1, "x").await);
    let first = put(0, "one").await.unwrap();
    conflict(put(0, "x").await);
    conflict(put(first + 1, "x").await);
    let second = put(first, "two").await.unwrap();
    assert!(second > first);
    conflict(put(first, "x").await);
    let expected = Card {
        key: "k".into(),
        revision: second,
        owner: Some("o".into()),
        due: Some(at("2024-01-01T00:00:00Z")),
        body: b"two".to_vec(),
    };
    assert_eq!(cards.get("session", "k").await.unwrap(), Some(expected));
    assert_eq!(cards.get("account", "k").await.unwrap(), None, "kinds are apart");
    let third = cards.put("session", "k", second, None, None, vec![]).await.unwrap();
    let card = cards.get("session", "k").await.unwrap().unwrap();
    assert_eq!((card.owner, card.due, card.body), (None, None, vec![]));
    conflict(cards.delete("session", "k", second).await);
    cards.delete("session", "k", third).await.unwrap();
    conflict(cards.delete("session", "k", third).await);
    assert_eq!(cards.get("session", "k").await.unwrap(), None);
}

pub(crate) async fn a_deleted_card_never_has_a_revision_twice(bed: Bed) {
    let cards = bed.open().await.cards;
    let old = cards.put("n", "k", 0, None, None, b"old".to_vec()).await.unwrap();
    cards.delete("n", "k", old).await.unwrap();
    let new = cards.put("n", "k", 0, None, None, b"new".to_vec()).await.unwrap();
    assert!(new > old);
    conflict(cards.put("n", "k", old, None, None, b"from before".to_vec()).await);
}

pub(crate) async fn writers_that_race_lose_nothing(bed: Bed) {
    let cards = bed.open().await.cards;
    cards.put("number", "n", 0, None, None, b"0".to_vec()).await.unwrap();
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let cards = cards.clone();
            tokio::spawn(async move {
                let mut added = 0;
                while added < 10 {
                    let card = cards.get("number", "n").await.unwrap().unwrap();
                    let number: u64 = String::from_utf8(card.body).unwrap().parse().unwrap();
                    match cards.put("number", "n", card.revision, None, None, (number + 1).to_string().into()).await {
                        Ok(_) => added += 1,
                        Err(Error::Conflict { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(cards.get("number", "n").await.unwrap().unwrap().body, b"80");
    let makers: Vec<_> = (0..8)
        .map(|_| {
            tokio::spawn({
                let cards = cards.clone();
                async move { cards.put("number", "new", 0, None, None, vec![]).await.is_ok() }
            })
        })
        .collect();
    let mut made = 0;
    for maker in makers {
        made += u32::from(maker.await.unwrap());
    }
    assert_eq!(made, 1);
}

pub(crate) async fn a_due_card_is_claimed_by_one(bed: Bed) {
    let cards = bed.open().await.cards;
    let due = |minute| Some(at(&format!("2024-01-01T00:{minute:02}:00Z")));
    for minute in 0..20 {
        cards.put("job", &format!("job-{minute:02}"), 0, None, due(minute), vec![]).await.unwrap();
    }
    cards.put("job", "never", 0, None, None, vec![]).await.unwrap();
    cards.put("other", "job-00", 0, None, due(0), vec![]).await.unwrap();
    let claim = async |now, until| cards.claim("job", due(now).unwrap(), due(until).unwrap()).await.unwrap();
    let first = claim(5, 30).await.unwrap();
    assert_eq!((first.key.as_str(), first.due), ("job-00", due(30)));
    assert_eq!(cards.get("job", "job-00").await.unwrap(), Some(first.clone()), "with the revision it has now");

    let workers: Vec<_> = (0..8)
        .map(|_| {
            let cards = cards.clone();
            let (now, until) = (due(9).unwrap(), due(30).unwrap());
            tokio::spawn(async move {
                let mut mine = Vec::new();
                while let Some(card) = cards.claim("job", now, until).await.unwrap() {
                    mine.push(card.key);
                }
                mine
            })
        })
        .collect();
    let mut claimed = Vec::new();
    for worker in workers {
        claimed.extend(worker.await.unwrap());
    }
    let expected: BTreeSet<String> = (1..10).map(|minute| format!("job-{minute:02}")).collect();
    assert_eq!(claimed.len(), 9, "each once: {claimed:?}");
    assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>(), expected);
    assert_eq!(claim(9, 30).await, None);
    let after_the_lease = claim(30, 40).await.unwrap();
    assert_eq!(after_the_lease.key, "job-10", "who has been due longest comes first");
    conflict(cards.put("job", "job-00", first.revision - 1, None, None, vec![]).await);
}

pub(crate) async fn cards_are_listed_by_kind_and_owner(bed: Bed) {
    let cards = bed.open().await.cards;
    for (kind, key, owner) in
        [("a", "2", Some("x")), ("a", "1", None), ("a", "B", Some("y")), ("a", "a", Some("x")), ("b", "9", Some("x"))]
    {
        cards.put(kind, key, 0, owner, None, vec![]).await.unwrap();
    }
    let list = async |kind, owner| {
        cards.list(kind, owner).await.unwrap().into_iter().map(|card| card.key).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(list("a", None).await, "1 2 B a");
    assert_eq!(list("a", Some("x")).await, "2 a");
    assert_eq!(list("b", Some("y")).await, "");
    assert_eq!(list("c", None).await, "");
}
