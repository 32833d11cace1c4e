//! Passwords: Argon2id (RFC 9106), off the async threads, a few at a time.
//!
//! In:    a password, a kept hash.
//! Out:   whether they fit; a new hash.
//! Never: keeps a password, or works less for an account that is not there.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::Error;
use crate::secret::random;

/// The least number of characters (NIST SP 800-63B allows 8 with a second factor; we ask for more).
const MIN_CHARACTERS: usize = 12;
/// The most bytes; what is longer is not a password but an attack on the hash.
const MAX_BYTES: usize = 1024;

/// What one password check costs an attacker, and us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory of one hash in KiB, at least 8 for each lane.
    pub memory_kib: u32,
    /// Passes over that memory, at least 1.
    pub passes: u32,
    /// Lanes, at least 1.
    pub lanes: u32,
    /// How many hashes are worked on at once; the others wait, so that a flood of sign-ins cannot take all memory.
    pub at_once: usize,
}

impl Default for Cost {
    /// The first choice of OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
    fn default() -> Cost {
        Cost { memory_kib: 19 * 1024, passes: 2, lanes: 1, at_once: 4 }
    }
}

/// A password that cannot be taken, with what to do instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// Too short.
    #[error("the password has fewer than {MIN_CHARACTERS} characters: choose a longer one, such as four words")]
    Short,
    /// Too long.
    #[error("the password has more than {MAX_BYTES} bytes: choose a shorter one")]
    Long,
    /// It is the account's id or its holder's name.
    #[error("the password is the account's id or name: choose one that nobody can read off the account")]
    Name,
}

/// Whether a password may be taken for this account.
pub(crate) fn check(password: &str, id: &str, name: &str) -> Result<(), BadPassword> {
    if password.chars().count() < MIN_CHARACTERS {
        return Err(BadPassword::Short);
    }
    if password.len() > MAX_BYTES {
        return Err(BadPassword::Long);
    }
    let lower = password.trim().to_lowercase();
    if lower == id.to_lowercase() || lower == name.trim().to_lowercase() {
        return Err(BadPassword::Name);
    }
    Ok(())
}

/// The place where passwords are hashed.
#[derive(Debug)]
pub(crate) struct Press {
    cost: Cost,
    room: Semaphore,
}

impl Press {
    pub(crate) fn new(cost: Cost) -> Press {
        Press { cost, room: Semaphore::new(cost.at_once.max(1)) }
    }

    /// The hash to keep, in PHC's form, under a fresh salt.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Error> {
        let salt = random::<16>()?;
        self.run(move |argon| {
            let hash: PasswordHash = argon.hash_password_with_salt(password.as_bytes(), &salt)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the password fits the kept hash. Without one, or where the password is too long to be anybody's, the
    /// same work is done and the answer is no.
    pub(crate) async fn fits(&self, kept: Option<String>, password: &str) -> Result<bool, Error> {
        let too_long = password.len() > MAX_BYTES;
        let password = if too_long { String::new() } else { password.to_owned() };
        self.run(move |argon| match kept {
            Some(kept) => match argon.verify_password(password.as_bytes(), &PasswordHash::new(&kept)?) {
                Ok(()) => Ok(!too_long),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(error),
            },
            None => {
                let _: PasswordHash = argon.hash_password_with_salt(password.as_bytes(), b"nobody's account")?;
                Ok(false)
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(Argon2<'static>) -> argon2::password_hash::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let Cost { memory_kib, passes, lanes, .. } = self.cost;
        let params = Params::new(memory_kib, passes, lanes, None).map_err(|source| Error::Cost { source })?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        // The semaphore is never closed; were it, hashing without its permit would still be right.
        let permit = self.room.acquire().await.ok();
        let done = tokio::task::spawn_blocking(move || work(argon)).await;
        drop(permit);
        done.map_err(|source| Error::Stopped { source })?.map_err(|source| Error::Hash { source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_and_not_the_name() {
        let long = "x".repeat(MAX_BYTES + 1);
        for (password, verdict) in [
            ("elevenchars", Err(BadPassword::Short)),
            ("twelve chars", Ok(())),
            ("zwölf Öchschen", Ok(())),
            ("éééééé", Err(BadPassword::Short)),
            ("Sergeant-Example", Err(BadPassword::Name)),
            (" the example name ", Err(BadPassword::Name)),
            (&long, Err(BadPassword::Long)),
        ] {
            assert_eq!(check(password, "sergeant-example", "The Example Name"), verdict, "{password}");
        }
    }

    #[tokio::test]
    async fn a_hash_fits_its_password_alone_and_names_its_cost() {
        let press = Press::new(Cost { memory_kib: 64, passes: 1, lanes: 1, at_once: 1 });
        let [one, two] = [
            press.hash("correct horse".to_owned()).await.unwrap(),
            press.hash("correct horse".to_owned()).await.unwrap(),
        ];
        assert_ne!(one, two, "each has a salt of its own");
        assert!(one.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{one}");
        let long = "x".repeat(MAX_BYTES + 1);
        for (kept, password, fits) in [
            (Some(&one), "correct horse", true),
            (Some(&one), "Correct horse", false),
            (None, "correct horse", false),
            (Some(&one), &long, false),
        ] {
            assert_eq!(press.fits(kept.cloned(), password).await.unwrap(), fits, "{password}");
        }
        assert!(matches!(press.fits(Some("not a hash".to_owned()), "x").await, Err(Error::Hash { .. })));
    }

    #[tokio::test]
    async fn a_cost_that_cannot_be_is_an_error() {
        let press = Press::new(Cost { memory_kib: 1, ..Cost::default() });
        assert!(matches!(press.hash("correct horse".to_owned()).await, Err(Error::Cost { .. })));
    }
}
