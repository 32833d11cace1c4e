//! The log's two keys: one signs, one opens. Made once, when the log is.

#![expect(clippy::disallowed_methods, reason = "stores: log-keys, log-tiles")]

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::prelude::*;
use ed25519_dalek::SigningKey;
use signed_note::{StandardSigner, is_key_name_valid, key_id, new_ed25519_verifier_key};

use crate::error::Error;
use crate::seal::OpeningKey;

pub(crate) const SIGNING: &str = "log.key";
pub(crate) const OPENINGS: &str = "log-openings.key";
const VERIFIER: &str = "log.vkey";
const OPENINGS_PREFIX: &str = "OPENINGS+1+";
/// The algorithm byte of Ed25519 in a note key.
const ED25519: u8 = 1;

pub(crate) struct Keys {
    pub(crate) signer: StandardSigner,
    pub(crate) vkey: String,
    pub(crate) openings: OpeningKey,
}

/// Reads the keys, or makes them where the log is `fresh`. Writes `log.vkey` into the data folder.
///
/// # Errors
/// A bad origin; a key that is missing though there are entries; a key of another log; an unwritable folder.
pub(crate) fn load(keys: &Path, folder: &Path, origin: &str, fresh: bool) -> Result<Keys, Error> {
    // A receipt is signed with the same key; its first line must never be an origin.
    if !is_key_name_valid(origin) || origin.chars().any(char::is_control) {
        return Err(Error::Origin { origin: origin.to_owned() });
    }
    if !keys.is_dir() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(keys).map_err(Error::write(keys))?;
        keep(keys)?;
    }
    let path = keys.join(SIGNING);
    let text = read_or_make(&path, fresh, || Ok(new_signing_key(origin, &random()?)))?;
    let bad = |why| Error::Key { path: path.clone(), why };
    let signer = StandardSigner::new(text.trim()).map_err(|_| bad("is not a note signing key"))?;
    // `PRIVATE+KEY+name+id+base64`; the base64 may have a `+` of its own, the name never has.
    let seed = text.trim().splitn(5, '+').last().and_then(|text| BASE64_STANDARD.decode(text).ok());
    let seed = seed.and_then(|bytes| <[u8; 32]>::try_from(bytes.get(1..)?).ok());
    let seed = seed.ok_or_else(|| bad("is not a note signing key"))?;
    if signed_note::Signer::name(&signer) != origin {
        return Err(bad("is the key of another origin"));
    }
    // One key has one spelling: its number reads in capital letters too, and that is a change all the same.
    if new_signing_key(origin, &seed).trim() != text.trim() {
        return Err(bad("was changed"));
    }
    let key = SigningKey::from_bytes(&seed);
    let vkey = new_ed25519_verifier_key(origin, &key.verifying_key());
    write_verifier(&folder.join(VERIFIER), &vkey)?;
    let openings = read_or_make(&keys.join(OPENINGS), fresh, || {
        Ok(format!("{OPENINGS_PREFIX}{}\n", BASE64_STANDARD.encode(random()?)))
    })?;
    let openings = parse_openings(&keys.join(OPENINGS), &openings)?;
    Ok(Keys { signer, vkey, openings })
}

/// The opening key in this folder, if it is there.
///
/// # Errors
/// An unreadable file, or one that holds no such key.
pub(crate) fn openings_key(keys: &Path) -> Result<Option<OpeningKey>, Error> {
    let path = keys.join(OPENINGS);
    match fs::read_to_string(&path) {
        Ok(text) => parse_openings(&path, &text).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::read(&path)(error)),
    }
}

fn parse_openings(path: &Path, text: &str) -> Result<OpeningKey, Error> {
    text.trim()
        .strip_prefix(OPENINGS_PREFIX)
        .and_then(|text| BASE64_STANDARD.decode(text).ok()?.try_into().ok())
        .map(OpeningKey)
        .ok_or_else(|| Error::Key { path: path.to_owned(), why: "is not a log's opening key" })
}

