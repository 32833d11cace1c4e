//! The register and accounts of the demonstration's city, as data: `data/port-meridian/`.

use clear_policy::{Entry, KeyPair, Template};
use clear_record::{AccountId, AgencyId, Role};
use serde::Deserialize;

/// Somebody that the demonstration can sign in as.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Persona {
    /// The part that it plays: `officer`, `partner`, `cut_off` …
    pub persona: String,
    /// The account.
    pub account: AccountId,
    /// Who it is, by office.
    pub name: String,
    /// The home agency.
    pub agency: AgencyId,
    /// What the account is for.
    pub roles: Vec<Role>,
    /// A program's account has a token and no password.
    #[serde(default)]
    pub service: bool,
}

/// The city's register, without keys.
///
/// # Panics
/// Never: the file is part of the crate and a test reads it.
#[expect(clippy::expect_used, reason = "the file is part of the crate and a test reads it")]
pub fn register() -> Template {
    Template::parse(include_str!("../../../data/port-meridian/register.json")).expect("the shipped register reads")
}

/// The city's accounts.
///
/// # Panics
/// Never: the file is part of the crate and a test reads it.
#[expect(clippy::expect_used, reason = "the file is part of the crate and a test reads it")]
pub fn personas() -> Vec<Persona> {
    serde_json::from_str(include_str!("../../../data/port-meridian/accounts.json")).expect("the shipped accounts read")
}

/// Keys for the founders of a template, made of fixed seeds: for tests only.
pub fn fixed_keys(template: &Template) -> Vec<KeyPair> {
    let founders = template.installation.founders.iter().zip(1u8..);
    founders
        .map(|(founder, seed)| {
            KeyPair::from_seed(&template.installation.name, founder.holder.clone(), founder.agency.clone(), &[seed; 32])
        })
        .collect()
}

/// The entries that found the city with [`fixed_keys`].
///
/// # Panics
/// When the shipped register is wrong.
#[expect(clippy::expect_used, reason = "the file is part of the crate and a test founds it")]
pub fn entries() -> Vec<Entry> {
    let template = register();
    template.found(&fixed_keys(&template)).expect("the shipped register founds an installation")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clear_policy::Register;

    #[test]
    fn the_city_is_founded_and_every_account_has_an_agency() {
        let mut register = Register::new();
        for entry in entries() {
            register.apply(&entry).expect("an entry of the shipped register");
        }
        for persona in personas() {
            assert!(register.agency(&persona.agency).is_some(), "{}", persona.account);
        }
    }

    #[test]
    fn the_example_of_2019_cuts_off_the_agency_and_its_units_and_nobody_else() {
        let template = Template::parse(include_str!("../../../examples/chicago-2019/register.json")).expect("it reads");
        let mut register = Register::new();
        for entry in template.found(&fixed_keys(&template)).expect("it founds") {
            register.apply(&entry).expect("an entry");
        }
        let cut: Vec<&str> = register
            .agencies()
            .map(|a| &a.id)
            .filter(|id| register.orders_over(id, jiff::Timestamp::MAX).next().is_some())
            .map(|id| id.as_str())
            .collect();
        assert_eq!(cut, ["ice", "ice-ero", "ice-hsi"]);
    }
}
