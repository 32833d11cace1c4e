//! Cosignatures: what somebody else's key says about a checkpoint, at a time.
//!
//! <https://c2sp.org/tlog-cosignature>, type 0x04 (Ed25519). The signed message is two lines and the checkpoint's text;
//! the signature line of the note holds the time before the signature.
//!
//! In:    a checkpoint's text, a time, a witness's key.
//! Out:   a signature line; or the time at which a line was made, once its signature was checked.
//! Never: looks at what the checkpoint says. Whoever cosigns has done that before: `witness.rs`.

use std::fmt;

use base64::prelude::*;
use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _, VerifyingKey};
use jiff::Timestamp;
use signed_note::{Note, Signature as Line, is_key_name_valid, key_id};

/// The algorithm byte of a timestamped Ed25519 cosignature in a note key.
const COSIGNATURE: u8 = 4;
/// The algorithm byte of a log's own Ed25519 key.
const ED25519: u8 = 1;

/// What is wrong with a witness's key or with what it is said to have signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CosignFlaw {
    /// The key cannot be read.
    #[error("this is not a witness's key; a verifier key looks like `name+hash+base64`")]
    Key,
    /// It is a key of the kind that logs sign with.
    #[error(
        "`{name}` is a key of the kind that logs sign with; a witness's own begins with a 4 (`openclear witness key` makes one)"
    )]
    LogKey {
        /// The key's name.
        name: String,
    },
    /// A name that cannot stand in a note.
    #[error("`{name}` cannot be a witness's name: write it like an address without `https://`, without spaces or `+`")]
    Name {
        /// What was given.
        name: String,
    },
    /// What should be signed is no checkpoint.
    #[error("this is not a signed checkpoint")]
    NotACheckpoint,
    /// Among the signature lines there is none of this key.
    #[error("`{name}` has not signed it")]
    Missing {
        /// The witness.
        name: String,
    },
    /// The signature does not hold.
    #[error("the cosignature of `{name}` does not hold for this checkpoint")]
    Signature {
        /// The witness.
        name: String,
    },
}

/// A witness's signing key.
pub struct Cosigner {
    key: SigningKey,
    verifier: CosignerKey,
}

impl Cosigner {
    /// The key of this name, made of 32 random bytes.
    ///
    /// # Errors
    /// A name that cannot stand in a note.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Cosigner, CosignFlaw> {
        if !is_key_name_valid(name) || name.chars().any(char::is_control) {
            return Err(CosignFlaw::Name { name: name.to_owned() });
        }
        let key = SigningKey::from_bytes(seed);
        let verifier = CosignerKey::of(name, key.verifying_key());
        Ok(Cosigner { key, verifier })
    }

    /// Reads what [`Cosigner::private`] wrote.
    ///
    /// # Errors
    /// [`CosignFlaw::Key`].
    pub fn parse(text: &str) -> Result<Cosigner, CosignFlaw> {
        let rest = text.trim().strip_prefix("PRIVATE+KEY+").ok_or(CosignFlaw::Key)?;
        let (name, id, key) = parts(rest)?;
        let seed = key.strip_prefix(&[COSIGNATURE]).and_then(|seed| seed.try_into().ok()).ok_or(CosignFlaw::Key)?;
        let cosigner = Cosigner::from_seed(name, seed)?;
        if cosigner.verifier.id == id { Ok(cosigner) } else { Err(CosignFlaw::Key) }
    }

    /// The private key as a line of text, for a file that only its holder reads.
    pub fn private(&self) -> String {
        let CosignerKey { name, id, .. } = &self.verifier;
        let key = BASE64_STANDARD.encode([&[COSIGNATURE], self.key.as_bytes().as_slice()].concat());
        format!("PRIVATE+KEY+{name}+{id:08x}+{key}")
    }

    /// Its public half.
    pub fn verifier(&self) -> &CosignerKey {
        &self.verifier
    }

    /// The signature line over a checkpoint's text, at a time, with its newline.
    pub fn line(&self, text: &str, at: Timestamp) -> String {
        let seconds = at.as_second().max(0).unsigned_abs();
        let signature = self.key.sign(message(text, seconds).as_bytes());
        let bytes = [&self.verifier.id.to_be_bytes(), &seconds.to_be_bytes()[..], &signature.to_bytes()].concat();
        format!("— {} {}\n", self.verifier.name, BASE64_STANDARD.encode(bytes))
    }
}

/// A witness's verifier key.
#[derive(Clone, PartialEq, Eq)]
pub struct CosignerKey {
    name: String,
    id: u32,
    key: VerifyingKey,
}

