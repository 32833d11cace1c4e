//! A witness for somebody else's log: it signs that the log only grew, and never two views of it.
//!
//! In:    the body of an `add-checkpoint` request (<https://c2sp.org/tlog-witness>), the time.
//! Out:   [`Added`]: a cosignature, or why there is none; the newest checkpoint of each log; evidence.
//! Never: cosigns what does not follow from what it cosigned before; answers before the disk has it; reads an entry.
//!
//! # How
//! For each log it keeps the newest checkpoint that it cosigned, as it was signed, in a file. A submission is checked
//! against that file's content under a lock, written with one atomic replace and synced, and only then answered.
//! INVARIANT (one view): whatever it cosigns, before or after a restart, extends all that it has cosigned.

#![expect(clippy::disallowed_methods, reason = "stores: witness-state")]

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tlog_tiles::{EMPTY_HASH, check_tree};

use crate::checkpoint::{self, CheckpointFlaw, Head};
use crate::cosign::{self, CosignFlaw, Cosigner, CosignerKey};
use crate::error::Error;
use crate::keys;
use crate::submission::{BadSubmission, Submission};
use crate::views::{self, Evidence};

const PRIVATE: &str = "witness.key";
const PUBLIC: &str = "witness.vkey";
const LOGS: &str = "logs";
const EVIDENCE: &str = "evidence";
/// More files of evidence are not kept; whoever has not looked by then does not look.
const EVIDENCE_MAX: usize = 1_000;

/// Why a witness cannot begin, or go on.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// There is no key in the folder.
    #[error("there is no witness's key in {}; make one with `openclear witness key --dir {} --name NAME`", dir.display(), dir.display())]
    NoKey {
        /// The folder.
        dir: PathBuf,
    },
    /// There is a key in the folder already.
    #[error(
        "{} holds a witness's key already; a second one would make what it signed before worthless",
        dir.display()
    )]
    KeyThere {
        /// The folder.
        dir: PathBuf,
    },
    /// The key is none.
    #[error("the witness's key cannot be used")]
    Key(#[from] CosignFlaw),
    /// The verifier key of a log to be witnessed.
    #[error("`{vkey}` is not a log's verifier key")]
    LogKey {
        /// What was given.
        vkey: String,
        /// What is wrong with it.
        source: CheckpointFlaw,
    },
    /// What it remembers was changed by somebody else. It signs nothing before this is cleared up.
    #[error("what this witness remembers of `{origin}` in {} cannot be trusted; put it back as it was", path.display())]
    Remembered {
        /// The log.
        origin: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: CheckpointFlaw,
    },
    /// Another process has the folder.
    #[error("the witness in {} is running already", dir.display())]
    InUse {
        /// The folder.
        dir: PathBuf,
    },
    /// The disk.
    #[error(transparent)]
    Disk(#[from] Error),
}

/// What became of a submission.
#[derive(Debug)]
pub enum Added {
    /// It was cosigned: the signature line with its newline.
    Cosigned(String),
    /// It is no submission.
    Malformed(BadSubmission),
    /// It says that the witness knows more than the checkpoint has.
    Backwards,
    /// The log is not one that this witness was asked to watch.
    Unknown,
    /// The log's key did not sign it.
    Unsigned,
    /// The witness knows this many entries; the submission should begin there. Also the answer to a second view.
    Conflict {
        /// How many.
        size: u64,
    },
    /// The proof does not lead from what the witness knows to this checkpoint.
    Unproved,
    /// The witness cannot remember it, so it does not sign.
    Failed(WitnessError),
}

/// One log that is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// The log's origin.
    pub origin: String,
    /// The newest size that was cosigned, and when; `None` before the first.
    pub newest: Option<(u64, Timestamp)>,
}

/// A witness.
pub struct Witness {
    dir: PathBuf,
    cosigner: Cosigner,
    logs: BTreeMap<String, Kept>,
    _lock: File,
}

struct Kept {
    vkey: String,
    path: PathBuf,
    newest: Mutex<Option<Newest>>,
}

struct Newest {
    head: Head,
    at: Timestamp,
    /// The checkpoint with the log's signature and this witness's.
    note: String,
}

