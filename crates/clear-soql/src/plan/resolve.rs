//! Which way to call a function is meant, given the types that its arguments can be.
//!
//! A column is of its type. A text literal is a text, and whatever type it can be read as; NULL is of any. Of the ways that
//! fit, the one is meant in which the fewest literals are read as something else; two such are an ambiguous call.

use crate::functions::{Function, FunctionId, Gives, Kind, Signature, Takes};
use crate::plan::{Typed, TypedNode, Value};
use crate::types::{self, SoqlType, Types};

/// The way that is meant, with its arguments read as it wants them.
pub(super) struct Call {
    pub(super) function: FunctionId,
    pub(super) kind: Kind,
    pub(super) arguments: Vec<Typed>,
    pub(super) gives: SoqlType,
}

/// Why none is meant.
pub(super) enum Wrong {
    /// No way has so many arguments.
    Arity,
    /// The argument of that number fits no way.
    Argument(usize),
    /// Several ways fit.
    Ambiguous,
}

/// The types that an expression can be.
pub(super) fn possible(typed: &Typed) -> Types {
    match &typed.node {
        TypedNode::Literal(Value::Null) => Types::ANY,
        TypedNode::Literal(Value::Text(text)) if typed.soql_type == SoqlType::Text => types::readings(text),
        _ => Types::one(typed.soql_type),
    }
}

/// The types that are tried for arguments of one letter.
#[derive(Clone, Copy)]
struct Letter {
    name: char,
    set: Types,
    /// How many arguments are of each type without being read as it.
    natives: [u32; SoqlType::ALL.len()],
    chosen: SoqlType,
}

/// Letters that a signature has; two are enough for every function there is.
type Letters = [Option<Letter>; 2];

fn letter(letters: &mut Letters, name: char) -> Option<&mut Letter> {
    let at = letters.iter().position(|letter| letter.is_none_or(|letter| letter.name == name))?;
    let place = letters.get_mut(at)?;
    Some(place.get_or_insert(Letter {
        name,
        set: Types::ANY,
        natives: [0; SoqlType::ALL.len()],
        chosen: SoqlType::Text,
    }))
}

fn takes(signature: &Signature, at: usize) -> Option<Takes> {
    let fixed = signature.takes.len();
    match at.checked_sub(fixed) {
        None => signature.takes.get(at),
        Some(beyond) => signature.more.get(beyond.checked_rem(signature.more.len())?),
    }
    .copied()
}

fn fits_in_number(signature: &Signature, arguments: usize) -> bool {
    match arguments.checked_sub(signature.takes.len()) {
        None => false,
        Some(0) => true,
        Some(beyond) => beyond.checked_rem(signature.more.len()) == Some(0),
    }
}

/// How many literals are read as something else, and what the letters are; or the argument that does not fit.
fn fit(signature: &Signature, arguments: &[Typed], can_be: &[Types]) -> Result<(u32, Letters), usize> {
    let mut letters: Letters = [None; 2];
    let mut read = 0;
    for (at, (argument, can_be)) in arguments.iter().zip(can_be).enumerate() {
        let null = matches!(argument.literal(), Some(Value::Null));
        match takes(signature, at) {
            Some(Takes::One(wanted)) => {
                if !can_be.has(wanted) {
                    return Err(at);
                }
                read += u32::from(!null && argument.soql_type != wanted);
            }
            Some(Takes::Same(name, class)) => {
                let Some(letter) = letter(&mut letters, name) else { return Err(at) };
                letter.set = letter.set.and(class).and(*can_be);
                if letter.set.is_empty() {
                    return Err(at);
                }
                if let Some(count) = letter.natives.get_mut(argument.soql_type as usize).filter(|_| !null) {
                    *count += 1;
                }
            }
            None => return Err(at),
        }
    }
    for letter in letters.iter_mut().flatten() {
        let all: u32 = letter.natives.iter().sum();
        let native = |soql_type: SoqlType| letter.natives.get(soql_type as usize).copied().unwrap_or(0);
        let mut best: Option<SoqlType> = None;
        for soql_type in SoqlType::ALL.iter().copied().filter(|soql_type| letter.set.has(*soql_type)) {
            if best.is_none_or(|best| native(soql_type) > native(best)) {
                best = Some(soql_type);
            }
        }
        letter.chosen = best.unwrap_or(SoqlType::Text);
        read += all - native(letter.chosen);
    }
    Ok((read, letters))
}

/// Finds the way that is meant.
pub(super) fn call(functions: impl Iterator<Item = &'static Function>, arguments: Vec<Typed>) -> Result<Call, Wrong> {
    let can_be: Vec<Types> = arguments.iter().map(possible).collect();
    let (mut best, mut tied, mut furthest) = (None::<(u32, &Function, &Signature, Letters)>, false, None);
    for function in functions {
        for signature in function.signatures {
            if !fits_in_number(signature, arguments.len()) {
                continue;
            }
            match fit(signature, &arguments, &can_be) {
                Err(at) => furthest = furthest.max(Some(at)),
                Ok((read, letters)) => match &best {
                    Some((least, ..)) if *least < read => {}
                    Some((least, ..)) if *least == read => tied = true,
                    _ => {
                        best = Some((read, function, signature, letters));
                        tied = false;
                    }
                },
            }
        }
    }
    let Some((_, function, signature, letters)) = best else {
        return Err(furthest.map_or(Wrong::Arity, Wrong::Argument));
    };
    // A cast of NULL is NULL, whichever way it is read.
    if tied && function.kind != Kind::Operator {
        return Err(Wrong::Ambiguous);
    }
    let chosen = |name: char| {
        let letter = letters.iter().flatten().find(|letter| letter.name == name);
        letter.map_or(SoqlType::Text, |letter| letter.chosen)
    };
    let read = |(at, argument): (usize, Typed)| match takes(signature, at) {
        Some(Takes::One(wanted)) => as_type(argument, wanted),
        Some(Takes::Same(name, _)) => as_type(argument, chosen(name)),
        None => argument,
    };
    let gives = match signature.gives {
        Gives::One(soql_type) => soql_type,
        Gives::Same(name) => chosen(name),
    };
    let arguments = arguments.into_iter().enumerate().map(read).collect();
    Ok(Call { function: function.id, kind: function.kind, arguments, gives })
}

/// A literal read as that type; anything else as it is.
pub(super) fn as_type(typed: Typed, wanted: SoqlType) -> Typed {
    if typed.soql_type == wanted {
        return typed;
    }
    let value = match typed.literal() {
        Some(Value::Null) => Some(Value::Null),
        Some(Value::Text(text)) => match wanted {
            SoqlType::Text | SoqlType::Url | SoqlType::Json => Some(Value::Text(text.clone())),
            SoqlType::Number => types::number(text).map(Value::Number),
            SoqlType::Checkbox => types::checkbox(text).map(Value::Checkbox),
            SoqlType::FloatingTimestamp => types::floating(text).map(Value::Time),
            SoqlType::FixedTimestamp => types::fixed(text).map(Value::Time),
            _ => types::shape(text).map(|shape| Value::Shape(std::sync::Arc::new(shape))),
        },
        _ => None,
    };
    match value {
        Some(value) => Typed::new(TypedNode::Literal(value), wanted, typed.span),
        None => typed,
    }
}
