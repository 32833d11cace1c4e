//! The texts of the rules, before anybody has read them.

#![expect(clippy::disallowed_methods, reason = "stores: rules")]

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::{Error, Problem};

/// The name of the schema's file.
pub const SCHEMA: &str = "schema.cedarschema";

/// The name of the file in which a proof of the rules may lie beside them. It is no rule and does not count in the digest.
pub const CERTIFICATE: &str = "proof.note";

macro_rules! embedded {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("../policies/", $name))),)*]
    };
}

/// The schema and the policies, by file name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts(BTreeMap<String, String>);

impl Texts {
    /// The rules that the program brings along.
    pub fn embedded() -> Texts {
        let texts = embedded! {
            "schema.cedarschema" "agreements.cedar" "caveats.cedar" "emergency.cedar" "filing.cedar" "governance.cedar"
            "handling.cedar" "orders.cedar" "oversight.cedar" "owner.cedar" "partner.cedar" "purposes.cedar"
            "relations.cedar"
        };
        texts.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
    }

    /// The rules of a folder: its schema, its `.cedar` files, and nothing else but notes (`.md`) and a certificate
    /// ([`CERTIFICATE`]).
    ///
    /// # Errors
    /// [`Error::Read`] where a file cannot be read; [`Error::Invalid`] where the folder holds something else, because a
    /// misnamed file would be a rule that silently does not hold.
    pub fn read(dir: &Path) -> Result<Texts, Error> {
        let unread = |path: &Path, source| Error::Read { path: path.to_owned(), source };
        let mut texts = Texts::default();
        for entry in std::fs::read_dir(dir).map_err(|source| unread(dir, source))? {
            let path = entry.map_err(|source| unread(dir, source))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.ends_with(".md") || name == CERTIFICATE {
                continue;
            }
            if name != SCHEMA && !name.ends_with(".cedar") {
                let what = format!("is neither `{SCHEMA}` nor a `.cedar` file; rename it or move it out of the folder");
                return Err(Error::Invalid(vec![Problem { file: name, line: 1, column: 1, what }]));
            }
            texts.0.insert(name, std::fs::read_to_string(&path).map_err(|source| unread(&path, source))?);
        }
        Ok(texts)
    }

    /// The text of a file.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The files in order, the schema among them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// SHA-256 over the sorted names and texts, each behind its length in eight bytes (big-endian); hexadecimal.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for part in self.iter().flat_map(|(name, text)| [name, text]) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl FromIterator<(String, String)> for Texts {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(texts: I) -> Texts {
        Texts(texts.into_iter().collect())
    }
}
