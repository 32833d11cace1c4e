//! Who knows how far the log is, beside the log: an anchor file and witnesses. Asked before anything is served, told of
//! each new checkpoint afterwards.
//!
//! In:    `guards.json` in the data folder, or what the command line says; the log.
//! Out:   what contradicts the log, at start; a thread for each watcher, and their alarms.
//! Never: stands on the road of an answer: a witness that hangs holds up its own thread.
//!
//! # How
//! `guards.json` remembers what a server was started with, so that every later command on the folder asks as well, and a
//! restored copy of the folder too.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clear_audit::{
    ANCHOR, Anchor, Contradiction, CosignerKey, Folder, Knows, Log, Watch, Watcher, contradiction, vouched,
};
use clear_policy::Resumption;
use clear_respond::{Desk, HealthPart, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::witness::{Client, Told};

/// How long a start waits for all witnesses together.
const ASK: Duration = Duration::from_secs(5);
/// How often a watcher's thread looks for a new checkpoint.
const LOOK: Duration = Duration::from_millis(150);
/// After a failure.
const AGAIN: Duration = Duration::from_secs(1);
/// After a refusal, which only its keeper can mend.
const REFUSED: Duration = Duration::from_secs(10);

/// What a command line says about guards.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Given {
    /// Write the log's newest checkpoint into this file, on another volume than the data folder, and hold the log against
    /// it at each start; `none` ends that.
    #[arg(long, value_name = "FILE", env = "OPENCLEAR_ANCHOR")]
    pub(crate) anchor: Option<PathBuf>,
    /// Ask this witness to cosign each checkpoint, and hold the log against what it knows at each start; several times for
    /// several, `none` for none.
    #[arg(long = "witness", value_name = "URL=VKEY")]
    pub(crate) witnesses: Vec<String>,
}

/// The guards of a log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Guards {
    anchor: Option<PathBuf>,
    /// Whether the anchor was ever written: then it does not go missing by itself.
    anchored: bool,
    witnesses: Vec<WitnessAt>,
    /// Who watched when that was last said in the log.
    said: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WitnessAt {
    url: String,
    vkey: String,
}

fn file(dir: &Path) -> PathBuf {
    dir.join("guards.json")
}

/// Where resumptions are found again.
pub(crate) fn resumptions(dir: &Path) -> PathBuf {
    dir.join("resumptions")
}

