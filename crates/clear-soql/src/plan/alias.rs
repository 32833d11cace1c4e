//! The name of a column that nobody named, as clients of the original know it: `count(*)` is `count`, `sum(x)` is
//! `sum_x`, `a + b` is `a_b`.

use crate::ast::{Case, Expr, Infix, Node, Prefix, Window};

/// How long such a name may be, characters. A literal can be as long as the query.
const NAME_MAX: usize = 250;

/// The name that an expression suggests; never empty.
pub(super) fn suggested(expr: &Expr) -> String {
    let mut words = Words { name: String::new(), parted: false };
    words.expr(expr);
    // A name must not begin with a digit.
    match words.name.chars().next() {
        Some(first) if first.is_alphabetic() || first == '_' => words.name,
        _ => format!("_{}", words.name),
    }
}

struct Words {
    name: String,
    /// Whether something that is no letter stood since the last letter.
    parted: bool,
}

impl Words {
    /// Every run of what is no letter, digit or underscore becomes one underscore between letters.
    fn word(&mut self, word: &str) {
        self.parted = true;
        for c in word.chars() {
            if self.name.len() > NAME_MAX {
                return;
            }
            if c.is_alphanumeric() || c == '_' {
                if self.parted && !self.name.is_empty() && !self.name.ends_with('_') {
                    self.name.push('_');
                }
                self.parted = false;
                self.name.extend(c.to_lowercase());
            } else {
                self.parted = true;
            }
        }
    }

    fn words(&mut self, words: &[&str]) {
        words.iter().for_each(|word| self.word(word));
    }

    fn all<'a>(&mut self, list: impl IntoIterator<Item = &'a Expr>) {
        list.into_iter().for_each(|expr| self.expr(expr));
    }

    fn expr(&mut self, expr: &Expr) {
        // A literal may be as long as the query; nothing of it is read once the name is full.
        if self.name.len() > NAME_MAX {
            return;
        }
        match &expr.node {
            Node::Null => self.word("null"),
            Node::Boolean(value) => self.word(if *value { "true" } else { "false" }),
            Node::Number(text) | Node::Text(text) => self.word(text),
            Node::Column(name) => self.word(name.as_str()),
            Node::Joined { table, column } => self.words(&[table.as_str(), column.as_str()]),
            Node::Star => {}
            Node::Prefix(prefix, of) => {
                if *prefix == Prefix::Not {
                    self.word("not");
                }
                self.expr(of);
            }
            Node::Infix(left, infix, right) => {
                self.expr(left);
                if matches!(infix, Infix::And | Infix::Or) {
                    self.word(infix.word());
                }
                self.expr(right);
            }
            Node::IsNull { of, not } => {
                self.expr(of);
                self.words(if *not { &["is", "not", "null"] } else { &["is", "null"] });
            }
            Node::Like { of, not, pattern } => {
                self.words(if *not { &["not", "like"] } else { &["like"] });
                self.expr(of);
                self.expr(pattern);
            }
            Node::Between { of, not, low, high } => {
                self.expr(of);
                self.words(if *not { &["not", "between"] } else { &["between"] });
                self.expr(low);
                self.word("and");
                self.expr(high);
            }
            Node::In { of, not, list } => {
                self.words(if *not { &["not", "in"] } else { &["in"] });
                self.expr(of);
                self.all(list);
            }
            Node::Cast(of, name) | Node::Field(of, name) => {
                self.expr(of);
                self.word(name.as_str());
            }
            Node::Index(of, index) => {
                self.expr(of);
                self.expr(index);
            }
            Node::Call { name, distinct, arguments, filter, over } => {
                self.word(name.as_str());
                if *distinct {
                    self.word("distinct");
                }
                self.all(arguments);
                self.all(filter.iter().map(|filter| &**filter));
                if let Some(window) = over {
                    self.window(window);
                }
            }
            Node::Case(case) => self.case(case),
        }
    }

    fn window(&mut self, window: &Window) {
        self.word("over");
        if !window.partition_by.is_empty() {
            self.word("partition_by");
            self.all(&window.partition_by);
        }
        if !window.order_by.is_empty() {
            self.word("order_by");
            self.all(window.order_by.iter().map(|order| &order.by));
        }
    }

    fn case(&mut self, case: &Case) {
        self.word("case");
        for (when, then) in &case.branches {
            self.word("when");
            self.expr(when);
            self.word("then");
            self.expr(then);
        }
        if let Some(otherwise) = &case.otherwise {
            self.word("else");
            self.expr(otherwise);
        }
        self.word("end");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_the_original_makes_of_them() {
        for (text, name) in [
            ("count(*)", "count"),
            ("count(:id)", "count_id"),
            ("count(1)", "count_1"),
            ("sum(x)", "sum_x"),
            ("count(distinct x)", "count_distinct_x"),
            ("a + b", "a_b"),
            ("-a", "a"),
            ("1 + 2", "_1_2"),
            ("count(a) == 'hello, world!  This is it.'", "count_a_hello_world_this_is_it"),
            ("a is not null", "a_is_not_null"),
            ("not a and b", "not_a_and_b"),
            ("x::text", "x_text"),
            ("location.latitude", "location_latitude"),
            ("@j.ward", "j_ward"),
            ("date_trunc_ym(date)", "date_trunc_ym_date"),
            ("a between 1 and 2.5", "a_between_1_and_2_5"),
            ("a like 'T%'", "like_a_t"),
            ("a in (1, 2)", "in_a_1_2"),
            ("case when a then 1 else 2 end", "case_when_a_then_1_else_2_end"),
            ("rank() over (partition by a order by b)", "rank_over_partition_by_a_order_by_b"),
            ("'§'", "_"),
        ] {
            assert_eq!(suggested(&crate::parse::expression(text).unwrap()), name, "{text}");
        }
    }
}
