//! The rules in force.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::str::FromStr;

use cedar_policy::{
    ActionConstraint, Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet,
    Request, RestrictedExpression, Schema,
};
use clear_policy::{Deed, RuleFault, Rules, Slice, Verdict};
use clear_record::{AgencyId, Caveat, FieldClass, Handling, Instrument, Kind, Label, Purpose, Role, UseCode};

use crate::load::{self, Compiled};
use crate::{Error, Policy, Problem, Report, SCHEMA, Texts};

/// Rules by Cedar.
pub struct CedarRules {
    texts: Texts,
    report: Report,
    schema: Schema,
    policies: PolicySet,
    /// For each action the policies whose head can match it; the others could only say that they do not apply.
    by_action: HashMap<EntityUid, PolicySet>,
    authorizer: Authorizer,
    names: Names,
    /// The schema's actions and their groups, which every slice holds.
    actions: Entities,
}

impl Rules for CedarRules {
    fn judge(&self, slice: &Slice, label: &Label) -> Result<Verdict, RuleFault> {
        // Without a purpose and a use code there is no question about records, hence no answer.
        let (Some(purpose), Some(use_code)) = (&slice.purpose, &slice.use_code) else {
            return Ok(Verdict::default());
        };
        let entities = self.entities(slice, [self.label(label)?], &label.owners)?;
        let context = Context::from_pairs([
            ("purpose".to_owned(), text(purpose.as_str())),
            ("purpose_denied".to_owned(), RestrictedExpression::new_bool(slice.purpose_denied)),
            ("use_code".to_owned(), text(use_code.as_str())),
            ("agreed".to_owned(), set(slice.agreed.iter().map(|class| self.names.class.the(class.word())))),
        ])
        .map_err(fault)?;
        let allows = |action: &EntityUid| self.allows(action, &self.names.this_label, context.clone(), &entities);
        let mut verdict = Verdict { pointer: allows(&self.names.point)?, classes: BTreeSet::new() };
        for (class, action) in &self.names.reads {
            if allows(action)? {
                verdict.classes.insert(*class);
            }
        }
        Ok(verdict)
    }

    fn permits(&self, slice: &Slice, deed: Deed) -> Result<bool, RuleFault> {
        let (action, said) = match deed {
            Deed::File(kind) => (&self.names.file, Some(("kind", self.names.kind.the(kind.name())))),
            Deed::Govern(entry) => (&self.names.govern, Some(("entry", self.names.entry.the(entry)))),
            Deed::Operate => (&self.names.operate, None),
        };
        let said = said.map(|(key, uid)| (key.to_owned(), RestrictedExpression::new_entity_uid(uid)));
        let purpose = slice.purpose.as_ref().map(|purpose| ("purpose".to_owned(), text(purpose.as_str())));
        let denied = ("purpose_denied".to_owned(), RestrictedExpression::new_bool(slice.purpose_denied));
        let context = Context::from_pairs(said.into_iter().chain(purpose).chain([denied])).map_err(fault)?;
        let register = Entity::new_no_attrs(self.names.register.clone(), HashSet::new());
        let entities = self.entities(slice, [register], &BTreeSet::new())?;
        self.allows(action, &self.names.register, context, &entities)
    }

    fn digest(&self) -> &str {
        &self.report.digest
    }
}

impl CedarRules {
    /// The rules that the program brings along.
    ///
    /// # Errors
    /// [`Error::Invalid`]; a test keeps it from happening.
    pub fn embedded() -> Result<CedarRules, Error> {
        CedarRules::of(Texts::embedded())
    }

    /// The rules of a folder.
    ///
    /// # Errors
    /// A file that cannot be read, or everything in the files that is wrong.
    pub fn load(dir: &Path) -> Result<CedarRules, Error> {
        CedarRules::of(Texts::read(dir)?)
    }

