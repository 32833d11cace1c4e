//! Locating: where an address is, by the blocks that incidents the asker may see were recorded on.

use clear_place::{Blocks, Degrees, Located, Street};
use clear_policy::Grant;
use clear_record::Seq;
use clear_search::StreetText;
use serde::{Deserialize, Serialize};

use crate::place::Which;
use crate::{Error, Question, Shelves};

/// Where addresses are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locate {
    /// The addresses, each as somebody writes it: `3134 West Chicago Avenue`, `031XX W CHICAGO AVE`.
    pub addresses: Vec<String>,
}

/// Where each address is, in the order asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LocateMatch {
    /// For each address, where it is; `None` where the blocks do not say.
    pub located: Vec<Option<Located>>,
    /// How many of them were found.
    pub found: usize,
    /// How many blocks were known on the streets that were asked for.
    pub blocks: usize,
}

const ADDRESSES_MAX: usize = 1_000;
/// Streets of one question, each of which is looked up in the blocks' dictionary.
const STREETS_MAX: usize = 1_000;

impl Question for Locate {
    type Match = LocateMatch;
    const NAME: &'static str = "locate";

    async fn run(&self, shelves: &Shelves, grant: &Grant, _seq: Seq) -> Result<LocateMatch, Error> {
        if self.addresses.is_empty() || self.addresses.len() > ADDRESSES_MAX {
            return Err(Error::Question(format!("give 1 to {ADDRESSES_MAX} addresses")));
        }
        let asked: Vec<Option<StreetText>> = self.addresses.iter().map(|text| clear_search::street_of(text)).collect();
        let mut names: Vec<&str> = asked.iter().flatten().map(|street| street.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.truncate(STREETS_MAX);
        let mut blocks = Blocks::default();
        let found = Which::default().spots(shelves, grant, 0, None)?;
        let mut last: Option<(std::sync::Arc<str>, Option<StreetText>)> = None;
        let mut spots = found.spots;
        // By block, so that each is taken apart once.
        spots.sort_by(|a, b| a.block.cmp(&b.block).then(a.id.cmp(&b.id)));
        for spot in spots {
            let Some(text) = spot.block else { continue };
            if last.as_ref().is_none_or(|(known, _)| *known != text) {
                let street =
                    clear_search::street_of(&text).filter(|street| names.binary_search(&street.name.as_str()).is_ok());
                last = Some((text, street));
            }
            if let Some((_, Some(street))) = &last
                && let Some(number) = street.number
            {
                let at = Degrees { longitude: spot.longitude, latitude: spot.latitude };
                blocks.learn(of(street), number, at);
            }
        }
        blocks.settle();
        let locate = |street: &Option<StreetText>| street.as_ref().and_then(|it| blocks.locate(&of(it), it.number));
        let located: Vec<Option<Located>> = asked.iter().map(locate).collect();
        Ok(LocateMatch { found: located.iter().flatten().count(), located, blocks: blocks.len() })
    }
}

fn of(street: &StreetText) -> Street {
    let text = |text: Option<&'static str>| text.unwrap_or_default().to_owned();
    Street {
        name: street.name.clone(),
        kind: text(street.kind),
        before: text(street.before),
        after: text(street.after),
    }
}
