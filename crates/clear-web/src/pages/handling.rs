//! The form on a record's page that sets how it is handled.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use clear_record::{AccountId, Caution, Handling, RecordId};

use crate::api::handling::{HandlingWish, set};
use crate::app::App;
use crate::asker::{Asker, KeptInquiry};
use crate::fault::Fault;
use crate::input::Input;
use crate::pages::bar;

/// Sets it, and goes back to the record; whoever does not see it any more gets what everybody gets who does not.
pub(crate) async fn enter(
    State(app): State<Arc<App>>,
    asker: Asker,
    KeptInquiry(kept): KeptInquiry,
    Path(record): Path<String>,
    input: Input,
) -> Result<Response, Fault> {
    asker.signed_in(&app)?;
    let id: RecordId = record.parse().map_err(|_| Fault::not_found())?;
    let form = input.form()?;
    let wrong = |field: &str, text: &str| {
        Fault::new(StatusCode::BAD_REQUEST, "bad_form", format!("`{field}` does not read: {text}."))
    };
    let said = |name: &str| form.get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let handling = said("handling").unwrap_or_default();
    let handling = Handling::from_word(&handling).ok_or_else(|| wrong("handling", &handling))?;
    let caution = match said("caution") {
        Some(word) => Some(Caution::from_word(&word).ok_or_else(|| wrong("caution", &word))?),
        None => None,
    };
    let second_person = match said("second_person") {
        Some(text) => Some(text.parse::<AccountId>().map_err(|bad| wrong("second_person", &bad.to_string()))?),
        None => None,
    };
    let reason = said("reason").unwrap_or_default();
    let wish = HandlingWish { handling, reason, second_person, until: said("until"), caution };
    set(&app, &asker, bar::stated(kept, &asker.standing), id, wish).await?;
    Ok(Redirect::to(&format!("/records/{id}")).into_response())
}
