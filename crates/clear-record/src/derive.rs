//! Which caveats a record has by law, from offence, part and age at the event: the one table.
//!
//! In:    an event ([`Incident`], involvement, arrest or stop) with its incident and person, where they are known.
//! Out:   caveats, each with the [`Rule`] that asks for it and on which records it stands.
//! Never: takes a caveat away; looks at anything but these facts.
//!
//! # How
//! The write road asks at each filing, for every event that the filing touches, and again when a fact changes: another
//! offence code, a corrected date of birth, another part. The rules' ids stay in the version's provenance.
//!
//! # Change here
//! A rule: a line of [`RULES`]. Which codes are which offence: [`Offences`].

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::{Caveat, Incident, Iucr, Offence, Part, Person, Record};

/// On which records a rule's caveat stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum On {
    /// The involvement, arrest or stop itself.
    Event,
    /// The record of the person that it names.
    Person,
    /// The reports of the incident: their words speak of everybody in it.
    Report,
}

/// A class of offences, by the codes that stand in records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offences {
    /// Whatever it was.
    Any,
    /// One of these.
    Of {
        /// Primary types of the IUCR table, and how older files of the city spell them.
        primary: &'static [&'static str],
        /// FBI summary and NIBRS codes.
        fbi: &'static [&'static str],
    },
}

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its id, which stays in the provenance of what it closed. Never given to another rule.
    pub id: &'static str,
    /// Which offences.
    pub offences: Offences,
    /// Which parts in the event; every person's if empty. An arrest or a stop counts as [`Part::Offender`].
    pub parts: &'static [Part],
    /// Only under this age at the event, years.
    pub under_years: Option<u16>,
    /// The caveat.
    pub caveat: Caveat,
    /// On which records it stands.
    pub on: &'static [On],
    /// On which basis.
    pub basis: &'static str,
}

const SEXUAL: Offences = Offences::Of {
    primary: &["CRIMINAL SEXUAL ASSAULT", "CRIM SEXUAL ASSAULT", "SEX OFFENSE"],
    fbi: &["02", "17", "11A", "11B", "11C", "11D", "36A", "36B"],
};
const AGAINST_CHILDREN: Offences = Offences::Of { primary: &["OFFENSE INVOLVING CHILDREN"], fbi: &["20", "90F"] };
const TRAFFICKING: Offences = Offences::Of { primary: &["HUMAN TRAFFICKING"], fbi: &["64A", "64B"] };

const MINOR: &str = "Juvenile Court Act, 705 ILCS 405/1-7 and 5-905: law enforcement records of persons under 18";
const VICTIM: &str = "Rights of Crime Victims and Witnesses Act, 725 ILCS 120/4: privacy of victims of sexual offences";
const CHILD: &str = "Privacy of Child Victims of Criminal Sexual Offenses Act, 725 ILCS 190";
const TRAFFICKED: &str =
    "Trafficking Victims Protection Act, 22 USC 7105(c): names and identifying information of victims";

/// INVARIANT (caveats come from one table): every caveat that follows from facts of a record.
pub const RULES: &[Rule] = &[
    Rule {
        id: "sexual-offence-victim",
        offences: SEXUAL,
        parts: &[Part::Victim],
        under_years: None,
        caveat: Caveat::ProtectedVictim,
        on: &[On::Event, On::Person, On::Report],
        basis: VICTIM,
    },
    Rule {
        id: "child-offence-victim",
        offences: AGAINST_CHILDREN,
        parts: &[Part::Victim],
        under_years: None,
        caveat: Caveat::ProtectedVictim,
        on: &[On::Event, On::Person, On::Report],
        basis: CHILD,
    },
    Rule {
        id: "trafficking-victim",
        offences: TRAFFICKING,
        parts: &[Part::Victim],
        under_years: None,
        caveat: Caveat::ProtectedVictim,
        on: &[On::Event, On::Person, On::Report],
        basis: TRAFFICKED,
    },
    Rule {
        id: "under-18",
        offences: Offences::Any,
        parts: &[],
        under_years: Some(18),
        caveat: Caveat::Juvenile,
        on: &[On::Event, On::Person, On::Report],
        basis: MINOR,
    },
];

