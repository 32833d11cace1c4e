//! The right edge of the tree: all that is needed to add leaves, and to write the tiles as they fill.

#![expect(clippy::disallowed_methods, reason = "stores: log-tiles")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tlog_tiles::{EMPTY_HASH, Hash, node_hash, record_hash};

use crate::error::Error;
use crate::tiles::{self, TilePath, WIDTH};

/// The unfinished tile of each level. A tree of any size fits: at most 255 hashes for each of a few levels.
#[derive(Default)]
pub(crate) struct Edge {
    size: u64,
    rows: Vec<Row>,
}

#[derive(Default)]
struct Row {
    /// How many whole tiles stand before this one.
    number: u64,
    hashes: Vec<Hash>,
    /// How wide this tile was when it was last published.
    published: usize,
}

/// A tile that has just become whole.
pub(crate) struct Whole<'a> {
    pub(crate) level: u8,
    pub(crate) number: u64,
    pub(crate) hashes: &'a [Hash],
    /// Whether a part of it was published before.
    pub(crate) was_published: bool,
}

impl Edge {
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf's hash. `filled` is called for each tile that this makes whole, lowest level first.
    ///
    /// # Errors
    /// Those of `filled`.
    pub(crate) fn push<E>(&mut self, leaf: Hash, mut filled: impl FnMut(Whole<'_>) -> Result<(), E>) -> Result<(), E> {
        let mut hash = leaf;
        for level in 0u8.. {
            if self.rows.len() <= usize::from(level) {
                self.rows.push(Row::default());
            }
            let Some(row) = self.rows.get_mut(usize::from(level)) else { break };
            row.hashes.push(hash);
            if (row.hashes.len() as u64) < WIDTH {
                break;
            }
            let (number, was_published) = (row.number, row.published > 0);
            filled(Whole { level, number, hashes: &row.hashes, was_published })?;
            hash = perfect(&row.hashes);
            *row = Row { number: row.number + 1, hashes: std::mem::take(&mut row.hashes), published: 0 };
            row.hashes.clear();
        }
        self.size += 1;
        Ok(())
    }

    /// The unfinished tiles: level, number, hashes.
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = (u8, u64, &[Hash])> {
        (0u8..)
            .zip(&self.rows)
            .filter(|(_, row)| !row.hashes.is_empty())
            .map(|(l, row)| (l, row.number, row.hashes.as_slice()))
    }

    /// The RFC 6962 root over all leaves so far.
    pub(crate) fn root(&self) -> Hash {
        // From the right: the smallest perfect subtree first, each larger one to its left.
        let mut root: Option<Hash> = None;
        for row in &self.rows {
            let mut hashes = row.hashes.as_slice();
            while !hashes.is_empty() {
                let size = 1 << hashes.len().trailing_zeros();
                let (left, subtree) = hashes.split_at(hashes.len() - size);
                let hash = perfect(subtree);
                root = Some(root.map_or(hash, |right| node_hash(hash, right)));
                hashes = left;
            }
        }
        root.unwrap_or(EMPTY_HASH)
    }
}

/// The root of a perfect subtree over these hashes, whose number is a power of two.
fn perfect(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => EMPTY_HASH,
        [one] => *one,
        more => {
            let (left, right) = more.split_at(more.len() / 2);
            node_hash(perfect(left), perfect(right))
        }
    }
}

/// The bytes of a tile.
pub(crate) fn tile_bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// The edge of a log on disk: writes its tiles and bundles.
pub(crate) struct Tree {
    log: PathBuf,
    edge: Edge,
    bundle: Vec<u8>,
    /// While recovering: files that are there and right stay untouched, files that are there and wrong are listed.
    mended: Option<Vec<String>>,
}

impl Tree {
    /// The empty tree of the log in this folder, in the mood of recovery.
    pub(crate) fn recovering(log: &Path) -> Tree {
        Tree { log: log.to_owned(), edge: Edge::default(), bundle: Vec::new(), mended: Some(Vec::new()) }
    }

    /// Ends recovery; gives the paths of tiles that were there with other content.
    pub(crate) fn recovered(&mut self) -> Vec<String> {
        self.mended.take().unwrap_or_default()
    }

    pub(crate) fn size(&self) -> u64 {
        self.edge.size()
    }

    pub(crate) fn root(&self) -> Hash {
        self.edge.root()
    }

