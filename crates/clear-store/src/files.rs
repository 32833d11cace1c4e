//! Folders and files that this account alone may read.

#![expect(clippy::disallowed_methods, reason = "stores: ledger, record-keys, snapshots")]

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::Error;

/// Makes a folder, and those above it, where they are missing.
pub(crate) fn make_private_folder(folder: &Path) -> Result<(), Error> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|source| Error::File {
        doing: "make the folder",
        path: folder.to_owned(),
        source,
    })
}

/// Makes a file that was not there.
pub(crate) fn create_private(path: &Path) -> Result<File, Error> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|source| Error::File {
        doing: "make",
        path: path.to_owned(),
        source,
    })
}

/// Makes a new name in a folder durable.
pub(crate) fn sync_folder(of: &Path) -> Result<(), Error> {
    let Some(folder) = of.parent() else { return Ok(()) };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| Error::File {
        doing: "write down the names in",
        path: folder.to_owned(),
        source,
    })
}

/// Holds a folder for this process until the file is dropped.
pub(crate) fn hold(folder: &Path) -> Result<File, Error> {
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|source| Error::File { doing: "open", path: path.clone(), source })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { folder: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(Error::File { doing: "lock", path, source }),
    }
}
