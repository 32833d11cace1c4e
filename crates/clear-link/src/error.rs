//! Why a model or a map could not be read.

use crate::role::Role;

/// Why a model or a map could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not JSON.
    #[error("the model is not JSON")]
    Json(#[source] serde_json::Error),
    /// It was written by another version of the linker, or is something else.
    #[error("this is not a model of this version of the linker")]
    Version,
    /// Its digest does not fit it.
    #[error("the model was changed after it was written: its digest does not fit")]
    Digest,
    /// Something is not in it, or not as it should be.
    #[error("the model lacks `{0}`, or has it in another form")]
    Missing(&'static str),
    /// A piece of a map has no `=`.
    #[error("`{0}` is not of the form ROLE=COLUMN")]
    Unmapped(String),
    /// A map names a role that there is not.
    #[error("`{0}` is no role; the roles are {roles}", roles = names())]
    NoRole(String),
    /// A map gives one role two columns.
    #[error("the role `{0}` is given twice")]
    RoleTwice(Role),
    /// A map is empty.
    #[error("the map names no column")]
    NothingMapped,
}

fn names() -> String {
    Role::ALL.iter().map(|role| role.name()).collect::<Vec<_>>().join(" ")
}