impl Guards {
    /// Those that the data folder remembers.
    pub(crate) fn remembered(dir: &Path) -> anyhow::Result<Guards> {
        let path = file(dir);
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Guards::default()),
            text => {
                let text = text.with_context(|| format!("cannot read {}", path.display()))?;
                serde_json::from_str(&text)
                    .with_context(|| format!("{} does not read: who watches the log is not known", path.display()))
            }
        }
    }

    /// Those of the data folder, changed by what the command line says, and remembered from here on.
    pub(crate) fn given(dir: &Path, given: &Given) -> anyhow::Result<Guards> {
        let known = Guards::remembered(dir)?;
        let mut guards = known.clone();
        match &given.anchor {
            None => {}
            Some(none) if none.as_os_str() == "none" => (guards.anchor, guards.anchored) = (None, false),
            Some(path) => {
                let path = std::path::absolute(path).context("the anchor's path")?;
                let inside = std::path::absolute(dir).is_ok_and(|dir| path.starts_with(dir));
                if inside {
                    bail!(
                        "the anchor {} is inside the data folder: a restored copy would bring its own",
                        path.display()
                    );
                }
                guards.anchored &= guards.anchor.as_ref() == Some(&path);
                guards.anchor = Some(path);
            }
        }
        match given.witnesses.as_slice() {
            [] => {}
            [none] if none == "none" => guards.witnesses.clear(),
            said => guards.witnesses = said.iter().map(|text| WitnessAt::parse(text)).collect::<Result<_, _>>()?,
        }
        if guards != known && dir.is_dir() {
            guards.save(dir)?;
        }
        Ok(guards)
    }

    fn save(&self, dir: &Path) -> anyhow::Result<()> {
        let text = format!("{:#}\n", serde_json::to_value(self)?);
        Ok(Anchor(file(dir)).write(&text)?)
    }

    fn clients(&self) -> anyhow::Result<Vec<Client>> {
        self.witnesses.iter().map(|at| Client::new(&at.url, CosignerKey::parse(&at.vkey)?)).collect()
    }

    /// What is known of the log elsewhere and does not fit, without what the founders let it go on against. Waits for
    /// witnesses a few seconds; one that does not answer is late, and no contradiction.
    pub(crate) fn contradictions(&self, dir: &Path, log: &Log) -> anyhow::Result<Vec<Contradiction>> {
        let mut found = Vec::new();
        found.extend(self.of_anchor(log)?);
        let clients = self.clients()?;
        let (answers, heard) = mpsc::channel();
        let cosigned = Cosigned::of(dir, Watch::default())?;
        let waiting = clients.len();
        for client in clients {
            let (answers, log, cosigned) = (answers.clone(), log.clone(), cosigned.clone());
            std::thread::Builder::new().name("witness".into()).spawn(move || {
                let _ = answers.send(of_witness(&client, &log, &cosigned));
            })?;
        }
        let end = Instant::now() + ASK;
        for _ in 0..waiting {
            match heard.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(Ok(contradiction)) => found.extend(contradiction),
                Ok(Err(error)) => tracing::warn!("a witness was asked in vain: {error:#}"),
                Err(_) => {
                    tracing::warn!("a witness has not answered within {} seconds", ASK.as_secs());
                    break;
                }
            }
        }
        for evidence in found.iter().filter_map(|found| found.evidence.as_ref()) {
            let path = evidence.keep(&dir.join("evidence"))?;
            tracing::error!("two views of this log; the evidence is in {}", path.display());
        }
        let excused = excused(dir, log);
        found.retain(|found| !excused.contains(&found.named()));
        // In one order, whoever answered first: the founders sign the list.
        found.sort_by(|one, other| one.who.cmp(&other.who));
        Ok(found)
    }

    fn of_anchor(&self, log: &Log) -> anyhow::Result<Option<Contradiction>> {
        let Some(anchor) = self.anchor.clone().map(Anchor) else { return Ok(None) };
        if !anchor.folder().is_dir() {
            bail!("the anchor's folder {} is not there; is its volume mounted?", anchor.folder().display());
        }
        let knows = match anchor.read()? {
            Some(note) => Knows::Checkpoint(note),
            None if self.anchored => Knows::Lost,
            None => return Ok(None),
        };
        let found = contradiction(&Folder(log.folder().to_owned()), log.vkey(), ANCHOR, &knows, Timestamp::now());
        found.with_context(|| {
            format!("the anchor {} cannot be used; is it another log's? Then choose another file", anchor.0.display())
        })
    }

    /// Moves the anchor to where the log is now; the old one stays beside it, as evidence. Gives the evidence's place.
    pub(crate) fn move_anchor(&self, dir: &Path, log: &Log) -> anyhow::Result<Option<PathBuf>> {
        let Some(anchor) = self.anchor.clone().map(Anchor) else { return Ok(None) };
        let aside = anchor.move_aside(Timestamp::now())?;
        anchor.write(&log.checkpoint())?;
        Guards { anchored: true, ..self.clone() }.save(dir)?;
        Ok(aside)
    }

    /// Begins to tell the watchers of each new checkpoint.
    pub(crate) async fn watch(mut self, dir: &Path, desk: &Arc<Desk>) -> anyhow::Result<Watching> {
        let log = desk.public_log().clone();
        let clients = self.clients()?;
        let anchor = self.anchor.clone().map(Anchor);
        let names = anchor.iter().map(|_| ANCHOR.to_owned());
        let names: Vec<String> = names.chain(clients.iter().map(|client| client.name().to_owned())).collect();
        if names != self.said {
            desk.note_guards(&names).await?;
            self.said.clone_from(&names);
            self.save(dir)?;
        }
        let watch = Watch::of(names, Timestamp::now());
        let watching = Watching {
            watch: watch.clone(),
            stop: Arc::default(),
            anchor: anchor.map(|anchor| Arc::new(Mutex::new(anchor))),
            log: log.clone(),
            cosigned: Cosigned::of(dir, watch)?,
            dir: dir.to_owned(),
        };
        if let Some(anchor) = watching.anchor.clone() {
            // The first time is waited for: an anchor that cannot be written is said at once.
            locked(&anchor).write(&log.checkpoint())?;
            if !self.anchored {
                Guards { anchored: true, ..self.clone() }.save(dir)?;
            }
            let watching = watching.clone();
            std::thread::Builder::new().name("anchor".into()).spawn(move || watching.keep_anchor(&anchor))?;
        }
        for client in clients {
            let watching = watching.clone();
            std::thread::Builder::new().name("witness".into()).spawn(move || watching.keep_witness(&client))?;
        }
        let (desk, looking) = (desk.clone(), watching.clone());
        tokio::spawn(async move {
            if !looking.watch.watchers().is_empty() {
                desk.tell(part(&looking.watch));
            }
            while !looking.stop.load(Ordering::Relaxed) {
                for changed in looking.watch.look(looking.log.published_size(), Timestamp::now()) {
                    if changed.alarm {
                        tracing::error!("{changed}");
                    } else {
                        tracing::warn!("{changed}");
                    }
                    desk.tell(part(&looking.watch));
                    // Where the log is down, that is the greater alarm and told of elsewhere.
                    let _ = desk.note_watcher(&changed).await;
                }
                tokio::time::sleep(LOOK).await;
            }
        });
        Ok(watching)
    }
}

