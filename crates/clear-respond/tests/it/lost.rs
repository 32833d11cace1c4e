//! A commit whose acknowledgement is lost on the way back from the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use clear_audit::{Log, What};
use clear_record::{Kind, Label, Origin, RecordId, Seq, Version};
use clear_respond::{Find, answer};
use clear_store::{AsOf, Batch, Committed, Error, Fence, Head, Ledger, Outbox, OutboxBody};
use jiff::Timestamp;

use crate::bed::{Bed, code, log_options};

/// A ledger that keeps what it is told to and then does not say so; `blind`: it does not answer the question behind it
/// either.
struct Lossy {
    inner: Arc<dyn Ledger>,
    lose: AtomicUsize,
    blind: AtomicUsize,
}

fn gone() -> Error {
    Error::Unreachable { url: "postgres://test".into(), source: "the connection was reset".into() }
}

fn due(count: &AtomicUsize) -> bool {
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1)).is_ok()
}

#[async_trait]
impl Ledger for Lossy {
    async fn lead(&self) -> Result<Fence, Error> {
        self.inner.lead().await
    }
    async fn commit(&self, fence: &Fence, batch: Batch) -> Result<Committed, Error> {
        let committed = self.inner.commit(fence, batch).await?;
        if due(&self.lose) { Err(gone()) } else { Ok(committed) }
    }
    async fn head(&self) -> Result<Head, Error> {
        if due(&self.blind) { Err(gone()) } else { self.inner.head().await }
    }
    async fn follow(&self, after: Seq, upto: Seq, max: usize) -> Result<Vec<Version>, Error> {
        self.inner.follow(after, upto, max).await
    }
    async fn changed(&self, kind: Kind, after: Seq, upto: Seq) -> Result<Vec<(RecordId, bool)>, Error> {
        self.inner.changed(kind, after, upto).await
    }
    async fn read(&self, ids: &[RecordId], as_of: AsOf) -> Result<Vec<Version>, Error> {
        self.inner.read(ids, as_of).await
    }
    async fn history(&self, id: RecordId, upto: Seq) -> Result<Vec<Version>, Error> {
        self.inner.history(id, upto).await
    }
    async fn labels(&self) -> Result<Vec<Label>, Error> {
        self.inner.labels().await
    }
    async fn register(&self, after: u64) -> Result<Vec<(u64, Vec<u8>)>, Error> {
        self.inner.register(after).await
    }
    async fn unlogged(&self) -> Result<Vec<Outbox>, Error> {
        self.inner.unlogged().await
    }
    async fn logged(&self, upto: u64) -> Result<(), Error> {
        self.inner.logged(upto).await
    }
    async fn expunge(
        &self,
        fence: &Fence,
        id: RecordId,
        recorded_at: Timestamp,
        outbox: Vec<OutboxBody>,
    ) -> Result<Committed, Error> {
        self.inner.expunge(fence, id, recorded_at, outbox).await
    }
}

async fn lossy() -> (Bed, Arc<Lossy>) {
    let mut held = None;
    let bed = Bed::founded_on(clear_testkit::story::entries(), |inner| {
        let lossy = Arc::new(Lossy { inner, lose: AtomicUsize::new(0), blind: AtomicUsize::new(0) });
        held = Some(lossy.clone());
        lossy
    })
    .await;
    (bed, held.unwrap())
}

/// The numbers of records of the *filed* events, in the log's order.
fn filed(bed: &Bed) -> Vec<u64> {
    let filed = bed.events().into_iter().filter(|(_, event)| event.what == What::Filed && event.request.is_some());
    filed.filter_map(|(_, event)| event.count).collect()
}

#[tokio::test]
async fn gr23_a_commit_that_is_not_acknowledged_is_logged_before_it_is_shown() {
    // (whether the ledger is silent behind the commit too, what the filer is told)
    for (blind, told) in [(0, Ok(())), (1, Err("Failed".to_owned()))] {
        let (bed, ledger) = lossy().await;
        let before = filed(&bed).len();
        ledger.lose.store(1, Ordering::SeqCst);
        ledger.blind.store(blind, Ordering::SeqCst);
        assert_eq!(bed.file_vehicle("PM 10001").await, told);
        let inquiry = bed.inquiry("officer", "tail lamp out on the avenue").await;
        // What is not in the log is not shown; what is shown is in the log.
        let shown = bed.check_plate("officer", &inquiry, "PM 10001").await.unwrap();
        assert_eq!(filed(&bed).len() - before, shown, "blind: {blind}");
        assert_eq!(shown, usize::from(told.is_ok()));
        // The next filing logs what was missed before itself, and shows both.
        bed.file_vehicle("QX 77342").await.unwrap();
        assert_eq!(filed(&bed).len() - before, 2, "blind: {blind}");
        for plate in ["PM 10001", "QX 77342"] {
            assert_eq!(bed.check_plate("officer", &inquiry, plate).await, Ok(1), "blind: {blind}, {plate}");
        }
        drop(ledger);
        let bed = bed.restart().await;
        assert_eq!(filed(&bed).len() - before, 2, "blind: {blind}");
        assert_eq!(bed.check_plate("officer", &inquiry, "PM 10001").await, Ok(1));
    }
}

#[tokio::test]
async fn gr23_an_order_whose_commit_is_not_acknowledged_holds_at_the_latest_with_the_next_filing() {
    for (blind, told) in [(0, Ok(())), (1, Err("Failed".to_owned()))] {
        let (bed, ledger) = lossy().await;
        let (trooper, theirs) = (bed.asker("other").await, bed.inquiry("other", "tail lamp out on the avenue").await);
        ledger.lose.store(1, Ordering::SeqCst);
        ledger.blind.store(blind, Ordering::SeqCst);
        assert_eq!(bed.try_cut_off("state-police", "2026-1").await, told);
        // The register has moved: the filing is to be decided again.
        assert_eq!(bed.file_vehicle("TZ 50003").await, told, "blind: {blind}");
        let inquiry = bed.inquiry("officer", "tail lamp out on the avenue").await;
        assert_eq!(bed.check_plate("officer", &inquiry, "TZ 50003").await, Ok(usize::from(told.is_ok())));
        let find = Find { plate: Some("TZ 50003".to_owned()), ..Find::default() };
        let request = bed.desk.request(&trooper, theirs, Origin::default(), None, find);
        let refused = answer(&bed.desk, request).await.map(|_| ()).map_err(|refusal| code(&refusal));
        assert_eq!(refused, Err("cut_off".to_owned()), "blind: {blind}");
        bed.file_vehicle("QX 77344").await.unwrap();
        drop(ledger);
        let bed = bed.restart().await;
        assert_eq!(bed.check_plate("officer", &inquiry, "QX 77344").await, Ok(1));
    }
}

#[tokio::test]
async fn gr23_a_log_that_lacks_a_row_of_the_outbox_is_not_gone_on_with() {
    let bed = Bed::open().await;
    let said = bed
        .refused_after(|folder| {
            let (log, recovered) = Log::open(log_options(folder)).unwrap();
            assert_eq!(recovered.missing_outbox, None);
            log.append_clear(b"a later row", Some(recovered.last_outbox + 2)).wait_blocking().unwrap();
            log.close().unwrap();
        })
        .await;
    assert!(said.contains("later rows of the ledger's outbox and lacks row"), "{said}");
}
