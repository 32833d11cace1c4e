//! What the rules open, shut and refuse to load.
#![allow(clippy::disallowed_methods, reason = "tests open what they look at")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod alike;
mod fail_closed;
mod loading;
mod matrix;
mod oracle;
mod relations;

use std::collections::BTreeSet;

use clear_policy::Slice;
use clear_record::{AgencyId, FieldClass, Handling, Kind, Label, Purpose, Role, UseCode};

fn agency(name: &str) -> AgencyId {
    name.parse().unwrap()
}

fn agencies(names: &str) -> BTreeSet<AgencyId> {
    names.split_whitespace().map(agency).collect()
}

/// An officer of the agency `a`, asking for nobody else.
fn officer() -> Slice {
    Slice {
        agency: Some(agency("a")),
        agency_kind: Some("owner"),
        roles: BTreeSet::from([Role::Officer]),
        path: agencies("a"),
        closed: BTreeSet::new(),
        purpose: Some(Purpose("investigation".into())),
        purpose_denied: false,
        use_code: Some(UseCode("C".into())),
        agreed: FieldClass::ALL.iter().copied().collect(),
        ..Slice::default()
    }
}

/// A white label of a kind that belongs to the agency `a`.
fn white() -> Label {
    Label::of(agency("a"), Kind::Incident)
}

fn handled(handling: Handling) -> Label {
    Label { handling, ..white() }
}