impl CosignerKey {
    fn of(name: &str, key: VerifyingKey) -> CosignerKey {
        let id = key_id(name, &[&[COSIGNATURE], key.as_bytes().as_slice()].concat());
        CosignerKey { name: name.to_owned(), id, key }
    }

    /// Reads `name+hash+base64`.
    ///
    /// # Errors
    /// No key, or one of another kind.
    pub fn parse(text: &str) -> Result<CosignerKey, CosignFlaw> {
        let (name, id, key) = parts(text.trim())?;
        if key.first() == Some(&ED25519) {
            return Err(CosignFlaw::LogKey { name: name.to_owned() });
        }
        let public = key.strip_prefix(&[COSIGNATURE]).and_then(|key| key.try_into().ok()).ok_or(CosignFlaw::Key)?;
        let key = VerifyingKey::from_bytes(public).map_err(|_| CosignFlaw::Key)?;
        let verifier = CosignerKey::of(name, key);
        if verifier.id == id { Ok(verifier) } else { Err(CosignFlaw::Key) }
    }

    /// The witness's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Finds this key's line among signature lines, or in a whole note, and checks it over a checkpoint's text. Gives the
    /// line with its newline, and the time that it was made at. Lines of others are not looked at.
    ///
    /// # Errors
    /// There is none, or it does not hold.
    pub fn check(&self, text: &str, lines: &str) -> Result<(String, Timestamp), CosignFlaw> {
        let own = lines.lines().filter(|line| line.starts_with("— ")).find_map(|line| {
            let read = Line::from_bytes(line.as_bytes()).ok()?;
            (read.name() == self.name && read.id() == self.id).then_some((line, read))
        });
        let (line, read) = own.ok_or_else(|| CosignFlaw::Missing { name: self.name.clone() })?;
        let wrong = || CosignFlaw::Signature { name: self.name.clone() };
        let (seconds, signature) = read.signature().split_first_chunk::<8>().ok_or_else(wrong)?;
        let seconds = u64::from_be_bytes(*seconds);
        let at = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        let at = at.ok_or_else(wrong)?;
        let signature = Signature::from_slice(signature).map_err(|_| wrong())?;
        self.key.verify(message(text, seconds).as_bytes(), &signature).map_err(|_| wrong())?;
        Ok((format!("{line}\n"), at))
    }
}

impl fmt::Display for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = BASE64_STANDARD.encode([&[COSIGNATURE], self.key.as_bytes().as_slice()].concat());
        write!(f, "{}+{:08x}+{key}", self.name, self.id)
    }
}

impl fmt::Debug for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CosignerKey({})", self.name)
    }
}

