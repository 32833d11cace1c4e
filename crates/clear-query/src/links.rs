//! Links: what a record is linked with, and how one leads to another.

use std::collections::{BTreeMap, BTreeSet};

use clear_graph::{Chart, HOPS_MAX, HUB_MAX, LOOKED_AT_MAX, Node, Window, Wish};
use clear_policy::Grant;
use clear_record::{RecordId, Seq, Version};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::find::silent_hit;
use crate::known::{Known, known};
use crate::shelves::Folds;
use crate::{Error, Question, Shelves, SilentHit};

/// What is linked with a record or a shared value: its neighbours; or, with `to`, the shortest ways there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Links {
    /// Where to start: a record's id, or a shared value such as `plate:AB12345`, `phone:312 555 0100`,
    /// `address:1420 W Ferry St`.
    pub from: String,
    /// Where to go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// With `to`: what both are linked with, in place of the ways from one to the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub common: Option<bool>,
    /// More records or values whose neighbours are shown, at most eight.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
    /// How many links a way has at most: 4 unless said, 6 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hops: Option<usize>,
    /// Dated records from this day on alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// Dated records up to and including this day alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// How many neighbours of each are shown, 20 unless said, 100 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// How many neighbours of `from` to leave out first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
}

const HOPS_DEFAULT: usize = 4;
const LIMIT_DEFAULT: usize = 20;
const LIMIT_MAX: usize = 100;
const OPEN_MAX: usize = 8;
/// Black records beside what was asked whose owners are told, at most.
const SILENT_MAX: usize = HUB_MAX;

/// What was found.
#[derive(Default)]
pub struct LinksMatch {
    /// What is linked; `None` where there is no such node, or none of the asker's.
    pub chart: Option<Chart>,
    /// The versions of its records.
    pub versions: BTreeMap<RecordId, Version>,
    /// What was left out, and why.
    pub notes: Vec<String>,
    /// What is known beside the records.
    pub known: Known,
}

impl Links {
    fn window(&self) -> Result<Window, Error> {
        if let (Some(since), Some(until)) = (self.since, self.until)
            && since > until
        {
            return Err(wrong(format!("since ({since}) is after until ({until})")));
        }
        Ok(Window { from: self.since, to: self.until })
    }

    /// What to draw. Depends on the question alone.
    fn wish(&self, folds: &Folds) -> Result<Wish, Error> {
        let node = |text: &str| -> Result<Node, Error> {
            let node: Node = text.parse().map_err(|bad: clear_graph::BadNode| wrong(bad.to_string()))?;
            let unread = || wrong(format!("`{}` names no {}", text.chars().take(60).collect::<String>(), node.kind()));
            folds.graph.spelt(node.clone()).ok_or_else(unread)
        };
        let said = |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(node);
        if self.from.trim().is_empty() {
            return Err(wrong("say where to start: from, a record's id or a shared value like plate:AB12345".into()));
        }
        let (hops, limit) = (self.hops.unwrap_or(HOPS_DEFAULT), self.limit.unwrap_or(LIMIT_DEFAULT));
        if !(1..=HOPS_MAX).contains(&hops) {
            return Err(wrong(format!(
                "hops is 1 to {HOPS_MAX}: beyond that nearly everybody is linked with everybody"
            )));
        }
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(wrong(format!("limit is 1 to {LIMIT_MAX}; use offset for more")));
        }
        if self.open.len() > OPEN_MAX {
            return Err(wrong(format!("open names at most {OPEN_MAX}")));
        }
        let common = self.common.unwrap_or(false);
        let (from, to) = (node(&self.from)?, said(&self.to).transpose()?);
        if common && to.is_none() {
            return Err(wrong("common needs to: the other of the two".into()));
        }
        if to.as_ref() == Some(&from) {
            return Err(wrong("from and to are the same".into()));
        }
        let open = self.open.iter().map(|text| node(text)).collect::<Result<_, _>>()?;
        Ok(Wish { from, to, common, open, hops, offset: self.offset.unwrap_or(0), limit })
    }
}

fn wrong(what: String) -> Error {
    Error::Question(what)
}

impl Question for Links {
    type Match = LinksMatch;
    const NAME: &'static str = "links";