impl Witness {
    /// Makes a witness's key in a folder; gives the verifier key, to be published.
    ///
    /// # Errors
    /// A key that is there already, a name that cannot be signed with, a folder that cannot be written.
    pub fn make_key(dir: &Path, name: &str) -> Result<CosignerKey, WitnessError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|_| Error::Randomness)?;
        let cosigner = Cosigner::from_seed(name, &seed)?;
        let path = dir.join(PRIVATE);
        if path.exists() || dir.join(LOGS).exists() {
            return Err(WitnessError::KeyThere { dir: dir.to_owned() });
        }
        fs::create_dir_all(dir).map_err(Error::write(dir))?;
        keys::replace(&path, format!("{}\n", cosigner.private()).as_bytes(), 0o600)?;
        keys::replace(&dir.join(PUBLIC), format!("{}\n", cosigner.verifier()).as_bytes(), 0o644)?;
        keys::keep(&path)?;
        Ok(cosigner.verifier().clone())
    }

    /// Opens the witness of a folder, for the logs of these verifier keys.
    ///
    /// # Errors
    /// See [`WitnessError`]; nothing is signed then.
    pub fn open(dir: &Path, vkeys: &[String]) -> Result<Witness, WitnessError> {
        let text = match fs::read_to_string(dir.join(PRIVATE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(WitnessError::NoKey { dir: dir.to_owned() });
            }
            text => text.map_err(Error::read(&dir.join(PRIVATE)))?,
        };
        let cosigner = Cosigner::parse(&text)?;
        let mut origins = Vec::new();
        for vkey in vkeys {
            let bad = |source| WitnessError::LogKey { vkey: vkey.clone(), source };
            origins.push((signed_note::Verifier::name(&checkpoint::verifier(vkey).map_err(bad)?).to_owned(), vkey));
        }
        let lock = lock(dir)?;
        let folder = dir.join(LOGS);
        fs::create_dir_all(&folder).map_err(Error::write(&folder))?;
        keys::keep(&folder)?;
        let mut logs = BTreeMap::new();
        for (origin, vkey) in origins {
            let path = folder.join(file_name(&origin));
            let newest = remembered(&path, &origin, vkey, cosigner.verifier())?;
            logs.insert(origin, Kept { vkey: vkey.clone(), path, newest: Mutex::new(newest) });
        }
        Ok(Witness { dir: dir.to_owned(), cosigner, logs, _lock: lock })
    }

    /// Takes the body of an `add-checkpoint` request.
    pub fn add(&self, body: &[u8], now: Timestamp) -> Added {
        match Submission::parse(body) {
            Ok(submission) => self.take(&submission, now).unwrap_or_else(Added::Failed),
            Err(bad) => Added::Malformed(bad),
        }
    }

    fn take(&self, submission: &Submission, now: Timestamp) -> Result<Added, WitnessError> {
        let origin = submission.checkpoint.lines().next().unwrap_or_default();
        let Some(kept) = self.logs.get(origin) else { return Ok(Added::Unknown) };
        let Ok(head) = checkpoint::check(submission.checkpoint.as_bytes(), &kept.vkey) else {
            return Ok(Added::Unsigned);
        };
        if submission.old > head.size {
            return Ok(Added::Backwards);
        }
        // Held until the disk has it: between the check and the file nobody else may come.
        let mut newest = kept.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let known = newest.as_ref().map_or(0, |newest| newest.head.size);
        // Whatever size the sender believed in: two roots over the same entries are two views.
        if let Some(newest) = newest.as_ref().filter(|newest| newest.head.size == head.size)
            && newest.head.root != head.root
        {
            self.keep(newest, submission, views::two_roots(head.size), true, now)?;
            return Ok(Added::Conflict { size: known });
        }
        if submission.old != known {
            return Ok(Added::Conflict { size: known });
        }
        if !self.follows(newest.as_ref(), submission, &head, now)? {
            return Ok(Added::Unproved);
        }
        let line = self.cosigner.line(&cosign::signed_text(&submission.checkpoint)?, now);
        let note = format!("{}{line}", only_of(&submission.checkpoint, &kept.vkey));
        keys::replace(&kept.path, note.as_bytes(), 0o644)?;
        // INVARIANT (one view): after a power cut the file must be this one, not the one before it.
        keys::keep(&kept.path)?;
        *newest = Some(Newest { head, at: now, note });
        Ok(Added::Cosigned(line))
    }

    /// Whether the submission's proof holds. Where it does not, what shows it is kept.
    fn follows(
        &self,
        newest: Option<&Newest>,
        submission: &Submission,
        head: &Head,
        now: Timestamp,
    ) -> Result<bool, WitnessError> {
        let proof = &submission.proof;
        let Some(newest) = newest.filter(|newest| newest.head.size > 0) else {
            return Ok(proof.is_empty() && (head.size > 0 || head.root == EMPTY_HASH));
        };
        if head.size == newest.head.size {
            // The roots are the same: else it had not come here.
            return Ok(proof.is_empty());
        }
        let known = &newest.head;
        if check_tree(proof, head.size, head.root, known.size, known.root).is_ok() {
            return Ok(true);
        }
        match views::leads_to(proof, known.size, head.size) {
            // The newer root was signed, and it commits to another beginning than the one that was cosigned.
            Some((older, newer)) if newer == head.root && older != known.root => {
                self.keep(newest, submission, views::rewritten(known, head, older), true, now)?;
            }
            _ => {
                let what = format!(
                    "the proof that came with {} entries does not lead there from the {} that were cosigned; either it was a wrong proof, which anybody can send, or the log shows two views: ask its keeper for the right one",
                    head.size, known.size
                );
                self.keep(newest, submission, what, false, now)?;
            }
        }
        Ok(false)
    }

    fn keep(
        &self,
        newest: &Newest,
        submission: &Submission,
        what: String,
        proves: bool,
        now: Timestamp,
    ) -> Result<(), WitnessError> {
        let evidence = Evidence {
            origin: newest.head.origin.clone(),
            what,
            proves,
            found_at: now,
            found_by: self.name().to_owned(),
            first: newest.note.clone(),
            second: submission.checkpoint.clone(),
            proof: submission.proof.iter().map(|hash| hash.0).collect(),
        };
        if self.evidence().len() < EVIDENCE_MAX {
            let path = evidence.keep(&self.dir.join(EVIDENCE))?;
            tracing::error!(log = evidence.origin, file = %path.display(), "{}", evidence.what);
        }
        Ok(())
    }

    /// The witness's name.
    pub fn name(&self) -> &str {
        self.cosigner.verifier().name()
    }

    /// The verifier key, to be published.
    pub fn vkey(&self) -> String {
        self.cosigner.verifier().to_string()
    }

    /// The logs that it watches.
    pub fn watched(&self) -> Vec<Watched> {
        let watched = |(origin, kept): (&String, &Kept)| {
            let newest = kept.newest.lock().unwrap_or_else(PoisonError::into_inner);
            let newest = newest.as_ref().map(|newest| (newest.head.size, newest.at));
            Watched { origin: origin.clone(), newest }
        };
        self.logs.iter().map(watched).collect()
    }

    /// The newest checkpoint of a log that it cosigned, with both signatures.
    pub fn newest(&self, origin: &str) -> Option<String> {
        let kept = self.logs.get(origin)?;
        kept.newest.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|newest| newest.note.clone())
    }

    /// The names of the evidence that it holds.
    pub fn evidence(&self) -> Vec<String> {
        let files = fs::read_dir(self.dir.join(EVIDENCE)).into_iter().flatten();
        let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".txt")).collect();
        names.sort();
        names
    }

    /// A piece of evidence by its name.
    pub fn evidence_text(&self, name: &str) -> Option<String> {
        let known = self.evidence().iter().any(|known| known == name);
        known.then(|| fs::read_to_string(self.dir.join(EVIDENCE).join(name)).ok()).flatten()
    }
}

