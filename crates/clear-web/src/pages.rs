//! The pages: HTML from the server, which need no script. They ask by the same roads as the API.
//!
//! One file a page, with its template of the same name in `templates/`. What every page has is in `chrome.rs`.

pub(crate) mod analysis;
pub(crate) mod bar;
pub(crate) mod certificate;
pub(crate) mod changes;
mod chart;
pub(crate) mod check;
mod chrome;
pub(crate) mod counts;
pub(crate) mod data;
pub(crate) mod devices;
pub(crate) mod disclosures;
pub(crate) mod entries;
pub(crate) mod fault;
pub(crate) mod handling;
pub(crate) mod home;
pub(crate) mod judgement;
pub(crate) mod links;
pub(crate) mod log;
pub(crate) mod map;
pub(crate) mod map_about;
pub(crate) mod productions;
pub(crate) mod record;
pub(crate) mod reference;
pub(crate) mod register;
pub(crate) mod reply;
pub(crate) mod reviews;
pub(crate) mod search;
mod shown;
pub(crate) mod sign_in;
pub(crate) mod sql;
pub(crate) mod steward;
pub(crate) mod stop;
pub(crate) mod transparency;
pub(crate) mod was_this_you;

use askama::Template;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::fault::Fault;

/// Renders a page.
fn html(page: &impl Template) -> Result<Response, Fault> {
    let text = page.render().map_err(|error| Fault::ours(&error))?;
    Ok(([(CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response())
}

/// Renders a page that says what is wrong with its question.
fn mistaken(page: &impl Template, fault: &Fault) -> Result<Response, Fault> {
    let mut response = html(page)?;
    *response.status_mut() = fault.status();
    Ok(response)
}

/// As much of a text as there is room for.
fn short(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text.to_owned();
    }
    text.chars().take(chars.saturating_sub(1)).chain(['…']).collect()
}