    async fn run(&self, shelves: &Shelves, grant: &Grant, seq: Seq) -> Result<LinksMatch, Error> {
        let window = self.window()?;
        let ties = shelves.ties(grant);
        let sight = ties.sight(grant);
        let (wish, chart) = {
            let folds = shelves.folds();
            let wish = self.wish(&folds)?;
            let chart = folds.graph.under(&sight, window).chart(&wish);
            (wish, chart)
        };
        let Some(chart) = chart else { return Ok(LinksMatch::default()) };
        let ids: Vec<RecordId> = chart.nodes.iter().filter_map(|placed| record(&placed.node)).collect();
        let versions = shelves.read(&ids, &sight, seq).await?;
        let known = known(shelves, versions.iter(), grant, &ties);
        let notes = notes(&wish, &chart);
        let versions = versions.into_iter().map(|version| (version.id, version)).collect();
        Ok(LinksMatch { chart: Some(chart), versions, notes, known })
    }

    fn silent_hits(&self, shelves: &Shelves, grant: &Grant) -> Vec<SilentHit> {
        let ties = shelves.ties(grant);
        let sight = ties.sight(grant);
        let folds = shelves.folds();
        let Ok(Wish { from, to, open, .. }) = self.wish(&folds) else { return Vec::new() };
        let leaf = folds.graph.under(&sight, Window::default());
        let mut ids: BTreeSet<RecordId> = BTreeSet::new();
        for node in std::iter::once(&from).chain(&to).chain(&open) {
            ids.extend(record(node));
            // What was asked for and is shown would have led to these.
            if leaf.knows(node) {
                ids.extend(folds.graph.beside(node, SILENT_MAX));
            }
        }
        ids.into_iter().filter_map(|id| silent_hit(&folds, &sight, id)).collect()
    }
}

fn record(node: &Node) -> Option<RecordId> {
    match node {
        Node::Record(id) => Some(*id),
        Node::Value(..) => None,
    }
}

/// What a chart leaves out, in words.
fn notes(wish: &Wish, chart: &Chart) -> Vec<String> {
    let mut notes = Vec::new();
    if wish.to.is_some() && !wish.common && chart.paths.is_empty() {
        notes.push(format!("No way of at most {} links leads from one to the other.", wish.hops));
    }
    if wish.common && chart.common.is_empty() {
        notes.push("The two have nothing in common.".to_owned());
    }
    if chart.more_paths {
        notes.push(format!("There are more ways of this length; {} are shown.", chart.paths.len()));
    }
    if chart.hubs_total > 0 {
        let (what, that) = if chart.hubs_total == 1 { ("node has", "it") } else { ("nodes have", "them") };
        notes.push(format!(
            "{} {what} more than {HUB_MAX} links: no way is led through {that}. To look at one, start from it.",
            chart.hubs_total
        ));
    }
    if chart.gave_up {
        notes.push(format!(
            "The search stopped after {LOOKED_AT_MAX} nodes: there may be other ways. Say fewer hops, or days."
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_drawn_is_said_with_its_mend() {
        let folds = Folds::default();
        let person = "per_00000000000000000000000007";
        let links = |from: &str| Links { from: from.into(), ..Links::default() };
        for (links, expected) in [
            (links(" "), "say where to start: from, a record's id or a shared value like plate:AB12345"),
            (links("plate: -"), "`plate: -` names no plate"),
            (links("address:Ferry St"), "`address:Ferry St` names no address"),
            (links("shoe:42"), "a shared value is one of plate, vin, address, phone, identity_number, serial_number"),
            (
                Links { hops: Some(7), ..links(person) },
                "hops is 1 to 6: beyond that nearly everybody is linked with everybody",
            ),
            (
                Links { hops: Some(0), ..links(person) },
                "hops is 1 to 6: beyond that nearly everybody is linked with everybody",
            ),
            (Links { limit: Some(101), ..links(person) }, "limit is 1 to 100; use offset for more"),
            (Links { common: Some(true), ..links(person) }, "common needs to: the other of the two"),
            (Links { to: Some(person.into()), ..links(person) }, "from and to are the same"),
            (Links { open: vec![person.into(); 9], ..links(person) }, "open names at most 8"),
            (Links { to: Some("plate:ab-1".into()), ..links("plate:AB1") }, "from and to are the same"),
            (Links { to: Some(" ".into()), ..links(person) }, ""),
            (links("phone:(312) 555-0100"), ""),
        ] {
            let said = links.wish(&folds).err().map(|error| error.to_string()).unwrap_or_default();
            assert_eq!(said, expected, "{links:?}");
        }
        let days =
            |since: &str, until: &str| Links { since: since.parse().ok(), until: until.parse().ok(), ..links(person) };
        assert!(days("2019-01-01", "2019-01-01").window().is_ok());
        let late = days("2019-01-02", "2019-01-01").window().expect_err("the wrong way round").to_string();
        assert_eq!(late, "since (2019-01-02) is after until (2019-01-01)");
    }
}
