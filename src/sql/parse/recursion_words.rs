//! SEARCH and CYCLE behind a query of WITH RECURSIVE, which the parser does not read.
//!
//! Both become one more name at the end of the query's column names: the text of the clauses. [`recursion_clauses`] reads it again.

use datafusion::sql::sqlparser::ast::Ident;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use crate::error::{Error, Result};
use crate::sql::parse::dialect::PostgresDialect;
use crate::sql::parse::rewrite_tokens::is_keyword;
use crate::sql::parse::spellings::is_solid;

/// What the text of the clauses begins with.
const MARK: &str = "$clauses";

/// `SEARCH DEPTH FIRST BY a, b SET place`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchClause {
    pub location: Location,
    pub is_breadth: bool,
    pub columns: Vec<String>,
    pub sequence: String,
}

/// `CYCLE a, b SET mark [TO value DEFAULT other] USING path`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CycleClause {
    pub location: Location,
    pub columns: Vec<String>,
    pub mark: String,
    /// The texts of what the mark is on a cycle, and elsewhere.
    pub values: Option<(String, String)>,
    pub path: String,
}

/// What stands behind a query of WITH RECURSIVE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecursionClauses {
    pub search: Option<SearchClause>,
    pub cycle: Option<CycleClause>,
}

/// The tokens with the clauses as names of columns.
pub fn with_plain_recursion(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    if !tokens.iter().any(|token| is_keyword(&token.token, "search") || is_keyword(&token.token, "cycle")) {
        return tokens;
    }
    let mut plain: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // Where the parentheses that are open began, and the one that closed last.
    let (mut open, mut opened): (Vec<usize>, Option<usize>) = (Vec::new(), None);
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token.token {
            Token::LParen => open.push(plain.len()),
            Token::RParen => opened = open.pop(),
            _ => {}
        }
        let is_behind_query =
            || plain.iter().rev().find(|token| is_solid(token)).is_some_and(|token| token.token == Token::RParen);
        let is_clause = is_keyword(&token.token, "search") || is_keyword(&token.token, "cycle");
        let rest = tokens.get(at..).unwrap_or_default();
        if is_clause
            && is_behind_query()
            && let Some((clauses, length)) = Reader::new(rest).clauses()
            && let Some(place) = opened.and_then(|opened| place_of_columns(plain.get(..opened)?))
        {
            let has_columns = plain.get(place).is_some_and(|token| token.token == Token::RParen);
            let name = Token::make_word(&clauses.written(), Some('"'));
            let made = if has_columns { vec![Token::Comma, name] } else { vec![Token::LParen, name, Token::RParen] };
            plain.splice(place..place, made.into_iter().map(|made| TokenWithSpan { token: made, span: token.span }));
            at += length;
            continue;
        }
        plain.push(token.clone());
        at += 1;
    }
    plain
}

/// Where a name for one more column of a query of WITH comes in: before the parenthesis that ends its column names, or before AS
/// where it has none. The tokens are those before the query's own parenthesis.
fn place_of_columns(tokens: &[TokenWithSpan]) -> Option<usize> {
    let mut solid = tokens.iter().enumerate().rev().filter(|(_, token)| is_solid(token)).peekable();
    if solid.next_if(|(_, token)| is_keyword(&token.token, "materialized")).is_some() {
        solid.next_if(|(_, token)| is_keyword(&token.token, "not"));
    }
    let (place, _) = solid.next().filter(|(_, token)| is_keyword(&token.token, "as"))?;
    match solid.next()? {
        (close, token) if token.token == Token::RParen => Some(close),
        (_, token) => matches!(token.token, Token::Word(_)).then_some(place),
    }
}

/// The clauses that the name of a column stands for; `None` for one that stands for itself.
///
/// # Errors
/// XX000 for clauses that cannot be read: a defect.
pub fn recursion_clauses(name: &Ident) -> Result<Option<RecursionClauses>> {
    let unread = || Error::internal("clauses of a recursive query cannot be read");
    let Some(text) = name.value.strip_prefix(MARK) else { return Ok(None) };
    let tokens = Tokenizer::new(&PostgresDialect, text).tokenize_with_location().map_err(|_| unread())?;
    let numbers = tokens.iter().filter_map(|token| match &token.token {
        Token::Number(digits, _) => digits.parse().ok(),
        _ => None,
    });
    let places: Vec<u64> = numbers.take(4).collect();
    let [line, column, cycle_line, cycle_column] = places.as_slice() else { return Err(unread()) };
    let begin = tokens.iter().position(|token| matches!(token.token, Token::Word(_))).ok_or_else(unread)?;
    let (mut clauses, _) = Reader::new(tokens.get(begin..).unwrap_or_default()).clauses().ok_or_else(unread)?;
    if let Some(search) = &mut clauses.search {
        search.location = Location { line: *line, column: *column };
    }
    if let Some(cycle) = &mut clauses.cycle {
        cycle.location = Location { line: *cycle_line, column: *cycle_column };
    }
    Ok(Some(clauses))
}

