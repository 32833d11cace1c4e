//! Weights and rarities that are declared, and so tell nothing of any record.
//!
//! In:    `data/declared-model.json`, `data/name-shares.txt`.
//! Out:   [`Declared`].
//! Never: counts records: a weight that came from the records of a city would tell an asker of records that it may not see.

use std::sync::LazyLock;

use hashbrown::HashMap;

use crate::model::Model;
use crate::role::Role;

/// Declared weights, and how common names are.
pub(crate) struct Declared {
    pub(crate) model: Model,
    given: HashMap<&'static str, f32>,
    surname: HashMap<&'static str, f32>,
}

/// ln(1 / share) of a name that is in no list: one of a hundred thousand.
const RARE_NAME: f32 = 11.5;
/// Of a day among the days on which living people were born.
const DAY: f32 = 10.2;
/// Of an identity number. An owner gave it out and another may have given out the same: so it counts as one of ten thousand.
const NUMBER: f32 = 9.2;

/// ln of the odds that two records are one person, before any evidence: one of three million, the people of a large city.
const PRIOR: f32 = -14.9;

/// What this build declares.
pub(crate) fn shipped() -> &'static Declared {
    static SHIPPED: LazyLock<Declared> = LazyLock::new(|| {
        let (mut given, mut surname) = (HashMap::new(), HashMap::new());
        for line in include_str!("../data/name-shares.txt").lines().filter(|line| !line.starts_with('#')) {
            let mut parts = line.split(' ');
            let (Some(part), Some(name), Some(share)) = (parts.next(), parts.next(), parts.next()) else { continue };
            let share: f32 = share.parse().unwrap_or(1.0);
            let ln = (100_000.0 / share.max(1.0)).ln();
            if part == "G" {
                given.insert(name, ln)
            } else {
                surname.insert(name, ln)
            };
        }
        let text = include_str!("../data/declared-model.json");
        // A build whose model does not read links nothing but what people judged; a test reads it.
        let model = Model::from_json(text).unwrap_or_else(|_| Model::silent());
        let model = Model { ln_same: model.ln_same.min(PRIOR), ..model };
        Declared { model, given, surname }
    });
    &SHIPPED
}

impl Declared {
    /// ln(1 / share) of a value.
    pub(crate) fn ln(&self, role: Role, value: &[u8]) -> f32 {
        let name = |of: &HashMap<&'static str, f32>| {
            std::str::from_utf8(value).ok().and_then(|name| of.get(name)).copied().unwrap_or(RARE_NAME)
        };
        match role {
            Role::GivenName => name(&self.given),
            Role::Surname => name(&self.surname),
            Role::DateOfBirth => DAY,
            _ => NUMBER,
        }
    }
}
