//! What two records must share to be joined.

use clear_record::Person;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::Why;

/// A neighbourhood of a record: records that share none of theirs are not joined by a rule. A hash; two unlike
/// neighbourhoods may share one, so it finds candidates and decides nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockKey(pub u64);

/// The neighbourhoods of a person, in order, the same on every machine.
pub fn block_keys(person: &Person) -> Vec<BlockKey> {
    let mut keys: Vec<BlockKey> = of(person).into_iter().map(|(why, key)| BlockKey(hash(why, &key))).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// FNV-1a.
fn hash(why: Why, key: &str) -> u64 {
    let bytes = [why as u8].into_iter().chain(key.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Every rule's key of a person that has what the rule needs. What is missing joins nothing.
///
/// An identity number is its owner's: two agencies may both have given out number 77. So a number joins only together
/// with the date of birth or the name.
pub(crate) fn of(person: &Person) -> Vec<(Why, String)> {
    let name = full_name(person);
    let birth = person.date_of_birth.map(|birth| birth.to_string());
    let number = person.identity_number.as_deref().map(folded).filter(|number| !number.is_empty());
    let both = |why, a: &Option<String>, b: &Option<String>| Some((why, format!("{}\n{}", a.as_ref()?, b.as_ref()?)));
    let keys = [
        both(Why::NumberAndBirth, &number, &birth),
        both(Why::NumberAndName, &number, &name),
        both(Why::NameAndBirth, &name, &birth),
    ];
    keys.into_iter().flatten().collect()
}

/// Given and family name; the middle name is too often an initial or absent.
fn full_name(person: &Person) -> Option<String> {
    let part = |name: &Option<String>| name.as_deref().map(folded).filter(|name| !name.is_empty());
    Some(format!("{} {}", part(&person.given_name)?, part(&person.family_name)?))
}

/// Letters and digits only, case and diacritics folded.
fn folded(text: &str) -> String {
    text.nfkd().filter(|c| c.is_alphanumeric() && !is_combining_mark(*c)).flat_map(char::to_uppercase).collect()
}