/// The note with the signature lines of this key only: what others sign beside it is not this witness's to keep.
fn only_of(note: &str, vkey: &str) -> String {
    let Ok(verifier) = checkpoint::verifier(vkey) else { return note.to_owned() };
    let own = |line: &&str| {
        !line.starts_with("— ")
            || signed_note::Signature::from_bytes(line.as_bytes()).is_ok_and(|signature| {
                signature.name() == signed_note::Verifier::name(&verifier)
                    && signature.id() == signed_note::Verifier::key_id(&verifier)
            })
    };
    note.lines().filter(own).map(|line| format!("{line}\n")).collect()
}

/// What the file of a log says. It was written by this witness, or it is not believed.
fn remembered(path: &Path, origin: &str, vkey: &str, own: &CosignerKey) -> Result<Option<Newest>, WitnessError> {
    let note = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => String::new(),
        note => note.map_err(Error::read(path))?,
    };
    let bad = |source| WitnessError::Remembered { origin: origin.to_owned(), path: path.to_owned(), source };
    let head = checkpoint::check(note.as_bytes(), vkey).map_err(bad)?;
    let text = cosign::signed_text(&note)?;
    let signature = |_| bad(CheckpointFlaw::Signature { name: own.name().to_owned() });
    let (_, at) = own.check(&text, &note).map_err(signature)?;
    Ok(Some(Newest { head, at, note }))
}

