//! Signing keys of persons, and signatures over orders (C2SP signed-note, Ed25519). Randomness is the caller's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clear_record::{AccountId, AgencyId};
use ed25519_dalek::SigningKey;
use signed_note::{Note, Signer, StandardSigner, key_id, new_ed25519_verifier_key};

use crate::KeyHolder;

/// The byte that marks an Ed25519 key in a signed-note key (C2SP signed-note, "Signatures").
const ALG_ED25519: u8 = 1;

/// A person's key pair. The private half is text for a file that only its holder has.
pub struct KeyPair {
    /// Whose.
    pub holder: KeyHolder,
    /// The private half: `PRIVATE+KEY+name+hash+base64`.
    pub private: String,
}

/// A private key that does not read or cannot sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// It is not a private signed-note key.
    #[error("this is not a private key (`PRIVATE+KEY+name+hash+base64`, one line)")]
    NotAKey,
    /// The text cannot be signed.
    #[error("the text cannot be signed: it must be UTF-8 lines and end with a newline")]
    NotSignable,
}

impl KeyPair {
    /// The pair made of 32 random bytes. Its name is `installation/holder`.
    pub fn from_seed(installation: &AgencyId, holder: AccountId, agency: AgencyId, seed: &[u8; 32]) -> KeyPair {
        let name = format!("{installation}/{holder}");
        let key = SigningKey::from_bytes(seed);
        let typed = |bytes: &[u8; 32]| [&[ALG_ED25519], bytes.as_slice()].concat();
        let public = typed(key.verifying_key().as_bytes());
        let private = format!("PRIVATE+KEY+{name}+{:08x}+{}", key_id(&name, &public), STANDARD.encode(typed(seed)));
        let verifier = new_ed25519_verifier_key(&name, &key.verifying_key());
        KeyPair { holder: KeyHolder { holder, agency, verifier }, private }
    }
}

/// Signs a text with one key after the other; a signed note gets more signatures.
///
/// # Errors
/// A key that does not read; a text that is not lines.
pub fn sign(text: &str, private_keys: &[&str]) -> Result<String, BadKey> {
    let signers: Vec<StandardSigner> = private_keys
        .iter()
        .map(|key| StandardSigner::new(key.trim()).map_err(|_| BadKey::NotAKey))
        .collect::<Result<_, _>>()?;
    let signers: Vec<&dyn Signer> = signers.iter().map(|signer| signer as &dyn Signer).collect();
    let mut note = match text.contains("\n\n— ") {
        true => Note::from_bytes(text.as_bytes()),
        false => Note::new(text.as_bytes(), &[]),
    }
    .map_err(|_| BadKey::NotSignable)?;
    note.add_sigs(&signers).map_err(|_| BadKey::NotSignable)?;
    String::from_utf8(note.to_bytes()).map_err(|_| BadKey::NotSignable)
}
