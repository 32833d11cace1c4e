//! Open: one record, what it names and what names it.

use std::collections::BTreeSet;

use clear_link::{ClusterId, Judgement, block_keys};
use clear_policy::Grant;
use clear_record::{FieldClass, Kind, Person, Record, RecordId, Seq, Sight, Verdict, Version};
use serde::{Deserialize, Serialize};

use crate::find::silent_hit;
use crate::known::{Known, known};
use crate::{Error, Question, Shelves, SilentHit};

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
    /// The id of all of them together, of a person.
    pub cluster: Option<ClusterId>,
    /// What is known beside the records.
    pub known: Known,
}

/// Records beside one that are shown at most; an incident has a few, an address many.
const RELATED_MAX: usize = 200;

impl Question for Open {
    type Match = OpenMatch;
    const NAME: &'static str = "open";

    async fn run(&self, shelves: &Shelves, grant: &Grant, seq: Seq) -> Result<OpenMatch, Error> {
        let ties = shelves.ties(grant);
        let sight = &ties.sight(grant);
        let found = shelves.read(&[self.id], sight, seq).await?.into_iter().next();
        let open = found.as_ref().is_some_and(|version| sight.opens_any(version.label, version.id));
        let (Some(version), true) = (&found, open) else {
            // A pointer shows whom to ask and nothing beside it.
            let known = known(shelves, found.iter(), grant, &ties);
            return Ok(OpenMatch {
                version: found,
                related: vec![],
                alerts: vec![],
                same_person: vec![],
                cluster: None,
                known,
            });
        };
        let beside = beside(shelves, version, sight);
        let mut related = shelves.read(&beside, sight, seq).await?;
        related.sort_by_key(|version| version.id);
        let alerts = alerts(shelves, version, &related, sight, seq).await?;
        let (cluster, same_person) = same_person(shelves, version, sight, seq).await?;
        let all = std::iter::once(version).chain(&related).chain(&alerts);
        let known = known(shelves, all, grant, &ties);
        Ok(OpenMatch {
            version: found,
            related: related.into_iter().map(|version| Related { version }).collect(),
            alerts,
            same_person,
            cluster,
            known,
        })
    }

    fn silent_hits(&self, shelves: &Shelves, grant: &Grant) -> Vec<SilentHit> {
        let ties = shelves.ties(grant);
        silent_hit(&shelves.folds(), &ties.sight(grant), self.id).into_iter().collect()
    }
}

/// What the record names and what names it, by edges that may be seen.
fn beside(shelves: &Shelves, version: &Version, sight: &Sight<'_>) -> Vec<RecordId> {
    let named = version
        .record
        .iter()
        .flat_map(clear_graph::names)
        .filter(|(_, class)| sight.opens(*class, version.label, version.id))
        .map(|(id, _)| id);
    let folds = shelves.folds();
    let mut beside: BTreeSet<RecordId> = named.chain(folds.graph.naming_under(version.id, sight)).collect();
    // An incident's page shows its people, not only their involvements; a person's page its incidents.
    let second: Vec<RecordId> = beside
        .iter()
        .filter(|id| id.kind == Kind::Involvement)
        .flat_map(|id| folds.graph.named_by_under(*id, sight))
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
    sight: &Sight<'_>,
    seq: Seq,
) -> Result<Vec<Version>, Error> {
    let about = std::iter::once(version.id)
        .chain(related.iter().map(|version| version.id).filter(|id| matches!(id.kind, Kind::Person | Kind::Vehicle)));
    let ids: BTreeSet<RecordId> = {
        let folds = shelves.folds();
        about.flat_map(|id| folds.graph.naming_under(id, sight)).filter(|id| id.kind == Kind::HotFile).collect()
    };
    shelves.read(&ids.into_iter().collect::<Vec<_>>(), sight, seq).await
}