    /// Adds a synced leaf.
    ///
    /// # Errors
    /// A tile that cannot be written.
    pub(crate) fn push(&mut self, leaf: &[u8]) -> Result<(), Error> {
        tiles::push_leaf(&mut self.bundle, leaf);
        let (log, bundle, mended) = (&self.log, &mut self.bundle, &mut self.mended);
        self.edge.push(record_hash(leaf), |whole| {
            let place = TilePath { level: Some(whole.level), number: whole.number, width: WIDTH as u16 };
            let stale = whole.was_published || mended.is_some();
            put_whole(log, place, &tile_bytes(whole.hashes), stale, mended)?;
            if whole.level == 0 {
                put_whole(log, TilePath { level: None, ..place }, bundle, stale, mended)?;
                bundle.clear();
            }
            Ok(())
        })
    }

    /// Writes again what a crash left empty of the parts that were published while the last tiles grew: whoever holds an older
    /// checkpoint needs them, and they are not synced.
    ///
    /// # Errors
    /// A tile that cannot be read or written.
    pub(crate) fn mend_parts(&mut self) -> Result<(), Error> {
        for (level, row) in (0u8..).zip(&self.edge.rows) {
            let place = TilePath { level: Some(level), number: row.number, width: WIDTH as u16 };
            let bytes = tile_bytes(&row.hashes);
            for width in parts_there(&self.log, place, row.hashes.len())? {
                let part = bytes.get(..usize::from(width) * 32).unwrap_or_default();
                put(&self.log, TilePath { width, ..place }, part, &mut self.mended)?;
            }
            if level > 0 {
                continue;
            }
            let place = TilePath { level: None, ..place };
            for width in parts_there(&self.log, place, row.hashes.len())? {
                let mut rest = self.bundle.as_slice();
                for _ in 0..width {
                    rest = tiles::take_leaf(rest).map_or(&[][..], |(_, rest)| rest);
                }
                let part = self.bundle.get(..self.bundle.len() - rest.len()).unwrap_or_default();
                put(&self.log, TilePath { width, ..place }, part, &mut self.mended)?;
            }
        }
        Ok(())
    }

    /// Writes the unfinished tiles, so that a checkpoint over the present size can be followed.
    ///
    /// # Errors
    /// A tile that cannot be written.
    pub(crate) fn publish(&mut self) -> Result<(), Error> {
        for (level, row) in (0u8..).zip(&mut self.edge.rows) {
            if row.hashes.len() == row.published {
                continue;
            }
            let place = TilePath { level: Some(level), number: row.number, width: row.hashes.len() as u16 };
            put(&self.log, place, &tile_bytes(&row.hashes), &mut self.mended)?;
            if level == 0 {
                put(&self.log, TilePath { level: None, ..place }, &self.bundle, &mut self.mended)?;
            }
            row.published = row.hashes.len();
        }
        Ok(())
    }
}

/// The widths below `wide` of a tile's parts that are there.
fn parts_there(log: &Path, place: TilePath, wide: usize) -> Result<Vec<u16>, Error> {
    let folder = log.join(format!("{place}.p"));
    let items = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        items => items.map_err(Error::read(&folder))?,
    };
    let mut widths = Vec::new();
    for item in items {
        let name = item.map_err(Error::read(&folder))?.file_name();
        let width = name.to_str().and_then(|name| name.parse::<u16>().ok()).filter(|width| usize::from(*width) < wide);
        widths.extend(width.filter(|width| *width > 0));
    }
    Ok(widths)
}

/// Writes a whole tile and removes the parts of it that were published while it grew, as the specification allows.
fn put_whole(
    log: &Path,
    place: TilePath,
    bytes: &[u8],
    stale: bool,
    mended: &mut Option<Vec<String>>,
) -> Result<(), Error> {
    put(log, place, bytes, mended)?;
    if stale {
        let parts = log.join(format!("{place}.p"));
        match fs::remove_dir_all(&parts) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::write(&parts)(error)),
            _ => {}
        }
    }
    Ok(())
}

