//! From what was written to what is meant.

use std::collections::{HashMap, HashSet};

use crate::ast;
use crate::ast::{
    Bound, DEPTH_MAX, Expr, Frame, Infix, Item, Link, Name, Named, Node, Nulls, Part, Prefix, Query, Span,
    Window as Over,
};
use crate::error::{Error, Position};
use crate::functions::{self, Function, FunctionId, Kind};
use crate::plan::resolve::{self, Wrong};
use crate::plan::{
    Aggregate, Field, Groups, Late, Order, Plan, Rel, RelNode, SELECTS_MAX, Schema, Select, Source, TYPED_DEPTH_MAX,
    Typed, TypedNode, Value, Window, alias,
};
use crate::types::{self, SoqlType, Types};

/// How many nodes aliases may unfold to. An alias of aliases doubles with every step.
const UNFOLDED_MAX: usize = 200_000;

/// How deep the analysis goes down. Left-deep chains of operators do not count.
const NESTED_MAX: usize = 70;

/// What a query means over these tables. Its places are in `text`.
///
/// # Errors
/// What does not fit the tables, with its place: every code of the API but those of the parser, and `bad-parse` for what
/// reads but cannot be asked.
pub fn of(text: &str, query: &Query, schema: &Schema) -> Result<Plan, Error> {
    let mut whole = Whole { text, schema, selects: 0, unfolded: 0, windows: 0 };
    let root = whole.query(query, &Rel::table(schema, 0))?;
    Ok(Plan { root })
}

impl Rel {
    fn table(schema: &Schema, table: usize) -> Rel {
        let fields = schema.tables.get(table).map(|table| table.fields.clone()).unwrap_or_default();
        Rel { node: RelNode::Table(table), fields, ordered: false }
    }
}

/// What is the same in the whole query.
struct Whole<'a> {
    text: &'a str,
    schema: &'a Schema,
    selects: usize,
    unfolded: usize,
    windows: usize,
}

impl Whole<'_> {
    fn at(&self, span: Span) -> Position {
        Position::of(self.text, span)
    }

    fn refused(&self, what: impl Into<String>, span: Span) -> Error {
        Error::Refused { what: what.into(), at: self.at(span) }
    }

    /// A query asked of that.
    fn query(&mut self, query: &Query, this: &Rel) -> Result<Rel, Error> {
        let mut rel = self.part(&query.first, this)?;
        for (link, part) in &query.then {
            rel = match link {
                Link::Pipe => self.part(part, &rel)?,
                Link::Rows(kind, every) => {
                    let right = self.part(part, this)?;
                    let place = place_of(part);
                    if rel.fields.len() != right.fields.len() {
                        let what = format!(
                            "Rows of {} and of {} columns do not go together",
                            rel.fields.len(),
                            right.fields.len()
                        );
                        return Err(self.refused(what, place));
                    }
                    for (left, right) in rel.fields.iter().zip(&right.fields) {
                        if left.soql_type != right.soql_type {
                            return Err(Error::TypeMismatch {
                                function: format!("{kind:?}").to_uppercase(),
                                found: right.soql_type.word(),
                                at: self.at(place),
                            });
                        }
                    }
                    let fields = rel.fields.clone();
                    let (left, right) = (Box::new(rel), Box::new(right));
                    Rel { node: RelNode::Rows { kind: *kind, every: *every, left, right }, fields, ordered: false }
                }
            };
        }
        Ok(rel)
    }

    fn part(&mut self, part: &Part, this: &Rel) -> Result<Rel, Error> {
        match part {
            Part::Nested(query) => self.query(query, this),
            Part::Select(select) => {
                self.selects += 1;
                if self.selects > SELECTS_MAX {
                    return Err(Error::TooDeep { at: self.at(place_of(part)) });
                }
                self.select(select, this)
            }
        }
    }

    fn find(&self, table: &Named) -> Result<usize, Error> {
        let named = |at: &ast::Name| {
            self.schema.tables.iter().position(|table| table.names.iter().any(|name| Name::new(name) == *at))
        };
        if table.name.as_str() == "this" {
            return Ok(0);
        }
        named(&table.name)
            .ok_or_else(|| Error::NoSuchTable { table: table.name.as_str().to_owned(), at: self.at(table.span) })
    }

    fn select(&mut self, select: &ast::Select, this: &Rel) -> Result<Rel, Error> {
        let mut names: Vec<Vec<Name>> = Vec::new();
        let mut rels: Vec<Rel> = Vec::new();
        match &select.from {
            None => {
                rels.push(this.clone());
                names.push(vec![Name::new("this")]);
            }
            Some(from) => {
                let rel = if from.table.name.as_str() == "this" {
                    this.clone()
                } else {
                    Rel::table(self.schema, self.find(&from.table)?)
                };
                rels.push(rel);
                names.push(vec![from.alias.as_ref().unwrap_or(&from.table).name.clone()]);
            }
        }
        for join in &select.joins {
            self.selects += 1;
            if self.selects > SELECTS_MAX {
                return Err(Error::TooDeep { at: self.at(join.on.span) });
            }
            let (rel, own) = match &join.with {
                ast::Source::Table(table) => (Rel::table(self.schema, self.find(table)?), Some(table)),
                ast::Source::Query(query) => (self.query(query, &Rel::table(self.schema, 0))?, None),
            };
            rels.push(rel);
            let alias = join.alias.as_ref().or(own);
            let name = alias.map(|alias| alias.name.clone());
            if let Some((alias, name)) = alias.zip(name.as_ref())
                && names.iter().flatten().any(|other| other == name)
            {
                return Err(Error::DuplicateAlias { name: name.as_str().to_owned(), at: self.at(alias.span) });
            }
            names.push(name.into_iter().collect());
        }
        let mut one = One {
            whole: self,
            names,
            fields: rels.iter().map(|rel| rel.fields.clone()).collect(),
            visible: rels.len(),
            aliases: Vec::new(),
            defined: HashMap::new(),
            aggregates: Calls::default(),
            windows: Calls::default(),
            place: Place::Rows("ON"),
            nested: 0,
        };
        // A join's condition sees what was joined up to it.
        let mut sources: Vec<Source> = Vec::new();
        let mut conditions = vec![None];
        for (at, join) in select.joins.iter().enumerate() {
            one.visible = at + 2;
            conditions.push(Some((join.kind, one.condition(&join.on, "ON")?)));
        }
        for (rel, join) in rels.into_iter().zip(conditions) {
            sources.push(Source { rel, join });
        }
        let keeps = sources.first().is_some_and(|source| source.rel.ordered);
        let ties: Vec<Typed> = sources
            .iter()
            .enumerate()
            .flat_map(|(at, source)| {
                let unique = source.rel.fields.iter().position(|field| field.name == ":id");
                let unique = unique.filter(|_| matches!(source.rel.node, RelNode::Table(_)));
                let fields = source.rel.fields.iter().enumerate();
                fields
                    .filter(move |(column, _)| unique.is_none_or(|unique| unique == *column))
                    .filter(|(_, field)| Types::ORDERED.has(field.soql_type))
                    .map(move |(column, field)| {
                        Typed::new(TypedNode::Column { source: at, column }, field.soql_type, Span::default())
                    })
                    .collect::<Vec<_>>()
            })
            .collect();
        one.visible = sources.len();
        let planned = one.body(select, &ties, keeps)?;
        let Body { filter, groups, windows, items, fields, order_by } = planned;
        let node = RelNode::Select(Box::new(Select {
            sources,
            filter,
            search: select.search.clone().filter(|words| !words.trim().is_empty()),
            groups,
            windows,
            items,
            distinct: select.distinct,
            order_by,
            limit: select.limit,
            offset: select.offset,
        }));
        // Every select has a total order: its own, or that of what it reads.
        Ok(Rel { node, fields, ordered: true })
    }
}

