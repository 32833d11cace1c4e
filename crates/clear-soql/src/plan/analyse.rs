//! From what was written to what is meant: selects, their sources, groups and orders. Names are found in `names`, expressions
//! typed in `expressions`, functions called in `calls`.

mod calls;
mod expressions;
mod names;

use std::collections::HashMap;

use crate::ast;
use crate::ast::{Expr, Item, Link, Name, Named, Nulls, Part, Query, Span};
use crate::error::{Error, Position};
use crate::functions::FunctionId;
use crate::plan::resolve;
use crate::plan::{
    Aggregate, Field, Groups, Late, Order, Plan, Rel, RelNode, SELECTS_MAX, Schema, Select, Source, Typed, TypedNode,
    Window,
};
use crate::types::{SoqlType, Types};

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
