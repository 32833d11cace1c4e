//! Tokens to a tree, by precedence.

use crate::ast::{
    Bound, Case, DEPTH_MAX, Every, Expr, Frame, From, Infix, Item, Join, JoinKind, Link, Name, Named, Node, Nulls,
    Order, Part, Prefix, Query, Select, SetKind, Source, Span, Window, precedence,
};
use crate::error::{Error, Position};
use crate::lex::{self, Kind, Token};

/// How deep parentheses, arguments, signs and `NOT`s may be nested. Chains of operators may be longer ([`DEPTH_MAX`]).
const NESTED_MAX: usize = 64;

/// Words that are no column unless in back quotes.
pub(crate) const RESERVED: [&str; 30] = [
    "select", "distinct", "where", "group", "by", "having", "order", "search", "limit", "offset", "as", "asc", "desc",
    "nulls", "and", "or", "not", "is", "like", "between", "in", "null", "true", "false", "case", "when", "then",
    "else", "end", "join",
];

/// Reads one whole query: `SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT … OFFSET …`, and what
/// follows it by `|>`, `UNION`, `INTERSECT` and `MINUS`.
///
/// # Errors
/// Text that is no query, with its position.
pub fn query(text: &str) -> Result<Query, Error> {
    whole(text, Parser::query)
}

/// Reads one expression, as in `$where` and `$having`.
///
/// # Errors
/// Text that is no expression, with its position.
pub fn expression(text: &str) -> Result<Expr, Error> {
    whole(text, |parser| parser.expression(precedence::LOOSEST))
}

/// Reads what stands after `SELECT`, as in `$select`: whether `DISTINCT`, and the items.
///
/// # Errors
/// Text that is no selection, with its position.
pub fn selection(text: &str) -> Result<(bool, Vec<Item>), Error> {
    whole(text, Parser::selection)
}

/// Reads what stands after `GROUP BY`, as in `$group`.
///
/// # Errors
/// Text that is no list of expressions, with its position.
pub fn groups(text: &str) -> Result<Vec<Expr>, Error> {
    whole(text, Parser::groups)
}

/// Reads what stands after `ORDER BY`, as in `$order`.
///
/// # Errors
/// Text that is no order, with its position.
pub fn orders(text: &str) -> Result<Vec<Order>, Error> {
    whole(text, |parser| parser.list(Parser::order))
}

/// A query as the parameters of a request give it, clause by clause. What is empty is left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clauses<'a> {
    /// `$select`; every column if `None`.
    pub select: Option<&'a str>,
    /// `$where`.
    pub filter: Option<&'a str>,
    /// `field=value`, each as equality beside `$where`: the column's name as given, and the value as a text.
    pub equal: &'a [(&'a str, &'a str)],
    /// `$group`.
    pub group: Option<&'a str>,
    /// `$having`.
    pub having: Option<&'a str>,
    /// `$order`.
    pub order: Option<&'a str>,
    /// `$q`, taken as it is, not as a text in quotes.
    pub search: Option<&'a str>,
    /// `$limit`, rows.
    pub limit: Option<&'a str>,
    /// `$offset`, rows.
    pub offset: Option<&'a str>,
}

/// A query with the text that its places are in.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The text.
    pub text: String,
    /// What it says.
    pub query: Query,
}

