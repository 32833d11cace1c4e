//! What one fills in to make an entry of the register: one list, from which pages, commands and the reference come.

use serde_json::{Map, Value};

use crate::Entry;

/// What a field of a form holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A line of text, or an id.
    Line,
    /// An agency's id.
    Agency,
    /// A moment (RFC 3339), or a day.
    Moment,
    /// Several words or ids, one a line or separated by commas.
    Several,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Yes or no.
    Tick,
    /// A signed note, with its line ends.
    Note,
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub struct FormField {
    /// Its place in the entry; a point goes one level down.
    pub name: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// What it holds.
    pub holds: Holds,
    /// Whether the entry needs it.
    pub needed: bool,
    /// An example.
    pub example: &'static str,
}

/// The form of one kind of entry.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// The entry's name, as in [`Entry::name`].
    pub entry: &'static str,
    /// What it does, as a heading.
    pub title: &'static str,
    /// What it means, in a sentence or two.
    pub about: &'static str,
    /// Its fields.
    pub fields: &'static [FormField],
}

const fn needed(name: &'static str, label: &'static str, holds: Holds, example: &'static str) -> FormField {
    FormField { name, label, holds, needed: true, example }
}

const fn also(name: &'static str, label: &'static str, holds: Holds, example: &'static str) -> FormField {
    FormField { name, label, holds, needed: false, example }
}

use Holds::{Agency, Line, Moment, Note, OneOf, Several, Tick};

const KINDS: &[&str] = &["local", "state", "federal", "task_force", "oversight", "press", "vendor", "parent", "owner"];

