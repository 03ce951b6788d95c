//! CREATE SEQUENCE and ALTER SEQUENCE as their tokens have them: options in any order, which sqlparser reads in one, and a statement
//! that it does not know. For it both are CREATE SEQUENCE with a name alone.

use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer, Whitespace};

use crate::sql::parse::dialect::PostgresDialect;
use crate::sql::parse::rewrite_tokens::is_keyword;

/// What stands behind the name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SequenceText {
    pub is_alter: bool,
    /// IF EXISTS or IF NOT EXISTS.
    pub is_conditional: bool,
    pub ty: Option<String>,
    pub numbers: GivenNumbers,
    /// `Some(None)`: RESTART without a number.
    pub restart: Option<Option<i64>>,
    /// `Some(None)`: OWNED BY NONE; otherwise the parts of the column's name.
    pub owner: Option<Option<Vec<String>>>,
    pub rename: Option<String>,
    /// SET SCHEMA.
    pub schema: Option<String>,
    /// OWNER TO.
    pub role: Option<String>,
    /// Whether an option is said twice.
    pub repeats: bool,
    /// What is no option, as it is written.
    pub wrong: Option<String>,
}

/// What is said of a sequence's numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GivenNumbers {
    pub increment: Option<i64>,
    /// `Some(None)`: NO MINVALUE.
    pub min: Option<Option<i64>>,
    pub max: Option<Option<i64>>,
    pub start: Option<i64>,
    pub cache: Option<i64>,
    pub cycle: Option<bool>,
}

/// Reads the text of CREATE SEQUENCE or ALTER SEQUENCE; nothing is found in other statements.
pub fn sequence_text(text: &str) -> SequenceText {
    let Ok(tokens) = Tokenizer::new(&PostgresDialect, text).tokenize() else { return SequenceText::default() };
    let is_blank = |token: &&Token| {
        matches!(token, Token::Whitespace(Whitespace::Space | Whitespace::Newline | Whitespace::Tab))
            || matches!(token, Token::Whitespace(_) | Token::EOF | Token::SemiColon)
    };
    let solid: Vec<&Token> = tokens.iter().filter(|token| !is_blank(token)).collect();
    let Some(options) = options_of_sequence(&solid) else { return SequenceText::default() };
    let mut reader = Reader { tokens: &solid, at: options, found: SequenceText::default() };
    reader.found.is_alter = solid.first().is_some_and(|token| is_keyword(token, "ALTER"));
    reader.found.is_conditional = solid.iter().take(options).any(|token| is_keyword(token, "IF"));
    let mut names = Vec::new();
    // No more of them than there are options.
    while reader.at < solid.len() {
        let before = reader.at;
        let is_denied = solid.get(before).is_some_and(|token| is_keyword(token, "NO"));
        let name = solid.get(before + usize::from(is_denied)).map(|token| token.to_string().to_ascii_uppercase());
        if names.contains(&name) {
            reader.found.repeats = true;
            break;
        }
        let is_first = names.is_empty();
        names.push(name);
        let is_read = reader.option().is_some();
        // RENAME TO, OWNER TO and SET SCHEMA have no options beside them.
        if !is_read || (!is_first && reader.found.is_alone()) {
            reader.found.wrong = solid.get(before).map(ToString::to_string);
            break;
        }
    }
    reader.found
}

/// Where the options of a sequence begin; `None` for other statements.
pub fn options_of_sequence(tokens: &[&Token]) -> Option<usize> {
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| is_keyword(token, word));
    let mut at = match (is(0, "CREATE"), is(0, "ALTER")) {
        (true, _) if is(1, "SEQUENCE") => 2,
        (true, _) if is(2, "SEQUENCE") && (is(1, "TEMP") || is(1, "TEMPORARY") || is(1, "UNLOGGED")) => 3,
        (_, true) if is(1, "SEQUENCE") => 2,
        _ => return None,
    };
    if is(at, "IF") {
        at += if is(at + 1, "NOT") { 3 } else { 2 };
    }
    tokens.get(at)?;
    at += 1;
    while tokens.get(at).is_some_and(|token| **token == Token::Period) {
        at += 2;
    }
    Some(at)
}

impl SequenceText {
    /// Whether no option is said.
    pub fn is_empty(&self) -> bool {
        let (is_alter, is_conditional) = (self.is_alter, self.is_conditional);
        *self == SequenceText { is_alter, is_conditional, ..SequenceText::default() }
    }

    /// Whether it is a change that stands alone.
    pub fn is_alone(&self) -> bool {
        self.rename.is_some() || self.role.is_some() || self.schema.is_some()
    }
}

struct Reader<'a> {
    tokens: &'a [&'a Token],
    at: usize,
    found: SequenceText,
}