/// Reads a query clause by clause. Each clause is read by itself, so that none can say what another is for. Places are
/// those in the whole query that the clauses make together: `$select=xx` stands at column 8 of `SELECT xx`.
///
/// # Errors
/// A clause that does not read, with its position.
pub fn clauses(clauses: &Clauses<'_>) -> Result<Written, Error> {
    let mut text = String::new();
    let mut put = |word: &str, clause: &str| {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
        text.push(' ');
        let start = text.len();
        text.push_str(clause);
        Span { start, end: text.len() }
    };
    let filled = |clause: Option<&'_ str>| clause.is_some_and(|clause| !clause.trim().is_empty());
    let select = put("SELECT", if filled(clauses.select) { clauses.select.unwrap_or("*") } else { "*" });
    let mut filters: Vec<Span> = Vec::new();
    if let Some(filter) = clauses.filter.filter(|_| filled(clauses.filter)) {
        filters.push(put("WHERE", filter));
    }
    for (name, value) in clauses.equal {
        let word = if filters.is_empty() { "WHERE" } else { "AND" };
        filters.push(put(word, &format!("`{}` = '{}'", name.replace('`', ""), value.replace('\'', "''"))));
    }
    let group = clauses.group.filter(|_| filled(clauses.group)).map(|group| put("GROUP BY", group));
    let having = clauses.having.filter(|_| filled(clauses.having)).map(|having| put("HAVING", having));
    let order = clauses.order.filter(|_| filled(clauses.order)).map(|order| put("ORDER BY", order));
    if let Some(words) = clauses.search.filter(|_| filled(clauses.search)) {
        put("SEARCH", &format!("'{}'", words.replace('\'', "''")));
    }
    let limit = clauses.limit.filter(|_| filled(clauses.limit)).map(|limit| put("LIMIT", limit));
    let offset = clauses.offset.filter(|_| filled(clauses.offset)).map(|offset| put("OFFSET", offset));
    let (distinct, items) = part(&text, select, Parser::selection)?;
    let mut filter: Option<Expr> = None;
    for span in filters {
        let more = part(&text, span, |parser| parser.expression(precedence::LOOSEST))?;
        filter = Some(match filter {
            None => more,
            Some(filter) => {
                let span = filter.span.to(more.span);
                let both = Expr::new(Node::Infix(Box::new(filter), Infix::And, Box::new(more)), span);
                if both.depth() > DEPTH_MAX {
                    return Err(Error::TooDeep { at: Position::of(&text, span) });
                }
                both
            }
        });
    }
    let select = Select {
        distinct,
        items,
        filter,
        group_by: group.map_or(Ok(Vec::new()), |span| part(&text, span, Parser::groups))?,
        having: having.map(|span| part(&text, span, |parser| parser.expression(precedence::LOOSEST))).transpose()?,
        order_by: order.map_or(Ok(Vec::new()), |span| part(&text, span, |parser| parser.list(Parser::order)))?,
        search: clauses.search.filter(|_| filled(clauses.search)).map(str::to_owned),
        limit: limit.map(|span| part(&text, span, Parser::whole_number)).transpose()?,
        offset: offset.map(|span| part(&text, span, Parser::whole_number)).transpose()?,
        ..Select::default()
    };
    Ok(Written { text, query: Query { first: Part::Select(Box::new(select)), then: Vec::new() } })
}

fn whole<'a, T>(text: &'a str, read: impl FnOnce(&mut Parser<'a>) -> Result<T, Error>) -> Result<T, Error> {
    part(text, Span { start: 0, end: text.len() }, read)
}

fn part<'a, T>(text: &'a str, of: Span, read: impl FnOnce(&mut Parser<'a>) -> Result<T, Error>) -> Result<T, Error> {
    let source = lex::Source { whole: text, end: of.end };
    let mut parser = Parser { text, end: of.end, tokens: lex::tokens(source, of.start), at: 0, nested: 0 };
    let value = read(&mut parser)?;
    // A semicolon at the very end is harmless and common.
    parser.take_sign(";");
    match parser.kind() {
        Kind::End => Ok(value),
        _ => Err(parser.wrong("the end of the query")),
    }
}

struct Parser<'a> {
    text: &'a str,
    /// Where the part that is read ends.
    end: usize,
    tokens: Vec<Token>,
    at: usize,
    nested: usize,
}

/// What may follow an operand.
enum Follow {
    Infix(Infix),
    Is,
    Like(bool),
    Between(bool),
    In(bool),
    Cast,
    Field,
    Index,
}

impl Follow {
    fn precedence(&self) -> u8 {
        match self {
            Follow::Infix(infix) => infix.precedence(),
            Follow::Is | Follow::Like(_) | Follow::Between(_) | Follow::In(_) => precedence::TEST,
            Follow::Cast => precedence::CAST,
            Follow::Field | Follow::Index => precedence::POSTFIX,
        }
    }
}

