//! Labels say who may see a record; field classes say which of its fields. Data, no authority.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AgencyId, Kind};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];
            /// The words of all values, in the same order.
            pub const WORDS: &'static [&'static str] = &[$($word,)*];

            /// The word used in APIs, rules and pages.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }

            /// The value of that word.
            pub fn from_word(word: &str) -> Option<$name> {
                match word { $($word => Some($name::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl crate::FieldValue for $name {
            const TYPE: crate::FieldType = crate::FieldType::Code($name::WORDS);
        }
    };
}
pub(crate) use words;

words! {
    /// What a field tells. A rule opens classes, never single fields.
    FieldClass {
        /// What happened, when, its status and codes, beat and block.
        Operational = "operational",
        /// Exact address and coordinates of an event.
        Place = "place",
        /// Names, dates of birth, numbers and plates that identify.
        Identity = "identity",
        /// Where somebody lives and how to reach them.
        Contact = "contact",
        /// Physical description.
        Biometric = "biometric",
        /// Free text.
        Narrative = "narrative",
        /// What the law protects: victims of certain offences, juveniles, protected addresses.
        Protected = "protected",
        /// Where the record came from and who entered it.
        Source = "source",
    }
}

words! {
    /// What the owner allows others to notice of a record.
    Handling {
        /// Shared under the agreements.
        White = "white",
        /// A pointer: whom to ask, nothing else.
        Gray = "gray",
        /// No sign of a hit.
        Black = "black",
    }
}

words! {
    /// What the owner of a black record lets an asker be told who would have hit it: how to act, never why. Closed
    /// words, because free ones would be content.
    Caution {
        /// Approach with caution.
        Approach = "approach_with_caution",
        /// Call the owner's duty desk before acting.
        CallFirst = "call_before_acting",
    }
}

impl Caution {
    /// The sentence on the asker's screen.
    pub const fn sentence(self) -> &'static str {
        match self {
            Caution::Approach => "Approach with caution.",
            Caution::CallFirst => "Call the duty desk before you act.",
        }
    }
}

words! {
    /// Circumstances that rules may close a record for.
    Caveat {
        /// Concerns a person under 18 at the event.
        Juvenile = "juvenile",
        /// Sealed by a court or by law.
        Sealed = "sealed",
        /// Concerns a victim whose identity the law protects.
        ProtectedVictim = "protected_victim",
        /// Criminal intelligence (28 CFR Part 23).
        Intelligence = "intelligence",
        /// Part of an open investigation.
        OpenInvestigation = "open_investigation",
    }
}

words! {
    /// What stands behind a hot-file entry (GR19): only a judge's signature is a ground for arrest.
    Instrument {
        /// An arrest warrant signed by a judge.
        JudicialWarrant = "judicial_warrant",
        /// An order of protection.
        ProtectionOrder = "protection_order",
        /// A theft report.
        Stolen = "stolen",
        /// A missing person report.
        Missing = "missing",
        /// A warrant or order of an administrative body, signed by no judge.
        Administrative = "administrative",
        /// A civil order.
        Civil = "civil",
        /// A request of an agency to hold a person.
        Detainer = "detainer",
    }
}

words! {
    /// How an asker stands to a single record, where its label does not say enough. Facts of the ledger, never claims.
    Relation {
        /// None in particular.
        Any = "any",
        /// The asker filed it.
        Author = "author",
        /// The asker is assigned to the incident that it belongs to.
        Assigned = "assigned",
        /// The asker supervises who is assigned to it.
        Supervisor = "supervisor",
        /// The record was referred to the asker's agency.
        Recipient = "recipient",
        /// The record is about the asker.
        Subject = "subject",
    }
}

#[expect(clippy::derivable_impls, reason = "the words macro has no place for a default variant")]
impl Default for Relation {
    fn default() -> Relation {
        Relation::Any
    }
}

impl Instrument {
    /// What an officer does on a hit (GR19). An instrument that no judge signed is never a ground for arrest.
    pub const fn action(self) -> &'static str {
        match self {
            Instrument::JudicialWarrant | Instrument::ProtectionOrder | Instrument::Stolen => "confirm first",
            Instrument::Missing => "information",
            Instrument::Administrative | Instrument::Civil | Instrument::Detainer => "no action",
        }
    }

    /// The instrument in words.
    pub const fn title(self) -> &'static str {
        match self {
            Instrument::JudicialWarrant => "judicial warrant",
            Instrument::ProtectionOrder => "order of protection",
            Instrument::Stolen => "stolen",
            Instrument::Missing => "missing",
            Instrument::Administrative => "administrative instrument",
            Instrument::Civil => "civil instrument",
            Instrument::Detainer => "detainer",
        }
    }
}

