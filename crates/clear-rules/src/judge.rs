//! The rules in force.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cedar_policy::{
    ActionConstraint, Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, EvalResult,
    PolicySet, Request, RestrictedExpression, Schema,
};
use clear_policy::{Deed, Essence, Reads, RuleFault, Rules, Slice, Verdict};
use clear_record::{AgencyId, Caveat, FieldClass, Handling, Instrument, Kind, Label, Purpose, Relation, Role, UseCode};

use crate::load::{self, Compiled};
use crate::reads::{self, Found};
use crate::{Effect, Error, Policy, Problem, Report, SCHEMA, Texts};

/// Rules by Cedar.
pub struct CedarRules {
    texts: Texts,
    report: Report,
    schema: Schema,
    policies: PolicySet,
    /// For each action the policies whose head can match it; the others could only say that they do not apply.
    by_action: HashMap<EntityUid, PolicySet>,
    /// The policies about records, one by one.
    single: Vec<Single>,
    /// What those about each action of [`Names::see`] read.
    reads: Vec<Reads>,
    /// Whether a policy applies, by its number, the action where it asks for it, and the essence that it reads.
    applied: Mutex<HashMap<(u16, u8, Essence), bool>>,
    authorizer: Authorizer,
    names: Names,
    /// The schema's actions and their groups, which every slice holds.
    actions: Entities,
}

impl Rules for CedarRules {
    /// Policy by policy, as Cedar defines a decision: something is open where some permit applies and no forbid does. So
    /// each policy is evaluated once for everything that it reads, however many questions and labels are alike in that.
    fn judge(&self, slice: &Slice, label: &Label) -> Result<Verdict, RuleFault> {
        // Without a purpose and a use code there is no question about records, hence no answer.
        if slice.purpose.is_none() || slice.use_code.is_none() {
            return Ok(Verdict::default());
        }
        let mut whole = None;
        let all = Reads { agencies_by_name: false, ..Reads::everything() };
        let seen = Essence::of(slice, label, &all);
        let (mut permitted, mut forbidden) = (0u16, 0u16);
        for (number, policy) in (0u16..).zip(&self.single) {
            let reads = &policy.found.reads;
            let essence = seen.seen_by(reads).unwrap_or_else(|| Essence::of(slice, label, reads));
            let actions =
                if policy.found.action { policy.actions } else { policy.actions & policy.actions.wrapping_neg() };
            for (at, action) in (0u8..).zip(&self.names.see).filter(|(at, _)| actions >> at & 1 == 1) {
                let key = (number, if policy.found.action { at } else { u8::MAX }, essence.clone());
                let known = self.lock().get(&key).copied();
                let applies = match known {
                    Some(applies) => applies,
                    None => {
                        let (entities, context) = match &whole {
                            Some(whole) => whole,
                            None => whole.insert(self.question(slice, label)?),
                        };
                        let applies = self.applies(policy, action, context, entities)?;
                        let mut applied = self.lock();
                        if applied.len() >= APPLIED_KEPT {
                            applied.clear();
                        }
                        applied.insert(key, applies);
                        applies
                    }
                };
                let said = if policy.found.action { 1 << at } else { policy.actions };
                match policy.effect {
                    _ if !applies => {}
                    Effect::Permit => permitted |= said,
                    Effect::Forbid => forbidden |= said,
                }
            }
        }
        Ok(self.verdict(permitted & !forbidden))
    }

