//! Why a model could not be read.

/// Why a model could not be read.
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
}
