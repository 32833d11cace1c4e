//! The certificate of non-disclosure as a page, for stewards and oversight.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use clear_respond::Certified;

use crate::api::certificate::{CertificateQuery, certified};
use crate::app::App;
use crate::asker::{Asker, numbers};
use crate::fault::Fault;
use crate::pages::chrome::Chrome;
use crate::pages::html;

#[derive(Template)]
#[template(path = "certificate.html")]
struct CertificatePage {
    chrome: Chrome,
    agency: String,
    from: String,
    to: String,
    /// Agencies: id, name.
    agencies: Vec<(String, String)>,
    problem: Option<String>,
    certified: Option<Certified>,
}

pub(crate) async fn page(
    State(app): State<Arc<App>>,
    asker: Asker,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let said = |name: &str| {
        let found = pairs.iter().find(|(known, _)| known == name);
        found.map(|(_, text)| text.trim().to_owned()).unwrap_or_default()
    };
    let agencies = app.desk.public_register().agencies;
    let mut page = CertificatePage {
        chrome: Chrome::of(&app, Some(&asker.standing), "certificate"),
        agency: said("agency"),
        from: said("from"),
        to: said("to"),
        agencies: agencies.into_iter().map(|agency| (agency.id, agency.name)).collect(),
        problem: None,
        certified: None,
    };
    if page.agency.is_empty() {
        asker.signed_in(&app)?;
        return html(&page);
    }
    let query = CertificateQuery::of(&page.agency, &page.from, &page.to);
    match certified(&app, &asker, &query).await {
        Ok((answer, number)) => {
            let headers = numbers(&answer.receipt.to_header(), &number);
            page.certified = Some(answer.certified);
            Ok((headers, html(&page)?).into_response())
        }
        Err(fault) if fault.status() == StatusCode::BAD_REQUEST => {
            page.problem = Some(fault.problem().message.clone());
            let mut response = html(&page)?;
            *response.status_mut() = fault.status();
            Ok(response)
        }
        Err(fault) => Err(fault),
    }
}