/// Every entry that a steward may enter.
pub const FORMS: &[Form] = &[
    Form {
        entry: "announcement",
        title: "Announce an agency",
        about: "Gives public notice. Edges and closures hold at once; access needs a second person's admission after the notice, and an agreement.",
        fields: &[
            needed("agency.id", "Its id", Line, "harbor-police"),
            needed("agency.name", "Its name", Line, "Harbor Police"),
            needed("agency.kind", "What it is", OneOf(KINDS), "local"),
            also("agency.ori", "ORI", Line, "ZZ0090000"),
            also("agency.jurisdiction", "Where it has authority", Line, "the harbor"),
            also("agency.parent", "The agency it is a part of", Agency, ""),
            also("agency.predecessor", "The agency it continues", Agency, ""),
            needed("agency.contact", "Whom to ask about its records", Line, "Watch desk, +1 555-0190"),
        ],
    },
    Form {
        entry: "admission",
        title: "Admit an announced agency",
        about: "By a second person, after the notice.",
        fields: &[needed("agency", "Which", Agency, "harbor-police")],
    },
    Form {
        entry: "edge",
        title: "Connect two agencies, or end a connection",
        about: "Edges are ended, never removed; an end that would free an agency from a closure is refused.",
        fields: &[
            needed("kind", "What it means", OneOf(&["parent", "predecessor"]), "parent"),
            needed("from", "The parent or predecessor", Agency, "city-hall"),
            needed("to", "The child or successor", Agency, "harbor-police"),
            also("ended_at", "Ended at (ends the open edge)", Moment, ""),
        ],
    },
    Form {
        entry: "agreement",
        title: "Record an executed agreement",
        about: "What one owner shares with one agency, partner by partner and data class by data class. The same number again replaces it.",
        fields: &[
            needed("number", "Its number", Line, "A-2026-4"),
            needed("owner", "Whose records", Agency, "pmpd"),
            needed("agency", "For whom", Agency, "harbor-police"),
            needed("kinds", "Data classes", Several, "incident, vehicle"),
            needed("classes", "Field classes", Several, "operational, place"),
            needed("purposes", "For which purposes", Several, "criminal_investigation"),
            needed("use_codes", "For which use codes", Several, "C"),
            needed("from", "From", Moment, "2026-01-01T00:00:00Z"),
            also("until", "Until", Moment, "2027-01-01T00:00:00Z"),
            needed("document", "SHA-256 of the signed document", Line, "9f86d081884c7d65"),
            needed("signatories", "Who signed it, by office", Several, "Chief of Police"),
        ],
    },
    Form {
        entry: "affiliation",
        title: "Declare that somebody also belongs to another agency",
        about: "Cross-designation, deputation, task force, second job. Every current affiliation is on the path of every question; it stands in the public log as a commitment only. The same account, agency and beginning again, with an end, ends it.",
        fields: &[
            needed("account", "Whose account", Line, "officer-7"),
            needed("agency", "To which agency", Agency, "harbor-police"),
            needed("from", "From", Moment, "2026-01-01T00:00:00Z"),
            also("until", "Until", Moment, ""),
        ],
    },
    Form {
        entry: "attestation",
        title: "Attest that all your affiliations are declared",
        about: "Everybody for themselves, every year; whoever wears two hats and has not attested is asked to.",
        fields: &[],
    },
    Form {
        entry: "task_force",
        title: "Date and scope a task force",
        about: "A task force has an agency of its own. It never widens a member: whoever asks for it asks for all its members.",
        fields: &[
            needed("agency", "Its own agency, of the kind task_force", Agency, "harbor-task-force"),
            needed("lead", "Which agency leads it", Agency, "pmpd"),
            needed("purposes", "For which purposes", Several, "criminal_investigation"),
            needed("from", "From", Moment, "2026-01-01T00:00:00Z"),
            needed("until", "Until", Moment, "2027-01-01T00:00:00Z"),
            needed("document", "SHA-256 of the signed document", Line, "9f86d081884c7d65"),
        ],
    },
    Form {
        entry: "member",
        title: "Enrol an agency in a task force, or end its membership",
        about: "A cut-off agency is not enrolled. The same agency and beginning again, with an end, ends the membership.",
        fields: &[
            needed("task_force", "Which task force", Agency, "harbor-task-force"),
            needed("agency", "Which agency", Agency, "county-sheriff"),
            needed("from", "From", Moment, "2026-01-01T00:00:00Z"),
            also("until", "Until", Moment, ""),
        ],
    },
    Form {
        entry: "vendor",
        title: "Engage a vendor",
        about: "Maintenance or a pilot. A vendor's accounts are under the same rules as everybody's; without an engagement in force they open nothing. Every owner sees it.",
        fields: &[
            needed("number", "The contract's number", Line, "V-2026-1"),
            needed("vendor", "Which vendor", Agency, "records-vendor"),
            needed("owner", "Which owner engages it", Agency, "pmpd"),
            needed("work", "For what", Line, "Maintenance of the records system"),
            needed("from", "From", Moment, "2026-01-01T00:00:00Z"),
            needed("until", "Until", Moment, "2027-01-01T00:00:00Z"),
            needed("document", "SHA-256 of the signed contract", Line, "9f86d081884c7d65"),
        ],
    },
    Form {
        entry: "purpose",
        title: "Declare a purpose, hold it or deny it",
        about: "A purpose that is denied stays denied. A held one waits for a second person, question by question.",
        fields: &[
            needed("code", "Its code", Line, "criminal_investigation"),
            needed("title", "In words", Line, "Criminal investigation"),
            also("denied", "Denied to every agency, on which legal basis", Line, ""),
            also("held", "Held for a second person, on which legal basis", Line, ""),
        ],
    },
    Form {
        entry: "use_code",
        title: "Declare a use code",
        about: "The NCIC purpose codes are the usual set.",
        fields: &[needed("code", "Its code", Line, "C"), needed("title", "In words", Line, "Criminal justice")],
    },
    Form {
        entry: "terms",
        title: "Words that make the system ask back",
        about: "Whole words of a reason that point at an agency that is cut off, or at a denied purpose. Not published: the public log has a commitment only.",
        fields: &[
            needed("number", "Their number", Line, "T-1"),
            also("about", "The agency that they point at", Agency, "frs"),
            also("purpose", "Or the purpose", Line, ""),
            needed("words", "The words and phrases", Several, "frs, removal service"),
        ],
    },
    Form {
        entry: "flow",
        title: "Declare data that leaves by another way",
        about: "Booking prints, hot files, regional hubs, vendor clouds: what leaves, who reads it, and whether a cut-off reaches it.",
        fields: &[
            needed("name", "Its name", Line, "State hot files"),
            needed("fields", "What leaves", Line, "warrants, stolen vehicles"),
            needed("legal_basis", "On which legal basis", Line, "State code 7-12"),
            needed("readers", "Who is known to read it", Several, "state-police"),
            needed("reached", "A cut-off reaches it", Tick, "no"),
            needed("note", "What that means, in a sentence", Line, "The state decides who reads its files."),
        ],
    },
    Form {
        entry: "key",
        title: "Make a person's signing key known",
        about: "For your own agency. One key a person; two persons' keys sign an order over your records.",
        fields: &[
            needed("holder", "Whose account", Line, "counsel"),
            needed("agency", "For which agency", Agency, "pmpd"),
            needed("verifier", "The verifier key", Line, "port-meridian/counsel+2c8f1a90+AQ=="),
        ],
    },
    Form {
        entry: "key_end",
        title: "End a signing key",
        about: "Lost, stolen, rotated, left. A founding key ends by a succession instead.",
        fields: &[needed("holder", "Whose account", Line, "counsel"), needed("reason", "Why", Line, "rotated")],
    },
    Form {
        entry: "suspension",
        title: "Suspend an agency, an account or a device",
        about: "One key, at once, for at most 14 days. `openclear register suspend` writes the text and signs it.",
        fields: &[needed("note", "The signed note", Note, "OpenCLEAR suspension, version 1\n…\n\n— …\n")],
    },
    Form {
        entry: "suspension_end",
        title: "End a suspension early",
        about: "It ends at that moment, never before now.",
        fields: &[needed("number", "Which", Line, "S-2026-1"), needed("at", "When", Moment, "2026-01-05T00:00:00Z")],
    },
    Form {
        entry: "succession",
        title: "Replace a founding key",
        about: "By the word of the other founders. `openclear register succeed` writes the text.",
        fields: &[needed("note", "The signed note", Note, "OpenCLEAR founding key succession, version 1\n…\n\n— …\n")],
    },
    Form {
        entry: "cut_off",
        title: "Cut an agency off",
        about: "Two keys of different persons, permanent. It is drafted and looked at first, on a page of its own.",
        fields: &[needed("note", "The signed note", Note, "OpenCLEAR cut-off order, version 1\n…\n\n— …\n— …\n")],
    },
    Form {
        entry: "ending",
        title: "End a cut-off by the founding quorum",
        about: "Only where the founding document gives that power, and after the notice that it fixes. The order stays in the register for ever.",
        fields: &[needed("note", "The signed note", Note, "OpenCLEAR ending of a cut-off, version 1\n…\n\n— …\n— …\n")],
    },
];