/// How the watchers are, as a part of the whole: an alarm is for somebody to come, and nothing stops for it.
fn part(watch: &Watch) -> HealthPart {
    let watchers = watch.watchers();
    let state = if watchers.iter().any(|watcher| watcher.alarm) { State::Degraded } else { State::Well };
    let says: Vec<String> = watchers.iter().map(Watcher::for_everybody).collect();
    HealthPart::new("watchers", state, says.join("; "))
}

impl WitnessAt {
    fn parse(text: &str) -> anyhow::Result<WitnessAt> {
        let wrong =
            || format!("`{text}` should be URL=VKEY, like `https://witness.example=witness.example/w1+0a1b2c3d+BA…`");
        let (url, vkey) = text.split_once('=').with_context(wrong)?;
        if !url.starts_with("http://") && !url.starts_with("https://") {
            bail!(wrong());
        }
        // A file may hold the key; a key may end in `=`, and none is a path.
        let vkey = match Path::new(vkey).is_file() {
            true => fs::read_to_string(vkey).with_context(|| format!("cannot read {vkey}"))?,
            false => vkey.to_owned(),
        };
        let key = CosignerKey::parse(&vkey).with_context(wrong)?;
        Ok(WitnessAt { url: url.trim_end_matches('/').to_owned(), vkey: key.to_string() })
    }
}

/// What a witness knows that contradicts the log.
fn of_witness(client: &Client, log: &Log, cosigned: &Cosigned) -> anyhow::Result<Option<Contradiction>> {
    let mut known = 0;
    while let Some(note) = next(log, known) {
        let told = client.tell(log, &note, &mut known)?;
        match told {
            Told::Cosigned(note) => cosigned.keep(&note, &public(log))?,
            Told::Passed => {}
            Told::Knows(knows) => {
                let source = Folder(log.folder().to_owned());
                return Ok(contradiction(&source, log.vkey(), client.name(), &knows, Timestamp::now())?);
            }
            Told::Refused(_) => break,
        }
    }
    Ok(None)
}

/// The checkpoint that strangers see.
fn public(log: &Log) -> String {
    log.public_checkpoint()
}

/// What a witness that knows so many entries is asked for next. The public checkpoint comes before a newer one: a witness
/// that has gone past it cannot cosign it any more, and strangers would see it without.
fn next(log: &Log, known: u64) -> Option<String> {
    // In this order: whatever the newest is, each public one before it is there by now.
    let newest = log.checkpoint();
    [public(log), newest].into_iter().find(|note| size_of(note) > known)
}

fn size_of(note: &str) -> u64 {
    note.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0)
}

/// The cosigned checkpoints, in memory and in the data folder.
#[derive(Clone)]
struct Cosigned {
    watch: Watch,
    /// The newest one and the public one, each whole and synced like an anchor.
    files: Arc<Mutex<[Anchor; 2]>>,
}

impl Cosigned {
    fn of(dir: &Path, watch: Watch) -> anyhow::Result<Cosigned> {
        let files = [Anchor(dir.join("cosigned")), Anchor(dir.join("cosigned-public"))];
        for file in &files {
            if let Some(note) = file.read()? {
                watch.cosigned(&note, &note);
            }
        }
        Ok(Cosigned { watch, files: Arc::new(Mutex::new(files)) })
    }

    fn keep(&self, note: &str, public: &str) -> Result<(), clear_audit::Error> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let (newest, public) = self.watch.cosigned(note, public);
        let [newest_file, public_file] = &*files;
        newest_file.write(&newest)?;
        public_file.write(&public)
    }
}

/// What the founders let the log go on against, as contradictions name themselves.
fn excused(dir: &Path, log: &Log) -> Vec<String> {
    let notes = vouched(&resumptions(dir), &Folder(log.folder().to_owned()), log.vkey());
    notes.iter().filter_map(|note| Resumption::read(note).ok()).flat_map(|resumption| resumption.against).collect()
}

/// The watchers' threads. A clone is the same.
#[derive(Clone)]
pub(crate) struct Watching {
    /// How each of them is.
    pub(crate) watch: Watch,
    stop: Arc<AtomicBool>,
    /// Locked while it is written.
    anchor: Option<Arc<Mutex<Anchor>>>,
    log: Log,
    cosigned: Cosigned,
    dir: PathBuf,
}