    fn permits(&self, slice: &Slice, deed: Deed) -> Result<bool, RuleFault> {
        let (action, said) = match deed {
            Deed::File(kind) => (&self.names.file, Some(("kind", self.names.kind.the(kind.name())))),
            Deed::Govern(entry) => (&self.names.govern, Some(("entry", self.names.entry.the(entry)))),
            Deed::Handle => (&self.names.handle, None),
            Deed::Inquire => (&self.names.inquire, None),
            Deed::Review => (&self.names.review, None),
            Deed::Produce => (&self.names.produce, None),
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

    fn texts(&self) -> Vec<(String, String)> {
        self.texts.iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
    }

    fn digest(&self) -> &str {
        &self.report.digest
    }

    fn reads(&self, action: usize) -> Reads {
        self.reads.get(action).cloned().unwrap_or_else(Reads::everything)
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
        let single = single(&policies, &names, &actions).map_err(unfit)?;
        let about = |action: usize| {
            let matching = single.iter().filter(|policy| policy.actions >> action & 1 == 1);
            matching.fold(Reads::nothing(), |reads, policy| reads.and(&policy.found.reads))
        };
        let reads: Vec<Reads> = (0..names.see.len()).map(about).collect();
        let rules = CedarRules {
            texts,
            report,
            schema,
            policies,
            by_action,
            single,
            reads,
            applied: Mutex::default(),
            authorizer: Authorizer::new(),
            names,
            actions,
        };
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
            for deed in [Deed::Handle, Deed::Inquire, Deed::Review, Deed::Produce, Deed::Operate] {
                rules.permits(&slice, deed).map_err(unfit)?;
            }
        }
        for kind in Kind::ALL {
            rules.permits(&slice, Deed::File(kind)).map_err(unfit)?;
        }
        for entry in ENTRIES {
            rules.permits(&slice, Deed::Govern(entry)).map_err(unfit)?;
        }
        // Kinds are the longest list; the others go round beside it, so that each word is asked about once at least.
        let rounds = Kind::ALL.into_iter().zip(Handling::ALL.iter().cycle()).zip(Instrument::ALL.iter().cycle());
        for (((kind, handling), instrument), relation) in rounds.zip(Relation::ALL.iter().cycle()) {
            slice.relation = *relation;
            slice.emergency = !slice.emergency;
            let mut label = Label::of(agency.clone(), kind);
            label.handling = *handling;
            label.caveats = Caveat::ALL.iter().copied().collect();
            label.instrument = Some(*instrument);
            // Plainly: what no rule reads would not be looked at otherwise.
            rules.judge_plainly(&slice, &label).map_err(unfit)?;
        }
        Ok(rules)
    }

    /// Judges with all policies at once and remembers nothing: what [`Rules::judge`] must agree with.
    ///
    /// # Errors
    /// As [`Rules::judge`].
    pub fn judge_plainly(&self, slice: &Slice, label: &Label) -> Result<Verdict, RuleFault> {
        if slice.purpose.is_none() || slice.use_code.is_none() {
            return Ok(Verdict::default());
        }
        let (entities, context) = self.question(slice, label)?;
        let mut open = 0;
        for (at, action) in self.names.see.iter().enumerate() {
            open |= u16::from(self.allows(action, &self.names.this_label, context.clone(), &entities)?) << at;
        }
        Ok(self.verdict(open))
    }

    /// The verdict whose bits are the actions of [`Names::see`].
    fn verdict(&self, open: u16) -> Verdict {
        let classes = FieldClass::ALL.iter().zip(1..).filter(|(_, at)| open >> at & 1 == 1).map(|(class, _)| *class);
        Verdict { pointer: open & 1 == 1, classes: classes.collect() }
    }

    /// A question about a record, as Cedar takes it.
    fn question(&self, slice: &Slice, label: &Label) -> Result<(Entities, Context), RuleFault> {
        let (Some(purpose), Some(use_code)) = (&slice.purpose, &slice.use_code) else {
            return Err(RuleFault("a question about records states a purpose and a use code".to_owned()));
        };
        let entities = self.entities(slice, [self.label(label)?], &label.owners)?;
        self.complete(&entities)?;
        let context = Context::from_pairs([
            ("purpose".to_owned(), text(purpose.as_str())),
            ("purpose_denied".to_owned(), RestrictedExpression::new_bool(slice.purpose_denied)),
            ("use_code".to_owned(), text(use_code.as_str())),
            ("agreed".to_owned(), set(slice.agreed.iter().map(|class| self.names.class.the(class.word())))),
            ("emergency".to_owned(), RestrictedExpression::new_bool(slice.emergency)),
            (
                "relation".to_owned(),
                RestrictedExpression::new_entity_uid(self.names.relation.the(slice.relation.word())),
            ),
        ])
        .map_err(fault)?;
        Ok((entities, context))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(u16, u8, Essence), bool>> {
        self.applied.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every policy in force, by file and place: the published rules are this list.
    pub fn policies(&self) -> &[Policy] {
        &self.report.policies
    }

    /// Whether these rules can only shut more than those: the same schema, no permit that is not among those, and every
    /// forbid of those. Policies are compared by id and by what they say.
    pub fn tighten(&self, those: &CedarRules) -> bool {
        let held = |policies: &PolicySet, policy: &cedar_policy::Policy| {
            policies.policy(policy.id()).and_then(|same| same.to_json().ok()) == policy.to_json().ok()
        };
        let permits = self.policies.policies().filter(|policy| policy.effect() == cedar_policy::Effect::Permit);
        let forbids = those.policies.policies().filter(|policy| policy.effect() == cedar_policy::Effect::Forbid);
        self.texts.get(SCHEMA) == those.texts.get(SCHEMA)
            && permits.into_iter().all(|policy| held(&those.policies, policy))
            && forbids.into_iter().all(|policy| held(&self.policies, policy))
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
            slice.agency.iter().chain(path_sets(slice).into_iter().flat_map(|(_, set)| set)).chain(owners).collect();
        let agencies =
            named.into_iter().map(|id| Entity::new_no_attrs(self.names.agency.the(id.as_str()), HashSet::new()));
        let all = agencies.chain([self.asker(slice)?]).chain(resource);
        self.actions.clone().add_entities(all, Some(&self.schema)).map_err(fault)
    }

    /// Refuses a slice that names an agency and does not hold it: Cedar skips, in silence, a `forbid` that looks for
    /// something in an entity which is not there.
    fn complete(&self, entities: &Entities) -> Result<(), RuleFault> {
        let lacks = |uid: &EntityUid| RuleFault(format!("the slice names {uid} and does not hold it"));
        let agency = |uid: &EntityUid| uid.type_name() == &self.names.agency.0;
        for uid in [&self.names.this_asker, &self.names.this_label] {
            for (_, value) in entities.get(uid).ok_or_else(|| lacks(uid))?.attrs() {
                let named: Vec<EntityUid> = match value.map_err(fault)? {
                    EvalResult::EntityUid(uid) => vec![uid],
                    EvalResult::Set(set) => set
                        .iter()
                        .filter_map(|each| if let EvalResult::EntityUid(uid) = each { Some(uid.clone()) } else { None })
                        .collect(),
                    _ => continue,
                };
                if let Some(missing) = named.iter().find(|uid| agency(uid) && entities.get(uid).is_none()) {
                    return Err(lacks(missing));
                }
            }
        }
        Ok(())
    }

    fn asker(&self, slice: &Slice) -> Result<Entity, RuleFault> {
        let agencies = |ids: &BTreeSet<AgencyId>| set(ids.iter().map(|id| self.names.agency.the(id.as_str())));
        let roles = set(slice.roles.iter().map(|role| self.names.role.the(role.word())));
        let mut attributes: HashMap<String, RestrictedExpression> =
            path_sets(slice).into_iter().map(|(name, ids)| (name.to_owned(), agencies(ids))).collect();
        attributes.insert("roles".to_owned(), roles);
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

    /// Whether one policy applies.
    fn applies(
        &self,
        policy: &Single,
        action: &EntityUid,
        context: &Context,
        entities: &Entities,
    ) -> Result<bool, RuleFault> {
        let (principal, resource) = (self.names.this_asker.clone(), self.names.this_label.clone());
        let request = Request::new(principal, action.clone(), resource, context.clone(), Some(&self.schema));
        let response = self.authorizer.is_authorized(&request.map_err(fault)?, &policy.alone, entities);
        match response.diagnostics().errors().next() {
            Some(error) => Err(fault(error)),
            None => Ok(response.diagnostics().reason().next().is_some()),
        }
    }
}

/// The sets of agencies that a question has, by the schema's names.
fn path_sets(slice: &Slice) -> [(&'static str, &BTreeSet<AgencyId>); 7] {
    [
        ("path", &slice.path),
        ("affiliations", &slice.affiliations),
        ("task_force", &slice.task_force),
        ("beneficiaries", &slice.beneficiaries),
        ("relays", &slice.relays),
        ("recipients", &slice.recipients),
        ("closed", &slice.closed),
    ]
}

/// Whether a policy applies is kept for so many questions at once; past it the memory starts anew.
const APPLIED_KEPT: usize = 1 << 20;

/// One policy about records.
struct Single {
    alone: PolicySet,
    effect: Effect,
    /// The actions that its head matches, as bits in the order of [`Names::see`].
    actions: u16,
    found: Found,
}

fn single(policies: &PolicySet, names: &Names, actions: &Entities) -> Result<Vec<Single>, RuleFault> {
    let mut all = Vec::new();
    for policy in policies.policies() {
        let matched = names.see.iter().enumerate().filter(|(_, action)| heads(policy, action, actions));
        let matched = matched.fold(0, |bits, (at, _)| bits | 1 << at);
        if matched != 0 {
            let effect = match policy.effect() {
                cedar_policy::Effect::Permit => Effect::Permit,
                cedar_policy::Effect::Forbid => Effect::Forbid,
            };
            let alone = PolicySet::from_policies([policy.clone()]).map_err(fault)?;
            all.push(Single { alone, effect, actions: matched, found: reads::of(policy) });
        }
    }
    Ok(all)
}

/// Whether a policy's head (`action`, `action == …`, `action in …`) matches an action.
fn heads(policy: &cedar_policy::Policy, action: &EntityUid, actions: &Entities) -> bool {
    let within = |group: &EntityUid| action == group || actions.is_ancestor_of(group, action);
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(only) => only == *action,
        ActionConstraint::In(groups) => groups.iter().any(within),
    }
}

/// The policies that an action's questions need, by their heads alone (`action`, `action == …`, `action in …`).
fn by_action(
    schema: &Schema,
    policies: &PolicySet,
    actions: &Entities,
) -> Result<HashMap<EntityUid, PolicySet>, RuleFault> {
    let chosen = |action: &EntityUid| {
        let chosen = policies.policies().filter(|policy| heads(policy, action, actions)).cloned();
        PolicySet::from_policies(chosen).map_err(fault)
    };
    schema.actions().map(|action| Ok((action.clone(), chosen(action)?))).collect()
}

/// The kinds of agencies that the register knows, as words. A test compares them with the register's.
pub(crate) const AGENCY_KINDS: [&str; 9] =
    ["owner", "local", "state", "federal", "task_force", "oversight", "press", "vendor", "parent"];

/// What is governed, as words: accounts, and the entries of the register. A test compares them with the register's.
pub(crate) const ENTRIES: [&str; 23] = [
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
    "announcement",
    "admission",
    "task_force",
    "member",
    "vendor",
    "terms",
    "attestation",
    "key_end",
    "succession",
    "ending",
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
    relation: Type,
    this_asker: EntityUid,
    this_label: EntityUid,
    register: EntityUid,
    /// What can be seen of a record: the pointer, then the field classes in their order.
    see: Vec<EntityUid>,
    file: EntityUid,
    govern: EntityUid,
    handle: EntityUid,
    inquire: EntityUid,
    review: EntityUid,
    produce: EntityUid,
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
            relation: named("Relation")?,
            this_asker: named("Asker")?.the("this"),
            this_label: named("Label")?.the("this"),
            register: named("Register")?.the("this"),
            see: std::iter::once("point".to_owned())
                .chain(FieldClass::ALL.iter().map(|class| format!("read_{}", class.word())))
                .map(|name| action.the(&name))
                .collect(),
            file: action.the("file"),
            govern: action.the("govern"),
            handle: action.the("handle"),
            inquire: action.the("inquire"),
            review: action.the("review"),
            produce: action.the("produce"),
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
    fn gr05_every_agency_that_a_question_names_is_in_its_slice() {
        // Cedar skips, in silence, a `forbid` that looks for something in an entity which is not there.
        let rules = CedarRules::embedded().expect("the rules load");
        let [a, b, c, d, e, f, g, h]: [AgencyId; 8] =
            ["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| name.parse().expect("an id"));
        let one = |id: &AgencyId| BTreeSet::from([id.clone()]);
        let slice = Slice {
            agency: Some(a.clone()),
            path: one(&b),
            affiliations: one(&c),
            task_force: one(&d),
            beneficiaries: one(&e),
            relays: one(&f),
            recipients: one(&g),
            closed: one(&b),
            purpose: Some("case".into()),
            use_code: Some("C".into()),
            ..Slice::default()
        };
        let (entities, _) = rules.question(&slice, &Label::of(h.clone(), Kind::Incident)).expect("a question");
        for id in [&a, &b, &c, &d, &e, &f, &g, &h] {
            let uid = rules.names.agency.the(id.as_str());
            assert!(entities.get(&uid).is_some(), "{id}");
            let without = entities.clone().remove_entities([uid]).expect("one fewer");
            let fault = rules.complete(&without).expect_err("a slice that lacks an agency is no slice");
            assert!(fault.0.contains(&format!("\"{id}\"")), "{fault}");
        }
        for uid in [&rules.names.this_asker, &rules.names.this_label] {
            assert!(entities.get(uid).is_some(), "{uid}");
        }
        assert!(rules.names.see.iter().all(|action| entities.get(action).is_some()), "a group would not hold it");
    }
}