/// What is signed: a heading, the time, and the checkpoint's text with its last newline.
fn message(text: &str, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

/// Name, hash and bytes of a key, private or not.
fn parts(text: &str) -> Result<(&str, u32, Vec<u8>), CosignFlaw> {
    let (name, rest) = text.split_once('+').ok_or(CosignFlaw::Key)?;
    // The base64 may have a `+` of its own.
    let (id, key) = rest.split_once('+').ok_or(CosignFlaw::Key)?;
    if id.len() != 8 || !is_key_name_valid(name) {
        return Err(CosignFlaw::Key);
    }
    let id = u32::from_str_radix(id, 16).map_err(|_| CosignFlaw::Key)?;
    Ok((name, id, BASE64_STANDARD.decode(key).map_err(|_| CosignFlaw::Key)?))
}

/// The text of a signed checkpoint: what its signatures are made over.
///
/// # Errors
/// It is no signed note.
pub fn signed_text(note: &str) -> Result<String, CosignFlaw> {
    let note = Note::from_bytes(note.as_bytes()).map_err(|_| CosignFlaw::NotACheckpoint)?;
    String::from_utf8(note.text().to_vec()).map_err(|_| CosignFlaw::NotACheckpoint)
}

/// A signed checkpoint with the signature lines of another copy of it added, each once. Where the two are not the same
/// checkpoint, it stays as it is.
///
/// Verifiers that do not know a key skip its line, so the result is as good a signed note as before.
pub fn joined(note: &str, other: &str) -> String {
    let (Ok(text), Ok(same)) = (signed_text(note), signed_text(other)) else { return note.to_owned() };
    let mut joined = note.to_owned();
    if text == same {
        for line in other.lines().filter(|line| line.starts_with("— ")) {
            // One line for a key: a witness that signed twice is shown with what it signed first.
            let key =
                |line: &str| Line::from_bytes(line.as_bytes()).ok().map(|line| (line.name().to_owned(), line.id()));
            if !joined.lines().any(|known| known.starts_with("— ") && key(known) == key(line)) {
                joined.push_str(line);
                joined.push('\n');
            }
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn gr22_the_message_is_that_of_the_specification() {
        // The example of c2sp.org/tlog-cosignature, "Ed25519 signed message".
        let expected = "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        assert_eq!(message(TEXT, 1_679_315_147), expected);
        // Its signature line has no published key; what it shows is where the time stands.
        let line = "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==";
        let read = Line::from_bytes(line.as_bytes()).unwrap();
        assert_eq!((read.id(), read.signature().len()), (0x8d66_cf3f, 72));
        assert_eq!(&read.signature()[..8], 1_679_315_147u64.to_be_bytes());
    }

    /// A checkpoint of a public staging log as its public witnesses cosigned it on 2026-05-23, and their published keys.
    const COSIGNED: &str = "arche2025h1.staging.ct.transparency.dev\n1432088532\nU7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\n— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==\n— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==\n— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==\n— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==\n";
    const WITNESSES: [&str; 3] = [
        "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
        "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
        "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
    ];

    #[test]
    fn gr22_cosignatures_of_public_witnesses_hold() {
        let text = signed_text(COSIGNED).unwrap();
        for vkey in WITNESSES {
            let key = CosignerKey::parse(vkey).unwrap();
            assert_eq!(key.to_string(), vkey);
            let (line, at) = key.check(&text, COSIGNED).unwrap();
            assert!(COSIGNED.contains(&line));
            assert_eq!(at.as_second(), 0x6a12_2120);
            let changed = text.replace("1432088532", "1432088533");
            assert_eq!(
                key.check(&changed, COSIGNED).unwrap_err(),
                CosignFlaw::Signature { name: key.name().to_owned() }
            );
        }
        // The log's own key reads the note whatever witnesses stand beside it.
        let log = "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f";
        assert_eq!(crate::checkpoint::check(COSIGNED.as_bytes(), log).unwrap().size, 1_432_088_532);
        assert_eq!(CosignerKey::parse(log).unwrap_err().to_string().split('`').nth(1), log.split('+').next());
    }

    #[test]
    fn what_a_witness_signs_is_read_back() {
        let cosigner = Cosigner::from_seed("witness.example/w1", &[7; 32]).unwrap();
        let again = Cosigner::parse(&cosigner.private()).unwrap();
        assert_eq!(again.verifier(), cosigner.verifier());
        let key = CosignerKey::parse(&cosigner.verifier().to_string()).unwrap();
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        let line = again.line(TEXT, at);
        assert_eq!(key.check(TEXT, &line).unwrap(), (line.clone(), at));
        assert!(key.check(&TEXT.replace('3', "4"), &line).is_err());
        let other = Cosigner::from_seed("witness.example/w2", &[7; 32]).unwrap();
        assert!(matches!(other.verifier().check(TEXT, &line), Err(CosignFlaw::Missing { .. })));
    }

    #[test]
    fn a_key_that_is_none_is_refused_with_a_word() {
        let log = "test/1+00000000+AQ==";
        for (text, said) in [
            ("", "not a witness's key"),
            ("name+zz+BA==", "not a witness's key"),
            ("name+00000000+!", "not a witness's key"),
            ("name+00000000+BAAA", "not a witness's key"),
            // The hash is another key's.
            ("remora.n621.de+da77ade8+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2", "not a witness's key"),
            (log, "logs sign with"),
        ] {
            let said_is = CosignerKey::parse(text).unwrap_err().to_string();
            assert!(said_is.contains(said), "{text}: {said_is}");
        }
        for name in ["", "a b", "a+b", "a\tb"] {
            assert!(matches!(Cosigner::from_seed(name, &[1; 32]), Err(CosignFlaw::Name { .. })), "{name}");
        }
    }

    #[test]
    fn cosignatures_are_joined_to_the_same_checkpoint_only() {
        let without = COSIGNED.split("— transparency.dev").next().unwrap();
        assert_eq!(joined(without, COSIGNED), COSIGNED);
        assert_eq!(joined(COSIGNED, without), COSIGNED);
        assert_eq!(joined(COSIGNED, COSIGNED), COSIGNED);
        let other = without.replace("1432088532", "1432088533");
        assert_eq!(joined(&other, COSIGNED), other);
        assert_eq!(joined("no note", COSIGNED), "no note");
    }
}
