//! The form on a person's page that says whether another record is of the same person.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use clear_record::{Kind, RecordId};
use clear_respond::Filing;
use clear_respond::ingest::forms;
use serde_json::json;

use crate::app::App;
use crate::asker::{Asker, KeptInquiry};
use crate::fault::Fault;
use crate::input::Input;
use crate::pages::bar;

/// Files the judgement, and goes back to the person.
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
    let said = |name: &str| form.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    // What stands in the address bar of the other record's page will do.
    let other = said("other").rsplit('/').next().unwrap_or_default().to_owned();
    let judgement = json!({"one": record, "other": other, "verdict": said("verdict"), "reason": said("reason")});
    let filing = match (&asker.standing.agency, &asker.standing.account) {
        (Some(agency), Some(account)) => {
            let bytes = judgement.to_string();
            let draft = forms::read(Kind::Judgement, bytes.as_bytes(), agency, account, app.desk.clock(), None);
            Filing::Records(vec![draft.map_err(|bad| {
                Fault::new(StatusCode::BAD_REQUEST, "bad_form", format!("{bad}.")).at_field(bad.field)
            })?])
        }
        _ => Filing::Records(vec![]),
    };
    asker.file(&app, bar::stated(kept, &asker.standing), filing).await?;
    Ok(Redirect::to(&format!("/records/{id}")).into_response())
}
