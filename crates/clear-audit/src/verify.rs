//! What an outsider checks, with nothing but the published log and the verifier key; and what its keeper checks besides.

#![expect(clippy::disallowed_methods, reason = "stores: log-tiles")]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tlog_tiles::{
    EMPTY_HASH, Error as TreeError, Hash, Tile, TileHashReader, TileReader, check_record, check_tree, prove_record,
    prove_tree, record_hash,
};

use crate::checkpoint::{self, CheckpointFlaw, Head};
use crate::destroy::Destroyed;
use crate::error::Error;
use crate::frame::{self, Broken, Frame, Reader, Step};
use crate::keys;
use crate::public;
use crate::seal::{self, OpeningKey};
use crate::tiles::{TilePath, WIDTH, take_leaf};
use crate::tree::{Edge, tile_bytes};

/// Where a published log can be read: a folder, or a URL.
pub trait Source {
    /// The file at a path like `checkpoint` or `tile/0/000`.
    ///
    /// # Errors
    /// It is not there, or the source cannot be reached.
    fn get(&self, path: &str) -> Result<Vec<u8>, SourceError>;

    /// When the next checkpoint is due, where the source says so.
    fn next_checkpoint(&self) -> Option<Timestamp> {
        None
    }
}

fn said(next: Option<Timestamp>) -> String {
    next.map_or_else(String::new, |next| format!("; the next one is due at {next}"))
}

/// Why a source gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// The source cannot be reached.
    #[error("the source cannot be read")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A published log in a folder: the `log/` of a data folder, or a copy of it.
#[derive(Debug, Clone)]
pub struct Folder(pub PathBuf);

impl Source for Folder {
    fn get(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        fs::read(self.0.join(path)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => SourceError::Missing,
            _ => SourceError::Failed(Box::new(error)),
        })
    }
}

/// What was found to be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The log's origin.
    pub origin: String,
    /// How many entries the checkpoint covers; each was looked at.
    pub size: u64,
    /// The root that they have, and that the checkpoint is signed over.
    pub root: [u8; 32],
    /// How many sealed entries were opened and held against their leaves; 0 without the opening key.
    pub opened: u64,
    /// Entries in the frames that no checkpoint covers yet.
    pub beyond: u64,
    /// A torn tail after them, in bytes: never acknowledged, cut when the log is next opened.
    pub torn_bytes: u64,
}

/// The first thing found wrong with a log.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    /// The checkpoint cannot be trusted.
    #[error("the checkpoint cannot be trusted")]
    Checkpoint {
        /// What is wrong with it.
        source: CheckpointFlaw,
    },
    /// A file that must be there is not, or cannot be read.
    #[error("cannot read `{path}`")]
    Unread {
        /// Which.
        path: String,
        /// Why.
        source: SourceError,
    },
    /// The folder of frames or keys cannot be read.
    #[error("cannot read the folder")]
    Folder {
        /// Why.
        source: Error,
    },
    /// An entry is not the same in two places that must agree.
    #[error("entry {entry} is wrong: {why}")]
    Entry {
        /// Which.
        entry: u64,
        /// Which places differ.
        why: String,
    },
    /// A tile does not follow from the tiles below it.
    #[error("`{path}` is wrong: it does not follow from entries {entry} to {last}")]
    Tile {
        /// Which.
        path: String,
        /// The first entry under the wrong hash.
        entry: u64,
        /// The last entry under it.
        last: u64,
    },
    /// Entries and tiles agree with each other, but not with the checkpoint.
    #[error("the {size} entries are not those that the checkpoint was signed over")]
    Root {
        /// The checkpoint's size.
        size: u64,
    },
    /// A frame was changed, or is broken.
    #[error("entry {entry} is wrong: its frame in `{segment}` at offset {offset} is broken")]
    Frame {
        /// Which entry should stand there.
        entry: u64,
        /// The segment's file name.
        segment: String,
        /// Where, in bytes.
        offset: u64,
    },
    /// The frames end before the checkpoint does.
    #[error("entry {entry} is missing: the frames end before it, the checkpoint covers {size} entries")]
    Lost {
        /// The first missing entry.
        entry: u64,
        /// The checkpoint's size.
        size: u64,
    },
    /// A file among the tiles that is none.
    #[error("`{path}` does not belong to a log")]
    Stray {
        /// Which.
        path: String,
    },
    /// The checkpoint does not reach this entry yet. Ask again after the next one.
    #[error("entry {entry} is not under the checkpoint yet, which covers {size}{}", said(*.next))]
    NotYet {
        /// Which.
        entry: u64,
        /// The checkpoint's size.
        size: u64,
        /// When the next checkpoint is due, where the source says so.
        next: Option<Timestamp>,
    },
    /// The log does not have this entry at this place.
    #[error("entry {entry} is not the one of the receipt")]
    NotIncluded {
        /// Which place.
        entry: u64,
    },
    /// The older checkpoint's entries are not the beginning of the newer one's.
    #[error("the log was rewritten: its {newer} entries do not begin with the {older} of the older checkpoint")]
    Rewritten {
        /// The older size.
        older: u64,
        /// The newer size.
        newer: u64,
    },
}