impl Watching {
    fn keep_anchor(&self, anchor: &Mutex<Anchor>) {
        let mut written = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let (size, at) = (self.log.published_size(), Timestamp::now());
            if size == written {
                std::thread::sleep(LOOK);
                continue;
            }
            match locked(anchor).write(&self.log.checkpoint()) {
                Ok(()) => {
                    self.watch.reached(ANCHOR, size, at);
                    written = size;
                }
                Err(error) => {
                    let why = format!("{:#}", anyhow::Error::from(error));
                    tracing::warn!("{why}");
                    self.watch.failed(ANCHOR, why);
                    std::thread::sleep(AGAIN);
                }
            }
        }
    }

    fn keep_witness(&self, client: &Client) {
        let mut known = 0;
        while !self.stop.load(Ordering::Relaxed) {
            // Only the newest: what gathered while the witness was asked goes in one step.
            let (newest, at) = (self.log.published_size(), Timestamp::now());
            let Some(note) = next(&self.log, known) else {
                std::thread::sleep(LOOK);
                continue;
            };
            let pause = match client.tell(&self.log, &note, &mut known) {
                Ok(Told::Cosigned(cosigned)) => {
                    // The public one may be older; then the newest follows at once.
                    if known >= newest {
                        self.watch.reached(client.name(), known, at);
                    }
                    if let Err(error) = self.cosigned.keep(&cosigned, &public(&self.log)) {
                        tracing::error!("what was cosigned cannot be kept: {:#}", anyhow::Error::from(error));
                    }
                    Duration::ZERO
                }
                Ok(Told::Passed) => LOOK,
                Ok(Told::Refused(why)) => {
                    self.watch.refused(client.name(), why);
                    REFUSED
                }
                Ok(Told::Knows(knows)) => {
                    self.contradicted(client.name(), &knows);
                    REFUSED
                }
                Err(error) => {
                    self.watch.failed(client.name(), format!("{error:#}"));
                    AGAIN
                }
            };
            self.pause(pause);
        }
    }

    /// Sleeps, but not past the end.
    fn pause(&self, pause: Duration) {
        let end = Instant::now() + pause;
        while Instant::now() < end && !self.stop.load(Ordering::Relaxed) {
            std::thread::sleep(LOOK.min(end.saturating_duration_since(Instant::now())));
        }
    }

    fn contradicted(&self, name: &str, knows: &Knows) {
        let log = Folder(self.log.folder().to_owned());
        match contradiction(&log, self.log.vkey(), name, knows, Timestamp::now()) {
            Ok(Some(found)) if excused(&self.dir, &self.log).contains(&found.named()) => {
                self.watch.refused(name, format!("{found}; the founders let the log go on against that"));
            }
            Ok(Some(found)) => {
                self.watch.refused(name, found.to_string());
                if let Some(Err(error)) = found.evidence.as_ref().map(|found| found.keep(&self.dir.join("evidence"))) {
                    tracing::error!("evidence of two views cannot be kept: {:#}", anyhow::Error::from(error));
                }
                self.watch.contradicted(found);
            }
            // It refuses what follows from its own newest checkpoint: a fault of its.
            Ok(None) => self.watch.refused(name, "it refuses a right proof".to_owned()),
            Err(error) => self.watch.refused(name, format!("{:#}", anyhow::Error::from(error))),
        }
    }

    /// Ends the threads, and puts the last checkpoint of a log that was closed into the anchor.
    pub(crate) fn finish(&self) {
        self.stop.store(true, Ordering::Relaxed);
        // A log that may not be gone on with leaves its anchor as it is.
        let Some(anchor) = self.anchor.as_ref().filter(|_| self.watch.contradiction().is_none()) else { return };
        let end = Instant::now() + AGAIN;
        loop {
            match anchor.try_lock() {
                Ok(anchor) => {
                    if let Err(error) = anchor.write(&self.log.checkpoint()) {
                        tracing::error!("the anchor lacks the last checkpoint: {:#}", anyhow::Error::from(error));
                    }
                    return;
                }
                // Its thread writes it just now, or hangs in it: then the end does not wait for it.
                Err(_) if Instant::now() > end => return tracing::error!("the anchor lacks the last checkpoint"),
                Err(_) => std::thread::sleep(LOOK.min(AGAIN / 10)),
            }
        }
    }
}

fn locked(anchor: &Mutex<Anchor>) -> MutexGuard<'_, Anchor> {
    anchor.lock().unwrap_or_else(PoisonError::into_inner)
}