/// What the table asks for, given an event. `person` is the one that the event names, `incident` the one that it
/// belongs to; what is not known derives nothing.
///
/// A report of an offence whose victims the law protects is closed before any victim is filed, because its words name
/// them: that is the event of the [`Incident`] itself.
pub fn caveats(
    event: &Record,
    incident: Option<&Incident>,
    person: Option<&Person>,
) -> impl Iterator<Item = &'static Rule> + use<> {
    let facts = facts(event, incident, person);
    RULES.iter().filter(move |rule| facts.as_ref().is_some_and(|facts| facts.meet(rule)))
}

/// What the table reads of an event.
#[derive(Debug)]
struct Facts {
    /// The rules that its offences meet, by place in the table.
    offences: Vec<bool>,
    /// The parts that stand for it.
    parts: BTreeSet<Part>,
    age_years: Option<u16>,
    /// Whether only reports are closed by it.
    reports_only: bool,
}

impl Facts {
    fn meet(&self, rule: &Rule) -> bool {
        let at = RULES.iter().position(|other| other.id == rule.id);
        let offence = at.and_then(|at| self.offences.get(at)).is_some_and(|meets| *meets);
        let part = rule.parts.is_empty() || rule.parts.iter().any(|part| self.parts.contains(part));
        let age = rule.under_years.is_none_or(|under| self.age_years.is_some_and(|age| age < under));
        offence && part && age && (!self.reports_only || rule.on.contains(&On::Report))
    }
}

fn facts(event: &Record, incident: Option<&Incident>, person: Option<&Person>) -> Option<Facts> {
    let (incident, parts, day, said, reports_only) = match event {
        // A victim is taken for granted where the law protects victims of the offence.
        Record::Incident(own) => (Some(own), BTreeSet::from([Part::Victim]), None, None, true),
        Record::Involvement(own) if own.part != Part::Vehicle => {
            let day = incident.map(|incident| incident.occurred_from.date());
            (incident, BTreeSet::from([own.part]), day, own.age_years, false)
        }
        Record::Arrest(own) => (incident, BTreeSet::from([Part::Offender]), Some(own.arrested_at.date()), None, false),
        Record::Stop(own) => (None, BTreeSet::from([Part::Offender]), Some(own.stopped_at.date()), None, false),
        _ => return None,
    };
    let born = person.and_then(|person| person.date_of_birth);
    let counted = born.zip(day).and_then(|(born, day)| age_on(born, day));
    // Where the two differ, the younger one closes: a child is not opened by a typing error.
    let age_years = [said, counted].into_iter().flatten().min();
    let offences = incident.map(|incident| incident.offences.as_slice()).unwrap_or_default();
    let offences = RULES.iter().map(|rule| rule.offences.hold(offences)).collect();
    Some(Facts { offences, parts, age_years, reports_only })
}

impl Offences {
    /// Whether some offence is of this class.
    fn hold(self, offences: &[Offence]) -> bool {
        match self {
            Offences::Any => true,
            Offences::Of { primary, fbi } => offences.iter().any(|offence| {
                let by_table = Iucr::of(&offence.iucr).is_some_and(|row| primary.contains(&row.primary));
                let by_type = primary.iter().any(|word| offence.primary_type.trim().eq_ignore_ascii_case(word));
                let code = |code: &str| fbi.iter().any(|word| code.trim().eq_ignore_ascii_case(word));
                by_table || by_type || offence.fbi_code.as_deref().is_some_and(code) || code(&offence.iucr)
            }),
        }
    }
}