impl Reader<'_> {
    fn takes(&mut self, word: &str) -> bool {
        let is_there = self.tokens.get(self.at).is_some_and(|token| is_keyword(token, word));
        self.at += usize::from(is_there);
        is_there
    }

    fn number(&mut self) -> Option<i64> {
        let sign = match self.tokens.get(self.at)? {
            Token::Minus => "-",
            Token::Plus => "+",
            _ => "",
        };
        self.at += sign.len();
        let Token::Number(digits, _) = self.tokens.get(self.at)? else { return None };
        self.at += 1;
        format!("{sign}{digits}").replace('_', "").parse().ok()
    }

    fn word(&mut self) -> Option<String> {
        let Token::Word(word) = self.tokens.get(self.at)? else { return None };
        self.at += 1;
        Some(if word.quote_style.is_some() { word.value.clone() } else { word.value.to_lowercase() })
    }

    /// Reads one option.
    fn option(&mut self) -> Option<()> {
        if self.takes("AS") {
            self.found.ty = Some(self.word()?);
        } else if self.takes("INCREMENT") {
            self.takes("BY");
            self.found.numbers.increment = Some(self.number()?);
        } else if self.takes("MINVALUE") {
            self.found.numbers.min = Some(Some(self.number()?));
        } else if self.takes("MAXVALUE") {
            self.found.numbers.max = Some(Some(self.number()?));
        } else if self.takes("START") {
            self.takes("WITH");
            self.found.numbers.start = Some(self.number()?);
        } else if self.takes("RESTART") {
            let has_with = self.takes("WITH");
            let number = self.number();
            if has_with && number.is_none() {
                return None;
            }
            self.found.restart = Some(number);
        } else if self.takes("CACHE") {
            self.found.numbers.cache = Some(self.number()?);
        } else if self.takes("CYCLE") {
            self.found.numbers.cycle = Some(true);
        } else if self.takes("NO") {
            if self.takes("MINVALUE") {
                self.found.numbers.min = Some(None);
            } else if self.takes("MAXVALUE") {
                self.found.numbers.max = Some(None);
            } else if self.takes("CYCLE") {
                self.found.numbers.cycle = Some(false);
            } else {
                return None;
            }
        } else if self.takes("OWNED") {
            if !self.takes("BY") {
                return None;
            }
            self.owned_by()?;
        } else if self.found.is_alter && self.takes("RENAME") {
            if !self.takes("TO") {
                return None;
            }
            self.found.rename = Some(self.word()?);
        } else if self.found.is_alter && self.takes("SET") {
            if !self.takes("SCHEMA") {
                return None;
            }
            self.found.schema = Some(self.word()?);
        } else if self.found.is_alter && self.takes("OWNER") {
            if !self.takes("TO") {
                return None;
            }
            self.found.role = Some(self.word()?);
        } else {
            return None;
        }
        Some(())
    }

    fn owned_by(&mut self) -> Option<()> {
        if self.takes("NONE") {
            self.found.owner = Some(None);
            return Some(());
        }
        let mut parts = vec![self.word()?];
        while self.tokens.get(self.at).is_some_and(|token| **token == Token::Period) {
            self.at += 1;
            parts.push(self.word()?);
        }
        self.found.owner = Some(Some(parts));
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_come_in_any_order() {
        let found = sequence_text(
            "create sequence if not exists s.q no cycle minvalue -5 start with 10 increment by -2 as integer cache 20 \
             no maxvalue owned by public.t.\"Id\";",
        );
        let wanted = SequenceText {
            is_conditional: true,
            ty: Some("integer".to_string()),
            numbers: GivenNumbers {
                increment: Some(-2),
                min: Some(Some(-5)),
                max: Some(None),
                start: Some(10),
                cache: Some(20),
                cycle: Some(false),
            },
            owner: Some(Some(vec!["public".to_string(), "t".to_string(), "Id".to_string()])),
            ..SequenceText::default()
        };
        assert_eq!(found, wanted);
        let altered = sequence_text("ALTER SEQUENCE q RESTART MAXVALUE 7");
        assert_eq!((altered.is_alter, altered.restart, altered.numbers.max), (true, Some(None), Some(Some(7))));
        assert_eq!(sequence_text("alter sequence q restart with 7").restart, Some(Some(7)));
        assert_eq!(sequence_text("create sequence q restart").restart, Some(None));
        assert_eq!(sequence_text("alter sequence s.q set schema \"S\"").schema.as_deref(), Some("S"));
        assert_eq!(sequence_text("create sequence q set schema s").wrong.as_deref(), Some("set"));
        assert_eq!(sequence_text("alter sequence q rename to r cycle").wrong.as_deref(), Some("cycle"));
        assert_eq!(sequence_text("alter sequence q cycle rename to r").wrong.as_deref(), Some("rename"));
        assert!(sequence_text("alter sequence if exists q").is_empty() && !altered.is_empty());
        assert!(sequence_text("create sequence q cycle start 1 no cycle").repeats);
        assert_eq!(sequence_text("create sequence q start x").wrong.as_deref(), Some("start"));
        assert_eq!(sequence_text("create table t (a int)"), SequenceText::default());
    }
}
