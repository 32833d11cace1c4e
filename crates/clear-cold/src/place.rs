//! Where objects lie: a folder, or a bucket that speaks S3.
//!
//! # How
//! Whoever reads columns is a thread that counts, and waits; the client of a bucket is asynchronous. So a place has a small
//! runtime of its own, and [`Place::wait`] hands work over to it, whatever the caller runs in.
//!
//! A place that takes its time to fail is not asked again for [`REST`]: what waits under a lock must not wait for every object anew.

#![expect(clippy::disallowed_methods, reason = "stores: analysis-cold; flows: analysis-bucket")]

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Name;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tokio::runtime::{Builder, Runtime};

use crate::{Error, Values};

/// What every object's name ends with: nothing else is ever deleted in a place.
const ENDING: &str = ".cold";

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What fails sooner holds nobody up.
const SOON: Duration = Duration::from_millis(100);

/// How long a place that did not answer is left alone.
const REST: Duration = Duration::from_secs(2);

/// A place for objects. Clones are the same place.
#[derive(Clone)]
pub struct Place(Arc<Inner>);

struct Inner {
    store: Arc<dyn ObjectStore>,
    /// What names begin with.
    prefix: String,
    /// Taken away only when the place is dropped.
    runtime: Option<Runtime>,
    began: Instant,
    /// Until when it is left alone, milliseconds since it began.
    rests_until: AtomicU64,
    /// Objects whose keys are gone and that could not be deleted.
    left: Mutex<Vec<Name>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Whoever drops it may be asynchronous itself, where waiting for a runtime's end is a panic.
            runtime.shutdown_background();
        }
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Place({})", self.0.store)
    }
}

impl Place {
    /// The place that a text names: `s3://bucket/prefix`, with what the environment says of the account (`AWS_ACCESS_KEY_ID`,
    /// `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT`, `AWS_ALLOW_HTTP`); or a folder. It belongs to one process, and is
    /// emptied of objects that another one left.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn named(text: &str) -> Result<Place, Error> {
        match text.strip_prefix("s3://") {
            Some(rest) => bucket(text, rest),
            None => Place::folder(Path::new(text)),
        }
    }

    /// A folder; it is made.
    ///
    /// # Errors
    /// When it cannot be made or emptied.
    pub fn folder(folder: &Path) -> Result<Place, Error> {
        let wrong = |error: &dyn std::fmt::Display| Error::Place {
            place: folder.display().to_string(),
            what: error.to_string(),
        };
        std::fs::create_dir_all(folder).map_err(|error| wrong(&error))?;
        for entry in std::fs::read_dir(folder).map_err(|error| wrong(&error))? {
            let entry = entry.map_err(|error| wrong(&error))?;
            // One that was being written has a number behind its ending.
            if entry.file_name().to_string_lossy().contains(ENDING) {
                std::fs::remove_file(entry.path()).map_err(|error| wrong(&error))?;
            }
        }
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| wrong(&error))?;
        Place::over(Arc::new(store), String::new()).map_err(|error| wrong(&error))
    }

    /// Whether it takes something, and gives it back.
    pub fn answers(&self) -> bool {
        let object = self.keep(vec![Values::Bytes(vec![0])]);
        object.is_ok_and(|object| object.read(0).is_ok())
    }

    /// Deletes what another process has left in a folder, if there is such a folder.
    ///
    /// # Errors
    /// When it cannot be deleted.
    pub fn emptied(folder: &Path) -> Result<(), Error> {
        if folder.is_dir() { Place::folder(folder).map(drop) } else { Ok(()) }
    }

    fn over(store: Arc<dyn ObjectStore>, prefix: String) -> std::io::Result<Place> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("cold").enable_all().build()?;
        Ok(Place(Arc::new(Inner {
            store,
            prefix,
            runtime: Some(runtime),
            began: Instant::now(),
            rests_until: AtomicU64::new(0),
            left: Mutex::default(),
        })))
    }

    /// A name that no other object has.
    pub(crate) fn name(&self, random: &[u8]) -> Name {
        let name: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Name::from(format!("{}{name}{ENDING}", self.0.prefix))
    }

    pub(crate) fn put(&self, name: &Name, bytes: Vec<u8>) -> Result<(), Error> {
        let (store, name) = (Arc::clone(&self.0.store), name.clone());
        let put = async move { store.put(&name, Bytes::from(bytes).into()).await };
        self.wait(put).map_err(Failure::not_written).map(|_| ())
    }

    pub(crate) fn get(&self, name: &Name, range: Range<u64>) -> Result<Bytes, Error> {
        let (store, name) = (Arc::clone(&self.0.store), name.clone());
        self.wait(async move { store.get_range(&name, range).await }).map_err(Failure::not_read)
    }

    /// Deletes an object, now; one that cannot be deleted is remembered.
    pub(crate) fn delete(&self, name: &Name) {
        let (store, gone) = (Arc::clone(&self.0.store), name.clone());
        match self.wait(async move { store.delete(&gone).await }) {
            Ok(()) | Err(Failure::Gone) => {}
            Err(Failure::Silent(_)) => self.left().push(name.clone()),
        }
    }

    /// Deletes an object by and by.
    pub(crate) fn delete_later(&self, name: Name) {
        let Some(runtime) = &self.0.runtime else { return };
        let place = Arc::downgrade(&self.0);
        let store = Arc::clone(&self.0.store);
        runtime.spawn(async move {
            let deleted = store.delete(&name).await;
            let is_left = !matches!(deleted, Ok(()) | Err(object_store::Error::NotFound { .. }));
            if let Some(place) = place.upgrade().filter(|_| is_left) {
                Place(place).left().push(name);
            }
        });
    }

    /// Deletes what could not be deleted before; gives how many objects are still left. Their keys are gone.
    pub fn sweep(&self) -> usize {
        // Taken first: in the head of the loop the lock would be held until its end, and what stays is put back under it.
        let left = std::mem::take(&mut *self.left());
        left.iter().for_each(|name| self.delete(name));
        self.left().len()
    }

    fn left(&self) -> std::sync::MutexGuard<'_, Vec<Name>> {
        self.0.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something that the place does.
    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = object_store::Result<T>> + Send + 'static,
    ) -> Result<T, Failure> {
        let silent = |what: &str| Failure::Silent(what.to_owned());
        let Some(runtime) = &self.0.runtime else { return Err(silent("the process is stopping")) };
        let now = || u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if now() < self.0.rests_until.load(Ordering::Relaxed) {
            return Err(silent("the place did not answer a moment ago"));
        }
        let asked = Instant::now();
        let (told, answer) = mpsc::sync_channel(1);
        runtime.spawn(async move {
            // Whoever asked may have lost patience.
            drop(told.send(work.await));
        });
        let failure = match answer.recv_timeout(PATIENCE) {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(object_store::Error::NotFound { .. })) => return Err(Failure::Gone),
            Ok(Err(error)) => Failure::Silent(chain(&error)),
            Err(_) => silent("the place did not answer in time"),
        };
        if asked.elapsed() > SOON {
            self.0.rests_until.store(now().saturating_add(REST.as_millis() as u64), Ordering::Relaxed);
        }
        Err(failure)
    }
}