/// Who owns a record and how it may be handled. Rules read labels, never contents.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The agencies whose rules must all open the record.
    pub owners: BTreeSet<AgencyId>,
    /// What the record is.
    pub kind: Kind,
    /// White, gray or black.
    pub handling: Handling,
    /// Circumstances, in order.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub caveats: BTreeSet<Caveat>,
    /// What stands behind a hot-file entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<Instrument>,
}

impl Label {
    /// A white label of one owner.
    pub fn of(owner: AgencyId, kind: Kind) -> Label {
        Label {
            owners: BTreeSet::from([owner]),
            kind,
            handling: Handling::White,
            caveats: BTreeSet::new(),
            instrument: None,
        }
    }

    /// INVARIANT (a part is at least as strict as its whole): this label, tightened to its whole's.
    #[must_use]
    pub fn within(mut self, whole: &Label) -> Label {
        self.owners.extend(whole.owners.iter().cloned());
        self.handling = self.handling.max(whole.handling);
        self.caveats.extend(whole.caveats.iter().copied());
        self
    }

    /// Whether what has this label may be in a set for everybody: an incident, white, without any caveat, and somebody's.
    /// A ceiling under the grant of everybody (`clear_policy::publish`), not instead of it.
    pub fn is_publishable(&self) -> bool {
        self.kind == Kind::Incident
            && self.handling == Handling::White
            && self.caveats.is_empty()
            && !self.owners.is_empty()
    }

    /// Whether this label is at least as strict as `whole`.
    pub fn is_within(&self, whole: &Label) -> bool {
        self.owners.is_superset(&whole.owners)
            && self.handling >= whole.handling
            && self.caveats.is_superset(&whole.caveats)
    }
}

/// A label's number, the same on every node because the ledger gives it in the filing's own transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LabelId(pub u32);

/// A set of labels as a bitmap.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct LabelSet(Box<[u64]>);

impl LabelSet {
    /// The empty set: reads nothing.
    pub fn empty() -> LabelSet {
        LabelSet::default()
    }

    /// Whether the label is in the set. A label that the set has never heard of is not.
    pub fn contains(&self, label: LabelId) -> bool {
        self.0.get(label.0 as usize / 64).is_some_and(|word| word >> (label.0 % 64) & 1 == 1)
    }

    /// Whether nothing is in the set.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// How many labels are in the set.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The labels in order.
    pub fn iter(&self) -> impl Iterator<Item = LabelId> + '_ {
        (0..self.0.len() as u32 * 64).map(LabelId).filter(|label| self.contains(*label))
    }

    /// Whether every label of this set is in the other.
    pub fn is_subset(&self, other: &LabelSet) -> bool {
        let word = |at: usize| other.0.get(at).copied().unwrap_or(0);
        self.0.iter().enumerate().all(|(at, own)| own & !word(at) == 0)
    }

    /// The labels in either set.
    #[must_use]
    pub fn union(&self, other: &LabelSet) -> LabelSet {
        let len = self.0.len().max(other.0.len());
        let word = |set: &LabelSet, at: usize| set.0.get(at).copied().unwrap_or(0);
        LabelSet((0..len).map(|at| word(self, at) | word(other, at)).collect())
    }
}

impl From<Vec<u64>> for LabelSet {
    /// The set whose bitmap this is: label 0 is the lowest bit of the first word.
    fn from(mut words: Vec<u64>) -> LabelSet {
        // Sets are compared word by word, so that none ends with empty ones.
        let used = words.iter().rposition(|word| *word != 0).map_or(0, |last| last + 1);
        words.truncate(used);
        LabelSet(words.into())
    }
}

impl FromIterator<LabelId> for LabelSet {
    fn from_iter<I: IntoIterator<Item = LabelId>>(labels: I) -> LabelSet {
        let mut words: Vec<u64> = Vec::new();
        for LabelId(label) in labels {
            let at = label as usize / 64;
            if words.len() <= at {
                words.resize(at + 1, 0);
            }
            if let Some(word) = words.get_mut(at) {
                *word |= 1 << (label % 64);
            }
        }
        LabelSet(words.into())
    }
}

impl fmt::Debug for LabelSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|label| label.0)).finish()
    }
}

/// One value for each [`FieldClass`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PerClass<T>([T; FieldClass::ALL.len()]);

impl<T> PerClass<T> {
    /// Makes each value from its class.
    pub fn from_fn(mut make: impl FnMut(FieldClass) -> T) -> PerClass<T> {
        PerClass(std::array::from_fn(|at| make(FieldClass::ALL.get(at).copied().unwrap_or(FieldClass::Protected))))
    }

