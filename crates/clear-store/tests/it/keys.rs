//! Bodies are sealed, keys are apart, and what is expunged is gone.

use std::os::unix::fs::PermissionsExt;

use clear_record::{Seq, Version};
use clear_store::{AsOf, Batch, Error, Store};

use crate::bed::{Bed, batch, draft, file, id, now, outbox, words};

const END: Seq = Seq(u64::MAX);

async fn all(store: &Store) -> Vec<Version> {
    store.ledger.follow(Seq(0), END, 99).await.unwrap()
}

pub(crate) async fn nothing_on_the_disk_shows_contents(bed: Bed) {
    let store = bed.open().await;
    let fence = store.ledger.lead().await.unwrap();
    file(&store, &fence, &[(1, "Quillfeather"), (2, "Thistlewick")]).await;
    store.cards.put("account", "planted-in-clear", 0, None, None, b"x".to_vec()).await.unwrap();
    for look in ["in the journal", "after closing"] {
        assert!(bed.holds(b"planted-in-clear"), "the search finds what is there, {look}");
        for planted in ["Quillfeather", "Thistlewick", "reference-of-"] {
            assert!(!bed.holds(planted.as_bytes()), "{planted} {look}");
        }
        store.clone().close().await;
    }
    for file in std::fs::read_dir(bed.keys()).unwrap().map(|entry| entry.unwrap().path()) {
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&bed.keys()), 0o700);
        if file.extension().is_some_and(|extension| extension == "key") {
            assert_eq!((mode(&file), std::fs::metadata(&file).unwrap().len()), (0o600, 32));
        }
    }
    assert!(bed.keys().join("owner-north.key").exists());
}

pub(crate) async fn an_expunged_record_is_gone_everywhere(bed: Bed) {
    let store = bed.open().await;
    let fence = store.ledger.lead().await.unwrap();
    file(&store, &fence, &[(1, "a"), (2, "x")]).await;
    file(&store, &fence, &[(1, "b")]).await;
    let wrapped = wrapped_keys(&bed, &[1, 3]).await;
    assert!(wrapped.iter().all(|key| bed.holds(key)), "the keys are on the disk before");

    let committed = store.ledger.expunge(&fence, id(1), now(), vec![outbox("expunged")]).await.unwrap();
    assert_eq!(
        (committed.seqs, committed.outbox, committed.label_of.len()),
        (4..5, 1..2, 1),
        "a version without a body tells the followers"
    );
    assert!(!wrapped.iter().any(|key| bed.holds(key)), "the keys are nowhere on the disk, the journals included");
    let after = "1:1=- 2:2=x 3:1=- 4:1=-";
    assert_eq!(words(&all(&store).await), after);
    assert_eq!(words(&store.ledger.history(id(1), Seq(3)).await.unwrap()), "1:1=- 3:1=-");
    assert_eq!(
        words(&store.ledger.read(&[id(1), id(2)], AsOf { seq: END, valid: None }).await.unwrap()),
        "4:1=- 2:2=x"
    );
    assert_eq!(words(&store.ledger.read(&[id(1)], AsOf { seq: Seq(1), valid: None }).await.unwrap()), "1:1=-");

    let again = store.ledger.expunge(&fence, id(1), now(), vec![outbox("again")]).await.unwrap();
    assert_eq!((again.seqs, again.outbox), (5..5, 2..3), "nothing left to expunge");
    let nobody = store.ledger.expunge(&fence, id(77), now(), vec![]).await.unwrap();
    assert_eq!((nobody.seqs, nobody.outbox), (5..5, 3..3));
    store.close().await;
    let store = bed.open().await;
    assert_eq!(words(&all(&store).await), after);
}

/// The wrapped keys of these places, as they lie on the disk.
async fn wrapped_keys(bed: &Bed, seqs: &[i64]) -> Vec<Vec<u8>> {
    use sqlx::Connection;
    let path = bed.keys().join("keys.db");
    let mut conn = sqlx::SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    let mut keys = Vec::new();
    for seq in seqs {
        keys.extend(
            sqlx::query_scalar::<_, Vec<u8>>("SELECT wrapped FROM key WHERE seq = ?")
                .bind(seq)
                .fetch_all(&mut conn)
                .await
                .unwrap(),
        );
    }
    assert_eq!(keys.len(), seqs.len());
    conn.close().await.unwrap();
    keys
}

pub(crate) async fn an_expunge_that_was_cut_short_is_ended_by_doing_it_again(bed: Bed) {
    let store = bed.open().await;
    let fence = store.ledger.lead().await.unwrap();
    file(&store, &fence, &[(1, "a"), (2, "x")]).await;
    // The process ended after the keys were destroyed and before the ledger's transaction.
    bed.meddle_with_keys("INSERT INTO expunged SELECT seq, attempt FROM key WHERE seq = 1").await;
    bed.meddle_with_keys("DELETE FROM key WHERE seq = 1").await;
    store.close().await;

    let store = bed.open().await;
    assert_eq!(words(&all(&store).await), "1:1=- 2:2=x", "readers are not stopped by it");
    let committed = store.ledger.expunge(&fence, id(1), now(), vec![outbox("expunged")]).await.unwrap();
    assert_eq!((committed.seqs, committed.outbox), (3..4, 1..2));
    assert_eq!(words(&all(&store).await), "1:1=- 2:2=x 3:1=-");
}