/// A file name for an origin, whatever is in it.
fn file_name(origin: &str) -> String {
    let digest = Sha256::digest(origin);
    let digest: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{digest}.checkpoint")
}

fn lock(dir: &Path) -> Result<File, WitnessError> {
    let path = dir.join("lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(Error::write(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(WitnessError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(Error::write(&path)(error).into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use signed_note::StandardSigner;
    use tlog_tiles::{Hash, HashReader, prove_tree, record_hash, stored_hashes_for_record_hash, tree_hash};

    use super::*;

    /// A log in memory, with its own key.
    struct Played {
        signer: StandardSigner,
        vkey: String,
    }

    /// A history of it: its leaves' hashes, and every root.
    #[derive(Default)]
    struct History {
        stored: Vec<Hash>,
        size: u64,
    }

    impl HashReader for History {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
            Ok(indexes.iter().map(|index| self.stored[*index as usize]).collect())
        }
    }

    impl History {
        fn of(leaves: impl Iterator<Item = u64>) -> History {
            let mut history = History::default();
            for leaf in leaves {
                let hash = record_hash(&leaf.to_be_bytes());
                let hashes = stored_hashes_for_record_hash(history.size, hash, &history).unwrap();
                history.stored.extend(hashes);
                history.size += 1;
            }
            history
        }

        fn root(&self, size: u64) -> Hash {
            if size == 0 { EMPTY_HASH } else { tree_hash(size, self).unwrap() }
        }
    }

    impl Played {
        fn new(seed: u8) -> Played {
            let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
            let vkey = signed_note::new_ed25519_verifier_key("city/1", &key.verifying_key());
            let id = vkey.split('+').nth(1).unwrap().to_owned();
            let seed = base64::prelude::BASE64_STANDARD;
            let private = base64::Engine::encode(&seed, [&[1], key.as_bytes().as_slice()].concat());
            let signer = StandardSigner::new(&format!("PRIVATE+KEY+city/1+{id}+{private}")).unwrap();
            Played { signer, vkey }
        }

        fn checkpoint(&self, history: &History, size: u64) -> String {
            checkpoint::sign(&self.signer, size, history.root(size)).unwrap()
        }

        fn body(&self, history: &History, old: u64, size: u64) -> String {
            let proof = if (1..size).contains(&old) { prove_tree(size, old, history).unwrap() } else { vec![] };
            Submission { old, proof, checkpoint: self.checkpoint(history, size) }.to_string()
        }
    }

    fn witness(log: &Played) -> (tempfile::TempDir, Witness) {
        let folder = tempfile::tempdir().unwrap();
        Witness::make_key(folder.path(), "witness.example/w1").unwrap();
        let witness = Witness::open(folder.path(), std::slice::from_ref(&log.vkey)).unwrap();
        (folder, witness)
    }

    fn said(added: &Added) -> String {
        match added {
            Added::Cosigned(_) => "200".into(),
            Added::Malformed(_) | Added::Backwards => "400".into(),
            Added::Unsigned => "403".into(),
            Added::Unknown => "404".into(),
            Added::Conflict { size } => format!("409 {size}"),
            Added::Unproved => "422".into(),
            Added::Failed(error) => panic!("{error}"),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn gr22_a_submission_is_answered_as_the_specification_says() {
        let (log, history) = (Played::new(1), History::of(0..40));
        let fork = History::of((0..10).chain(100..130));
        let (_folder, witness) = witness(&log);
        let add = |body: String| said(&witness.add(body.as_bytes(), at(1_000)));
        let other = Played::new(2);
        assert_eq!(add("old x\n".into()), "400");
        assert_eq!(add(log.body(&history, 0, 10).replacen("city/1", "town/1", 1)), "404");
        assert_eq!(add(other.body(&history, 0, 10)), "403");
        assert_eq!(add(log.body(&history, 11, 10)), "400");
        assert_eq!(add(log.body(&history, 3, 10)), "409 0");
        assert_eq!(add(log.body(&history, 0, 10).replacen("\n\n", &format!("\n{}\n\n", history.root(3)), 1)), "422");
        assert_eq!(add(log.body(&history, 0, 10)), "200");
        // The same once more: the state has not changed, and it is signed anew.
        assert_eq!(add(log.body(&history, 10, 10)), "200");
        assert_eq!(add(log.body(&history, 0, 20)), "409 10");
        assert_eq!(add(log.body(&history, 10, 20)), "200");
        assert_eq!(add(log.body(&history, 5, 5)), "409 20");
        assert_eq!(witness.evidence(), Vec::<String>::new());
        // Another root over the same entries, whatever size the sender believes in.
        assert_eq!(add(log.body(&fork, 20, 20)), "409 20");
        assert_eq!(add(log.body(&fork, 0, 20)), "409 20");
        assert_eq!(witness.evidence().len(), 1);
        // A longer view that begins otherwise; the right one is still taken afterwards.
        assert_eq!(add(log.body(&fork, 20, 30)), "422");
        assert_eq!(add(log.body(&history, 20, 33)), "200");
        assert_eq!(witness.evidence().len(), 2);
        assert_eq!(witness.watched()[0].newest, Some((33, at(1_000))));
    }

    #[test]
    fn gr22_two_views_are_kept_as_evidence_that_others_can_check() {
        let (log, history) = (Played::new(1), History::of(0..40));
        let fork = History::of((0..10).chain(100..130));
        let (folder, witness) = witness(&log);
        witness.add(log.body(&history, 0, 20).as_bytes(), at(5));
        assert_eq!(said(&witness.add(log.body(&fork, 20, 31).as_bytes(), at(6))), "422");
        let [name] = witness.evidence().try_into().unwrap();
        let text = witness.evidence_text(&name).unwrap();
        assert!(name.starts_with("two-views-20-31-"), "{name}");
        for part in [
            "log: city/1\n",
            "1970-01-01T00:00:06Z by witness.example/w1",
            log.checkpoint(&history, 20).trim_end(),
            log.checkpoint(&fork, 31).trim_end(),
            &fork.root(20).to_string(),
            &prove_tree(31, 20, &fork).unwrap()[0].to_string(),
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        // A proof that leads nowhere shows nothing, and is kept under another name, once.
        for wrong in 1..4 {
            let body = log.body(&history, 20, 30).replacen("\n\n", &format!("\n{}\n\n", history.root(wrong)), 1);
            assert_eq!(said(&witness.add(body.as_bytes(), at(7))), "422");
        }
        assert_eq!(witness.evidence().len(), 2);
        assert!(witness.evidence()[0].starts_with("does-not-follow-20-30-"));
        assert!(witness.evidence_text("../witness.key").is_none());
        // All of it is there after a restart.
        drop(witness);
        let witness = Witness::open(folder.path(), &[log.vkey]).unwrap();
        assert_eq!(witness.evidence().len(), 2);
        assert_eq!(witness.watched()[0].newest, Some((20, at(5))));
    }

    #[test]
    fn a_witness_that_cannot_trust_its_memory_does_not_begin() {
        let (log, history) = (Played::new(1), History::of(0..40));
        let (folder, one) = witness(&log);
        one.add(log.body(&history, 0, 20).as_bytes(), at(5));
        let open = || Witness::open(folder.path(), std::slice::from_ref(&log.vkey)).map(|_| ());
        assert!(matches!(open(), Err(WitnessError::InUse { .. })));
        drop(one);
        open().unwrap();
        assert!(matches!(Witness::make_key(folder.path(), "w"), Err(WitnessError::KeyThere { .. })));
        let path = folder.path().join(LOGS).join(file_name("city/1"));
        let kept = fs::read_to_string(&path).unwrap();
        // An older checkpoint that the log did sign, but this witness did not.
        for wrong in [String::new(), kept.replacen("20", "21", 1), log.checkpoint(&history, 10)] {
            fs::write(&path, wrong).unwrap();
            assert!(matches!(open(), Err(WitnessError::Remembered { .. })));
        }
        fs::write(&path, kept).unwrap();
        open().unwrap();
        let empty = tempfile::tempdir().unwrap();
        assert!(matches!(Witness::open(empty.path(), &[]), Err(WitnessError::NoKey { .. })));
        assert!(matches!(Witness::open(folder.path(), &["x".to_owned()]), Err(WitnessError::LogKey { .. })));
    }

    #[derive(Debug, Clone)]
    enum Step {
        /// Submit that history at that size, from the size that the model knows or from another, with the right proof or
        /// without its first line.
        Add {
            fork: bool,
            size: u64,
            old: Option<u64>,
            cut: bool,
        },
        Restart,
    }

    fn step() -> impl Strategy<Value = Step> {
        let old = prop_oneof![4 => Just(None), 1 => (0u64..60).prop_map(Some)];
        prop_oneof![
            9 => (prop::bool::weighted(0.3), 0u64..60, old, prop::bool::weighted(0.2))
                .prop_map(|(fork, size, old, cut)| Step::Add { fork, size, old, cut }),
            1 => Just(Step::Restart),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        // INVARIANT (one view), against a model that has all leaves at hand: what a witness may cosign is what begins
        // with the leaves that it cosigned last.
        #[test]
        fn gr22_a_witness_answers_as_the_model_does_and_signs_one_view(split in 1u64..40, steps in prop::collection::vec(step(), 1..40)) {
            let log = Played::new(9);
            let leaves = |fork: bool| (0..60).map(move |at| if fork && at >= split { 1_000 + at } else { at });
            let histories = [History::of(leaves(false)), History::of(leaves(true))];
            let (folder, first) = witness(&log);
            let mut witness = Some(first);
            let (mut known, mut signed): (Vec<u64>, Vec<Vec<u64>>) = (vec![], vec![]);
            for step in steps {
                let Step::Add { fork, size, old, cut } = step else {
                    drop(witness.take());
                    witness = Some(Witness::open(folder.path(), std::slice::from_ref(&log.vkey)).unwrap());
                    continue;
                };
                let old = old.unwrap_or(known.len() as u64);
                let all: Vec<u64> = leaves(fork).take(size as usize).collect();
                let body = log.body(&histories[usize::from(fork)], old, size);
                let mut sent = Submission::parse(body.as_bytes()).unwrap();
                let cut = cut && sent.proof.pop().is_some();
                let same = all.len() == known.len();
                let expected = if old > size {
                    "400".to_owned()
                } else if same && all != known || old != known.len() as u64 {
                    format!("409 {}", known.len())
                } else if cut || !all.starts_with(&known) {
                    "422".to_owned()
                } else {
                    "200".to_owned()
                };
                let added = witness.as_ref().unwrap().add(sent.to_string().as_bytes(), at(1));
                prop_assert_eq!(said(&added), expected, "{} of {} known", size, known.len());
                if matches!(added, Added::Cosigned(_)) {
                    known = all;
                    signed.push(known.clone());
                }
            }
            prop_assert!(signed.windows(2).all(|pair| pair[1].starts_with(&pair[0])));
        }
    }
}
