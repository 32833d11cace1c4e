//! Secrets: made from the system's randomness, shown once, kept as their hash.
//!
//! In:    nothing.
//! Out:   a [`Secret`]; the key under which its card lies.
//! Never: prints one in a `Debug`, or gives back a secret from its key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::Error;

/// Text that opens something. Its `Debug` says so and no more.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A fresh one of 256 random bits. The prefix tells a scanner of leaked text what it has found.
    pub(crate) fn fresh(prefix: &str) -> Result<Secret, Error> {
        Ok(Secret(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random::<32>()?))))
    }

    pub(crate) fn of(text: String) -> Secret {
        Secret(text)
    }

    /// The text itself, to be handed to its owner and not kept.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The key of a card whose name must not be readable: the SHA-256 of the text, in hex.
///
/// A plain hash serves because the secrets are random: there is no dictionary to try.
pub(crate) fn key(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// A fresh public number of a session or token: 64 random bits, in hex.
pub(crate) fn number() -> Result<String, Error> {
    Ok(hex(&random::<8>()?))
}

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).map_err(|source| Error::Randomness { source })?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_sha_256_in_hex() {
        // FIPS 180-4, the message "abc".
        assert_eq!(key("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_secret_is_long_fresh_and_unprinted() {
        let [a, b] = [Secret::fresh("oct_").unwrap(), Secret::fresh("oct_").unwrap()];
        assert_ne!(a, b);
        assert_eq!(a.reveal().len(), 4 + 43);
        assert!(!format!("{a:?}").contains(&a.reveal()[4..]));
    }
}