fn place_of(part: &Part) -> Span {
    match part {
        Part::Nested(query) => place_of_query(query),
        Part::Select(select) => match select.items.first() {
            Some(Item::All { span, .. }) => *span,
            Some(Item::Value { value, .. }) => value.span,
            None => Span::default(),
        },
    }
}

fn place_of_query(query: &Query) -> Span {
    let mut query = query;
    loop {
        match &query.first {
            Part::Nested(inner) => query = inner,
            part => return place_of(part),
        }
    }
}

/// Calls that were taken out of expressions, each once.
struct Calls<T> {
    list: Vec<T>,
}

impl<T> Default for Calls<T> {
    fn default() -> Self {
        Calls { list: Vec::new() }
    }
}

impl<T: PartialEq> Calls<T> {
    fn number(&mut self, call: T) -> usize {
        // Few stand in one select; a select of very many would be searched through for each.
        match self.list.iter().position(|known| *known == call) {
            Some(at) => at,
            None => {
                self.list.push(call);
                self.list.len() - 1
            }
        }
    }
}

/// How many aggregates one select may have.
const AGGREGATES_MAX: usize = 500;

/// How many window functions one query may have: each is a level of the engine's plan.
const WINDOWS_MAX: usize = 32;

/// Where an expression stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Where there are only rows: the clause's name.
    Rows(&'static str),
    /// Where there may be groups: `SELECT`, `HAVING`, `ORDER BY`.
    Groups,
    /// In a window function.
    Window,
}

/// The parts of a select that are over its sources.
struct Body {
    filter: Option<Typed>,
    groups: Option<Groups>,
    windows: Vec<Window>,
    items: Vec<Typed>,
    fields: Vec<Field>,
    order_by: Vec<Order>,
}

/// One thing selected, with its name.
struct Selected<'q> {
    name: Name,
    /// Where the name or the expression stands.
    span: Span,
    what: What<'q>,
}

#[derive(Clone, Copy)]
enum What<'q> {
    Column(usize, usize),
    Expr(&'q Expr),
}

/// An alias while it is being told.
enum Defined {
    Underway,
    Done(Typed),
}

/// One select.
struct One<'a, 'b, 'q> {
    whole: &'a mut Whole<'b>,
    /// What each source may be called.
    names: Vec<Vec<Name>>,
    fields: Vec<Vec<Field>>,
    /// How many sources may be named yet.
    visible: usize,
    aliases: Vec<Selected<'q>>,
    defined: HashMap<Name, Defined>,
    aggregates: Calls<Aggregate>,
    windows: Calls<Window>,
    place: Place,
    nested: usize,
}

impl<'q> One<'_, '_, 'q> {
    fn at(&self, span: Span) -> Position {
        self.whole.at(span)
    }

    fn refused(&self, what: impl Into<String>, span: Span) -> Error {
        self.whole.refused(what, span)
    }

