//! Text to tokens. The first thing that is wrong ends the tokens, so that errors come in reading order.

use crate::ast::Span;
use crate::error::{Error, Position};

/// The part of a text that is read: a query, or one clause of it. Positions are those of the whole.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) whole: &'a str,
    pub(crate) end: usize,
}

impl<'a> Source<'a> {
    fn from(self, at: usize) -> &'a str {
        self.whole.get(at..self.end).unwrap_or_default()
    }

    /// The end of the run of characters from `at` for which `holds`.
    fn run(self, at: usize, holds: impl Fn(char) -> bool) -> usize {
        self.from(at).find(|c| !holds(c)).map_or(self.end, |len| at + len)
    }

    fn position(self, at: usize) -> Position {
        Position::at(self.whole, at)
    }
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// A name or keyword as written, without quotes.
    Word(String),
    /// A name in back quotes: never a keyword.
    Quoted(String),
    /// `:id` with its colon.
    System(String),
    /// `@id` without its sign: a table.
    Table(String),
    /// Digits.
    Number(String),
    /// A string, resolved.
    Text(String),
    /// An operator or bracket.
    Sign(&'static str),
    /// The end.
    End,
    /// What cannot be read, and nothing after it.
    Bad(Error),
}

/// A token with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

// Longer signs first, so that `<=` is not read as `<`.
const SIGNS: [&str; 26] = [
    "::", "||", "|>", "==", "<>", "!=", "<=", ">=", ":*", "=", "<", ">", "+", "-", "*", "/", "%", "^", "(", ")", "[",
    "]", ",", ".", ";", "|",
];

/// Every token from that byte on, the last being [`Kind::End`] or [`Kind::Bad`].
pub(crate) fn tokens(text: Source<'_>, mut at: usize) -> Vec<Token> {
    let mut tokens = Vec::new();
    loop {
        let start = match skip_blank(text, at) {
            Ok(start) => start,
            Err(error) => {
                tokens.push(Token { kind: Kind::Bad(error), span: Span { start: at, end: text.end } });
                return tokens;
            }
        };
        let (kind, end) = next(text, start).unwrap_or_else(|error| (Kind::Bad(error), text.end));
        let last = matches!(kind, Kind::End | Kind::Bad(_));
        tokens.push(Token { kind, span: Span { start, end } });
        if last {
            return tokens;
        }
        at = end;
    }
}