    /// Of one value for each class, in the order of [`FieldClass::ALL`]; `None` where there are more or fewer.
    pub fn from_each(values: Vec<T>) -> Option<PerClass<T>> {
        values.try_into().ok().map(PerClass)
    }

    /// The classes with their values.
    pub fn iter(&self) -> impl Iterator<Item = (FieldClass, &T)> {
        FieldClass::ALL.iter().copied().zip(&self.0)
    }
}

impl<T> std::ops::Index<FieldClass> for PerClass<T> {
    type Output = T;
    #[expect(clippy::indexing_slicing, reason = "the array has one place for each class")]
    fn index(&self, class: FieldClass) -> &T {
        &self.0[class as usize]
    }
}

impl<T> std::ops::IndexMut<FieldClass> for PerClass<T> {
    #[expect(clippy::indexing_slicing, reason = "the array has one place for each class")]
    fn index_mut(&mut self, class: FieldClass) -> &mut T {
        &mut self.0[class as usize]
    }
}

/// Which labels an asker may read, field class by field class. A value of class *c* exists for the asker only where
/// the record's label is in `class[c]`; labels in `pointer` show whom to ask and nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Reach {
    /// Labels of which only the owner is shown.
    pub pointer: LabelSet,
    /// Labels by readable field class.
    pub class: PerClass<LabelSet>,
}

impl Reach {
    /// Reads nothing.
    pub fn nothing() -> Reach {
        Reach::default()
    }

    /// Whether a field of this class on a record with this label exists for the asker.
    pub fn opens(&self, class: FieldClass, label: LabelId) -> bool {
        self.class[class].contains(label)
    }

    /// Whether some field of a record with this label exists for the asker.
    pub fn opens_any(&self, label: LabelId) -> bool {
        self.class.iter().any(|(_, set)| set.contains(label))
    }

    /// Whether everything that this reach opens, the other one opens too.
    pub fn is_within(&self, other: &Reach) -> bool {
        self.pointer.is_subset(&other.pointer)
            && self.class.iter().all(|(class, set)| set.is_subset(&other.class[class]))
    }

    /// Whether the asker may notice a record with this label at all: some class is open, or a pointer.
    pub fn shows(&self, label: LabelId) -> bool {
        self.pointer.contains(label) || self.class.iter().any(|(_, set)| set.contains(label))
    }

    /// Whether nothing can be seen.
    pub fn is_nothing(&self) -> bool {
        self.pointer.is_empty() && self.class.iter().all(|(_, set)| set.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_at_least_as_strict_as_its_whole() {
        let [a, b]: [AgencyId; 2] = ["a", "b"].map(|name| name.parse().expect("a good id"));
        let mut whole = Label::of(a, Kind::Incident);
        whole.handling = Handling::Black;
        whole.caveats.insert(Caveat::Sealed);
        let part = Label::of(b, Kind::Narrative);
        assert!(!part.is_within(&whole));
        assert!(part.within(&whole).is_within(&whole));
    }

    #[test]
    fn gr19_an_instrument_that_no_judge_signed_is_never_a_ground_for_arrest() {
        let action = |instrument: &Instrument| format!("{}: {}", instrument.title(), instrument.action());
        let actions: Vec<String> = Instrument::ALL.iter().map(action).collect();
        assert_eq!(
            actions,
            [
                "judicial warrant: confirm first",
                "order of protection: confirm first",
                "stolen: confirm first",
                "missing: information",
                "administrative instrument: no action",
                "civil instrument: no action",
                "detainer: no action",
            ]
        );
    }

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let set: LabelSet = [0, 63, 64, 1000].map(LabelId).into_iter().collect();
        assert_eq!(set.len(), 4);
        assert_eq!(set.iter().map(|label| label.0).collect::<Vec<_>>(), [0, 63, 64, 1000]);
        assert!(!set.contains(LabelId(1)));
        assert!(!set.contains(LabelId(u32::MAX)));
        let other: LabelSet = [LabelId(5)].into_iter().collect();
        assert_eq!(set.union(&other).len(), 5);
        assert!(set.is_subset(&set.union(&other)) && !set.union(&other).is_subset(&set));
        assert!(LabelSet::empty().is_subset(&set) && !set.is_subset(&LabelSet::empty()));
    }

    #[test]
    fn twenty_thousand_labels_fit_a_set() {
        let all: LabelSet = (0..20_000).map(LabelId).collect();
        assert_eq!((all.len(), all.iter().count()), (20_000, 20_000));
        let odd: LabelSet = (0..20_000).filter(|label| label % 2 == 1).map(LabelId).collect();
        assert!(odd.is_subset(&all) && !all.is_subset(&odd));
        assert!((0..20_000).all(|label| odd.contains(LabelId(label)) == (label % 2 == 1)));
        assert!(!all.contains(LabelId(20_000)));
    }
}