impl Flaw {
    /// The first entry that is touched, where the flaw has a place.
    pub fn entry(&self) -> Option<u64> {
        match self {
            Flaw::Entry { entry, .. } | Flaw::Tile { entry, .. } | Flaw::Frame { entry, .. } => Some(*entry),
            Flaw::Lost { entry, .. } | Flaw::NotYet { entry, .. } | Flaw::NotIncluded { entry } => Some(*entry),
            Flaw::Checkpoint { .. } | Flaw::Unread { .. } | Flaw::Folder { .. } | Flaw::Root { .. } => None,
            Flaw::Stray { .. } | Flaw::Rewritten { .. } => None,
        }
    }
}

impl From<Error> for Flaw {
    fn from(source: Error) -> Flaw {
        match source {
            Error::SegmentMissing { .. } | Error::Read { .. } | Error::Key { .. } => Flaw::Folder { source },
            Error::Damaged { entry, segment, offset } => Flaw::Frame { entry, segment, offset },
            source => Flaw::Folder { source },
        }
    }
}

/// Checks a whole published log: signature, every entry, every tile, the root.
///
/// # Errors
/// The first flaw, in the order of the entries.
pub fn verify(source: &dyn Source, vkey: &str) -> Result<Verified, Flaw> {
    let head = fetch_head(source, vkey)?;
    check_entries(source, &head, None)?;
    Ok(Verified { origin: head.origin, size: head.size, root: head.root.0, opened: 0, beyond: 0, torn_bytes: 0 })
}

/// Checks a data folder: what [`verify`] does, and every frame against its checksum, its leaf against the tiles, and its
/// opening against its leaf where `keys/log-openings.key` is there.
///
/// # Errors
/// The first flaw, in the order of the entries.
pub fn verify_folder(dir: &Path, vkey: &str) -> Result<Verified, Flaw> {
    let log = dir.join("log");
    let source = Folder(log.clone());
    // The checkpoint first: frames that a running log adds meanwhile only come after it.
    let head = fetch_head(&source, vkey)?;
    let mut frames = Frames::open(&log, keys::openings_key(&dir.join("keys"))?, head.size)?;
    check_entries(&source, &head, Some(&mut frames))?;
    let mut beyond = 0;
    while frames.next()?.is_some() {
        beyond += 1;
    }
    frames.destroyed.check()?;
    public::check(&log, vkey, &head)?;
    check_leftovers(&source, head.size, &log.join("tile"), "tile")?;
    let Frames { opened, torn_bytes, .. } = frames;
    Ok(Verified { origin: head.origin, size: head.size, root: head.root.0, opened, beyond, torn_bytes })
}

/// Checks that a log begins with the entries of an older checkpoint of it; gives the newer size.
///
/// # Errors
/// [`Flaw::Rewritten`]; or what is wrong with either checkpoint or the tiles between them.
pub fn extends(source: &dyn Source, vkey: &str, older: &str) -> Result<u64, Flaw> {
    let older = checkpoint::check(older.as_bytes(), vkey).map_err(|source| Flaw::Checkpoint { source })?;
    let newer = fetch_head(source, vkey)?;
    holds(source, &newer, older.size, older.root.0)?;
    Ok(newer.size)
}