    /// Rules from their texts.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything in the texts that is wrong.
    pub fn of(texts: Texts) -> Result<CedarRules, Error> {
        let (report, compiled) = load::compile(&texts);
        match compiled {
            Some(compiled) => CedarRules::probe(texts, compiled, report),
            None => Err(Error::Invalid(report.problems)),
        }
    }

    /// Asks the rules once for everything that the program will ever ask them, so that a schema which lacks a word of
    /// the program's does not load, instead of closing the installation at the first question.
    pub(crate) fn probe(texts: Texts, compiled: Compiled, report: Report) -> Result<CedarRules, Error> {
        let unfit = |fault: RuleFault| {
            let what = format!(
                "does not fit the program: {}; the rules must answer whatever the program asks, in every word of the schema that came with it",
                fault.0
            );
            Error::Invalid(vec![Problem { file: SCHEMA.to_owned(), line: 1, column: 1, what }])
        };
        let Compiled { schema, policies } = compiled;
        let names = Names::new().map_err(unfit)?;
        let actions = schema.action_entities().map_err(|error| unfit(fault(error)))?;
        let by_action = by_action(&schema, &policies, &actions).map_err(unfit)?;
        let authorizer = Authorizer::new();
        let rules = CedarRules { texts, report, schema, policies, by_action, authorizer, names, actions };
        let agency: AgencyId = "probe".parse().map_err(|error| unfit(fault(error)))?;
        let mut slice = Slice {
            agency: Some(agency.clone()),
            agency_kind: None,
            roles: Role::ALL.iter().copied().collect(),
            path: BTreeSet::from([agency.clone()]),
            closed: BTreeSet::from([agency.clone()]),
            purpose: Some(Purpose("probe".to_owned())),
            purpose_denied: false,
            use_code: Some(UseCode("probe".to_owned())),
            agreed: FieldClass::ALL.iter().copied().collect(),
            ..Slice::default()
        };
        for kind in AGENCY_KINDS {
            slice.agency_kind = Some(kind);
            rules.permits(&slice, Deed::Operate).map_err(unfit)?;
        }
        for kind in Kind::ALL {
            rules.permits(&slice, Deed::File(kind)).map_err(unfit)?;
        }
        for entry in ENTRIES {
            rules.permits(&slice, Deed::Govern(entry)).map_err(unfit)?;
        }
        // Kinds are the longest list; the others go round beside it, so that each word is asked about once at least.
        let rounds = Kind::ALL.into_iter().zip(Handling::ALL.iter().cycle()).zip(Instrument::ALL.iter().cycle());
        for ((kind, handling), instrument) in rounds {
            let mut label = Label::of(agency.clone(), kind);
            label.handling = *handling;
            label.caveats = Caveat::ALL.iter().copied().collect();
            label.instrument = Some(*instrument);
            rules.judge(&slice, &label).map_err(unfit)?;
        }
        Ok(rules)
    }

    /// Every policy in force, by file and place: the published rules are this list.
    pub fn policies(&self) -> &[Policy] {
        &self.report.policies
    }

    /// The texts that were loaded.
    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    /// The rules as Cedar has them, for `clear-proof` alone.
    pub fn cedar(&self) -> (&Schema, &PolicySet) {
        (&self.schema, &self.policies)
    }

    /// INVARIANT (a slice is whole): everything that the question or the label names is in it, and it is checked against
    /// the schema. Cedar would skip a `forbid` that reads something absent.
    fn entities(
        &self,
        slice: &Slice,
        resource: [Entity; 1],
        owners: &BTreeSet<AgencyId>,
    ) -> Result<Entities, RuleFault> {
        let named: BTreeSet<&AgencyId> =
            slice.agency.iter().chain(&slice.path).chain(&slice.closed).chain(owners).collect();
        let agencies =
            named.into_iter().map(|id| Entity::new_no_attrs(self.names.agency.the(id.as_str()), HashSet::new()));
        let all = agencies.chain([self.asker(slice)?]).chain(resource);
        self.actions.clone().add_entities(all, Some(&self.schema)).map_err(fault)
    }