    fn body(&mut self, select: &'q ast::Select, ties: &[Typed], keeps: bool) -> Result<Body, Error> {
        self.aliases = self.named(&select.items)?;
        let filter = select.filter.as_ref().map(|filter| self.condition(filter, "WHERE")).transpose()?;
        let mut keys = Vec::new();
        self.place = Place::Rows("GROUP BY");
        for key in &select.group_by {
            let key = self.typed(key)?;
            let groupable = Types::ORDERED.or(Types::one(SoqlType::Point)).has(key.soql_type);
            if !groupable {
                return Err(Error::NonGroupableGroup { found: key.soql_type.word(), at: self.at(key.span) });
            }
            keys.push(key);
        }
        self.place = Place::Groups;
        let mut items = Vec::new();
        for at in 0..self.aliases.len() {
            items.push(self.item(at)?);
        }
        let mut having = None;
        if let Some(expr) = &select.having {
            let typed = resolve::as_type(self.typed(expr)?, SoqlType::Checkbox);
            if typed.soql_type != SoqlType::Checkbox {
                return Err(Error::NonBooleanHaving { found: typed.soql_type.word(), at: self.at(typed.span) });
            }
            if typed.late == Late::Window {
                return Err(self.misplaced(&typed, "HAVING"));
            }
            having = Some(typed);
        }
        let mut order_by = self.orders(&select.order_by)?;
        let mut windows = std::mem::take(&mut self.windows.list);
        self.whole.windows += windows.len();
        let mut groups = None;
        let mut ties: Vec<Typed> = ties.to_vec();
        if !keys.is_empty() || !self.aggregates.list.is_empty() || having.is_some() {
            let known = Known::of(&keys);
            ties = keys
                .iter()
                .enumerate()
                .filter(|(_, key)| Types::ORDERED.has(key.soql_type))
                .map(|(at, key)| Typed::new(TypedNode::Key(at), key.soql_type, key.span))
                .collect();
            let mut grouped = |typed: &mut Typed| self.grouped(typed, &known);
            items.iter_mut().try_for_each(&mut grouped)?;
            having.iter_mut().try_for_each(&mut grouped)?;
            order_by.iter_mut().try_for_each(|order| grouped(&mut order.by))?;
            for window in &mut windows {
                window.arguments.iter_mut().try_for_each(&mut grouped)?;
                window.filter.iter_mut().try_for_each(&mut grouped)?;
                window.partition_by.iter_mut().try_for_each(&mut grouped)?;
                window.order_by.iter_mut().try_for_each(|order| grouped(&mut order.by))?;
            }
            groups = Some(Groups { keys, aggregates: std::mem::take(&mut self.aggregates.list), having });
        }
        for window in &mut windows {
            if tells_equals_apart(window) {
                window.order_by.extend(ties.iter().cloned().map(ascending));
            }
        }
        // The order of what is read is kept as it is, unless somebody asks for another or makes other rows of it.
        let keeps =
            keeps && select.order_by.is_empty() && groups.is_none() && !select.distinct && self.names.len() == 1;
        if select.distinct {
            self.within_items(&mut order_by, &items)?;
            ties = items
                .iter()
                .enumerate()
                .filter(|(_, item)| Types::ORDERED.has(item.soql_type))
                .map(|(at, item)| Typed::new(TypedNode::Item(at), item.soql_type, item.span))
                .collect();
        }
        if !keeps {
            let beyond: Vec<Typed> =
                ties.into_iter().filter(|tie| !order_by.iter().any(|order| order.by == *tie)).collect();
            order_by.extend(beyond.into_iter().map(ascending));
        }
        let fields = self
            .aliases
            .iter()
            .zip(&items)
            .map(|(selected, item)| Field { name: selected.name.as_str().to_owned(), soql_type: item.soql_type })
            .collect();
        Ok(Body { filter, groups, windows, items, fields, order_by })
    }