/// Checks that a log begins with so many entries that have this root; gives the size of its newest checkpoint.
///
/// # Errors
/// [`Flaw::NotYet`] where the newest checkpoint does not reach so far: what was said of the log itself can be newer than
/// what is public of it. Otherwise as [`extends`].
pub fn begins_with(source: &dyn Source, vkey: &str, size: u64, root: [u8; 32]) -> Result<u64, Flaw> {
    let newer = fetch_head(source, vkey)?;
    if size > newer.size {
        let next = source.next_checkpoint();
        return Err(Flaw::NotYet { entry: size.saturating_sub(1), size: newer.size, next });
    }
    holds(source, &newer, size, root)?;
    Ok(newer.size)
}

/// Checks that a log with this head begins with so many entries that have this root.
pub(crate) fn holds(source: &dyn Source, newer: &Head, size: u64, root: [u8; 32]) -> Result<(), Flaw> {
    let rewritten = || Flaw::Rewritten { older: size, newer: newer.size };
    if size > newer.size {
        return Err(rewritten());
    }
    match size {
        0 if root == EMPTY_HASH.0 => Ok(()),
        0 => Err(rewritten()),
        _ => {
            let proof = with_tiles(source, newer, |tree| prove_tree(newer.size, size, tree))?;
            check_tree(&proof, newer.size, newer.root, size, Hash(root)).map_err(|_| rewritten())
        }
    }
}

/// What a log's newest checkpoint says, its signature checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The log's origin.
    pub origin: String,
    /// How many entries the checkpoint covers.
    pub size: u64,
    /// Their root.
    pub root: [u8; 32],
}

/// Reads a log's newest checkpoint.
///
/// # Errors
/// It is not there, or cannot be trusted.
pub fn published(source: &dyn Source, vkey: &str) -> Result<Published, Flaw> {
    let head = fetch_head(source, vkey)?;
    Ok(Published { origin: head.origin, size: head.size, root: head.root.0 })
}

/// Checks that a log has this leaf hash at this place; gives the size of its newest checkpoint.
///
/// # Errors
/// [`Flaw::NotYet`], [`Flaw::NotIncluded`], or what is wrong with the log.
pub fn has_leaf(source: &dyn Source, vkey: &str, entry: u64, leaf: [u8; 32]) -> Result<u64, Flaw> {
    included(source, vkey, entry, Hash(leaf))
}

/// Checks that the log has this leaf at this place; gives the checkpoint's size.
pub(crate) fn included(source: &dyn Source, vkey: &str, entry: u64, leaf: Hash) -> Result<u64, Flaw> {
    Ok(inclusion(source, vkey, entry, leaf)?.size)
}

/// That an entry is under a checkpoint, and the path of hashes that shows it.
pub(crate) struct Inclusion {
    pub(crate) size: u64,
    pub(crate) checkpoint: Vec<u8>,
    pub(crate) path: Vec<Hash>,
}

/// The proof that the log has this leaf at this place, checked.
pub(crate) fn inclusion(source: &dyn Source, vkey: &str, entry: u64, leaf: Hash) -> Result<Inclusion, Flaw> {
    let checkpoint = fetch_checkpoint(source)?;
    let head = checkpoint::check(&checkpoint, vkey).map_err(|source| Flaw::Checkpoint { source })?;
    if entry >= head.size {
        return Err(Flaw::NotYet { entry, size: head.size, next: source.next_checkpoint() });
    }
    let path = with_tiles(source, &head, |tree| prove_record(head.size, entry, tree))?;
    check_record(&path, head.size, head.root, entry, leaf).map_err(|_| Flaw::NotIncluded { entry })?;
    Ok(Inclusion { size: head.size, checkpoint, path })
}

fn fetch_checkpoint(source: &dyn Source) -> Result<Vec<u8>, Flaw> {
    let path = "checkpoint".to_owned();
    source.get(&path).map_err(|source| Flaw::Unread { path, source })
}

pub(crate) fn fetch_head(source: &dyn Source, vkey: &str) -> Result<Head, Flaw> {
    checkpoint::check(&fetch_checkpoint(source)?, vkey).map_err(|source| Flaw::Checkpoint { source })
}

/// A proof over tiles that are themselves checked against the root.
pub(crate) fn with_tiles<T>(
    source: &dyn Source,
    head: &Head,
    prove: impl FnOnce(&TileHashReader<'_>) -> Result<T, TreeError>,
) -> Result<T, Flaw> {
    let tiles = Tiles { source, flaw: RefCell::new(None) };
    let proof = prove(&TileHashReader::new(head.size, head.root, &tiles));
    proof.map_err(|_| tiles.flaw.into_inner().unwrap_or(Flaw::Root { size: head.size }))
}

/// The library's view of a source; it knows no reasons, so the flaw is kept aside.
struct Tiles<'a> {
    source: &'a dyn Source,
    flaw: RefCell<Option<Flaw>>,
}

