//! The certificate of a proof: a signed note that lies beside the rules, so that a server needs no solver to take them.
//!
//! A note (C2SP signed-note, Ed25519) over the digests of rules and schema, the solver's version, and every statement. It is
//! good for exactly those rules, and only while this program states no more than it lists.

use clear_rules::{CedarRules, SCHEMA};
use sha2::{Digest, Sha256};
use signed_note::{Note, Signature, Signer, StandardSigner, StandardVerifier, Verifier};

use crate::{Proof, stated};

/// The name of the certificate's file in the rules' folder.
pub const CERTIFICATE: &str = clear_rules::CERTIFICATE;

const HEADING: &str = "OpenCLEAR proof of rules, version 1";

/// A certificate that is not good for these rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCertificate {
    /// There is nothing to certify.
    #[error("statement {number} is not proved ({action}: {statement}); only a proof that holds is certified")]
    NotProved {
        /// Its number, from 1.
        number: usize,
        /// About which action.
        action: String,
        /// What it states.
        statement: String,
    },
    /// The key does not sign.
    #[error("this is not a private key (`PRIVATE+KEY+name+hash+base64`, one line)")]
    Key,
    /// It is no signed note of this kind.
    #[error("`{CERTIFICATE}` is not a certificate: {0}")]
    Unreadable(&'static str),
    /// It is about others.
    #[error("`{CERTIFICATE}` is about other rules (it says {said}, they are {are}); prove these again")]
    OtherRules {
        /// The digest that it names.
        said: String,
        /// The digest of the rules.
        are: String,
    },
    /// It lists other statements than are stated today.
    #[error("`{CERTIFICATE}` does not state all that this version of the program states; prove the rules again")]
    OtherStatements,
    /// Nobody who counts has signed it.
    #[error("`{CERTIFICATE}` is signed by no key that counts here ({0})")]
    Signature(String),
}

/// A certificate that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The solver that proved it.
    pub solver: String,
    /// The name of the key that signed it.
    pub signed_by: String,
}

/// Certifies a proof that holds.
///
/// # Errors
/// A proof that does not hold or is of other rules, a key that does not sign.
pub fn certify(rules: &CedarRules, proof: &Proof, private_key: &str) -> Result<String, BadCertificate> {
    if let Some((number, open)) = proof.open().next() {
        let (action, statement) = (open.action.clone(), open.statement.clone());
        return Err(BadCertificate::NotProved { number, action, statement });
    }
    let proved = proof.statements.iter().map(|it| (&it.action, &it.statement));
    if !proved.eq(stated(rules).iter().map(|(action, says)| (action, says))) {
        return Err(BadCertificate::OtherStatements);
    }
    if proof.rules != rules.texts().digest() {
        return Err(BadCertificate::OtherRules { said: proof.rules.clone(), are: rules.texts().digest() });
    }
    let signer = StandardSigner::new(private_key.trim()).map_err(|_| BadCertificate::Key)?;
    let mut note = Note::new(text(rules, &proof.solver).as_bytes(), &[]).map_err(|_| BadCertificate::Key)?;
    note.add_sigs(&[&signer as &dyn Signer]).map_err(|_| BadCertificate::Key)?;
    String::from_utf8(note.to_bytes()).map_err(|_| BadCertificate::Key)
}

/// Checks a certificate against the rules that it lies beside, and against the keys that count.
///
/// # Errors
/// See [`BadCertificate`].
pub fn check(rules: &CedarRules, note: &str, verifier_keys: &[String]) -> Result<Certificate, BadCertificate> {
    let parsed = Note::from_bytes(note.as_bytes()).map_err(|_| BadCertificate::Unreadable("it is no signed note"))?;
    let said = std::str::from_utf8(parsed.text()).map_err(|_| BadCertificate::Unreadable("it is no text"))?;
    let mut lines = said.lines();
    if lines.next() != Some(HEADING) {
        return Err(BadCertificate::Unreadable("its first line is not that of a proof"));
    }
    let value = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let digest = value("rules").ok_or(BadCertificate::Unreadable("it names no rules"))?;
    let solver = value("solver").ok_or(BadCertificate::Unreadable("it names no solver"))?;
    let are = rules.texts().digest();
    if digest != are {
        return Err(BadCertificate::OtherRules { said: digest.to_owned(), are });
    }
    // Every byte counts: what is checked is that somebody signed what would be written today.
    if said != text(rules, solver) {
        return Err(BadCertificate::OtherStatements);
    }
    let signatures: Vec<Signature> = note
        .lines()
        .filter(|line| line.starts_with("— "))
        .filter_map(|line| Signature::from_bytes(line.as_bytes()).ok())
        .collect();
    let good = |key: &String| {
        let verifier = StandardVerifier::new(key.trim()).ok()?;
        let signed = signatures.iter().any(|signature| {
            verifier.name() == signature.name()
                && verifier.key_id() == signature.id()
                && verifier.verify(said.as_bytes(), signature.signature())
        });
        signed.then(|| verifier.name().to_owned())
    };
    match verifier_keys.iter().find_map(good) {
        Some(signed_by) => Ok(Certificate { solver: solver.to_owned(), signed_by }),
        None => {
            let names: Vec<&str> = signatures.iter().map(Signature::name).collect();
            Err(BadCertificate::Signature(if names.is_empty() { "no signature".to_owned() } else { names.join(", ") }))
        }
    }
}

/// What is signed.
fn text(rules: &CedarRules, solver: &str) -> String {
    let schema = Sha256::digest(rules.texts().get(SCHEMA).unwrap_or_default());
    let schema: String = schema.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut text = format!("{HEADING}\nrules: {}\nschema: {schema}\nsolver: {solver}\n", rules.texts().digest());
    let stated = stated(rules);
    text.push_str(&format!("statements: {}\n", stated.len()));
    for (action, says) in stated {
        text.push_str(&format!("proved: {action}: {says}\n"));
    }
    text
}