/// Full years between a birth and a day; `None` where the day comes first.
fn age_on(born: Date, day: Date) -> Option<u16> {
    let had_birthday = (day.month(), day.day()) >= (born.month(), born.day());
    u16::try_from(day.year() - born.year() - i16::from(!had_birthday)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    /// What an event of that kind derives, as `caveat by rule`.
    fn derived(kind: Kind, event: &str, iucr: &str, primary: &str, fbi: &str, born: &str) -> Vec<String> {
        let fbi = if fbi.is_empty() { String::new() } else { format!(r#","fbi_code":"{fbi}""#) };
        let incident = format!(
            r#"{{"occurred_from":"2019-06-01T12:00:00","offences":[{{"iucr":"{iucr}","primary_type":"{primary}"{fbi}}}]}}"#
        );
        let Ok(Record::Incident(incident)) = Record::from_bytes(Kind::Incident, incident.as_bytes()) else { panic!() };
        let born = if born.is_empty() { "{}".to_owned() } else { format!(r#"{{"date_of_birth":"{born}"}}"#) };
        let Ok(Record::Person(person)) = Record::from_bytes(Kind::Person, born.as_bytes()) else { panic!() };
        let event = match kind {
            Kind::Incident => Record::Incident(incident.clone()),
            kind => Record::from_bytes(kind, event.as_bytes()).expect("an event"),
        };
        caveats(&event, Some(&incident), Some(&person)).map(|rule| format!("{} by {}", rule.caveat, rule.id)).collect()
    }

    #[test]
    fn gr16_offence_part_and_age_close_a_record() {
        let part =
            |part: &str, age: &str| format!(r#"{{"incident":"inc_00000000000000000000000007","part":"{part}"{age}}}"#);
        let arrest = r#"{"person":"per_00000000000000000000000007","arrested_at":"2019-06-02T01:00:00"}"#;
        let stop = r#"{"stopped_at":"2019-06-02T01:00:00"}"#;
        let victim = "protected_victim by sexual-offence-victim";
        let child = "protected_victim by child-offence-victim";
        let minor = "juvenile by under-18";
        let it = Kind::Involvement;
        for (kind, event, iucr, primary, fbi, born, expected) in [
            // By the table's code, by the type's name, by the FBI's code, by a NIBRS code.
            (it, part("victim", ""), "0261", "", "", "", vec![victim]),
            (it, part("victim", ""), "", "CRIM SEXUAL ASSAULT", "", "", vec![victim]),
            (it, part("victim", ""), "", "sex offense", "", "", vec![victim]),
            (it, part("victim", ""), "", "", "17", "", vec![victim]),
            (it, part("victim", ""), "11A", "", "", "", vec![victim]),
            (it, part("victim", ""), "", "OFFENSE INVOLVING CHILDREN", "", "", vec![child]),
            (it, part("victim", ""), "", "HUMAN TRAFFICKING", "", "", vec!["protected_victim by trafficking-victim"]),
            // Another offence, another part.
            (it, part("victim", ""), "0820", "THEFT", "06", "", vec![]),
            (it, part("suspect", ""), "0261", "", "", "", vec![]),
            (it, part("witness", ""), "0261", "", "", "", vec![]),
            // The age as said, as counted, and the younger of both.
            (it, part("witness", r#","age_years":17"#), "0820", "", "", "", vec![minor]),
            (it, part("witness", r#","age_years":18"#), "0820", "", "", "", vec![]),
            (it, part("offender", ""), "0820", "", "", "2001-06-02", vec![minor]),
            (it, part("offender", ""), "0820", "", "", "2001-06-01", vec![]),
            (it, part("victim", r#","age_years":30"#), "0261", "", "", "2010-01-01", vec![victim, minor]),
            (it, part("vehicle", ""), "0261", "", "", "2010-01-01", vec![]),
            // Arrests and stops by the day on which they were made.
            (Kind::Arrest, arrest.into(), "0820", "", "", "2001-06-03", vec![minor]),
            (Kind::Arrest, arrest.into(), "0820", "", "", "2001-06-02", vec![]),
            (Kind::Stop, stop.into(), "0820", "", "", "2010-01-01", vec![minor]),
            // The incident closes its reports before any victim is filed.
            (Kind::Incident, String::new(), "0261", "", "", "", vec![victim]),
            (Kind::Incident, String::new(), "0820", "THEFT", "06", "", vec![]),
            (Kind::Vehicle, "{}".into(), "0261", "", "", "", vec![]),
        ] {
            assert_eq!(
                derived(kind, &event, iucr, primary, fbi, born),
                expected,
                "{kind} {event} {iucr}{primary}{fbi} {born}"
            );
        }
    }

    #[test]
    fn rules_have_ids_and_bases_of_their_own_and_types_are_in_the_table() {
        let ids: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), RULES.len());
        for rule in RULES {
            assert!(rule.basis.len() > 20 && !rule.on.is_empty(), "{}", rule.id);
            if let Offences::Of { primary, .. } = rule.offences {
                let known = |word: &&&str| crate::IUCR.iter().any(|row| row.primary == **word);
                assert!(primary.iter().any(|word| known(&word)), "{}: no type is in the IUCR table", rule.id);
            }
        }
    }
}
