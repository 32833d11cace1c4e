//! A chart of links, as it goes over the wire.

use std::collections::BTreeSet;

use clear_policy::Grant;
use clear_query::{LinksMatch, Node};
use clear_record::RecordId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::shown::{View, view};
use crate::{Redact, Reduced, Shown};

/// What is linked with what. Without a node where there is none that the asker may see.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct LinkChart {
    /// The nodes: where it starts, where it goes, and the others as they were met.
    pub nodes: Vec<LinkedNode>,
    /// Every link between two of them.
    pub links: Vec<NodeLink>,
    /// The nodes whose neighbours are shown.
    pub expanded: Vec<ExpandedNode>,
    /// The shortest ways, each from its first node to its last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<Vec<String>>,
    /// What both ends are linked with, where that was asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub common: Vec<String>,
    /// How many of those there are in all, of what the asker may see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub common_total: Option<usize>,
    /// What was left out, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A node of a chart.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LinkedNode {
    /// The record's id, or the shared value: `plate:AB12345`. It can be asked for as it stands.
    pub node: String,
    /// `person`, `incident` … or `plate`, `phone` …
    pub kind: &'static str,
    /// The record's title, or the value.
    pub title: String,
    /// How many nodes it is linked with, of those that the asker may see.
    pub degree: usize,
    /// Whether it is linked with more than that.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    /// The record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<Shown>,
}

/// Two nodes that are linked.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NodeLink {
    /// One.
    pub one: String,
    /// The other.
    pub other: String,
    /// Why.
    pub because: Vec<Because>,
}

/// Why two nodes are linked.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Because {
    /// In a word: the part that was played, or the field that says it.
    pub what: String,
    /// The record that says it.
    pub by: String,
}

/// A node whose neighbours are shown.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ExpandedNode {
    /// Which.
    pub node: String,
    /// How many neighbours it has, of those that the asker may see.
    pub total: usize,
    /// How many were left out first.
    pub offset: usize,
    /// How many are shown.
    pub shown: usize,
}

impl Redact for LinksMatch {
    type Out = LinkChart;

    fn redact(self, grant: &Grant) -> Reduced<LinkChart> {
        let Some(chart) = self.chart else { return Reduced { out: LinkChart::default(), told: Vec::new() } };
        let sight = self.known.sight(grant);
        let mut told: BTreeSet<RecordId> = BTreeSet::new();
        let record = |node: &Node| match node {
            Node::Record(id) => match view(grant, self.versions.get(id)?, &self.known)? {
                View::Shown(shown) => Some(shown),
                View::Pointer(_) => None,
            },
            Node::Value(..) => None,
        };
        let records: Vec<Option<Shown>> = chart.nodes.iter().map(|placed| record(&placed.node)).collect();
        let there = |at: usize| match chart.nodes.get(at).map(|placed| &placed.node) {
            Some(Node::Record(_)) => records.get(at).is_some_and(Option::is_some),
            Some(Node::Value(..)) => true,
            None => false,
        };
        // Each reason once more: it leaves where the record that says it shows every class that it is made of.
        let mut linked: BTreeSet<usize> = BTreeSet::new();
        let mut links = Vec::new();
        let name = |at: usize| chart.nodes.get(at).map(|placed| placed.node.to_string()).unwrap_or_default();
        for link in chart.links.iter().filter(|link| there(link.one) && there(link.other)) {
            let open =
                link.links.iter().filter(|it| it.classes.iter().all(|class| sight.opens(*class, it.label, it.by)));
            let because: Vec<Because> = open
                .inspect(|it| _ = told.insert(it.by))
                .map(|it| Because { what: it.what.replace('_', " "), by: it.by.to_string() })
                .collect();
            if !because.is_empty() {
                linked.extend([link.one, link.other]);
                links.push(NodeLink { one: name(link.one), other: name(link.other), because });
            }
        }
        // A value is there by the link that shows it.
        let stays = |at: usize| match chart.nodes.get(at).map(|placed| &placed.node) {
            Some(Node::Value(..)) => linked.contains(&at),
            _ => there(at),
        };
        let kept: Vec<bool> = (0..chart.nodes.len()).map(stays).collect();
        let stays = |at: &usize| kept.get(*at).copied().unwrap_or(false);
        if !stays(&0) {
            return Reduced { out: LinkChart::default(), told: Vec::new() };
        }
        let nodes = (0..).zip(&chart.nodes).zip(records).filter(|((at, _), _)| stays(at));
        let nodes: Vec<LinkedNode> = nodes
            .map(|((_, placed), record)| {
                let title = match (&placed.node, &record) {
                    (Node::Value(_, text), _) => text.to_string(),
                    (Node::Record(id), record) => {
                        told.insert(*id);
                        record.as_ref().map(|record| record.title.clone()).unwrap_or_default()
                    }
                };
                let (degree, more) = (placed.degree.min(clear_query::HUB_MAX), placed.degree > clear_query::HUB_MAX);
                LinkedNode { node: placed.node.to_string(), kind: placed.node.kind(), title, degree, more, record }
            })
            .collect();
        let expanded = chart.expanded.iter().filter(|it| stays(&it.node)).map(|it| ExpandedNode {
            node: name(it.node),
            total: it.total,
            offset: it.offset,
            shown: it.shown,
        });
        let paths = chart.paths.iter().filter(|path| path.iter().all(stays));
        let out = LinkChart {
            nodes,
            links,
            expanded: expanded.collect(),
            paths: paths.map(|path| path.iter().map(|at| name(*at)).collect()).collect(),
            common: chart.common.iter().filter(|at| stays(at)).map(|at| name(*at)).collect(),
            common_total: (!chart.common.is_empty()).then_some(chart.common_total),
            notes: self.notes,
        };
        Reduced { out, told: told.into_iter().collect() }
    }
}