    /// What is selected, each with its name: stars spread out, names given, then names suggested.
    fn named(&self, items: &'q [Item]) -> Result<Vec<Selected<'q>>, Error> {
        let mut selected: Vec<Selected<'q>> = Vec::new();
        let mut used: HashSet<Name> = HashSet::new();
        let mut unnamed = Vec::new();
        for item in items {
            match item {
                Item::All { table, system, except, span } => {
                    for (source, column, name) in self.star(table.as_ref(), *system, except, *span)? {
                        // Columns of a joined table often have the names of the first's.
                        let free = used.insert(name.clone());
                        if !free && table.is_none() {
                            return Err(Error::DuplicateAlias { name: name.as_str().to_owned(), at: self.at(*span) });
                        }
                        if !free {
                            unnamed.push((selected.len(), name.as_str().to_owned()));
                        }
                        selected.push(Selected { name, span: *span, what: What::Column(source, column) });
                    }
                }
                Item::Value { value, alias } => {
                    let column = match &value.node {
                        Node::Column(name) => self.column(name).map(|(source, column)| (source, column, name.clone())),
                        Node::Joined { table, column } => {
                            let source = self.source(table, value.span)?;
                            self.column_of(source, column).map(|at| (source, at, column.clone()))
                        }
                        Node::Field(of, column) => match &of.node {
                            Node::Column(table) => self.dotted(table, of.span).and_then(|source| {
                                self.column_of(source, column).map(|at| (source, at, column.clone()))
                            }),
                            _ => None,
                        },
                        _ => None,
                    };
                    if let (Node::Column(name), None, None) = (&value.node, alias, &column)
                        && !items
                            .iter()
                            .any(|item| matches!(item, Item::Value { alias: Some(alias), .. } if alias.name == *name))
                    {
                        let column = name.as_str().to_owned();
                        return Err(Error::NoSuchColumn { column, at: self.at(value.span) });
                    }
                    let (name, span, what) = match (alias, column) {
                        (Some(alias), _) => (alias.name.clone(), alias.span, What::Expr(value)),
                        (None, Some((source, column, name))) => (name, value.span, What::Column(source, column)),
                        (None, None) if matches!(value.node, Node::Column(_)) => {
                            let name = alias::suggested(value);
                            return Err(Error::DuplicateAlias { name, at: self.at(value.span) });
                        }
                        (None, None) => {
                            unnamed.push((selected.len(), alias::suggested(value)));
                            let name = Name::new("");
                            selected.push(Selected { name, span: value.span, what: What::Expr(value) });
                            continue;
                        }
                    };
                    if !used.insert(name.clone()) {
                        return Err(Error::DuplicateAlias { name: name.as_str().to_owned(), at: self.at(span) });
                    }
                    selected.push(Selected { name, span, what });
                }
            }
        }
        let columns: HashSet<Name> = self.fields.iter().flatten().map(|field| Name::new(&field.name)).collect();
        let mut counts: HashMap<String, usize> = HashMap::new();
        for (at, base) in unnamed {
            let mut name = Name::new(&base);
            while used.contains(&name) || columns.contains(&name) {
                let count = counts.entry(base.clone()).or_insert(0);
                *count += 1;
                name = Name::new(&format!("{base}{}{count}", if base.ends_with('_') { "" } else { "_" }));
            }
            used.insert(name.clone());
            if let Some(selected) = selected.get_mut(at) {
                selected.name = name;
            }
        }
        Ok(selected)
    }

    /// The columns that a star stands for: source, column, name.
    fn star(
        &self,
        table: Option<&Name>,
        system: bool,
        except: &[Named],
        span: Span,
    ) -> Result<Vec<(usize, usize, Name)>, Error> {
        let source = table.map_or(Ok(0), |table| self.source(table, span))?;
        let fields = self.fields.get(source).map(Vec::as_slice).unwrap_or_default();
        let of_kind = |field: &Field| field.name.starts_with(':') == system;
        let mut without: HashSet<&Name> = HashSet::new();
        for Named { name, span } in except {
            if !without.insert(name) {
                return Err(Error::RepeatedException { column: name.as_str().to_owned(), at: self.at(*span) });
            }
            if !fields.iter().any(|field| of_kind(field) && field.name == name.as_str()) {
                return Err(Error::NoSuchColumn { column: name.as_str().to_owned(), at: self.at(*span) });
            }
        }
        let columns = fields.iter().enumerate().filter(|(_, field)| of_kind(field));
        let named = columns.map(|(column, field)| (source, column, Name::new(&field.name)));
        Ok(named.filter(|(_, _, name)| !without.contains(name)).collect())
    }

    /// The source of that name.
    fn source(&self, table: &Name, span: Span) -> Result<usize, Error> {
        let found = self.names.iter().take(self.visible).position(|names| names.contains(table));
        found.ok_or_else(|| Error::NoSuchTable { table: table.as_str().to_owned(), at: self.at(span) })
    }

    /// The source that `j` in `j.ward` is, unless there is a column or an alias `j`.
    fn dotted(&self, name: &Name, span: Span) -> Option<usize> {
        let taken = self.column(name).is_some() || self.aliases.iter().any(|selected| selected.name == *name);
        if taken { None } else { self.source(name, span).ok() }
    }

    fn column_of(&self, source: usize, name: &Name) -> Option<usize> {
        self.fields.get(source)?.iter().position(|field| field.name == name.as_str())
    }

    /// A column that is named without its table: one of the first.
    fn column(&self, name: &Name) -> Option<(usize, usize)> {
        self.column_of(0, name).map(|column| (0, column))
    }

    fn column_typed(&self, source: usize, column: usize, span: Span) -> Typed {
        let soql_type = self.fields.get(source).and_then(|fields| fields.get(column)).map(|field| field.soql_type);
        Typed::new(TypedNode::Column { source, column }, soql_type.unwrap_or(SoqlType::Text), span)
    }

    fn item(&mut self, at: usize) -> Result<Typed, Error> {
        let Some(selected) = self.aliases.get(at) else {
            return Err(self.refused("Nothing is selected", Span::default()));
        };
        let (name, span) = (selected.name.clone(), selected.span);
        match selected.what {
            What::Column(source, column) => Ok(self.column_typed(source, column, span)),
            What::Expr(expr) => match self.defined.get(&name) {
                Some(Defined::Done(typed)) => Ok(typed.clone()),
                _ => self.define(name, expr),
            },
        }
    }

    fn define(&mut self, name: Name, expr: &'q Expr) -> Result<Typed, Error> {
        self.defined.insert(name.clone(), Defined::Underway);
        let place = std::mem::replace(&mut self.place, Place::Groups);
        let typed = self.typed(expr)?;
        self.place = place;
        self.defined.insert(name, Defined::Done(typed.clone()));
        Ok(typed)
    }

    /// An alias, if there is one of that name.
    fn alias(&mut self, name: &Name, span: Span) -> Result<Option<Typed>, Error> {
        let typed = match self.defined.get(name) {
            Some(Defined::Done(typed)) => typed.clone(),
            Some(Defined::Underway) => {
                return Err(Error::CircularAliasDefinition { name: name.as_str().to_owned(), at: self.at(span) });
            }
            None => {
                match self.aliases.iter().find(|selected| selected.name == *name).map(|selected| selected.what) {
                    None => return Ok(None),
                    // A column of a joined table is known by the name it is selected under.
                    Some(What::Column(source, column)) => self.column_typed(source, column, span),
                    Some(What::Expr(expr)) => self.define(name.clone(), expr)?,
                }
            }
        };
        self.whole.unfolded = self.whole.unfolded.saturating_add(typed.size);
        if self.whole.unfolded > UNFOLDED_MAX {
            return Err(Error::TooDeep { at: self.at(span) });
        }
        match (self.place, typed.late) {
            (_, Late::Nothing) | (Place::Groups, _) | (Place::Window, Late::Aggregate) => Ok(Some(typed)),
            (Place::Rows(clause), _) => Err(self.misplaced(&Typed { span, ..typed }, clause)),
            (Place::Window, Late::Window) => Err(self.misplaced(&Typed { span, ..typed }, "OVER")),
        }
    }

    /// The error for an aggregate or window function that stands where there is none yet.
    fn misplaced(&self, typed: &Typed, clause: &'static str) -> Error {
        fn first(typed: &Typed) -> Option<&TypedNode> {
            match &typed.node {
                TypedNode::Aggregate(_) | TypedNode::Window(_) => Some(&typed.node),
                TypedNode::Call(_, arguments) => arguments.iter().find_map(first),
                _ => None,
            }
        }
        let function = match first(typed) {
            Some(TypedNode::Aggregate(at)) => self.aggregates.list.get(*at).map(|aggregate| aggregate.function),
            Some(TypedNode::Window(at)) => self.windows.list.get(*at).map(|window| window.function),
            _ => None,
        };
        let function = function.map_or("", |function| functions::of(function).name).to_owned();
        Error::AggregateInUngroupedContext { function, clause, at: self.at(typed.span) }
    }

    /// Turns what is grouped by into the groups' keys; what is left of the rows is an error.
    fn grouped(&self, typed: &mut Typed, known: &Known<'_>) -> Result<(), Error> {
        if let Some(key) = known.key(typed) {
            *typed = Typed::new(TypedNode::Key(key), typed.soql_type, typed.span);
            return Ok(());
        }
        match &mut typed.node {
            TypedNode::Column { source, column } => {
                let field = self.fields.get(*source).and_then(|fields| fields.get(*column));
                let column = field.map(|field| field.name.clone()).unwrap_or_default();
                Err(Error::ColumnNotInGroupBys { column, at: self.at(typed.span) })
            }
            TypedNode::Call(function, arguments) => {
                arguments.iter_mut().try_for_each(|argument| self.grouped(argument, known))?;
                let node = TypedNode::Call(*function, std::mem::take(arguments));
                *typed = Typed::new(node, typed.soql_type, typed.span);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// With `DISTINCT`, rows are what is selected and nothing else, so that an order can be by nothing else.
    fn within_items(&self, order_by: &mut [Order], items: &[Typed]) -> Result<(), Error> {
        for order in order_by {
            let Some(at) = items.iter().position(|item| *item == order.by) else {
                return Err(self.refused("With DISTINCT, the order must be by what is selected", order.by.span));
            };
            order.by = Typed::new(TypedNode::Item(at), order.by.soql_type, order.by.span);
        }
        Ok(())
    }

    fn orders(&mut self, orders: &'q [ast::Order]) -> Result<Vec<Order>, Error> {
        let mut typed = Vec::new();
        for order in orders {
            let by = self.typed(&order.by)?;
            if !Types::ORDERED.has(by.soql_type) {
                return Err(Error::UnOrderableOrder { found: by.soql_type.word(), at: self.at(by.span) });
            }
            // Ascending puts nulls last, descending first.
            let nulls_first = order.nulls.map_or(order.descending, |nulls| nulls == Nulls::First);
            typed.push(Order { by, descending: order.descending, nulls_first });
        }
        Ok(typed)
    }

    fn condition(&mut self, expr: &'q Expr, clause: &'static str) -> Result<Typed, Error> {
        let place = std::mem::replace(&mut self.place, Place::Rows(clause));
        let typed = resolve::as_type(self.typed(expr)?, SoqlType::Checkbox);
        self.place = place;
        if typed.soql_type != SoqlType::Checkbox {
            return Err(Error::NonBooleanWhere { found: typed.soql_type.word(), at: self.at(typed.span) });
        }
        Ok(typed)
    }

    fn typed(&mut self, expr: &'q Expr) -> Result<Typed, Error> {
        self.nested += 1;
        if self.nested > NESTED_MAX {
            return Err(Error::TooDeep { at: self.at(expr.span) });
        }
        // A chain leans to the left and may be long; it is walked, not descended.
        let mut chain = Vec::new();
        let mut first = expr;
        while let Node::Infix(left, infix, right) = &first.node {
            chain.push((*infix, &**right, first.span));
            first = left;
        }
        let mut typed = if chain.is_empty() { self.single(first)? } else { self.typed(first)? };
        for (infix, right, span) in chain.into_iter().rev() {
            let right = self.typed(right)?;
            typed = self.infix(typed, infix, right, span)?;
        }
        self.nested -= 1;
        // What is not to be evaluated is not to be built either.
        if typed.depth() > TYPED_DEPTH_MAX.min(DEPTH_MAX) {
            return Err(Error::TooDeep { at: self.at(expr.span) });
        }
        Ok(typed)
    }

    fn infix(&mut self, left: Typed, infix: Infix, right: Typed, span: Span) -> Result<Typed, Error> {
        let function = match infix {
            Infix::Or => FunctionId::Or,
            Infix::And => FunctionId::And,
            Infix::Equal => FunctionId::Equal,
            Infix::NotEqual => FunctionId::NotEqual,
            Infix::Less => FunctionId::Less,
            Infix::LessEqual => FunctionId::LessEqual,
            Infix::Greater => FunctionId::Greater,
            Infix::GreaterEqual => FunctionId::GreaterEqual,
            Infix::Add => FunctionId::Add,
            Infix::Subtract => FunctionId::Subtract,
            Infix::Concat => FunctionId::Concat,
            Infix::Multiply => FunctionId::Multiply,
            Infix::Divide => FunctionId::Divide,
            Infix::Modulo => FunctionId::Modulo,
            Infix::Power => FunctionId::Power,
        };
        let typed = self.operator(function, vec![left, right], span)?;
        Ok(flattened(typed))
    }

    /// A call of one function that is written as a sign or keyword.
    fn operator(&mut self, function: FunctionId, arguments: Vec<Typed>, span: Span) -> Result<Typed, Error> {
        let function = functions::of(function);
        self.call_of(std::iter::once(function), function.name, arguments, span).map(|call| {
            let node = TypedNode::Call(call.function, call.arguments);
            Typed::new(node, call.gives, span)
        })
    }

    fn call_of(
        &self,
        candidates: impl Iterator<Item = &'static Function>,
        name: &str,
        arguments: Vec<Typed>,
        span: Span,
    ) -> Result<resolve::Call, Error> {
        let arity = arguments.len();
        let places: Vec<(&'static str, Span)> =
            arguments.iter().map(|argument| (argument.soql_type.word(), argument.span)).collect();
        resolve::call(candidates, arguments).map_err(|wrong| match wrong {
            Wrong::Arity => Error::NoSuchFunction { function: name.to_owned(), arity, at: self.at(span) },
            Wrong::Argument(at) => {
                let (found, place) = places.get(at).copied().unwrap_or(("text", span));
                Error::TypeMismatch { function: name.to_owned(), found, at: self.at(place) }
            }
            Wrong::Ambiguous => Error::AmbiguousCall { function: name.to_owned(), at: self.at(span) },
        })
    }

    fn literal(&self, value: Value, soql_type: SoqlType, span: Span) -> Typed {
        Typed::new(TypedNode::Literal(value), soql_type, span)
    }

    /// Anything but a chain of operators. Each kind has a function of its own, so that going down takes little stack.
    fn single(&mut self, expr: &'q Expr) -> Result<Typed, Error> {
        match &expr.node {
            Node::Prefix(prefix, of) => self.prefix(*prefix, of, expr.span),
            Node::Infix(..) => self.typed(expr),
            Node::Cast(of, to) => self.cast(of, to, expr.span),
            Node::Field(of, field) => self.field(of, field, expr.span),
            Node::Call { .. } => self.call(expr),
            Node::Case(case) => self.case(case, expr.span),
            Node::IsNull { .. } | Node::Like { .. } | Node::Between { .. } | Node::In { .. } => self.test(expr),
            _ => self.leaf(expr),
        }
    }

    /// What has nothing below it.
    fn leaf(&mut self, expr: &'q Expr) -> Result<Typed, Error> {
        let span = expr.span;
        match &expr.node {
            Node::Boolean(value) => Ok(self.literal(Value::Checkbox(*value), SoqlType::Checkbox, span)),
            Node::Number(digits) => match types::number(digits) {
                Some(number) => Ok(self.literal(Value::Number(number), SoqlType::Number, span)),
                None => Err(self.refused("The number is too large", span)),
            },
            Node::Text(text) => Ok(self.literal(Value::Text(text.clone()), SoqlType::Text, span)),
            Node::Column(name) => self.reference(name, span),
            Node::Joined { table, column } => {
                let source = self.source(table, span)?;
                self.joined(source, column, span)
            }
            Node::Star => Err(self.refused("`*` stands alone: count(*)", span)),
            Node::Index(..) => Err(Error::NoSuchFunction { function: "op$[]".to_owned(), arity: 2, at: self.at(span) }),
            _ => Ok(self.literal(Value::Null, SoqlType::Text, span)),
        }
    }

    /// `IS NULL`, `LIKE`, `BETWEEN`, `IN`.
    fn test(&mut self, expr: &'q Expr) -> Result<Typed, Error> {
        let (arguments, not, plain, negated): (Vec<&'q Expr>, _, _, _) = match &expr.node {
            Node::IsNull { of, not } => (vec![of], *not, FunctionId::IsNull, FunctionId::IsNotNull),
            Node::Like { of, not, pattern } => (vec![of, pattern], *not, FunctionId::Like, FunctionId::NotLike),
            Node::Between { of, not, low, high } => {
                (vec![of, low, high], *not, FunctionId::Between, FunctionId::NotBetween)
            }
            Node::In { of, not, list } => {
                (std::iter::once(&**of).chain(list).collect(), *not, FunctionId::In, FunctionId::NotIn)
            }
            _ => return self.leaf(expr),
        };
        let arguments = self.each(arguments)?;
        self.operator(if not { negated } else { plain }, arguments, expr.span)
    }

    fn each(&mut self, list: impl IntoIterator<Item = &'q Expr>) -> Result<Vec<Typed>, Error> {
        let mut typed = Vec::new();
        for expr in list {
            typed.push(self.typed(expr)?);
        }
        Ok(typed)
    }

    fn case(&mut self, case: &'q ast::Case, span: Span) -> Result<Typed, Error> {
        let mut arguments = self.each(case.branches.iter().flat_map(|(when, then)| [when, then]))?;
        if let Some(otherwise) = &case.otherwise {
            arguments.push(self.literal(Value::Checkbox(true), SoqlType::Checkbox, otherwise.span));
            arguments.push(self.typed(otherwise)?);
        }
        self.operator(FunctionId::Case, arguments, span)
    }

    fn reference(&mut self, name: &Name, span: Span) -> Result<Typed, Error> {
        if let Some(alias) = self.alias(name, span)? {
            return Ok(Typed { span, ..alias });
        }
        match self.column(name) {
            Some((source, column)) => Ok(self.column_typed(source, column, span)),
            None => Err(Error::NoSuchColumn { column: name.as_str().to_owned(), at: self.at(span) }),
        }
    }

    fn joined(&mut self, source: usize, column: &Name, span: Span) -> Result<Typed, Error> {
        match self.column_of(source, column) {
            Some(column) => Ok(self.column_typed(source, column, span)),
            None => Err(Error::NoSuchColumn { column: column.as_str().to_owned(), at: self.at(span) }),
        }
    }

    fn prefix(&mut self, prefix: Prefix, of: &'q Expr, span: Span) -> Result<Typed, Error> {
        let of = self.typed(of)?;
        let function = match prefix {
            Prefix::Minus => FunctionId::Negate,
            Prefix::Plus => FunctionId::Plus,
            Prefix::Not => FunctionId::Not,
        };
        let typed = self.operator(function, vec![of], span)?;
        // A number with its sign is a number: engines want to see it as one.
        let folded = match &typed.node {
            TypedNode::Call(FunctionId::Negate, arguments) => match arguments.first().and_then(Typed::literal) {
                Some(Value::Number(number)) => Some(Value::Number(-number)),
                _ => None,
            },
            TypedNode::Call(FunctionId::Plus, arguments) => arguments.first().and_then(Typed::literal).cloned(),
            _ => None,
        };
        Ok(match folded {
            Some(value) => self.literal(value, SoqlType::Number, span),
            None => typed,
        })
    }

    fn cast(&mut self, of: &'q Expr, to: &Name, span: Span) -> Result<Typed, Error> {
        let of = self.typed(of)?;
        let function = SoqlType::named(to.as_str()).map(|to| (to, format!("cast${to}")));
        let Some((to, function)) = function else {
            let function = format!("cast${}", to.as_str());
            return Err(Error::NoSuchFunction { function, arity: 1, at: self.at(span) });
        };
        if of.soql_type == to {
            return Ok(Typed { span, ..of });
        }
        let (found, place) = (of.soql_type.word(), of.span);
        if matches!(of.literal(), Some(Value::Null | Value::Text(_))) {
            // What a literal says is known now; what it does not say is the asker's mistake.
            let read = resolve::as_type(of, to);
            let mismatch = |at: Position| Error::TypeMismatch { function: function.clone(), found, at };
            return if read.soql_type == to { Ok(Typed { span, ..read }) } else { Err(mismatch(self.at(place))) };
        }
        let candidates = functions::FUNCTIONS.iter().filter(|known| known.name == function);
        let call = self.call_of(candidates, &function, vec![of], span)?;
        Ok(Typed::new(TypedNode::Call(call.function, call.arguments), call.gives, span))
    }

    fn field(&mut self, of: &'q Expr, field: &Name, span: Span) -> Result<Typed, Error> {
        // `j.ward` is a column of a joined table, unless there is a column `j`.
        if let Node::Column(name) = &of.node
            && let Some(source) = self.dotted(name, of.span)
        {
            return self.joined(source, field, span);
        }
        let of = self.typed(of)?;
        let function = match (of.soql_type, field.as_str()) {
            (SoqlType::Point, "latitude") => FunctionId::PointLatitude,
            (SoqlType::Point, "longitude") => FunctionId::PointLongitude,
            (SoqlType::FloatingTimestamp, "year") => FunctionId::DateExtractY,
            (SoqlType::FloatingTimestamp, "month") => FunctionId::DateExtractM,
            (SoqlType::FloatingTimestamp, "day") => FunctionId::DateExtractD,
            (SoqlType::FloatingTimestamp, "hour") => FunctionId::DateExtractHh,
            (SoqlType::FloatingTimestamp, "minute") => FunctionId::DateExtractMm,
            (SoqlType::FloatingTimestamp, "second") => FunctionId::DateExtractSs,
            (SoqlType::FloatingTimestamp, "dow") => FunctionId::DateExtractDow,
            (SoqlType::FloatingTimestamp, "woy") => FunctionId::DateExtractWoy,
            (SoqlType::FloatingTimestamp, "isoyear") => FunctionId::DateExtractIsoY,
            (of, field) => {
                let function = format!("{of}_{field}");
                return Err(Error::NoSuchFunction { function, arity: 1, at: self.at(span) });
            }
        };
        self.operator(function, vec![of], span)
    }

    fn call(&mut self, expr: &'q Expr) -> Result<Typed, Error> {
        let (called, kind) = self.called(expr)?;
        let inner = match (called.over, kind) {
            (Some(_), _) => Place::Window,
            (None, Kind::Aggregate) => Place::Rows("an aggregate function"),
            _ => self.place,
        };
        let place = std::mem::replace(&mut self.place, inner);
        let arguments = if called.all { Vec::new() } else { self.each(called.arguments)? };
        let filter = called.filter.map(|filter| self.filter(filter)).transpose()?;
        let over = called.over.map(|over| self.over(over, called.span)).transpose()?;
        self.place = place;
        self.meant(called, arguments, filter, over)
    }

    /// Whether what was written may stand where it stands, and of what kind it is.
    fn called(&self, expr: &'q Expr) -> Result<(Called<'q>, Kind), Error> {
        let span = expr.span;
        let Node::Call { name, distinct, arguments, filter, over } = &expr.node else {
            return Err(self.refused("No function is called", span));
        };
        let name = if *distinct { format!("{}_distinct", name.as_str()) } else { name.as_str().to_owned() };
        let all = name == "count" && matches!(arguments.as_slice(), [Expr { node: Node::Star, .. }]);
        let arity = arguments.len();
        let fits = |function: &&Function| {
            function.signatures.iter().any(|signature| match arity.checked_sub(signature.takes.len()) {
                Some(0) => true,
                Some(_) => !signature.more.is_empty(),
                None => false,
            })
        };
        let Some(function) = functions::named(&name).find(fits) else {
            return Err(Error::NoSuchFunction { function: name, arity, at: self.at(span) });
        };
        let kind = function.kind;
        if filter.is_some() && kind != Kind::Aggregate {
            return Err(self.refused(format!("FILTER belongs to an aggregate function, and `{name}' is none"), span));
        }
        if over.is_none() && kind == Kind::Window {
            return Err(self.refused(format!("The window function `{name}' needs OVER (…)"), span));
        }
        if over.is_some() && !matches!(kind, Kind::Window | Kind::Aggregate) {
            return Err(self.refused(format!("OVER belongs to a window function, and `{name}' is none"), span));
        }
        let clause = match self.place {
            Place::Rows(clause) => Some(clause),
            Place::Window => Some("OVER").filter(|_| over.is_some()),
            Place::Groups => None,
        };
        let late = over.is_some() || kind == Kind::Aggregate;
        if let Some(clause) = clause.filter(|_| late) {
            return Err(Error::AggregateInUngroupedContext { function: name, clause, at: self.at(span) });
        }
        let (filter, over) = (filter.as_deref(), over.as_ref());
        Ok((Called { name, all, arguments, filter, over, span }, kind))
    }

    /// The call as it is meant, taken out of its expression if it is known later than its row.
    fn meant(
        &mut self,
        called: Called<'q>,
        arguments: Vec<Typed>,
        filter: Option<Typed>,
        over: Option<Around>,
    ) -> Result<Typed, Error> {
        let Called { name, all, span, .. } = called;
        let call = if all {
            resolve::Call { function: FunctionId::Count, kind: Kind::Aggregate, arguments, gives: SoqlType::Number }
        } else {
            self.call_of(functions::named(&name), &name, arguments, span)?
        };
        if let Some(Around { partition_by, order_by, frame }) = over {
            if call.kind == Kind::Window {
                self.constants(&call, span)?;
            }
            let resolve::Call { function, arguments, gives, .. } = call;
            // What was put together cannot be taken apart again as a frame moves on.
            let gathers = matches!(function, FunctionId::Extent | FunctionId::ConvexHull | FunctionId::SpatialUnion);
            if gathers && frame.is_some_and(|frame| frame.from != Bound::First) {
                return Err(self.refused(format!("The frame of `{name}' begins with UNBOUNDED PRECEDING"), span));
            }
            let window = Window { function, arguments, filter, partition_by, order_by, frame, soql_type: gives };
            let at = self.windows.number(window);
            if self.whole.windows + at >= WINDOWS_MAX {
                return Err(self.refused(format!("A query has at most {WINDOWS_MAX} window functions"), span));
            }
            return Ok(Typed::new(TypedNode::Window(at), gives, span));
        }
        if call.kind == Kind::Aggregate {
            let resolve::Call { function, arguments, gives, .. } = call;
            let at = self.aggregates.number(Aggregate { function, arguments, filter, soql_type: gives });
            if at >= AGGREGATES_MAX {
                return Err(self.refused(format!("A select has at most {AGGREGATES_MAX} aggregates"), span));
            }
            return Ok(Typed::new(TypedNode::Aggregate(at), gives, span));
        }
        Ok(Typed::new(TypedNode::Call(call.function, call.arguments), call.gives, span))
    }

    fn filter(&mut self, expr: &'q Expr) -> Result<Typed, Error> {
        let typed = resolve::as_type(self.typed(expr)?, SoqlType::Checkbox);
        if typed.soql_type != SoqlType::Checkbox {
            return Err(Error::NonBooleanWhere { found: typed.soql_type.word(), at: self.at(typed.span) });
        }
        Ok(typed)
    }

    fn over(&mut self, over: &'q Over, span: Span) -> Result<Around, Error> {
        let mut partition_by = Vec::new();
        for key in &over.partition_by {
            let key = self.typed(key)?;
            if !Types::ORDERED.or(Types::one(SoqlType::Point)).has(key.soql_type) {
                return Err(Error::NonGroupableGroup { found: key.soql_type.word(), at: self.at(key.span) });
            }
            partition_by.push(key);
        }
        let order_by = self.orders(&over.order_by)?;
        if let Some(frame) = &over.frame
            && let Some(what) = wrong_in(frame)
        {
            return Err(self.refused(what, span));
        }
        Ok(Around { partition_by, order_by, frame: over.frame })
    }

    /// How many parts, how many rows, and what stands for a row that is not there must be known before the rows are.
    fn constants(&self, call: &resolve::Call, span: Span) -> Result<(), Error> {
        let whole = |typed: &Typed, least: f64| match typed.literal() {
            Some(Value::Number(number)) => number.fract() == 0.0 && *number >= least && *number <= 1e9,
            _ => false,
        };
        let fits = match (call.function, call.arguments.as_slice()) {
            (FunctionId::Ntile, [parts]) => whole(parts, 1.0),
            (FunctionId::Lag | FunctionId::Lead, [_, rows]) => whole(rows, 0.0),
            (FunctionId::Lag | FunctionId::Lead, [_, rows, other]) => whole(rows, 0.0) && other.literal().is_some(),
            _ => true,
        };
        let name = functions::of(call.function).name;
        if fits {
            Ok(())
        } else {
            Err(self.refused(format!("`{name}' takes whole numbers and values, not expressions"), span))
        }
    }
}

/// A call as it was written.
struct Called<'q> {
    /// With `_distinct` behind it where `DISTINCT` was said.
    name: String,
    /// Whether it is `count(*)`.
    all: bool,
    arguments: &'q [Expr],
    filter: Option<&'q Expr>,
    over: Option<&'q Over>,
    span: Span,
}

/// `OVER (…)`, typed.
struct Around {
    partition_by: Vec<Typed>,
    order_by: Vec<Order>,
    frame: Option<Frame>,
}

/// The keys of groups, to be found by what they say.
struct Known<'a> {
    keys: &'a [Typed],
    by_hash: HashMap<u64, Vec<usize>>,
}

impl<'a> Known<'a> {
    fn of(keys: &'a [Typed]) -> Known<'a> {
        let mut by_hash: HashMap<u64, Vec<usize>> = HashMap::new();
        for (at, key) in keys.iter().enumerate() {
            by_hash.entry(key.hash).or_default().push(at);
        }
        Known { keys, by_hash }
    }

    fn key(&self, typed: &Typed) -> Option<usize> {
        let mut known = self.by_hash.get(&typed.hash)?.iter().copied();
        known.find(|at| self.keys.get(*at).is_some_and(|key| key == typed))
    }
}

fn ascending(by: Typed) -> Order {
    Order { by, descending: false, nulls_first: false }
}

/// Whether a window function gives equal rows different values, so that their order must be total.
fn tells_equals_apart(window: &Window) -> bool {
    match window.function {
        FunctionId::RowNumber | FunctionId::Ntile | FunctionId::Lag | FunctionId::Lead | FunctionId::FirstValue => true,
        FunctionId::Rank | FunctionId::DenseRank => false,
        // Over a frame of equals, equals share a value; over counted rows, they do not.
        _ => window.frame.is_some_and(|frame| frame.rows),
    }
}

/// What is wrong with a frame.
fn wrong_in(frame: &Frame) -> Option<&'static str> {
    let rank = |bound: Bound| -> (u8, i128) {
        match bound {
            Bound::First => (0, 0),
            Bound::Before(rows) => (1, -i128::from(rows)),
            Bound::Current => (2, 0),
            Bound::After(rows) => (3, i128::from(rows)),
            Bound::Last => (4, 0),
        }
    };
    let counted = |bound: Bound| matches!(bound, Bound::Before(_) | Bound::After(_));
    if frame.from == Bound::Last || frame.to == Bound::First || rank(frame.from) > rank(frame.to) {
        return Some("The frame ends before it begins");
    }
    if !frame.rows && (counted(frame.from) || counted(frame.to)) {
        return Some("RANGE takes UNBOUNDED and CURRENT ROW; rows are counted with ROWS");
    }
    None
}

/// Chains of one operator as one call; a difference as a sum.
fn flattened(typed: Typed) -> Typed {
    let Typed { node, soql_type, span, .. } = typed;
    let TypedNode::Call(function, arguments) = node else { return Typed::new(node, soql_type, span) };
    let chains = matches!(
        function,
        FunctionId::And
            | FunctionId::Or
            | FunctionId::Add
            | FunctionId::Subtract
            | FunctionId::Multiply
            | FunctionId::Concat
    );
    let mut arguments = arguments;
    if !chains || arguments.len() != 2 {
        return Typed::new(TypedNode::Call(function, arguments), soql_type, span);
    }
    let (Some(mut right), Some(left)) = (arguments.pop(), arguments.pop()) else {
        return Typed::new(TypedNode::Call(function, arguments), soql_type, span);
    };
    let function = if function == FunctionId::Subtract {
        right = match right.literal() {
            Some(Value::Number(number)) => {
                Typed::new(TypedNode::Literal(Value::Number(-number)), SoqlType::Number, right.span)
            }
            _ => {
                let place = right.span;
                Typed::new(TypedNode::Call(FunctionId::Negate, vec![right]), SoqlType::Number, place)
            }
        };
        FunctionId::Add
    } else {
        function
    };
    let mut chain = match left.node {
        TypedNode::Call(same, arguments) if same == function => arguments,
        node => vec![Typed::new(node, left.soql_type, left.span)],
    };
    chain.push(right);
    Typed::new(TypedNode::Call(function, chain), soql_type, span)
}
