//! What names in a select stand for: columns, aliases, joined tables, and stars.

use super::{Defined, One, Place, Selected, What};
use crate::ast::{Expr, Item, Name, Named, Node, Span};
use crate::error::Error;
use crate::functions::{self};
use crate::plan::{Field, Late, Typed, TypedNode, alias};
use crate::types::SoqlType;
use std::collections::{HashMap, HashSet};

/// How many nodes aliases may unfold to. An alias of aliases doubles with every step.
const UNFOLDED_MAX: usize = 200_000;

impl<'q> One<'_, '_, 'q> {
    /// What is selected, each with its name: stars spread out, names given, then names suggested.
    pub(super) fn named(&self, items: &'q [Item]) -> Result<Vec<Selected<'q>>, Error> {
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
    pub(super) fn source(&self, table: &Name, span: Span) -> Result<usize, Error> {
        let found = self.names.iter().take(self.visible).position(|names| names.contains(table));
        found.ok_or_else(|| Error::NoSuchTable { table: table.as_str().to_owned(), at: self.at(span) })
    }

    /// The source that `j` in `j.ward` is, unless there is a column or an alias `j`.
    pub(super) fn dotted(&self, name: &Name, span: Span) -> Option<usize> {
        let taken = self.column(name).is_some() || self.aliases.iter().any(|selected| selected.name == *name);
        if taken { None } else { self.source(name, span).ok() }
    }

    pub(super) fn column_of(&self, source: usize, name: &Name) -> Option<usize> {
        self.fields.get(source)?.iter().position(|field| field.name == name.as_str())
    }

    /// A column that is named without its table: one of the first.
    pub(super) fn column(&self, name: &Name) -> Option<(usize, usize)> {
        self.column_of(0, name).map(|column| (0, column))
    }

    pub(super) fn column_typed(&self, source: usize, column: usize, span: Span) -> Typed {
        let soql_type = self.fields.get(source).and_then(|fields| fields.get(column)).map(|field| field.soql_type);
        Typed::new(TypedNode::Column { source, column }, soql_type.unwrap_or(SoqlType::Text), span)
    }

    pub(super) fn item(&mut self, at: usize) -> Result<Typed, Error> {
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
    pub(super) fn alias(&mut self, name: &Name, span: Span) -> Result<Option<Typed>, Error> {
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
    pub(super) fn misplaced(&self, typed: &Typed, clause: &'static str) -> Error {
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
}
