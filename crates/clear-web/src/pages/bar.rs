//! The inquiry bar: why, under which use, for which case, on whose behalf.

use clear_record::{Inquiry, Purpose, Standing, UseCode};

use crate::app::App;
use crate::asker::agencies;
use crate::fault::{Fault, Problem};
use crate::input::Form;

/// The bar's fields as they stand.
pub(crate) struct Bar {
    pub(crate) purposes: Vec<Choice>,
    pub(crate) use_codes: Vec<Choice>,
    pub(crate) case: String,
    pub(crate) reason: String,
    pub(crate) emergency: String,
    pub(crate) on_behalf_of: String,
    pub(crate) complete: bool,
    missing: Vec<&'static str>,
}

/// A line of a list to choose from.
pub(crate) struct Choice {
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) chosen: bool,
}

impl Bar {
    pub(crate) fn of(app: &App, standing: &Standing, inquiry: &Inquiry, problem: Option<&Problem>) -> Bar {
        let choices = |known: Vec<(String, String)>, chosen: Option<&str>| -> Vec<Choice> {
            known.into_iter().map(|(code, title)| Choice { chosen: chosen == Some(&code), code, title }).collect()
        };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let own = || standing.agency.as_ref().map(ToString::to_string).unwrap_or_default();
        let named =
            inquiry.on_behalf_of.as_ref().map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
        let purposes = choices(app.desk.purposes(), inquiry.purpose.as_ref().map(Purpose::as_str));
        let use_codes = choices(app.desk.use_codes(), inquiry.use_code.as_ref().map(UseCode::as_str));
        let (case, reason) = (text(&inquiry.case), text(&inquiry.reason));
        let chosen = |choices: &[Choice]| choices.iter().any(|choice| choice.chosen);
        let mut missing = problem.map(|problem| problem.missing.clone()).unwrap_or_default();
        if let Some(field @ ("purpose" | "use_code" | "on_behalf_of")) =
            problem.and_then(|problem| problem.field.as_deref())
        {
            missing.extend(["purpose", "use_code", "on_behalf_of"].into_iter().filter(|known| *known == field));
        }
        let emergency = text(&inquiry.emergency);
        Bar {
            complete: chosen(&purposes)
                && chosen(&use_codes)
                && (!emergency.is_empty() || (!case.is_empty() && !reason.is_empty()))
                && missing.is_empty(),
            on_behalf_of: named.unwrap_or_else(own),
            purposes,
            use_codes,
            case,
            reason,
            emergency,
            missing,
        }
    }

    /// Whether the last question was refused for want of this part.
    pub(crate) fn lacks(&self, part: &str) -> bool {
        self.missing.contains(&part)
    }

    /// The inquiry in one line.
    pub(crate) fn summary(&self) -> String {
        let title = |choices: &[Choice]| choices.iter().find(|choice| choice.chosen).map(|choice| choice.title.clone());
        let parts = [title(&self.purposes), title(&self.use_codes), Some(self.case.clone()), Some(self.reason.clone())];
        let said: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        if said.is_empty() { "not stated yet".to_owned() } else { said.join(" · ") }
    }
}

/// The inquiry that the bar's fields say.
pub(crate) fn read(form: &Form) -> Result<Inquiry, Fault> {
    Ok(Inquiry {
        purpose: form.get("purpose").map(|text| Purpose::from(text.as_str())),
        use_code: form.get("use_code").map(|text| UseCode::from(text.as_str())),
        case: form.get("case"),
        reason: form.get("reason"),
        emergency: form.get("emergency"),
        on_behalf_of: form.get("on_behalf_of").map(|text| agencies(&text)).transpose()?,
        ..Inquiry::default()
    })
}

/// The inquiry of a page's question: on behalf of the own agency, unless the bar says otherwise.
pub(crate) fn stated(kept: Inquiry, standing: &Standing) -> Inquiry {
    let own = || standing.agency.clone().map(|agency| [agency].into());
    Inquiry { on_behalf_of: kept.on_behalf_of.or_else(own), ..kept }
}