impl Parser<'_> {
    fn ahead(&self, by: usize) -> &Kind {
        self.tokens.get(self.at + by).map_or(&Kind::End, |token| &token.kind)
    }

    fn kind(&self) -> &Kind {
        self.ahead(0)
    }

    fn span(&self) -> Span {
        let end = Span { start: self.end, end: self.end };
        self.tokens.get(self.at).map_or(end, |token| token.span)
    }

    /// The end of what was read so far.
    fn behind(&self) -> Span {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(Span::default(), |token| token.span)
    }

    /// The error for a token that does not fit here.
    fn wrong(&self, expected: &'static str) -> Error {
        let at = || Position::of(self.text, self.span());
        match self.kind() {
            Kind::Bad(error) => error.clone(),
            Kind::End => Error::UnexpectedEof { expected, at: at() },
            _ => {
                let Span { start, end } = self.span();
                let found: String = self.text.get(start..end).unwrap_or_default().chars().take(60).collect();
                Error::BadParse { expected, found, at: at() }
            }
        }
    }

    fn is_word_at(&self, by: usize, keyword: &str) -> bool {
        matches!(self.ahead(by), Kind::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    fn is_word(&self, keyword: &str) -> bool {
        self.is_word_at(0, keyword)
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.kind(), Kind::Sign(found) if *found == sign)
    }

    fn take_word(&mut self, keyword: &str) -> bool {
        let found = self.is_word(keyword);
        self.at += usize::from(found);
        found
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, keyword: &str, expected: &'static str) -> Result<(), Error> {
        if self.take_word(keyword) { Ok(()) } else { Err(self.wrong(expected)) }
    }

    fn sign(&mut self, sign: &str, expected: &'static str) -> Result<(), Error> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.wrong(expected)) }
    }

    fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Result<T, Error>) -> Result<Vec<T>, Error> {
        let mut list = vec![one(self)?];
        while self.take_sign(",") {
            list.push(one(self)?);
        }
        Ok(list)
    }

    /// A name that is no keyword, or any in back quotes.
    fn name(&mut self, expected: &'static str) -> Result<Name, Error> {
        let name = match self.kind() {
            Kind::Word(word) if !RESERVED.iter().any(|reserved| word.eq_ignore_ascii_case(reserved)) => Name::new(word),
            Kind::Quoted(word) | Kind::System(word) => Name::new(word),
            _ => return Err(self.wrong(expected)),
        };
        self.at += 1;
        Ok(name)
    }

    // INVARIANT (no text overflows the stack): every node is made here, and every recursion enters through `deeper`.
    fn made(&self, node: Node, span: Span) -> Result<Expr, Error> {
        let expr = Expr::new(node, span);
        if expr.depth() > DEPTH_MAX { Err(self.too_deep()) } else { Ok(expr) }
    }

    fn too_deep(&self) -> Error {
        Error::TooDeep { at: Position::of(self.text, self.span()) }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.nested == NESTED_MAX {
            return Err(self.too_deep());
        }
        self.nested += 1;
        let value = read(self);
        self.nested -= 1;
        value
    }

    fn boxed(&mut self, least: u8) -> Result<Box<Expr>, Error> {
        self.expression(least).map(Box::new)
    }

    /// An expression whose loosest operator binds at least so tightly.
    fn expression(&mut self, least: u8) -> Result<Expr, Error> {
        self.deeper(|parser| {
            let (mut left, mut most) = parser.operand(least)?;
            while let Some(follow) = parser.follow() {
                let binds = follow.precedence();
                // After `a IS NULL` no tighter operator may follow: `a IS NULL + 1` is an error, not a surprise.
                if binds < least || binds > most {
                    break;
                }
                left = parser.followed(left, follow)?;
                most = binds;
            }
            Ok(left)
        })
    }

    /// An operand with the tightest precedence that may follow it.
    fn operand(&mut self, least: u8) -> Result<(Expr, u8), Error> {
        let start = self.span();
        let (prefix, binds) = match self.kind() {
            Kind::Sign("-") => (Prefix::Minus, precedence::SIGN),
            Kind::Sign("+") => (Prefix::Plus, precedence::SIGN),
            Kind::Word(word) if word.eq_ignore_ascii_case("not") && least <= precedence::NOT => {
                (Prefix::Not, precedence::NOT)
            }
            _ => return Ok((self.atom()?, precedence::ATOM)),
        };
        self.at += 1;
        let of = self.boxed(binds)?;
        let span = start.to(of.span);
        Ok((self.made(Node::Prefix(prefix, of), span)?, binds))
    }

    fn follow(&self) -> Option<Follow> {
        match self.kind() {
            Kind::Sign("::") => Some(Follow::Cast),
            Kind::Sign(".") => Some(Follow::Field),
            Kind::Sign("[") => Some(Follow::Index),
            Kind::Sign("==") => Some(Follow::Infix(Infix::Equal)),
            Kind::Sign("<>") => Some(Follow::Infix(Infix::NotEqual)),
            Kind::Sign(sign) => Infix::ALL.iter().find(|infix| infix.word() == *sign).copied().map(Follow::Infix),
            Kind::Word(word) => {
                let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
                let not = is("not");
                let then = |keyword: &str| self.is_word_at(usize::from(not), keyword);
                match () {
                    () if is("or") => Some(Follow::Infix(Infix::Or)),
                    () if is("and") => Some(Follow::Infix(Infix::And)),
                    () if is("is") => Some(Follow::Is),
                    () if then("like") => Some(Follow::Like(not)),
                    () if then("between") => Some(Follow::Between(not)),
                    () if then("in") => Some(Follow::In(not)),
                    () => None,
                }
            }
            _ => None,
        }
    }

    fn followed(&mut self, left: Expr, follow: Follow) -> Result<Expr, Error> {
        let start = left.span;
        let of = Box::new(left);
        self.at += match follow {
            Follow::Like(not) | Follow::Between(not) | Follow::In(not) => 1 + usize::from(not),
            _ => 1,
        };
        let node = match follow {
            Follow::Infix(infix) => {
                // The right operand must bind tighter, except of a power, which goes on to the right.
                let least =
                    if infix.precedence() == precedence::POWER { precedence::POWER } else { infix.precedence() + 1 };
                Node::Infix(of, infix, self.boxed(least)?)
            }
            Follow::Is => {
                let not = self.take_word("not");
                self.word("null", "`NULL` after `IS`")?;
                Node::IsNull { of, not }
            }
            Follow::Like(not) => Node::Like { of, not, pattern: self.boxed(precedence::COMPARISON)? },
            Follow::Between(not) => {
                let low = self.boxed(precedence::COMPARISON)?;
                self.word("and", "`AND` and an upper bound")?;
                Node::Between { of, not, low, high: self.boxed(precedence::COMPARISON)? }
            }
            Follow::In(not) => {
                self.sign("(", "a list in parentheses")?;
                let list = self.list(|parser| parser.expression(precedence::LOOSEST))?;
                self.sign(")", "`,` or `)`")?;
                Node::In { of, not, list }
            }
            Follow::Cast => Node::Cast(of, self.name("the name of a type")?),
            Follow::Field => Node::Field(of, self.name("the name of a field")?),
            Follow::Index => {
                let index = self.boxed(precedence::LOOSEST)?;
                self.sign("]", "`]`")?;
                Node::Index(of, index)
            }
        };
        self.made(node, start.to(self.behind()))
    }

    fn atom(&mut self) -> Result<Expr, Error> {
        let start = self.span();
        let node = match self.kind() {
            Kind::Number(number) => Node::Number(number.clone()),
            Kind::Text(text) => Node::Text(text.clone()),
            Kind::Word(word) if word.eq_ignore_ascii_case("null") => Node::Null,
            Kind::Word(word) if word.eq_ignore_ascii_case("true") => Node::Boolean(true),
            Kind::Word(word) if word.eq_ignore_ascii_case("false") => Node::Boolean(false),
            Kind::Word(word) if word.eq_ignore_ascii_case("case") => {
                self.at += 1;
                // `case(when, then, …)` is the older form, a function of that name.
                return if self.is_sign("(") { self.call(Name::new("case"), start) } else { self.case(start) };
            }
            Kind::Sign("(") => {
                self.at += 1;
                let mut inner = self.expression(precedence::LOOSEST)?;
                self.sign(")", "`)`")?;
                inner.span = start.to(self.behind());
                return Ok(inner);
            }
            Kind::Table(table) => {
                let table = Name::new(table);
                self.at += 1;
                self.sign(".", "`.` and a column of that table")?;
                let column = self.name("the name of a column")?;
                return self.made(Node::Joined { table, column }, start.to(self.behind()));
            }
            _ => {
                let name = self.name("an expression")?;
                return if self.is_sign("(") { self.call(name, start) } else { self.made(Node::Column(name), start) };
            }
        };
        self.at += 1;
        self.made(node, start)
    }

    fn case(&mut self, start: Span) -> Result<Expr, Error> {
        let mut branches = Vec::new();
        self.word("when", "`WHEN`")?;
        loop {
            let when = self.expression(precedence::LOOSEST)?;
            self.word("then", "`THEN`")?;
            branches.push((when, self.expression(precedence::LOOSEST)?));
            if !self.take_word("when") {
                break;
            }
        }
        let otherwise = if self.take_word("else") { Some(self.boxed(precedence::LOOSEST)?) } else { None };
        self.word("end", "`WHEN`, `ELSE` or `END`")?;
        self.made(Node::Case(Case { branches, otherwise }), start.to(self.behind()))
    }

    fn call(&mut self, name: Name, start: Span) -> Result<Expr, Error> {
        self.sign("(", "`(`")?;
        let distinct = self.take_word("distinct");
        let mut arguments = Vec::new();
        if !self.is_sign(")") {
            arguments = self.list(|parser| {
                let start = parser.span();
                if parser.take_sign("*") {
                    parser.made(Node::Star, start)
                } else {
                    parser.expression(precedence::LOOSEST)
                }
            })?;
        }
        self.sign(")", "`,` or `)`")?;
        let mut filter = None;
        // A column may be called `filter` or `over`; only a parenthesis after the call makes them keywords.
        if self.is_word("filter") && matches!(self.ahead(1), Kind::Sign("(")) {
            self.at += 2;
            self.word("where", "`WHERE`")?;
            filter = Some(self.boxed(precedence::LOOSEST)?);
            self.sign(")", "`)`")?;
        }
        let mut over = None;
        if self.is_word("over") && matches!(self.ahead(1), Kind::Sign("(")) {
            self.at += 2;
            let mut window = Window { partition_by: Vec::new(), order_by: Vec::new(), frame: None };
            if self.take_word("partition") {
                self.word("by", "`BY`")?;
                window.partition_by = self.list(|parser| parser.expression(precedence::LOOSEST))?;
            }
            if self.take_word("order") {
                self.word("by", "`BY`")?;
                window.order_by = self.list(Parser::order)?;
            }
            if self.is_word("rows") || self.is_word("range") {
                window.frame = Some(self.frame()?);
            }
            self.sign(")", "`PARTITION BY`, `ORDER BY`, `ROWS`, `RANGE` or `)`")?;
            over = Some(window);
        }
        self.made(Node::Call { name, distinct, arguments, filter, over }, start.to(self.behind()))
    }

    fn frame(&mut self) -> Result<Frame, Error> {
        let rows = self.is_word("rows");
        self.at += 1;
        let (from, to) = if self.take_word("between") {
            let from = self.bound()?;
            self.word("and", "`AND` and the last row")?;
            (from, self.bound()?)
        } else {
            (self.bound()?, Bound::Current)
        };
        Ok(Frame { rows, from, to })
    }

    fn bound(&mut self) -> Result<Bound, Error> {
        if self.take_word("current") {
            self.word("row", "`ROW`")?;
            return Ok(Bound::Current);
        }
        let count = if self.take_word("unbounded") { None } else { Some(self.whole_number()?) };
        let before = self.take_word("preceding");
        if !before {
            self.word("following", "`PRECEDING` or `FOLLOWING`")?;
        }
        Ok(match (count, before) {
            (None, true) => Bound::First,
            (None, false) => Bound::Last,
            (Some(count), true) => Bound::Before(count),
            (Some(count), false) => Bound::After(count),
        })
    }

    fn order(&mut self) -> Result<Order, Error> {
        let by = self.expression(precedence::LOOSEST)?;
        let descending = self.take_word("desc");
        if !descending {
            self.take_word("asc");
        }
        let nulls = match (
            self.is_word("nulls") || self.is_word("null"),
            self.is_word_at(1, "first"),
            self.is_word_at(1, "last"),
        ) {
            (true, true, _) => Some(Nulls::First),
            (true, _, true) => Some(Nulls::Last),
            (true, ..) => {
                self.at += 1;
                return Err(self.wrong("`FIRST` or `LAST`"));
            }
            _ => None,
        };
        self.at += if nulls.is_some() { 2 } else { 0 };
        Ok(Order { by, descending, nulls })
    }

    fn groups(&mut self) -> Result<Vec<Expr>, Error> {
        self.list(|parser| parser.expression(precedence::LOOSEST))
    }

    fn selection(&mut self) -> Result<(bool, Vec<Item>), Error> {
        let distinct = self.take_word("distinct");
        Ok((distinct, self.list(Parser::item)?))
    }

    /// A name that is no keyword, with its place.
    fn named(&mut self, expected: &'static str) -> Result<Named, Error> {
        let span = self.span();
        Ok(Named { name: self.name(expected)?, span })
    }

    /// `j` or `@j` after `AS`.
    fn table_alias(&mut self) -> Result<Option<Named>, Error> {
        if !self.take_word("as") {
            return Ok(None);
        }
        if let Kind::Table(_) = self.kind() { self.table().map(Some) } else { self.named("a name").map(Some) }
    }

    fn table(&mut self) -> Result<Named, Error> {
        let Kind::Table(id) = self.kind() else { return Err(self.wrong("a table: `@` and its id")) };
        let named = Named { name: Name::new(id), span: self.span() };
        self.at += 1;
        Ok(named)
    }

    fn item(&mut self) -> Result<Item, Error> {
        let start = self.span();
        // `@j.*` is every column of a table; `@j.ward` is an expression.
        let star = |kind: &Kind| matches!(kind, Kind::Sign("*" | ":*"));
        let table = match (self.kind(), self.ahead(1)) {
            (Kind::Table(id), Kind::Sign(".")) if star(self.ahead(2)) => Some(Name::new(id)),
            _ => None,
        };
        self.at += if table.is_some() { 2 } else { 0 };
        let system = self.is_sign(":*");
        if system || self.is_sign("*") {
            self.at += 1;
            let mut except = Vec::new();
            if self.is_sign("(") {
                self.at += 1;
                self.word("except", "`EXCEPT`")?;
                except = self.list(|parser| parser.named("the name of a column"))?;
                self.sign(")", "`,` or `)`")?;
            }
            return Ok(Item::All { table, system, except, span: start.to(self.behind()) });
        }
        let value = self.expression(precedence::LOOSEST)?;
        let alias = if self.take_word("as") { Some(self.named("a name")?) } else { None };
        Ok(Item::Value { value, alias })
    }

    fn query(&mut self) -> Result<Query, Error> {
        self.deeper(|parser| {
            let first = parser.query_part()?;
            let mut then = Vec::new();
            while let Some(link) = parser.link() {
                let start = parser.span();
                let part = parser.query_part()?;
                if let (Link::Pipe, Part::Nested(_)) = (link, &part) {
                    let at = Position::of(parser.text, start);
                    return Err(Error::BadParse { expected: "`SELECT`", found: "(".into(), at });
                }
                then.push((link, part));
            }
            Ok(Query { first, then })
        })
    }

    fn link(&mut self) -> Option<Link> {
        if self.take_sign("|>") {
            return Some(Link::Pipe);
        }
        let kinds = [("union", SetKind::Union), ("intersect", SetKind::Intersect), ("minus", SetKind::Minus)];
        let (_, kind) = kinds.into_iter().find(|(word, _)| self.is_word(word))?;
        self.at += 1;
        Some(Link::Rows(kind, if self.take_word("all") { Every::All } else { Every::Once }))
    }

    fn query_part(&mut self) -> Result<Part, Error> {
        if !self.take_sign("(") {
            return self.select().map(|select| Part::Select(Box::new(select)));
        }
        let query = self.query()?;
        self.sign(")", "`)`")?;
        Ok(Part::Nested(Box::new(query)))
    }

    fn from(&mut self) -> Result<Option<From>, Error> {
        if !self.take_word("from") {
            return Ok(None);
        }
        let table = self.table()?;
        Ok(Some(From { table, alias: self.table_alias()? }))
    }

    fn join(&mut self) -> Result<Option<Join>, Error> {
        let kinds = [("left", JoinKind::Left), ("right", JoinKind::Right), ("full", JoinKind::Full)];
        let outer = kinds.into_iter().find(|(word, _)| self.is_word(word)).map(|(_, kind)| kind);
        if outer.is_some() {
            self.at += 1;
            self.take_word("outer");
            self.word("join", "`JOIN`")?;
        } else if !self.take_word("join") {
            return Ok(None);
        }
        let with = if self.take_sign("(") {
            let query = self.query()?;
            self.sign(")", "`)`")?;
            Source::Query(Box::new(query))
        } else {
            Source::Table(self.table()?)
        };
        let alias = self.table_alias()?;
        if alias.is_none() && matches!(with, Source::Query(_)) {
            return Err(self.wrong("`AS` and a name for the joined query"));
        }
        self.word("on", "`ON`")?;
        let on = self.expression(precedence::LOOSEST)?;
        Ok(Some(Join { kind: outer.unwrap_or(JoinKind::Inner), with, alias, on }))
    }

    fn select(&mut self) -> Result<Select, Error> {
        self.word("select", "`SELECT`")?;
        let (distinct, items) = self.selection()?;
        let mut select = Select { distinct, items, from: self.from()?, ..Select::default() };
        while let Some(join) = self.join()? {
            select.joins.push(join);
        }
        if self.take_word("where") {
            select.filter = Some(self.expression(precedence::LOOSEST)?);
        }
        if self.take_word("group") {
            self.word("by", "`BY`")?;
            select.group_by = self.groups()?;
        }
        if self.take_word("having") {
            select.having = Some(self.expression(precedence::LOOSEST)?);
        }
        loop {
            // The order of these four is free in clients, each at most once.
            if select.order_by.is_empty() && self.take_word("order") {
                self.word("by", "`BY`")?;
                select.order_by = self.list(Parser::order)?;
            } else if select.search.is_none() && self.take_word("search") {
                let Kind::Text(words) = self.kind() else { return Err(self.wrong("a text in quotes")) };
                select.search = Some(words.clone());
                self.at += 1;
            } else if select.limit.is_none() && self.take_word("limit") {
                select.limit = Some(self.whole_number()?);
            } else if select.offset.is_none() && self.take_word("offset") {
                select.offset = Some(self.whole_number()?);
            } else {
                return Ok(select);
            }
        }
    }

    fn whole_number(&mut self) -> Result<u64, Error> {
        let Kind::Number(digits) = self.kind() else { return Err(self.wrong("a whole number")) };
        let Ok(number) = digits.parse() else { return Err(self.wrong("a whole number")) };
        self.at += 1;
        Ok(number)
    }
}