fn put(log: &Path, place: TilePath, bytes: &[u8], mended: &mut Option<Vec<String>>) -> Result<(), Error> {
    let path = log.join(place.to_string());
    if let Some(mended) = mended {
        match fs::read(&path) {
            Ok(there) if there == bytes => return Ok(()),
            // A crash can leave the beginning of a tile; anything else was never written by us.
            Ok(there) if bytes.starts_with(&there) => {}
            Ok(_) => mended.push(place.to_string()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::read(&path)(error)),
        }
    }
    match fs::write(&path, bytes) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(Error::write(parent))?;
            }
            fs::write(&path, bytes).map_err(Error::write(&path))
        }
        result => result.map_err(Error::write(&path)),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;
    use tlog_tiles::{
        HashReader, check_record, check_tree, prove_record, prove_tree, stored_hashes_for_record_hash, tree_hash,
    };

    use super::*;

    fn edge(leaves: &[&[u8]]) -> Edge {
        let mut edge = Edge::default();
        for leaf in leaves {
            edge.push(record_hash(leaf), |_| Ok::<(), Infallible>(())).unwrap();
        }
        edge
    }

    fn hex(hash: Hash) -> String {
        hash.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    /// All hashes of a tree in memory: the naive model.
    #[derive(Default)]
    struct All(Vec<Hash>, u64);

    impl All {
        fn push(&mut self, leaf: Hash) {
            let more = stored_hashes_for_record_hash(self.1, leaf, self).unwrap();
            self.0.extend(more);
            self.1 += 1;
        }
    }

    impl HashReader for All {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
            Ok(indexes.iter().map(|index| self.0[*index as usize]).collect())
        }
    }

    /// The leaves, roots and proofs of the Certificate Transparency reference implementation's Merkle tree test.
    const LEAVES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn roots_are_the_known_answers() {
        let leaves: Vec<Vec<u8>> = LEAVES.iter().map(|leaf| unhex(leaf)).collect();
        let leaves: Vec<&[u8]> = leaves.iter().map(Vec::as_slice).collect();
        assert_eq!(hex(edge(&[]).root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        for (count, root) in (1..).zip(ROOTS) {
            assert_eq!(hex(edge(&leaves[..count]).root()), root, "{count} leaves");
        }
    }

    #[test]
    fn proofs_are_the_known_answers() {
        let mut all = All::default();
        for leaf in LEAVES {
            all.push(record_hash(&unhex(leaf)));
        }
        let shown = |proof: Vec<Hash>| proof.into_iter().map(hex).collect::<Vec<_>>();
        assert_eq!(
            shown(prove_record(8, 0, &all).unwrap()),
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ]
        );
        assert_eq!(
            shown(prove_tree(8, 6, &all).unwrap()),
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        // INVARIANT (leaves are never rewritten): any prefix is consistent with any longer tree.
        #[test]
        fn every_prefix_is_consistent_with_every_longer_tree(sizes in (1u64..1500, 1u64..1500), leaf in any::<prop::sample::Index>()) {
            let (short, long) = (sizes.0.min(sizes.1), sizes.0.max(sizes.1));
            let (mut all, mut edge) = (All::default(), Edge::default());
            let mut old = EMPTY_HASH;
            for number in 0..long {
                let hash = record_hash(&number.to_be_bytes());
                all.push(hash);
                edge.push(hash, |_| Ok::<(), Infallible>(())).unwrap();
                if number + 1 == short {
                    old = edge.root();
                }
            }
            prop_assert_eq!(edge.root(), tree_hash(long, &all).unwrap());
            let proof = prove_tree(long, short, &all).unwrap();
            check_tree(&proof, long, edge.root(), short, old).unwrap();
            let index = leaf.index(long as usize) as u64;
            let proof = prove_record(long, index, &all).unwrap();
            check_record(&proof, long, edge.root(), index, record_hash(&index.to_be_bytes())).unwrap();
            prop_assert!(check_record(&proof, long, edge.root(), index, record_hash(b"other")).is_err());
        }
    }

    #[test]
    fn many_levels_give_the_naive_root() {
        let (mut all, mut edge) = (All::default(), Edge::default());
        for number in 0..70_000u64 {
            let hash = record_hash(&number.to_be_bytes());
            all.push(hash);
            edge.push(hash, |_| Ok::<(), Infallible>(())).unwrap();
            if [255, 256, 257, 65_535, 65_536, 65_537, 66_000].contains(&(number + 1)) {
                assert_eq!(edge.root(), tree_hash(number + 1, &all).unwrap(), "{number}");
            }
        }
        assert_eq!(edge.root(), tree_hash(70_000, &all).unwrap());
        assert_eq!(edge.unfinished().count(), 3);
    }
}