/// What was filled in does not make an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadForm {
    /// No such form.
    #[error("there is no entry `{0}`; the register's page lists those that there are")]
    Unknown(String),
    /// A field that the entry needs is empty.
    #[error("{0}: is empty")]
    Missing(&'static str),
    /// What was filled in does not read.
    #[error("{0}")]
    Unreadable(String),
}

/// The form of an entry.
pub fn form(entry: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.entry == entry)
}

impl Form {
    /// The entry that was filled in; `said` gives what stands in a field.
    ///
    /// # Errors
    /// The field that is missing or does not read.
    pub fn entry(&self, said: impl Fn(&str) -> Option<String>) -> Result<Entry, BadForm> {
        let mut all = Map::from_iter([("entry".to_owned(), Value::from(self.entry))]);
        for field in self.fields {
            let text = said(field.name).filter(|text| !text.trim().is_empty());
            let value = match (field.holds, text) {
                (Holds::Tick, text) => Value::from(text.is_some_and(|text| !matches!(text.trim(), "no" | "false"))),
                (_, None) if field.needed => return Err(BadForm::Missing(field.label)),
                (_, None) => continue,
                (Holds::Note, Some(text)) => Value::from(text.replace("\r\n", "\n")),
                (Holds::Several, Some(text)) => {
                    let parts = text.split(['\n', ',']).map(str::trim).filter(|part| !part.is_empty());
                    Value::from_iter(parts)
                }
                (Holds::Moment, Some(text)) if text.trim().len() == 10 => {
                    Value::from(format!("{}T00:00:00Z", text.trim()))
                }
                (_, Some(text)) => Value::from(text.trim()),
            };
            put(&mut all, field.name, value);
        }
        serde_json::from_value(Value::Object(all)).map_err(|error| BadForm::Unreadable(error.to_string()))
    }

    /// The entry filled in with its examples, to be changed.
    pub fn example(&self) -> Value {
        let mut all = Map::from_iter([("entry".to_owned(), Value::from(self.entry))]);
        for field in self.fields.iter().filter(|field| !field.example.is_empty()) {
            let value = match field.holds {
                Holds::Several => Value::from_iter(field.example.split(',').map(str::trim)),
                Holds::Tick => Value::from(field.example == "yes"),
                _ => Value::from(field.example),
            };
            put(&mut all, field.name, value);
        }
        Value::Object(all)
    }
}

fn put(all: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        None => drop(all.insert(name.to_owned(), value)),
        Some((outer, inner)) => {
            let below = all.entry(outer.to_owned()).or_insert_with(|| Value::Object(Map::new()));
            if let Some(below) = below.as_object_mut() {
                put(below, inner, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_makes_its_entry() {
        for form in FORMS {
            let said =
                |name: &str| form.fields.iter().find(|field| field.name == name).map(|field| field.example.to_owned());
            let entry = form.entry(said).expect(form.entry);
            assert_eq!(entry.name(), form.entry);
            let example: Entry = serde_json::from_value(form.example()).expect(form.entry);
            assert_eq!(example, entry);
        }
    }

    #[test]
    fn a_form_says_which_field_is_missing() {
        let form = form("admission").expect("a form");
        assert_eq!(form.entry(|_| None), Err(BadForm::Missing("Which")));
        assert!(matches!(form.entry(|_| Some("No Agency".into())), Err(BadForm::Unreadable(_))));
    }
}
