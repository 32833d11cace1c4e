//! One-time codes by the clock: RFC 6238 with SHA-1, six digits, 30 seconds, as every authenticator app has them.
//!
//! In:    the shared secret, what was typed, the moment.
//! Out:   the step at which it is right.
//! Never: decides whether that step was used before; the account's card does.

use clear_record::AccountId;
use jiff::Timestamp;
use totp_rs::{Builder, Totp};

use crate::Error;
use crate::secret::{Secret, random};

const ISSUER: &str = "OpenCLEAR";

/// The step (of 30 seconds since 1970) at which the typed code is right: this one, or the one before or after it,
/// because clocks differ. `None` when it is not right.
pub(crate) fn step_of(secret: [u8; 20], typed: &str, now: Timestamp) -> Option<u64> {
    // Apps show `123 456`, and people type what they see.
    let digits: String = typed.chars().filter(|letter| !letter.is_whitespace()).take(16).collect();
    let second = u64::try_from(now.as_second()).ok()?;
    totp(secret)?.check(&digits, second)
}

/// The code that an authenticator app would show at this moment for a shared secret in base 32; `None` when that is not
/// one. For programs that sign in by themselves: the demonstration, tests.
pub fn one_time_code(secret_base32: &str, now: Timestamp) -> Option<Secret> {
    let second = u64::try_from(now.as_second()).ok()?;
    Some(Secret::of(totp(read(secret_base32)?)?.generate(second).to_string()))
}

/// A fresh shared secret of 160 bits (RFC 4226, R6).
pub(crate) fn fresh() -> Result<[u8; 20], Error> {
    random::<20>()
}

/// The secret in base 32, as apps want it typed, and as it is kept.
pub(crate) fn base32(secret: [u8; 20]) -> String {
    totp_rs::Secret::new_stack(secret).to_base32()
}

/// The secret back from base 32.
pub(crate) fn read(base32: &str) -> Option<[u8; 20]> {
    totp_rs::Secret::try_from_base32(base32).ok()?.as_bytes().try_into().ok()
}

/// The address that an app reads from a QR code.
pub(crate) fn otpauth_url(account: &AccountId, secret: [u8; 20]) -> String {
    // An account's id has no character that a URL would have to escape.
    format!(
        "otpauth://totp/{ISSUER}:{account}?secret={}&issuer={ISSUER}&algorithm=SHA1&digits=6&period=30",
        base32(secret)
    )
}

fn totp(secret: [u8; 20]) -> Option<Totp> {
    Builder::new().with_secret(totp_rs::Secret::new_stack(secret)).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RFC: [u8; 20] = *b"12345678901234567890";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_6238_appendix_b() {
        // The published values have eight digits; ours are their last six.
        for (second, code) in [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
        {
            assert_eq!(one_time_code(&base32(RFC), at(second)).unwrap().reveal(), code);
            assert_eq!(step_of(RFC, code, at(second)), Some(second as u64 / 30));
        }
    }

    #[test]
    fn a_clock_may_be_one_step_off_and_no_more() {
        // The code of step 1 (seconds 30 to 59).
        for (second, right) in [(-31, false), (0, true), (29, true), (30, true), (89, true), (90, false)] {
            assert_eq!(step_of(RFC, "287082", at(second)), right.then_some(1), "at second {second}");
        }
    }

    #[test]
    fn only_six_digits_are_a_code() {
        for (typed, right) in [
            ("287 082", true),
            (" 287082\n", true),
            ("87082", false),
            ("+87082", false),
            ("", false),
            ("2870820", false),
            ("２87082", false),
        ] {
            assert_eq!(step_of(RFC, typed, at(59)).is_some(), right, "{typed:?}");
        }
    }

    #[test]
    fn a_secret_reads_back_and_a_wrong_one_does_not() {
        assert_eq!(read(&base32(RFC)), Some(RFC));
        assert_eq!(base32(RFC), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        for wrong in ["", "GEZDGNBV", "not base 32"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