impl TileReader for Tiles<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, TreeError> {
        let place = |tile: &Tile| TilePath {
            level: Some(tile.level()),
            number: tile.level_index(),
            width: tile.width() as u16,
        };
        let fetched = tiles.iter().map(|tile| fetch_tile(self.source, place(tile))).collect::<Result<_, _>>();
        fetched.map_err(|flaw| {
            self.flaw.replace(Some(flaw));
            TreeError::InvalidTile
        })
    }

    fn save_tiles(&self, _tiles: &[Tile], _data: &[Vec<u8>]) {}
}

/// A file, or the whole one that has replaced it; and whether it is the whole one instead.
fn fetch(source: &dyn Source, place: TilePath) -> Result<(Vec<u8>, bool), Flaw> {
    let failed = |place: TilePath| move |source| Flaw::Unread { path: place.to_string(), source };
    match source.get(&place.to_string()) {
        Err(SourceError::Missing) if !place.is_whole() => match source.get(&place.whole().to_string()) {
            Err(SourceError::Missing) => Err(failed(place)(SourceError::Missing)),
            other => Ok((other.map_err(failed(place.whole()))?, true)),
        },
        other => Ok((other.map_err(failed(place))?, false)),
    }
}

/// A tile's hashes, exactly as many as its width says.
fn fetch_tile(source: &dyn Source, place: TilePath) -> Result<Vec<u8>, Flaw> {
    let (mut bytes, grown) = fetch(source, place)?;
    let length = usize::from(place.width) * 32;
    if bytes.len() < length || (bytes.len() > length && !grown) {
        let short = bytes.len().min(length) / 32;
        return Err(tile_flaw(place, short.min(usize::from(place.width) - 1)));
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// The flaw of a tile whose hash at this place is wrong.
fn tile_flaw(place: TilePath, at: usize) -> Flaw {
    let under = 1u64 << (8 * u32::from(place.level.unwrap_or(0).min(7)));
    let entry = (place.number * WIDTH + at as u64).saturating_mul(under);
    match place.level {
        None | Some(0) => Flaw::Entry { entry, why: format!("`{place}` does not have it as it was") },
        Some(_) => Flaw::Tile { path: place.to_string(), entry, last: entry + under - 1 },
    }
}

/// Walks all entries under the checkpoint: bundle, level-0 tile and frame of each must agree, each tile above must
/// follow, and the root must be the one that was signed.
fn check_entries(source: &dyn Source, head: &Head, mut frames: Option<&mut Frames>) -> Result<(), Flaw> {
    let mut edge = Edge::default();
    while edge.size() < head.size {
        let first = edge.size();
        let width = (head.size - first).min(WIDTH);
        let bundle_place = TilePath { level: None, number: first / WIDTH, width: width as u16 };
        let tile_place = TilePath { level: Some(0), ..bundle_place };
        let (bundle, grown) = fetch(source, bundle_place)?;
        let tile = fetch_tile(source, tile_place)?;
        let mut rest = bundle.as_slice();
        for (entry, shown) in (first..).zip(tile.chunks_exact(32)) {
            let framed = match frames.as_deref_mut() {
                None => None,
                Some(frames) => Some(frames.next()?.ok_or(Flaw::Lost { entry, size: head.size })?),
            };
            let taken = take_leaf(rest);
            rest = taken.map_or(&[][..], |(_, rest)| rest);
            let leaf = taken.map(|(leaf, _)| leaf);
            let bundled = leaf.map(|leaf| record_hash(leaf).0);
            let framed = framed.map(|frame| record_hash(&frame.entry.leaf).0);
            let shown: Option<[u8; 32]> = shown.try_into().ok();
            // Where the frame is there too, two of three say which one is wrong.
            let why = match (framed, bundled == shown) {
                (None, true) => None,
                (None, false) => Some(format!("`{bundle_place}` and `{tile_place}` differ")),
                (Some(framed), true) if bundled == Some(framed) => None,
                (Some(_), true) => Some(format!("its frame differs from `{bundle_place}` and `{tile_place}`")),
                (Some(framed), false) if bundled == Some(framed) => {
                    Some(format!("`{tile_place}` differs from its frame"))
                }
                (Some(_), false) => Some(format!("`{bundle_place}` differs from its frame")),
            };
            if let Some(why) = why {
                return Err(Flaw::Entry { entry, why });
            }
            let Some(hash) = bundled else { break };
            edge.push(Hash(hash), |whole| check_above(source, whole.level, whole.number, whole.hashes))?;
        }
        if !rest.is_empty() && !grown {
            let why = format!("`{bundle_place}` goes on after its last entry");
            return Err(Flaw::Entry { entry: first + width - 1, why });
        }
    }
    for (level, number, hashes) in edge.unfinished() {
        check_above(source, level, number, hashes)?;
    }
    if edge.root() == head.root { Ok(()) } else { Err(Flaw::Root { size: head.size }) }
}

/// Compares a published tile above level 0 with what follows from the entries.
fn check_above(source: &dyn Source, level: u8, number: u64, hashes: &[Hash]) -> Result<(), Flaw> {
    if level == 0 {
        return Ok(());
    }
    let place = TilePath { level: Some(level), number, width: hashes.len() as u16 };
    let shown = fetch_tile(source, place)?;
    match first_difference(&shown, &tile_bytes(hashes)) {
        None => Ok(()),
        Some(at) => Err(tile_flaw(place, at / 32)),
    }
}

fn first_difference(one: &[u8], other: &[u8]) -> Option<usize> {
    let differing = one.iter().zip(other).position(|(one, other)| one != other);
    differing.or_else(|| (one.len() != other.len()).then_some(one.len().min(other.len())))
}

/// Checks the parts that were published while a tile grew, and are still there for whoever holds an older checkpoint.
fn check_leftovers(source: &Folder, size: u64, folder: &Path, name: &str) -> Result<(), Flaw> {
    let read = |error: io::Error| Flaw::Folder { source: Error::read(folder)(error) };
    let items = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        items => items.map_err(read)?,
    };
    for item in items {
        let item = item.map_err(read)?;
        let path = format!("{name}/{}", item.file_name().to_string_lossy());
        if item.file_type().map_err(read)?.is_dir() {
            check_leftovers(source, size, &item.path(), &path)?;
            continue;
        }
        let Some(place) = TilePath::parse(&path) else { return Err(Flaw::Stray { path }) };
        let total = size >> (8 * u32::from(place.level.unwrap_or(0).min(7)));
        let now = total.saturating_sub(place.number.saturating_mul(WIDTH)).min(WIDTH) as u16;
        // What is wider is not under the checkpoint yet; what is as wide was checked with the entries.
        if place.width >= now {
            continue;
        }
        let part = match source.get(&path) {
            // A running log removes parts when their tile is whole.
            Err(SourceError::Missing) => continue,
            part => part.map_err(|source| Flaw::Unread { path: path.clone(), source })?,
        };
        let (whole, _) = fetch(source, TilePath { width: now, ..place })?;
        if let Some(at) = part_difference(&part, &whole, place) {
            return Err(tile_flaw(place, at));
        }
    }
    Ok(())
}

/// The first place at which a part is not the beginning of its tile or bundle.
fn part_difference(part: &[u8], whole: &[u8], place: TilePath) -> Option<usize> {
    let width = usize::from(place.width);
    if place.level.is_some() {
        let beginning = whole.get(..width * 32).unwrap_or(whole);
        return first_difference(part, beginning).map(|at| (at / 32).min(width - 1));
    }
    let (mut part, mut whole) = (part, whole);
    for at in 0..width {
        let (one, other) = (take_leaf(part), take_leaf(whole));
        match (one, other) {
            (Some((one, rest)), Some((other, others))) if one == other => (part, whole) = (rest, others),
            _ => return Some(at),
        }
    }
    (!part.is_empty()).then_some(width - 1)
}

/// A frame with what it says; `None` beside a sealed one without the key.
type OpenedFrame = (Frame, Option<Vec<u8>>);

/// So many frames, and about so many bytes, are read and opened ahead.
const AHEAD: usize = 8192;
const AHEAD_BYTES: usize = 8 << 20;

/// All frames of a folder in order, each checked on its own.
pub(crate) struct Frames {
    segments: VecDeque<PathBuf>,
    reader: Option<Reader>,
    key: Option<OpeningKey>,
    /// The size that the checkpoint covers; a torn tail can only come after it.
    covered: u64,
    opened: u64,
    torn_bytes: u64,
    /// Read and opened ahead, in order; after a flaw nothing comes.
    ahead: VecDeque<Result<OpenedFrame, Flaw>>,
    destroyed: Destroyed,
}

impl Frames {
    pub(crate) fn open(log: &Path, key: Option<OpeningKey>, covered: u64) -> Result<Frames, Flaw> {
        let mut segments: VecDeque<PathBuf> = frame::segments(log)?.into_iter().map(|(_, path)| path).collect();
        let reader = segments.pop_front().map(|path| Reader::open(&path, 0)).transpose()?;
        let (ahead, destroyed) = (VecDeque::new(), Destroyed::default());
        Ok(Frames { segments, reader, key, covered, opened: 0, torn_bytes: 0, ahead, destroyed })
    }

    fn next(&mut self) -> Result<Option<Frame>, Flaw> {
        Ok(self.next_opened()?.map(|(frame, _)| frame))
    }

    /// The next frame with what it says.
    pub(crate) fn next_opened(&mut self) -> Result<Option<OpenedFrame>, Flaw> {
        if self.ahead.is_empty() {
            self.read_ahead();
        }
        let Some(opened) = self.ahead.pop_front() else { return Ok(None) };
        let (frame, body) = opened?;
        self.destroyed.note(&frame, body.as_deref(), self.key.is_some());
        self.opened += u64::from(body.is_some() && frame.entry.kind == frame::Kind::Sealed);
        Ok(Some((frame, body)))
    }

    /// Reads some frames and opens them on all cores: opening is what a whole check spends its time with.
    fn read_ahead(&mut self) {
        let (mut frames, mut bytes, mut flaw) = (Vec::new(), 0, None);
        while frames.len() < AHEAD && bytes < AHEAD_BYTES {
            match self.read() {
                Ok(Some(frame)) => {
                    bytes += frame.entry.opening.len();
                    frames.push(frame);
                }
                Ok(None) => break,
                Err(found) => {
                    flaw = Some(found);
                    self.reader = None;
                    break;
                }
            }
        }
        let key = self.key.as_ref();
        let open = |frame: Frame| match seal::open(key, &frame.entry) {
            Ok(body) => Ok((frame, body)),
            Err(why) => Err(Flaw::Entry { entry: frame.index, why: why.to_owned() }),
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let part = frames.len().div_ceil(threads).max(1);
        let mut parts: Vec<Vec<Frame>> = Vec::new();
        while frames.len() > part {
            parts.push(frames.split_off(frames.len() - part));
        }
        parts.push(frames);
        std::thread::scope(|scope| {
            let open_all = |part: Vec<Frame>| part.into_iter().map(open).collect::<Vec<_>>();
            let opening: Vec<_> = parts.into_iter().rev().map(|part| scope.spawn(move || open_all(part))).collect();
            for part in opening {
                match part.join() {
                    Ok(opened) => self.ahead.extend(opened),
                    // A panic here is ours; it must not pass for a whole log.
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
        self.ahead.extend(flaw.map(Err));
    }

    /// The next frame.
    fn read(&mut self) -> Result<Option<Frame>, Flaw> {
        let mut again = None;
        while let Some(reader) = &mut self.reader {
            match reader.step()? {
                Step::Frame(frame, _) => return Ok(Some(frame)),
                Step::End => {
                    let next = reader.next();
                    self.reader = self.segments.pop_front().map(|path| Reader::open(&path, next)).transpose()?;
                }
                Step::Bad(offset) => {
                    let entry = reader.next();
                    match reader.broken(offset)? {
                        // Once: what is good at one look and bad at the next is a flaw.
                        Broken::Written if again != Some(offset) => {
                            again = Some(offset);
                            reader.look_again()?;
                        }
                        Broken::Torn(bytes) if entry >= self.covered && self.segments.is_empty() => {
                            self.torn_bytes = bytes;
                            self.reader = None;
                        }
                        _ => return Err(Flaw::Frame { entry, segment: reader.name(), offset }),
                    }
                }
            }
        }
        Ok(None)
    }
}