    fn asker(&self, slice: &Slice) -> Result<Entity, RuleFault> {
        let agencies = |ids: &BTreeSet<AgencyId>| set(ids.iter().map(|id| self.names.agency.the(id.as_str())));
        let mut attributes = HashMap::from([
            ("roles".to_owned(), set(slice.roles.iter().map(|role| self.names.role.the(role.word())))),
            ("path".to_owned(), agencies(&slice.path)),
            ("closed".to_owned(), agencies(&slice.closed)),
        ]);
        if let Some(id) = &slice.agency {
            let uid = self.names.agency.the(id.as_str());
            attributes.insert("agency".to_owned(), RestrictedExpression::new_entity_uid(uid));
        }
        if let Some(kind) = slice.agency_kind {
            let uid = self.names.agency_kind.the(kind);
            attributes.insert("agency_kind".to_owned(), RestrictedExpression::new_entity_uid(uid));
        }
        Entity::new(self.names.this_asker.clone(), attributes, HashSet::new()).map_err(fault)
    }

    fn label(&self, label: &Label) -> Result<Entity, RuleFault> {
        let one = RestrictedExpression::new_entity_uid;
        let mut attributes = HashMap::from([
            ("owners".to_owned(), set(label.owners.iter().map(|id| self.names.agency.the(id.as_str())))),
            ("kind".to_owned(), one(self.names.kind.the(label.kind.name()))),
            ("handling".to_owned(), one(self.names.handling.the(label.handling.word()))),
            ("caveats".to_owned(), set(label.caveats.iter().map(|caveat| self.names.caveat.the(caveat.word())))),
        ]);
        if let Some(instrument) = label.instrument {
            attributes.insert("instrument".to_owned(), one(self.names.instrument.the(instrument.word())));
        }
        Entity::new(self.names.this_label.clone(), attributes, HashSet::new()).map_err(fault)
    }

    fn allows(
        &self,
        action: &EntityUid,
        resource: &EntityUid,
        context: Context,
        entities: &Entities,
    ) -> Result<bool, RuleFault> {
        let (principal, resource) = (self.names.this_asker.clone(), resource.clone());
        let request = Request::new(principal, action.clone(), resource, context, Some(&self.schema)).map_err(fault)?;
        let policies = self.by_action.get(action).unwrap_or(&self.policies);
        let response = self.authorizer.is_authorized(&request, policies, entities);
        // Cedar leaves out a policy that errs, a `forbid` too. Nothing that was decided without it counts.
        match response.diagnostics().errors().next() {
            Some(error) => Err(fault(error)),
            None => Ok(response.decision() == Decision::Allow),
        }
    }
}

/// The policies that an action's questions need, by their heads alone (`action`, `action == …`, `action in …`).
fn by_action(
    schema: &Schema,
    policies: &PolicySet,
    actions: &Entities,
) -> Result<HashMap<EntityUid, PolicySet>, RuleFault> {
    let within = |action: &EntityUid, group: &EntityUid| action == group || actions.is_ancestor_of(group, action);
    let applies = |action: &EntityUid, policy: &cedar_policy::Policy| match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(only) => only == *action,
        ActionConstraint::In(groups) => groups.iter().any(|group| within(action, group)),
    };
    let chosen = |action: &EntityUid| {
        let chosen = policies.policies().filter(|policy| applies(action, policy)).cloned();
        PolicySet::from_policies(chosen).map_err(fault)
    };
    schema.actions().map(|action| Ok((action.clone(), chosen(action)?))).collect()
}

/// The kinds of agencies that the register knows, as words. A test compares them with the register's.
pub(crate) const AGENCY_KINDS: [&str; 9] =
    ["owner", "local", "state", "federal", "task_force", "oversight", "press", "vendor", "parent"];

/// What is governed, as words: accounts, and the entries of the register. A test compares them with the register's.
pub(crate) const ENTRIES: [&str; 13] = [
    "account",
    "installation",
    "agency",
    "edge",
    "key",
    "purpose",
    "use_code",
    "agreement",
    "affiliation",
    "suspension",
    "suspension_end",
    "cut_off",
    "flow",
];