impl RecursionClauses {
    /// The text that [`recursion_clauses`] reads.
    fn written(&self) -> String {
        let at = |location: Option<Location>| location.unwrap_or_else(Location::empty);
        let search = at(self.search.as_ref().map(|search| search.location));
        let cycle = at(self.cycle.as_ref().map(|cycle| cycle.location));
        let mut text = format!("{MARK} {} {} {} {}", search.line, search.column, cycle.line, cycle.column);
        let list = |columns: &[String]| columns.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
        if let Some(SearchClause { is_breadth, columns, sequence, .. }) = &self.search {
            let way = if *is_breadth { "BREADTH" } else { "DEPTH" };
            text.push_str(&format!(" SEARCH {way} FIRST BY {} SET {}", list(columns), quoted(sequence)));
        }
        if let Some(CycleClause { columns, mark, values, path, .. }) = &self.cycle {
            text.push_str(&format!(" CYCLE {} SET {}", list(columns), quoted(mark)));
            if let Some((value, other)) = values {
                text.push_str(&format!(" TO {value} DEFAULT {other}"));
            }
            text.push_str(&format!(" USING {}", quoted(path)));
        }
        text
    }
}

/// A name in quotes.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Reads the clauses, word by word.
struct Reader<'t> {
    tokens: &'t [TokenWithSpan],
    at: usize,
}

impl<'t> Reader<'t> {
    fn new(tokens: &'t [TokenWithSpan]) -> Self {
        Reader { tokens, at: 0 }
    }

    /// The clauses, and how many tokens they are.
    fn clauses(mut self) -> Option<(RecursionClauses, usize)> {
        let mut clauses = RecursionClauses::default();
        let begin = self.place();
        if self.word("search") {
            let is_breadth = if self.word("breadth") { true } else { self.word("depth").then_some(false)? };
            (self.word("first") && self.word("by")).then_some(())?;
            let columns = self.names()?;
            self.word("set").then_some(())?;
            clauses.search = Some(SearchClause { location: begin?, is_breadth, columns, sequence: self.name()? });
        }
        let begin = self.place();
        if self.word("cycle") {
            let columns = self.names()?;
            self.word("set").then_some(())?;
            let mark = self.name()?;
            let values = if self.word("to") { Some((self.until("default")?, self.until("using")?)) } else { None };
            (values.is_some() || self.word("using")).then_some(())?;
            clauses.cycle = Some(CycleClause { location: begin?, columns, mark, values, path: self.name()? });
        }
        Some((clauses, self.at))
    }

    fn next(&self) -> Option<(usize, &'t TokenWithSpan)> {
        let rest = self.tokens.get(self.at..)?;
        let blanks = rest.iter().take_while(|token| !is_solid(token)).count();
        Some((self.at + blanks, rest.get(blanks)?))
    }

    fn place(&self) -> Option<Location> {
        self.next().map(|(_, token)| token.span.start)
    }

    /// Takes a word, where it comes next.
    fn word(&mut self, word: &str) -> bool {
        let found = self.next().filter(|(_, token)| is_keyword(&token.token, word));
        self.at = found.map_or(self.at, |(at, _)| at + 1);
        found.is_some()
    }

    fn name(&mut self) -> Option<String> {
        let (at, token) = self.next()?;
        let Token::Word(word) = &token.token else { return None };
        self.at = at + 1;
        Some(if word.quote_style.is_some() { word.value.clone() } else { word.value.to_lowercase() })
    }

    fn names(&mut self) -> Option<Vec<String>> {
        let mut names = vec![self.name()?];
        while let Some((at, token)) = self.next().filter(|(_, token)| token.token == Token::Comma) {
            debug_assert!(token.token == Token::Comma);
            self.at = at + 1;
            names.push(self.name()?);
        }
        Some(names)
    }

    /// The text up to a word, which is taken as well.
    fn until(&mut self, word: &str) -> Option<String> {
        let mut text = String::new();
        while !self.word(word) {
            let (at, token) = self.next()?;
            self.at = at + 1;
            if !text.is_empty() {
                text.push(' ');
            }
            match &token.token {
                Token::SingleQuotedString(value) => text.push_str(&format!("'{}'", value.replace('\'', "''"))),
                Token::Word(name) if name.quote_style.is_some() => text.push_str(&quoted(&name.value)),
                Token::SemiColon | Token::EOF => return None,
                other => text.push_str(&other.to_string()),
            }
        }
        (!text.is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_are_read_from_what_they_become() {
        let text = "s AS (SELECT 1) SEARCH BREADTH FIRST BY a, \"B\"\"c\" SET s CYCLE d SET m TO 'it''s' DEFAULT 1.5 USING p, t AS (SELECT 1)";
        let tokens = Tokenizer::new(&PostgresDialect, text).tokenize_with_location().unwrap();
        let plain = with_plain_recursion(tokens);
        let name = plain.iter().find_map(|token| match &token.token {
            Token::Word(word) if word.quote_style.is_some() => Some(Ident::with_quote('"', word.value.clone())),
            _ => None,
        });
        let clauses = recursion_clauses(&name.unwrap()).unwrap().unwrap();
        let search = clauses.search.unwrap();
        assert!(search.is_breadth);
        assert_eq!((search.columns, search.sequence.as_str()), (vec!["a".to_string(), "B\"c".to_string()], "s"));
        assert_eq!(search.location.column, 17);
        let cycle = clauses.cycle.unwrap();
        assert_eq!(cycle.values, Some(("'it''s'".to_string(), "1.5".to_string())));
        assert_eq!((cycle.mark.as_str(), cycle.path.as_str()), ("m", "p"));
        let rest: String = plain.iter().map(|token| token.token.to_string()).collect();
        assert!(rest.ends_with(", t AS (SELECT 1)"), "{rest}");
        assert!(rest.starts_with("s (\"$clauses"), "{rest}");
        assert_eq!(recursion_clauses(&Ident::new("x")).unwrap(), None);
    }
}