pub(crate) async fn a_lost_key_is_an_error_and_never_an_empty_record(bed: Bed) {
    let store = bed.open().await;
    let fence = store.ledger.lead().await.unwrap();
    file(&store, &fence, &[(1, "a"), (2, "b"), (3, "c")]).await;
    let sealed = |result: Result<Vec<Version>, Error>, number| match result {
        Err(Error::Sealed { id: of }) => assert_eq!(of, id(number)),
        other => panic!("{other:?}"),
    };
    assert_eq!(bed.meddle_with_keys("DELETE FROM key WHERE seq = 2").await, 1);
    sealed(store.ledger.follow(Seq(0), END, 9).await, 2);
    sealed(store.ledger.read(&[id(1), id(2)], AsOf { seq: END, valid: None }).await, 2);
    sealed(store.ledger.history(id(2), END).await, 2);
    assert_eq!(words(&store.ledger.history(id(1), END).await.unwrap()), "1:1=a", "the others open");

    // Two bodies that changed places.
    bed.meddle_with_ledger("UPDATE version SET body = (SELECT body FROM version WHERE seq = 3) WHERE seq = 1").await;
    sealed(store.ledger.history(id(1), END).await, 1);

    // An owner's key that was changed, and one that is gone, after a restart.
    store.close().await;
    let key = bed.keys().join("owner-north.key");
    let right = std::fs::read(&key).unwrap();
    std::fs::write(&key, [9; 32]).unwrap();
    sealed(bed.open().await.ledger.history(id(3), END).await, 3);
    std::fs::remove_file(&key).unwrap();
    let store = bed.open().await;
    let refused = store.ledger.history(id(3), END).await;
    assert!(matches!(refused, Err(Error::OwnerKey { .. })), "{refused:?}");
    let refused = store.ledger.commit(&fence, batch(vec![draft(4, "d")])).await;
    assert!(matches!(refused, Err(Error::OwnerKey { .. })), "no new key takes an old one's place: {refused:?}");
    std::fs::write(&key, right).unwrap();
    assert_eq!(words(&store.ledger.history(id(3), END).await.unwrap()), "3:3=c");
}

pub(crate) async fn orphan_keys_are_swept_and_no_others(bed: Bed) {
    let store = bed.open().await;
    let fence = store.ledger.lead().await.unwrap();
    file(&store, &fence, &[(1, "a")]).await;
    // The process ended between its keys and its commit; and once more at a place that was committed since.
    bed.meddle_with_keys("INSERT INTO key (seq, attempt, wrapped) VALUES (2, 7, x'00'), (3, 7, x'00')").await;
    file(&store, &fence, &[(2, "b")]).await;
    assert_eq!(words(&all(&store).await), "1:1=a 2:2=b", "an orphan at the same place is not in the way");
    store.close().await;
    let store = bed.open().await;
    assert_eq!(bed.ask_keys("SELECT count(*) FROM key WHERE seq > 2").await, 0);
    assert_eq!(words(&all(&store).await), "1:1=a 2:2=b");
    store.close().await;

    // A ledger older than its keys, restored from a backup: its keys may be another copy's.
    bed.meddle_with_keys("UPDATE meta SET settled = 10").await;
    bed.meddle_with_keys("INSERT INTO key (seq, attempt, wrapped) VALUES (9, 7, x'00')").await;
    bed.open().await.close().await;
    assert_eq!(bed.ask_keys("SELECT count(*) FROM key WHERE seq = 9").await, 1);
}

pub(crate) async fn another_ledgers_keys_are_refused(bed: Bed) {
    let store = bed.open().await;
    let fence = store.ledger.lead().await.unwrap();
    store.ledger.commit(&fence, Batch { ..batch(vec![draft(1, "a")]) }).await.unwrap();
    store.close().await;
    let aside = bed.keys().with_extension("aside");
    std::fs::rename(bed.keys(), &aside).unwrap();
    let refused = bed.try_open().await;
    assert!(matches!(&refused, Err(Error::OtherKeys { .. })), "an empty key store: {refused:?}");
    std::fs::remove_dir_all(bed.keys()).unwrap();

    std::fs::rename(&aside, bed.keys()).unwrap();
    bed.meddle_with_keys("UPDATE meta SET ledger = x'00'").await;
    let refused = bed.try_open().await;
    assert!(matches!(&refused, Err(Error::OtherKeys { .. })), "another's key store: {refused:?}");
}
