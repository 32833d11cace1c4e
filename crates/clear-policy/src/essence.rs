//! What of a question and a label a verdict can depend on. Equal essences are judged alike.
//!
//! In:    a [`Slice`], a [`Label`], and what the rules can read ([`Reads`]).
//! Out:   an [`Essence`]: the key under which a verdict may be remembered for every question that is like this one.
//! Never: leaves out something that a rule can read; where that is not known, everything counts ([`Reads::everything`]).
//!
//! # Why equal essences are judged alike
//! Rules are expressions over the attributes of a question and a label. Three things cannot change what one says:
//!
//! 1. *An attribute that it does not read.* It is left out.
//! 2. *Which of several words it was, where the rule names none of them.* Roles, caveats, classes and the like have no
//!    attributes and no ancestors; a rule can compare one with a word that it names, or look a named word up in a set.
//!    Each list of words fills one attribute only, so that two unnamed ones are never compared with each other. Unnamed
//!    words are therefore one word, "another".
//! 3. *What an agency is called, where the rule names no agency.* An agency has no attributes and no ancestors either; all
//!    that a rule can see is which of the question's sets hold it, and whether it is the asker's own. Take all agencies
//!    with the same answer as one. Every set of the question is then a union of such groups, the asker's own agency is a
//!    group by itself, and so `contains`, `containsAll`, `containsAny`, `isEmpty` and `==` say the same of the groups as of
//!    the agencies; nothing in the language counts the members of a set.
//!
//! A test compares it with judging plainly, over random questions, labels and rules.

use std::collections::BTreeSet;

use clear_record::{AgencyId, Caveat, FieldClass, Handling, Instrument, Kind, Label, Purpose, Relation, Role, UseCode};

use crate::Slice;

/// Which words of a list a rule names, as bits in the list's order; `None`: it does not read the attribute at all.
pub type Named = Option<u32>;

/// What rules can read, found without running them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reads {
    /// Whether some rule names an agency, so that agencies must be told apart by their names.
    pub agencies_by_name: bool,
    /// The sets of agencies that are read: bits in the order of [`Reads::SETS`].
    pub sets: u16,
    /// The kind of the asker's agency. Its words are not numbered here: read or not.
    pub agency_kind: bool,
    /// The asker's roles.
    pub roles: Named,
    /// The purpose's text.
    pub purpose: bool,
    /// Whether the purpose is denied.
    pub purpose_denied: bool,
    /// The use code's text.
    pub use_code: bool,
    /// Whether there is an emergency.
    pub emergency: bool,
    /// How the asker stands to the record.
    pub relation: Named,
    /// The field classes that agreements open.
    pub agreed: Named,
    /// What the record is.
    pub kind: Named,
    /// Its handling.
    pub handling: Named,
    /// Its caveats.
    pub caveats: Named,
    /// Its instrument.
    pub instrument: Named,
}