/// What can go wrong at a place.
enum Failure {
    Gone,
    Silent(String),
}

impl Failure {
    fn not_written(self) -> Error {
        match self {
            Failure::Gone => Error::NotWritten("there is no such place".to_owned()),
            Failure::Silent(what) => Error::NotWritten(what),
        }
    }

    fn not_read(self) -> Error {
        match self {
            Failure::Gone => Error::Gone,
            Failure::Silent(what) => Error::NoAnswer(what),
        }
    }
}

/// An error with its causes, joined by colons.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        // Some say their cause themselves.
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

#[cfg(not(feature = "s3"))]
fn bucket(text: &str, _: &str) -> Result<Place, Error> {
    let what = "this build has no client for buckets; build it with `--features s3`".to_owned();
    Err(Error::Place { place: text.to_owned(), what })
}

#[cfg(feature = "s3")]
fn bucket(text: &str, rest: &str) -> Result<Place, Error> {
    use futures_util::TryStreamExt as _;
    use object_store::aws::AmazonS3Builder;
    use object_store::{BackoffConfig, ClientOptions, RetryConfig};

    let wrong = |what: String| Error::Place { place: text.to_owned(), what };
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(wrong("name a bucket: s3://bucket/prefix".to_owned()));
    }
    let prefix = prefix.trim_matches('/');
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    // A question waits for these: better a clear error soon than an answer in minutes.
    let retries = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(50),
            max_backoff: Duration::from_secs(1),
            ..BackoffConfig::default()
        },
        max_retries: 3,
        retry_timeout: PATIENCE / 2,
    };
    let patience = ClientOptions::new()
        .with_connect_timeout(Duration::from_secs(3))
        .with_timeout(PATIENCE / 2)
        .with_allow_http(std::env::var("AWS_ALLOW_HTTP").is_ok_and(|allowed| allowed == "true"));
    let store = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_retry(retries)
        .with_client_options(patience)
        .build()
        .map_err(|error| wrong(chain(&error)))?;
    let place = Place::over(Arc::new(store), prefix.clone()).map_err(|error| wrong(error.to_string()))?;
    let store = Arc::clone(&place.0.store);
    let under = (!prefix.is_empty()).then(|| Name::from(prefix));
    let empty = async move {
        let mut found = store.list(under.as_ref());
        while let Some(object) = found.try_next().await? {
            if object.location.as_ref().ends_with(ENDING) {
                store.delete(&object.location).await?;
            }
        }
        Ok(())
    };
    match place.wait(empty) {
        Ok(()) => Ok(place),
        Err(Failure::Gone) => Err(wrong("there is no such bucket".to_owned())),
        Err(Failure::Silent(what)) => Err(wrong(what)),
    }
}
