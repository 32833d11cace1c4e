//! Open: one record, what it names and what names it.

use std::collections::BTreeSet;

use clear_policy::Grant;
use clear_record::{FieldClass, Kind, Person, Reach, Record, RecordId, Relation, Seq, Version};
use serde::{Deserialize, Serialize};

use crate::find::known;
use crate::{Error, Question, Shelves};

/// One record by its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// Which.
    pub id: RecordId,
}

/// A record beside the one that was opened.
pub struct Related {
    /// The version.
    pub version: Version,
}

/// A person record that is probably the same person.
pub struct SamePerson {
    /// The version.
    pub version: Version,
    /// Why the linker thinks so, in words.
    pub why: Vec<String>,
}

/// What was found; `None` is both *not there* and *not yours*.
pub struct OpenMatch {
    /// The record, if the asker may notice it.
    pub version: Option<Version>,
    /// Records that it names or that name it, in order of kind and id.
    pub related: Vec<Related>,
    /// Hot-file entries about it or about something that it names.
    pub alerts: Vec<Version>,
    /// Other records of the same person.
    pub same_person: Vec<SamePerson>,
    /// References to records that the asker may know of.
    pub known: Vec<RecordId>,
}

/// Records beside one that are shown at most; an incident has a few, an address many.
const RELATED_MAX: usize = 200;

impl Question for Open {
    type Match = OpenMatch;
    const NAME: &'static str = "open";

    async fn run(&self, shelves: &Shelves, grant: &Grant, seq: Seq) -> Result<OpenMatch, Error> {
        let reach = grant.reach(Relation::Any);
        let found = shelves.read(&[self.id], reach, seq).await?.into_iter().next();
        let open = found
            .as_ref()
            .is_some_and(|version| FieldClass::ALL.iter().any(|class| reach.opens(*class, version.label)));
        let (Some(version), true) = (&found, open) else {
            // A pointer shows whom to ask and nothing beside it.
            return Ok(OpenMatch {
                version: found,
                related: vec![],
                alerts: vec![],
                same_person: vec![],
                known: vec![],
            });
        };
        let beside = beside(shelves, version, reach);
        let mut related = shelves.read(&beside, reach, seq).await?;
        related.sort_by_key(|version| version.id);
        let alerts = alerts(shelves, version, &related, reach, seq).await?;
        let same_person = same_person(shelves, version, reach, seq).await?;
        let all = std::iter::once(version).chain(&related).chain(&alerts);
        let known = known(shelves, all, grant);
        Ok(OpenMatch {
            version: found,
            related: related.into_iter().map(|version| Related { version }).collect(),
            alerts,
            same_person,
            known,
        })
    }
}

/// What the record names and what names it, by edges that may be seen.
fn beside(shelves: &Shelves, version: &Version, reach: &Reach) -> Vec<RecordId> {
    let named = version
        .record
        .iter()
        .flat_map(crate::mentions::edges)
        .filter(|(_, class)| reach.opens(*class, version.label))
        .map(|(id, _)| id);
    let folds = shelves.folds();
    let mut beside: BTreeSet<RecordId> = named.chain(folds.mentions.of(version.id, reach)).collect();
    // An incident's page shows its people, not only their involvements; a person's page its incidents.
    let second: Vec<RecordId> = beside
        .iter()
        .filter(|id| id.kind == Kind::Involvement)
        .flat_map(|id| folds.mentions.named_by(*id, reach))
        .collect();
    beside.extend(second);
    beside.remove(&version.id);
    beside.into_iter().take(RELATED_MAX).collect()
}

/// Hot-file entries that name the record, or a person or vehicle that the record names.
async fn alerts(
    shelves: &Shelves,
    version: &Version,
    related: &[Version],
    reach: &Reach,
    seq: Seq,
) -> Result<Vec<Version>, Error> {
    let about = std::iter::once(version.id)
        .chain(related.iter().map(|version| version.id).filter(|id| matches!(id.kind, Kind::Person | Kind::Vehicle)));
    let ids: BTreeSet<RecordId> = {
        let folds = shelves.folds();
        about.flat_map(|id| folds.mentions.of(id, reach)).filter(|id| id.kind == Kind::HotFile).collect()
    };
    shelves.read(&ids.into_iter().collect::<Vec<_>>(), reach, seq).await
}

/// The other visible records of the same person: the clustering of the visible records' own edges, so that a hidden
/// record never bridges two visible ones.
async fn same_person(shelves: &Shelves, version: &Version, reach: &Reach, seq: Seq) -> Result<Vec<SamePerson>, Error> {
    let Some(Record::Person(person)) = &version.record else { return Ok(Vec::new()) };
    if !reach.opens(FieldClass::Identity, version.label) {
        return Ok(Vec::new());
    }
    let near: BTreeSet<RecordId> = {
        let folds = shelves.folds();
        let near =
            clear_link::block_keys(person).into_iter().filter_map(|key| folds.blocks.get(&key)).flatten().copied();
        near.filter(|id| folds.labels.get(id).is_some_and(|label| reach.opens(FieldClass::Identity, *label))).collect()
    };
    let versions = shelves.read(&near.into_iter().collect::<Vec<_>>(), reach, seq).await?;
    let persons: Vec<(RecordId, &Person)> = versions
        .iter()
        .filter_map(|version| match &version.record {
            Some(Record::Person(person)) => Some((version.id, person)),
            _ => None,
        })
        .collect();
    let clusters = clear_link::cluster(&persons, &[]);
    let Some(own) = clusters.into_iter().find(|cluster| cluster.members.contains(&version.id)) else {
        return Ok(Vec::new());
    };
    let why = |id: RecordId| -> Vec<String> {
        own.edges.iter().filter(|edge| edge.a == id || edge.b == id).map(|edge| edge.why.to_string()).collect()
    };
    Ok(versions
        .iter()
        .filter(|other| other.id != version.id && own.members.contains(&other.id))
        .map(|other| SamePerson { version: other.clone(), why: why(other.id) })
        .collect())
}