/// The other visible records of the same person: the clustering of the visible records' own edges, so that a hidden
/// record never bridges two visible ones.
async fn same_person(
    shelves: &Shelves,
    version: &Version,
    sight: &Sight<'_>,
    seq: Seq,
) -> Result<(Option<ClusterId>, Vec<SamePerson>), Error> {
    if !matches!(version.record, Some(Record::Person(_)))
        || !sight.opens(FieldClass::Identity, version.label, version.id)
    {
        return Ok((None, Vec::new()));
    }
    let Neighbourhood { versions, judged } = neighbourhood(shelves, version, sight, seq).await?;
    let persons: Vec<(RecordId, &Person)> = versions
        .iter()
        .filter_map(|version| match &version.record {
            Some(Record::Person(person)) => Some((version.id, person)),
            _ => None,
        })
        .collect();
    let clusters = clear_link::cluster(&persons, &judged);
    let Some(own) = clusters.into_iter().find(|cluster| cluster.members.contains(&version.id)) else {
        return Ok((None, Vec::new()));
    };
    let why = |id: RecordId| -> Vec<String> {
        own.edges.iter().filter(|edge| edge.a == id || edge.b == id).map(|edge| edge.why.to_string()).collect()
    };
    let others = versions.iter().filter(|other| other.id != version.id && own.members.contains(&other.id));
    let same = others.map(|other| SamePerson { version: other.clone(), why: why(other.id) }).collect();
    Ok((Some(own.id()), same))
}

/// Person records that are looked at together, at most: whoever has more has been judged by mistake.
const NEIGHBOURS_MAX: usize = 500;

/// What the sight shows of the person records that may be the same, and of what people decided about them.
#[derive(Default)]
struct Neighbourhood {
    versions: Vec<Version>,
    judged: Vec<clear_link::Judgement>,
}

/// Goes from the record to those that share a key with it or that a judgement names beside it, and on from there: by what
/// the sight shows alone, so that nothing hidden leads anywhere.
async fn neighbourhood(
    shelves: &Shelves,
    version: &Version,
    sight: &Sight<'_>,
    seq: Seq,
) -> Result<Neighbourhood, Error> {
    let mut found = Neighbourhood::default();
    let mut seen = BTreeSet::from([version.id]);
    let mut next = vec![version.id];
    while !next.is_empty() && found.versions.len() < NEIGHBOURS_MAX {
        let versions = shelves.read(&next, sight, seq).await?;
        let (mut beside, mut judgements): (BTreeSet<RecordId>, BTreeSet<RecordId>) = Default::default();
        {
            let folds = shelves.folds();
            for version in &versions {
                let Some(Record::Person(person)) = &version.record else { continue };
                beside.extend(block_keys(person).into_iter().flat_map(|key| folds.blocks.of(key)));
                judgements.extend(
                    folds.graph.naming_under(version.id, sight).into_iter().filter(|id| id.kind == Kind::Judgement),
                );
            }
        }
        judgements.retain(|id| seen.insert(*id));
        for judgement in shelves.read(&judgements.into_iter().collect::<Vec<_>>(), sight, seq).await? {
            let Some(Record::Judgement(said)) = &judgement.record else { continue };
            // What it decides is of the class of a person's identity, as is what it is about.
            if sight.opens(FieldClass::Identity, judgement.label, judgement.id) {
                let judged = match said.verdict {
                    Verdict::Same => Judgement::Same(said.one.id(), said.other.id()),
                    Verdict::Different => Judgement::Different(said.one.id(), said.other.id()),
                };
                beside.extend(judged.about());
                found.judged.push(judged);
            }
        }
        found.versions.extend(versions);
        let folds = shelves.folds();
        let shown = |id: &RecordId| folds.label(*id).is_some_and(|label| sight.opens(FieldClass::Identity, label, *id));
        next = beside.into_iter().filter(|id| shown(id) && seen.insert(*id)).collect();
    }
    found.versions.sort_unstable_by_key(|version| version.id);
    Ok(found)
}
