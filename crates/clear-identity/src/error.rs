//! What can be said no to, and what can go wrong with us.

use clear_record::{AccountId, DeviceId};
use jiff::Timestamp;

use crate::BadPassword;

/// Why a sign-in was refused. Each `Display` is the one sentence that the asker may read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// One of the three was wrong, or there is no such account; the asker is not told which.
    #[error("The account, password or code is not right.")]
    NotRight,
    /// Too many attempts, whether there is such an account or not.
    #[error(
        "Too many attempts: sign-in to this account is locked until {until:.0}. If these were not yours, tell your agency's steward."
    )]
    Locked {
        /// Until when.
        until: Timestamp,
    },
    /// All three were right, and the account is disabled.
    #[error("This account is disabled: ask your agency's steward.")]
    Disabled,
    /// All three were right, and the account was not used for too long.
    #[error("This account was not used for too long and is closed: ask your agency's steward to enrol it again.")]
    Unused,
    /// All three were right, and an order closes the account's agency.
    #[error("Access of this account was ended by order {order}.")]
    Ordered {
        /// The order's number.
        order: String,
    },
    /// It is our fault.
    #[error("Sign-in is not possible at the moment: try again in a minute.")]
    Failed(#[from] Error),
}

/// Why a session or token proves nothing. Each `Display` is the one sentence that the asker may read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unproven {
    /// There is none with this secret, or no longer.
    #[error(
        "This session or token is not known, or was ended: sign in again, or ask your agency's steward for a new token."
    )]
    Unknown,
    /// Its time is over.
    #[error("This session or token ended at {at:.0}: sign in again, or ask your agency's steward for a new token.")]
    Expired {
        /// Since when.
        at: Timestamp,
    },
    /// The session rested for too long.
    #[error("This session was not used for too long and is locked: sign in again.")]
    Idle,
    /// The token rested for too long.
    #[error("This token was not used for too long and is closed: ask your agency's steward for a new one.")]
    Unused,
    /// Its account is disabled.
    #[error("This account is disabled: ask your agency's steward.")]
    Disabled,
    /// The session was opened on another device, whose secret was not presented.
    #[error("This session belongs to another device: sign in here.")]
    OtherDevice {
        /// Whose session it is, for the log.
        account: AccountId,
        /// The session's public number, for the log.
        number: String,
    },
    /// It is our fault.
    #[error("Who you are cannot be checked at the moment: try again in a minute.")]
    Failed(#[from] Error),
}

/// What went wrong with us, or with what an operator asked for. The cause is in `source`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The cards could not be read or written.
    #[error("cannot reach the accounts")]
    Store(#[from] clear_store::Error),
    /// The account's id is taken.
    #[error("there is an account `{account}` already: choose another id, or enrol that one again")]
    Taken {
        /// Which.
        account: AccountId,
    },
    /// There is no such account.
    #[error("there is no account `{account}`: enrol it first")]
    NoSuchAccount {
        /// Which.
        account: AccountId,
    },
    /// The password cannot be taken.
    #[error("cannot set the password of `{account}`")]
    Password {
        /// Whose.
        account: AccountId,
        /// Why not.
        source: BadPassword,
    },
    /// A service was given a password, or a person none.
    #[error("`{account}` cannot be enrolled so: a service has no password (it uses tokens), and a person has one")]
    Kind {
        /// Which.
        account: AccountId,
    },
    /// A token that would end before it begins.
    #[error("a token that ends at {at:.0} has ended already: give it a later end")]
    Ended {
        /// Its end.
        at: Timestamp,
    },
    /// The account has no session or token of that number.
    #[error("`{account}` has no session or token `{number}`: list what it has")]
    NoSuchNumber {
        /// Whose.
        account: AccountId,
        /// The public number.
        number: String,
    },
    /// The account has no such device.
    #[error("`{account}` has no device `{device}`: list those that it has")]
    NoSuchDevice {
        /// Whose.
        account: AccountId,
        /// The device.
        device: DeviceId,
    },
    /// Others kept changing the same card.
    #[error("a card of kind `{kind}` kept changing while it was to be written: try again")]
    Busy {
        /// The card's kind.
        kind: &'static str,
    },
    /// A card that this program cannot have written.
    #[error("a card of kind `{kind}` does not read: restore it from a backup")]
    Damaged {
        /// The card's kind.
        kind: &'static str,
        /// What does not read.
        source: serde_json::Error,
    },
    /// A kept second factor that this program cannot have written.
    #[error("the second factor of `{account}` does not read: enrol the account again")]
    Factor {
        /// Whose.
        account: AccountId,
    },
    /// The cost of a password's hash is impossible.
    #[error("the cost of a password hash cannot be: correct its memory, passes and lanes")]
    Cost {
        /// Why.
        source: argon2::Error,
    },
    /// A password could not be hashed or its kept hash does not read.
    #[error(
        "cannot hash or compare a password: see that memory is left; a damaged hash is mended by enrolling the account again"
    )]
    Hash {
        /// Why.
        source: argon2::password_hash::Error,
    },
    /// A hashing task did not end.
    #[error("a hashing task did not end: the process is stopping or a core has failed")]
    Stopped {
        /// What the runtime said.
        source: tokio::task::JoinError,
    },
    /// The operating system gives no randomness.
    #[error("the operating system gives no randomness, so that no secret can be made")]
    Randomness {
        /// What it said.
        source: getrandom::Error,
    },
}

impl From<clear_store::Error> for Refused {
    fn from(error: clear_store::Error) -> Refused {
        Refused::Failed(error.into())
    }
}

impl From<clear_store::Error> for Unproven {
    fn from(error: clear_store::Error) -> Unproven {
        Unproven::Failed(error.into())
    }
}