impl Reads {
    /// The sets of agencies by the names that rules use, and the two places beside them where an agency stands.
    pub const SETS: [&'static str; 9] =
        ["agency", "path", "affiliations", "task_force", "beneficiaries", "relays", "recipients", "closed", "owners"];

    /// Nothing at all: what a rule reads is added to it.
    pub const fn nothing() -> Reads {
        Reads {
            agencies_by_name: false,
            sets: 0,
            agency_kind: false,
            roles: None,
            purpose: false,
            purpose_denied: false,
            use_code: false,
            emergency: false,
            relation: None,
            agreed: None,
            kind: None,
            handling: None,
            caveats: None,
            instrument: None,
        }
    }

    /// Everything: what is true of any rules.
    pub const fn everything() -> Reads {
        const ALL: Named = Some(u32::MAX);
        Reads {
            agencies_by_name: true,
            sets: u16::MAX,
            agency_kind: true,
            roles: ALL,
            purpose: true,
            purpose_denied: true,
            use_code: true,
            emergency: true,
            relation: ALL,
            agreed: ALL,
            kind: ALL,
            handling: ALL,
            caveats: ALL,
            instrument: ALL,
        }
    }

    /// What either reads.
    #[must_use]
    pub fn and(&self, other: &Reads) -> Reads {
        let either = |a: Named, b: Named| match (a, b) {
            (None, only) | (only, None) => only,
            (Some(a), Some(b)) => Some(a | b),
        };
        Reads {
            agencies_by_name: self.agencies_by_name || other.agencies_by_name,
            sets: self.sets | other.sets,
            agency_kind: self.agency_kind || other.agency_kind,
            roles: either(self.roles, other.roles),
            purpose: self.purpose || other.purpose,
            purpose_denied: self.purpose_denied || other.purpose_denied,
            use_code: self.use_code || other.use_code,
            emergency: self.emergency || other.emergency,
            relation: either(self.relation, other.relation),
            agreed: either(self.agreed, other.agreed),
            kind: either(self.kind, other.kind),
            handling: either(self.handling, other.handling),
            caveats: either(self.caveats, other.caveats),
            instrument: either(self.instrument, other.instrument),
        }
    }
}

/// What a verdict can depend on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Essence {
    asker: Asker,
    parties: Parties,
    agreed: u32,
    shape: Shape,
}

impl Essence {
    /// What rules that read so much can see of a question and a label.
    pub fn of(slice: &Slice, label: &Label, reads: &Reads) -> Essence {
        Essence {
            asker: Asker::of(slice, reads),
            parties: Parties::of(slice, &label.owners, reads),
            agreed: seen(classes(&slice.agreed), reads),
            shape: Shape::of(label, reads),
        }
    }

    /// What rules that read less can see of it.
    ///
    /// `None` where they read more, or agencies by name: then it must be made of the question itself.
    #[must_use]
    pub fn seen_by(&self, reads: &Reads) -> Option<Essence> {
        let Parties::Held(held) = &self.parties else { return None };
        if reads.agencies_by_name {
            return None;
        }
        let mut held: Vec<u16> = held.iter().map(|bits| bits & reads.sets).filter(|bits| *bits != 0).collect();
        held.sort_unstable();
        held.dedup();
        let narrowed = |bits: u32, named: Named| match named {
            None => 0,
            Some(named) => bits & named | u32::from(bits & !named != 0) << ANOTHER,
        };
        let (asker, shape) = (&self.asker, &self.shape);
        Some(Essence {
            asker: Asker {
                agency_kind: asker.agency_kind.filter(|_| reads.agency_kind),
                roles: narrowed(asker.roles, reads.roles),
                purpose: asker.purpose.clone().filter(|_| reads.purpose),
                use_code: asker.use_code.clone().filter(|_| reads.use_code),
                purpose_denied: asker.purpose_denied && reads.purpose_denied,
                emergency: asker.emergency && reads.emergency,
                relation: narrowed(asker.relation, reads.relation),
            },
            parties: Parties::Held(held.into()),
            agreed: narrowed(self.agreed, reads.agreed),
            shape: Shape {
                kind: narrowed(shape.kind, reads.kind),
                handling: narrowed(shape.handling, reads.handling),
                caveats: narrowed(shape.caveats, reads.caveats),
                instrument: narrowed(shape.instrument, reads.instrument),
            },
        })
    }
}

/// What of the asker and its inquiry, beside the agencies.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Asker {
    agency_kind: Option<&'static str>,
    roles: u32,
    purpose: Option<Purpose>,
    use_code: Option<UseCode>,
    purpose_denied: bool,
    emergency: bool,
    relation: u32,
}

impl Asker {
    pub(crate) fn of(slice: &Slice, reads: &Reads) -> Asker {
        Asker {
            agency_kind: slice.agency_kind.filter(|_| reads.agency_kind),
            roles: several(slice.roles.iter().map(|role| *role as u32), reads.roles),
            purpose: slice.purpose.clone().filter(|_| reads.purpose),
            use_code: slice.use_code.clone().filter(|_| reads.use_code),
            purpose_denied: slice.purpose_denied && reads.purpose_denied,
            emergency: slice.emergency && reads.emergency,
            relation: one(Some(slice.relation as u32), reads.relation),
        }
    }
}

