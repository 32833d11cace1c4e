//! Who asks: accounts, second factors, devices, sessions and tokens. The only maker of [`Proven`].
//!
//! In:    what somebody presents ([`Credential`], or account, password and code, on a [`Machine`]) and the moment of it.
//! Out:   [`Proven<Standing>`](Proven) or a reason ([`Refused`], [`Unproven`]); secrets, each given exactly once.
//! Never: decides what an asker may see, keeps a session's or token's secret or a password, asks the time, or prints
//!        a secret in a `Debug`.
//!
//! # How
//! Everything kept is a card: an account under its id, a session or token under the SHA-256 of its secret, the recent
//! attempts under the SHA-256 of the account's name. Writing is by compare-and-swap, from which two promises follow:
//! INVARIANT (a code works once) and INVARIANT (an attempt is counted before it is judged). What is done for an
//! account that is there is done for one that is not, so that neither the answer nor the work tells which are.
//! Proofs are remembered for seconds, and forgotten at once when this process ends one of them:
//! INVARIANT (an end holds at once). An order ends what a whole closure holds in one write (`ends.rs`), for ever.
//!
//! # Change here
//! The numbers of GR50: [`Timers`]. What a password must be: `password.rs`. A new second factor: a file beside
//! `code.rs` and a field in `account.rs`. A new kind of credential: `credential.rs`. What binds a session to its machine:
//! `device.rs`.

mod account;
mod cache;
mod code;
mod credential;
mod device;
mod ends;
mod error;
mod identity;
mod password;
mod proven;
mod secret;
mod sign_in;

pub use account::{Account, Enrolled, NewAccount, SecondFactor};
pub use code::one_time_code;
pub use credential::{Credential, Holding, HoldingKind, Issued};
pub use device::{Device, Machine};
pub use ends::Ended;
pub use error::{Error, Refused, Unproven};
pub use identity::{Identity, Timers};
pub use password::{BadPassword, Cost};
pub use proven::Proven;
pub use secret::Secret;
pub use sign_in::{SignIn, SignedIn};
