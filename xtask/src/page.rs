//! Files that a chore writes, or compares with what it would have written.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Whether a chore may change the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Write what is out of date.
    Write,
    /// Fail where something is out of date.
    Check,
}

impl Mode {
    pub(crate) fn of(check: bool) -> Mode {
        if check { Mode::Check } else { Mode::Write }
    }
}

/// Reads a file, naming it where that fails.
pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Makes the file hold `text`, or fails with the first line that differs and the chore that mends it.
pub(crate) fn settle(path: &Path, text: &str, mode: Mode, chore: &str) -> Result<()> {
    let found = fs::read_to_string(path).unwrap_or_default();
    if found == text {
        return Ok(());
    }
    if mode == Mode::Check {
        bail!("{} is out of date {}; run `cargo xtask {chore}`", path.display(), difference(&found, text));
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    println!("wrote {}", path.display());
    Ok(())
}

/// `page` with what stands between `<!-- name -->` and `<!-- /name -->` replaced.
pub(crate) fn between(page: &str, name: &str, text: &str) -> Result<String> {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = page.split_once(&open).with_context(|| format!("no line `{}`", open.trim()))?;
    let (_, after) = rest.split_once(&close).with_context(|| format!("no line `{close}`"))?;
    Ok(format!("{before}{open}{text}{close}{after}"))
}

fn difference(found: &str, wanted: &str) -> String {
    let same = found.lines().zip(wanted.lines()).take_while(|(a, b)| a == b).count();
    let line = |text: &str| text.lines().nth(same).unwrap_or("nothing").to_owned();
    format!("at line {}: found `{}`, wanted `{}`", same + 1, line(found), line(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_changes() {
        let page = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n";
        assert_eq!(between(page, "x", "new\n").unwrap(), "a\n<!-- x -->\nnew\n<!-- /x -->\nb\n");
        assert!(between(page, "y", "new\n").unwrap_err().to_string().contains("<!-- y -->"));
    }

    #[test]
    fn a_difference_names_its_line() {
        assert_eq!(difference("a\nb\n", "a\nc\n"), "at line 2: found `b`, wanted `c`");
        assert_eq!(difference("a\n", "a\nc\n"), "at line 2: found `nothing`, wanted `c`");
    }
}