fn random() -> Result<[u8; 32], Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| Error::Randomness)?;
    Ok(bytes)
}

fn new_signing_key(origin: &str, seed: &[u8; 32]) -> String {
    let public = SigningKey::from_bytes(seed).verifying_key().to_bytes();
    let id = key_id(origin, &[&[ED25519], public.as_slice()].concat());
    format!("PRIVATE+KEY+{origin}+{id:08x}+{}\n", BASE64_STANDARD.encode([&[ED25519], seed.as_slice()].concat()))
}

fn read_or_make(path: &Path, fresh: bool, make: impl FnOnce() -> Result<String, Error>) -> Result<String, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound && fresh => {
            let text = make()?;
            replace(path, text.as_bytes(), 0o600)?;
            keep(path)?;
            Ok(text)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::KeyMissing { path: path.to_owned() }),
        Err(error) => Err(Error::read(path)(error)),
    }
}

fn write_verifier(path: &Path, vkey: &str) -> Result<(), Error> {
    match fs::read_to_string(path) {
        Ok(there) if there.trim() == vkey => Ok(()),
        Ok(_) => Err(Error::Key { path: path.to_owned(), why: "is not the verifier of the log's signing key" }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            replace(path, format!("{vkey}\n").as_bytes(), 0o644)?;
            keep(path)
        }
        Err(error) => Err(Error::read(path)(error)),
    }
}

/// Writes a file so that after a crash it is there whole, or as it was before.
///
/// The name itself may still be the old file's after a power cut: see [`keep`].
///
/// # Errors
/// What could not be written.
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let mut draft: PathBuf = path.to_owned();
    draft.as_mut_os_string().push(".new");
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        fs::rename(&draft, path)
    };
    write().map_err(Error::write(path))
}

/// Makes sure that a new file's name is on the disk.
pub(crate) fn keep(path: &Path) -> Result<(), Error> {
    let sync =
        |folder: &Path| fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::write(folder));
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or(Ok(()), sync)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gr22_any_flipped_bit_of_the_signing_key_and_its_verifier_is_found() {
        // The numbers of both keys have letters, which a flipped bit makes capital ones.
        for seed in [[3; 32], [4; 32], [5; 32]] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(SIGNING), new_signing_key("test/1", &seed)).unwrap();
            fs::write(folder.path().join(OPENINGS), format!("{OPENINGS_PREFIX}{}", BASE64_STANDARD.encode(seed)))
                .unwrap();
            load(folder.path(), folder.path(), "test/1", false).unwrap();
            for name in [SIGNING, VERIFIER] {
                let path = folder.path().join(name);
                let bytes = fs::read(&path).unwrap();
                for at in 0..bytes.len() - 1 {
                    for bit in 0..8 {
                        let mut changed = bytes.clone();
                        changed[at] ^= 1 << bit;
                        fs::write(&path, changed).unwrap();
                        let loaded = load(folder.path(), folder.path(), "test/1", false);
                        assert!(loaded.is_err(), "{name} byte {at} bit {bit} went unnoticed");
                    }
                }
                fs::write(&path, bytes).unwrap();
            }
        }
    }

    #[test]
    fn a_key_with_a_plus_in_its_base64_is_read_as_well() {
        // About half of all keys have one.
        let with_plus =
            (0..=255).filter(|seed| new_signing_key("test/1", &[*seed; 32]).matches('+').count() > 4).count();
        assert!(with_plus > 0);
        for seed in 0..=255 {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(SIGNING), new_signing_key("test/1", &[seed; 32])).unwrap();
            fs::write(folder.path().join(OPENINGS), format!("{OPENINGS_PREFIX}{}", BASE64_STANDARD.encode([seed; 32])))
                .unwrap();
            let keys = load(folder.path(), folder.path(), "test/1", false).unwrap();
            assert_eq!(
                keys.vkey,
                new_ed25519_verifier_key("test/1", &SigningKey::from_bytes(&[seed; 32]).verifying_key())
            );
        }
    }
}