fn skip_blank(text: Source<'_>, mut at: usize) -> Result<usize, Error> {
    loop {
        at = text.run(at, char::is_whitespace);
        let rest = text.from(at);
        if rest.starts_with("--") {
            at = text.run(at, |c| c != '\n');
        } else if rest.starts_with("/*") {
            let Some(len) = rest.find("*/") else {
                return Err(Error::UnexpectedEof {
                    expected: "the end of the comment `*/`",
                    at: text.position(text.end),
                });
            };
            at += len + 2;
        } else {
            return Ok(at);
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn next(text: Source<'_>, at: usize) -> Result<(Kind, usize), Error> {
    let rest = text.from(at);
    let Some(first) = rest.chars().next() else { return Ok((Kind::End, at)) };
    let second = rest.chars().nth(1);
    match first {
        '\'' => single_quoted(text, at),
        '"' => double_quoted(text, at),
        '`' => match text.from(at + 1).find('`') {
            Some(0) => Err(Error::UnexpectedCharacter { character: '`', at: text.position(at + 1) }),
            Some(len) => {
                Ok((Kind::Quoted(text.from(at + 1).chars().take_while(|c| *c != '`').collect()), at + len + 2))
            }
            None => Err(Error::UnexpectedEof { expected: "a closing back quote", at: text.position(text.end) }),
        },
        ':' if second.is_some_and(|c| is_word(c) || c == '@') => {
            let end = text.run(at + 1 + second.map_or(0, char::len_utf8), is_word);
            Ok((Kind::System(text.whole.get(at..end).unwrap_or_default().to_owned()), end))
        }
        '@' if second.is_some_and(is_word) => {
            let end = text.run(at + 1, |c| is_word(c) || c == '-');
            Ok((Kind::Table(text.whole.get(at + 1..end).unwrap_or_default().to_owned()), end))
        }
        '.' if second.is_some_and(|c| c.is_ascii_digit()) => Ok(number(text, at)),
        c if c.is_ascii_digit() => Ok(number(text, at)),
        c if is_word(c) => {
            let end = text.run(at, is_word);
            Ok((Kind::Word(text.whole.get(at..end).unwrap_or_default().to_owned()), end))
        }
        _ => match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            Some(sign) => Ok((Kind::Sign(sign), at + sign.len())),
            None => Err(Error::UnexpectedCharacter { character: first, at: text.position(at) }),
        },
    }
}

/// `12`, `12.5`, `.5`, `1e6`, `1.5E-3`. A point must be followed by a digit: `1.x` is a field of `1`.
fn number(text: Source<'_>, at: usize) -> (Kind, usize) {
    let digit = |at: usize| text.from(at).starts_with(|c: char| c.is_ascii_digit());
    let digits = |at: usize| text.run(at, |c| c.is_ascii_digit());
    let mut end = digits(at);
    if text.from(end).starts_with('.') && digit(end + 1) {
        end = digits(end + 1);
    }
    if text.from(end).starts_with(['e', 'E']) {
        let sign = usize::from(text.from(end + 1).starts_with(['+', '-']));
        if digit(end + 1 + sign) {
            end = digits(end + 1 + sign);
        }
    }
    (Kind::Number(text.whole.get(at..end).unwrap_or_default().to_owned()), end)
}

fn single_quoted(text: Source<'_>, at: usize) -> Result<(Kind, usize), Error> {
    let mut value = String::new();
    let mut chars = text.from(at + 1).char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        if c != '\'' {
            value.push(c);
        } else if chars.next_if(|(_, next)| *next == '\'').is_some() {
            value.push('\'');
        } else {
            return Ok((Kind::Text(value), at + 1 + offset + 1));
        }
    }
    Err(Error::UnterminatedString { at: text.position(at) })
}

fn double_quoted(text: Source<'_>, at: usize) -> Result<(Kind, usize), Error> {
    let unterminated = || Error::UnterminatedString { at: text.position(at) };
    let mut value = String::new();
    let mut chars = text.from(at + 1).char_indices();
    while let Some((offset, c)) = chars.next() {
        match c {
            '"' => return Ok((Kind::Text(value), at + 1 + offset + 1)),
            '\\' => {
                let (_, escaped) = chars.next().ok_or_else(unterminated)?;
                let digits = match escaped {
                    'n' => {
                        value.push('\n');
                        continue;
                    }
                    'r' => {
                        value.push('\r');
                        continue;
                    }
                    't' => {
                        value.push('\t');
                        continue;
                    }
                    'b' => {
                        value.push('\u{8}');
                        continue;
                    }
                    'f' => {
                        value.push('\u{c}');
                        continue;
                    }
                    '"' | '\'' | '\\' | '/' => {
                        value.push(escaped);
                        continue;
                    }
                    'u' => 4,
                    'U' => 6,
                    other => {
                        return Err(Error::UnexpectedCharacter {
                            character: other,
                            at: text.position(at + 1 + offset + 1),
                        });
                    }
                };
                let mut code = 0;
                for _ in 0..digits {
                    let (place, digit) = chars.next().ok_or_else(unterminated)?;
                    let bad = || Error::UnexpectedCharacter { character: digit, at: text.position(at + 1 + place) };
                    code = code * 16 + digit.to_digit(16).ok_or_else(bad)?;
                }
                // A lone surrogate is no character; it reads as the replacement character, as the original does.
                value.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            _ => value.push(c),
        }
    }
    Err(unterminated())
}