/// A type of the schema, from which its entities are named.
struct Type(EntityTypeName);

impl Type {
    fn the(&self, id: &str) -> EntityUid {
        EntityUid::from_type_name_and_id(self.0.clone(), EntityId::new(id))
    }
}

/// The schema's names, read once.
struct Names {
    agency: Type,
    agency_kind: Type,
    role: Type,
    kind: Type,
    class: Type,
    handling: Type,
    caveat: Type,
    instrument: Type,
    entry: Type,
    this_asker: EntityUid,
    this_label: EntityUid,
    register: EntityUid,
    point: EntityUid,
    reads: Vec<(FieldClass, EntityUid)>,
    file: EntityUid,
    govern: EntityUid,
    operate: EntityUid,
}

impl Names {
    fn new() -> Result<Names, RuleFault> {
        let named = |name: &str| EntityTypeName::from_str(name).map(Type).map_err(fault);
        let action = named("Action")?;
        Ok(Names {
            agency: named("Agency")?,
            agency_kind: named("AgencyKind")?,
            role: named("Role")?,
            kind: named("Kind")?,
            class: named("Class")?,
            handling: named("Handling")?,
            caveat: named("Caveat")?,
            instrument: named("Instrument")?,
            entry: named("Entry")?,
            this_asker: named("Asker")?.the("this"),
            this_label: named("Label")?.the("this"),
            register: named("Register")?.the("this"),
            point: action.the("point"),
            reads: FieldClass::ALL
                .iter()
                .map(|class| (*class, action.the(&format!("read_{}", class.word()))))
                .collect(),
            file: action.the("file"),
            govern: action.the("govern"),
            operate: action.the("operate"),
        })
    }
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

fn set(uids: impl Iterator<Item = EntityUid>) -> RestrictedExpression {
    RestrictedExpression::new_set(uids.map(RestrictedExpression::new_entity_uid))
}

fn fault(error: impl std::error::Error) -> RuleFault {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    RuleFault(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actions_policies_decide_as_all_of_them_do() {
        let chosen = CedarRules::embedded().expect("the rules load");
        let mut all = CedarRules::embedded().expect("the rules load");
        all.by_action.clear();
        let agencies: Vec<AgencyId> = ["a", "b"].map(|name| name.parse().expect("an id")).into();
        let sets = [
            BTreeSet::from([agencies[0].clone()]),
            BTreeSet::from([agencies[1].clone()]),
            agencies.iter().cloned().collect(),
        ];
        for (path, closed) in sets.iter().flat_map(|path| [(path, BTreeSet::new()), (path, sets[1].clone())]) {
            for role in Role::ALL {
                for kind in ["owner", "oversight"] {
                    let slice = Slice {
                        agency: Some(agencies[0].clone()),
                        agency_kind: Some(kind),
                        roles: BTreeSet::from([*role]),
                        path: path.clone(),
                        closed: closed.clone(),
                        purpose: Some("case".into()),
                        purpose_denied: false,
                        use_code: Some("C".into()),
                        agreed: BTreeSet::from([FieldClass::Operational, FieldClass::Protected]),
                        ..Slice::default()
                    };
                    for handling in Handling::ALL {
                        for caveat in Caveat::ALL.iter().map(Some).chain([None]) {
                            let mut label = Label::of(agencies[0].clone(), Kind::Incident);
                            label.handling = *handling;
                            label.caveats = caveat.into_iter().copied().collect();
                            assert_eq!(chosen.judge(&slice, &label), all.judge(&slice, &label));
                        }
                    }
                    for deed in
                        [Deed::File(Kind::Arrest), Deed::Govern("agency"), Deed::Govern("installation"), Deed::Operate]
                    {
                        assert_eq!(chosen.permits(&slice, deed), all.permits(&slice, deed));
                    }
                }
            }
        }
    }
}
