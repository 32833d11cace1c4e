//! What stands around every page.

use clear_record::{Role, Standing};
use clear_respond::State;

use crate::app::App;
use crate::assets::{ICON_PATH, STYLE_PATH};

/// What the frame of a page needs.
pub(crate) struct Chrome {
    pub(crate) installation: String,
    pub(crate) style: &'static str,
    pub(crate) icon: &'static str,
    /// The part of the site that the page belongs to.
    pub(crate) here: &'static str,
    pub(crate) who: Option<Who>,
}

/// Who looks at the page.
pub(crate) struct Who {
    pub(crate) account: String,
    pub(crate) agency: String,
    pub(crate) steward: bool,
    pub(crate) officer: bool,
    pub(crate) reviewer: bool,
    /// Whether something waits for the word *was this you?*
    pub(crate) was_this_you: bool,
    /// What waits and should be looked at today.
    pub(crate) urgent: usize,
    /// For stewards: what of the log is not well, and whom to call.
    pub(crate) trouble: Option<String>,
    /// Whether the docket of productions is hers or his to keep.
    pub(crate) keeper: bool,
}

impl Chrome {
    pub(crate) fn of(app: &App, standing: Option<&Standing>, here: &'static str) -> Chrome {
        Chrome {
            installation: app.names().title,
            who: standing.and_then(|standing| who(app, standing)),
            ..Chrome::bare(here)
        }
    }

    /// The frame before anything is known.
    pub(crate) fn bare(here: &'static str) -> Chrome {
        Chrome { installation: String::new(), style: &STYLE_PATH, icon: &ICON_PATH, here, who: None }
    }

    /// For the navigation: where one is.
    pub(crate) fn is(&self, here: &str) -> bool {
        self.here == here
    }
}

fn who(app: &App, standing: &Standing) -> Option<Who> {
    let (account, agency) = (standing.account.as_ref()?, standing.agency.as_ref()?);
    Some(Who {
        account: account.to_string(),
        agency: app.desk.agency_name(agency).unwrap_or_else(|| agency.to_string()),
        // Which links are shown; what may be done is decided where it is done.
        steward: standing.roles.contains(&Role::Steward),
        officer: standing.roles.contains(&Role::Officer),
        reviewer: [Role::Clerk, Role::Steward, Role::Oversight].iter().any(|role| standing.roles.contains(role)),
        was_this_you: app.desk.is_asked_was_this_you(account),
        urgent: app.desk.urgent(),
        trouble: standing.roles.contains(&Role::Steward).then(|| trouble(app)).flatten(),
        keeper: standing.roles.contains(&Role::Steward) || standing.roles.contains(&Role::Clerk),
    })
}

/// What of the log is not as it should be.
fn trouble(app: &App) -> Option<String> {
    let parts = app.desk.log_parts();
    let part = parts.iter().find(|part| part.name == "log" && part.state != State::Well)?;
    let since = part.since.map(|since| format!(" since {since}")).unwrap_or_default();
    let spooled = parts.iter().filter(|part| part.name == "spool").find_map(|part| part.entries);
    let spooled = spooled.map(|entries| format!(" It holds {entries} entries.")).unwrap_or_default();
    Some(format!("The log is {}{since}: {}.{spooled} Call: {}", part.state.as_str(), part.says, app.contact()))
}