/// The agencies of question and label: by the sets that hold them, or by name where a rule names one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Parties {
    /// Which combinations of sets there are that hold some agency, in order.
    Held(Box<[u16]>),
    /// Every set by its members.
    Named(Box<[Vec<AgencyId>; Reads::SETS.len()]>),
}

impl Parties {
    pub(crate) fn of(slice: &Slice, owners: &BTreeSet<AgencyId>, reads: &Reads) -> Parties {
        let sets = [
            &slice.path,
            &slice.affiliations,
            &slice.task_force,
            &slice.beneficiaries,
            &slice.relays,
            &slice.recipients,
            &slice.closed,
            owners,
        ];
        if reads.agencies_by_name {
            let named = sets.map(|set| set.iter().cloned().collect::<Vec<_>>());
            let [path, affiliations, task_force, beneficiaries, relays, recipients, closed, owners] = named;
            let home = slice.agency.iter().cloned().collect();
            return Parties::Named(Box::new([
                home,
                path,
                affiliations,
                task_force,
                beneficiaries,
                relays,
                recipients,
                closed,
                owners,
            ]));
        }
        let held_by = |agency: &AgencyId| -> u16 {
            let home = u16::from(slice.agency.as_ref() == Some(agency));
            let held = sets.iter().enumerate().filter(|(_, set)| set.contains(agency));
            held.fold(home, |bits, (at, _)| bits | 2 << at) & reads.sets
        };
        let all = slice.agency.iter().chain(sets.into_iter().flatten());
        let mut held: Vec<u16> = all.map(held_by).filter(|bits| *bits != 0).collect();
        held.sort_unstable();
        held.dedup();
        Parties::Held(held.into())
    }
}

/// What of the label, beside its owners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    kind: u32,
    handling: u32,
    caveats: u32,
    instrument: u32,
}

impl Shape {
    pub(crate) fn of(label: &Label, reads: &Reads) -> Shape {
        Shape {
            kind: one(Some(label.kind as u32), reads.kind),
            handling: one(Some(label.handling as u32), reads.handling),
            caveats: several(label.caveats.iter().map(|caveat| *caveat as u32), reads.caveats),
            instrument: one(label.instrument.map(|instrument| instrument as u32), reads.instrument),
        }
    }
}

/// The classes that agreements open, as bits.
fn classes(agreed: &BTreeSet<FieldClass>) -> u32 {
    agreed.iter().fold(0, |bits, class| bits | 1 << *class as u32)
}

/// The same, as far as the rules can tell them apart.
pub(crate) fn seen(classes: u32, reads: &Reads) -> u32 {
    let Some(named) = reads.agreed else { return 0 };
    classes & named | u32::from(classes & !named != 0) << ANOTHER
}

/// Stands for every word that no rule names.
const ANOTHER: u32 = 31;

// Words are numbered by their place in their lists, which must leave the last bit free.
const _: () = assert!(
    Role::ALL.len() < ANOTHER as usize
        && Relation::ALL.len() < ANOTHER as usize
        && FieldClass::ALL.len() < ANOTHER as usize
        && Kind::ALL.len() < ANOTHER as usize
        && Handling::ALL.len() < ANOTHER as usize
        && Caveat::ALL.len() < ANOTHER as usize
        && Instrument::ALL.len() < ANOTHER as usize
);

/// A word among those that are named: its bit, the bit of all others, or nothing where there is none or nobody reads it.
fn one(word: Option<u32>, named: Named) -> u32 {
    several(word.into_iter(), named)
}

/// A set of words, likewise.
fn several(words: impl Iterator<Item = u32>, named: Named) -> u32 {
    let Some(named) = named else { return 0 };
    words.fold(0, |bits, word| bits | if named >> word & 1 == 1 { 1 << word } else { 1 << ANOTHER })
}
