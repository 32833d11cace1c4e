//! Names for officers of other agencies.
//!
//! INVARIANT (a pseudonym tells nothing): it is a random number in a table, never a function of the person, another one
//! for each reader's agency, and the table's line can be deleted.

use std::collections::BTreeMap;

use clear_record::{AccountId, AgencyId, DeviceId};
use serde::{Deserialize, Serialize};

use crate::desk::{Desk, Error};
use crate::inquiry::card::{self, Kept};

const BY_ACCOUNT: &str = "pseudonym";
const BY_NAME: &str = "pseudonym-name";
const PREFIX: &str = "px-";
/// Random letters of a name: 50 bits.
const LETTERS: usize = 10;
const TRIES: usize = 8;

#[derive(Serialize, Deserialize)]
struct Named {
    name: String,
}

#[derive(Serialize, Deserialize)]
struct Behind {
    scope: String,
    account: AccountId,
}

/// The name of an account in the lists of a scope; a fresh one where it has none. `known` spares the table a look.
pub(super) async fn of(
    desk: &Desk,
    scope: &str,
    account: &AccountId,
    known: &mut BTreeMap<AccountId, String>,
) -> Result<String, Error> {
    if let Some(name) = known.get(account) {
        return Ok(name.clone());
    }
    let key = format!("{scope}/{account}");
    for _ in 0..TRIES {
        if let Some(Kept { body, .. }) = card::get::<Named>(desk, BY_ACCOUNT, &key).await? {
            known.insert(account.clone(), body.name.clone());
            return Ok(body.name);
        }
        let random = DeviceId::fresh().to_string();
        let letters = random.get(random.len().saturating_sub(LETTERS)..).unwrap_or(&random);
        let name = format!("{PREFIX}{letters}");
        // The way back first: a name that is shown can be looked for.
        let behind = Behind { scope: scope.to_owned(), account: account.clone() };
        if card::put(desk, BY_NAME, &name, 0, Some(scope), None, &behind).await? {
            // Somebody else may have named it meanwhile; then that name is read on the next turn.
            card::put(desk, BY_ACCOUNT, &key, 0, Some(scope), None, &Named { name }).await?;
        }
    }
    Err(Error::Busy(BY_ACCOUNT))
}

/// Who is behind a name in the lists of an agency.
pub(super) async fn behind(desk: &Desk, scope: &AgencyId, name: &str) -> Result<Option<AccountId>, Error> {
    let name = name.trim();
    if !name.starts_with(PREFIX) {
        return Ok(None);
    }
    let kept: Option<Kept<Behind>> = card::get(desk, BY_NAME, name).await?;
    Ok(kept.map(|kept| kept.body).filter(|behind| behind.scope == scope.as_str()).map(|behind| behind.account))
}

/// Deletes a name from the table; of any scope, for oversight. Says whether it was there.
pub(super) async fn forget(desk: &Desk, scope: Option<&AgencyId>, name: &str) -> Result<bool, Error> {
    let kept: Option<Kept<Behind>> = card::get(desk, BY_NAME, name.trim()).await?;
    let Some(Kept { revision, body }) = kept.filter(|it| scope.is_none_or(|scope| scope.as_str() == it.body.scope))
    else {
        return Ok(false);
    };
    let key = format!("{}/{}", body.scope, body.account);
    let named: Option<Kept<Named>> = card::get(desk, BY_ACCOUNT, &key).await?;
    if let Some(Kept { revision, .. }) = named.filter(|named| named.body.name == name.trim()) {
        desk.cards().delete(BY_ACCOUNT, &key, revision).await?;
    }
    desk.cards().delete(BY_NAME, name.trim(), revision).await?;
    Ok(true)
}
