//! CREATE TABLE as its tokens have it: names of columns in front of AS, WITH NO DATA, and LIKE among the columns, which sqlparser does
//! not read. `rewrite_tokens` leaves them out, and whoever plans the statement reads them here.

use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer, Whitespace};

use crate::sql::parse::dialect::PostgresDialect;
use crate::sql::parse::rewrite_tokens::is_keyword;

/// What stands in CREATE TABLE besides what its tree has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableText {
    /// Names of columns in front of AS.
    pub columns: Vec<String>,
    /// WITH NO DATA.
    pub is_empty: bool,
    pub likes: Vec<LikeClause>,
}

/// `LIKE table INCLUDING …`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LikeClause {
    pub schema: Option<String>,
    pub table: String,
    /// How many columns are declared before it.
    pub place: usize,
    pub defaults: bool,
    pub identity: bool,
    pub indexes: bool,
    pub comments: bool,
    pub constraints: bool,
    pub generated: bool,
}

/// Words that begin a constraint of a table, which is no column.
const CONSTRAINTS: [&str; 6] = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "EXCLUDE"];

/// Reads the text of CREATE TABLE; nothing is found in other statements.
pub fn table_text(text: &str) -> TableText {
    let Ok(tokens) = Tokenizer::new(&PostgresDialect, text).tokenize() else { return TableText::default() };
    let is_blank = |token: &&Token| {
        matches!(token, Token::Whitespace(Whitespace::Space | Whitespace::Newline | Whitespace::Tab))
            || matches!(token, Token::Whitespace(_) | Token::EOF | Token::SemiColon)
    };
    let solid: Vec<&Token> = tokens.iter().filter(|token| !is_blank(token)).collect();
    unread_parts(&solid).0
}

/// What the parser would not read of a statement without blanks, and the places of its tokens.
pub fn unread_parts(tokens: &[&Token]) -> (TableText, Vec<usize>) {
    let (mut found, mut dropped) = (TableText::default(), Vec::new());
    let Some(name) = behind_table(tokens) else { return (found, dropped) };
    let mut rest = behind_name(tokens, name);
    if tokens.get(rest).is_some_and(|token| **token == Token::LParen)
        && let Some((elements, end)) = elements(tokens, rest)
    {
        let is_name =
            |(start, end): &(usize, usize)| *end == start + 1 && matches!(tokens.get(*start), Some(Token::Word(_)));
        let words = ["AS", "USING", "WITH", "ON", "TABLESPACE"];
        let goes_on = tokens.get(end + 1).is_some_and(|token| words.iter().any(|word| is_keyword(token, word)));
        if goes_on && elements.iter().all(is_name) {
            found.columns =
                elements.iter().filter_map(|(start, _)| tokens.get(*start).and_then(|word| folded(word))).collect();
            dropped.extend(rest..=end);
        } else {
            take_likes(tokens, &elements, &mut found, &mut dropped);
        }
        rest = end + 1;
    }
    let is_as = tokens.iter().skip(rest).any(|token| is_keyword(token, "AS"));
    let ends_with = |words: &[&str]| {
        let end =
            tokens.len().checked_sub(words.len()).filter(|start| *start > rest).and_then(|start| tokens.get(start..));
        end.is_some_and(|end| end.iter().zip(words).all(|(token, word)| is_keyword(token, word)))
    };
    if is_as && ends_with(&["WITH", "NO", "DATA"]) {
        found.is_empty = true;
        dropped.extend(tokens.len() - 3..tokens.len());
    } else if is_as && ends_with(&["WITH", "DATA"]) {
        dropped.extend(tokens.len() - 2..tokens.len());
    }
    (found, dropped)
}

/// The place behind `CREATE … TABLE [IF NOT EXISTS]`.
fn behind_table(tokens: &[&Token]) -> Option<usize> {
    if !is_keyword(tokens.first()?, "CREATE") {
        return None;
    }
    let kinds = ["GLOBAL", "LOCAL", "TEMP", "TEMPORARY", "UNLOGGED"];
    let mut at = 1;
    while kinds.iter().any(|kind| tokens.get(at).is_some_and(|token| is_keyword(token, kind))) {
        at += 1;
    }
    if !is_keyword(tokens.get(at)?, "TABLE") {
        return None;
    }
    let has = |at: usize, word: &str| tokens.get(at).is_some_and(|token| is_keyword(token, word));
    let exists = has(at + 1, "IF") && has(at + 2, "NOT") && has(at + 3, "EXISTS");
    Some(if exists { at + 4 } else { at + 1 })
}

/// The place behind a dotted name.
fn behind_name(tokens: &[&Token], start: usize) -> usize {
    let mut at = start + 1;
    while tokens.get(at).is_some_and(|token| **token == Token::Period) {
        at += 2;
    }
    at
}

/// Where each element of a list in parentheses begins and ends, and where the list does.
fn elements(tokens: &[&Token], open: usize) -> Option<(Vec<(usize, usize)>, usize)> {
    let (mut elements, mut start, mut depth) = (Vec::new(), open + 1, 0_usize);
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::LParen => depth += 1,
            Token::RParen => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    if at > start {
                        elements.push((start, at));
                    }
                    return Some((elements, at));
                }
            }
            Token::Comma if depth == 1 => {
                elements.push((start, at));
                start = at + 1;
            }
            _ => {}
        }
    }
    None
}

/// Takes the LIKE clauses out of a list of columns, with the commas that part them from the rest.
fn take_likes(tokens: &[&Token], elements: &[(usize, usize)], found: &mut TableText, dropped: &mut Vec<usize>) {
    let mut place = 0;
    let mut kept: Vec<bool> = Vec::with_capacity(elements.len());
    for (start, end) in elements {
        let element = tokens.get(*start..*end).unwrap_or_default();
        let like = like_clause(element, place);
        kept.push(like.is_none());
        match like {
            Some(like) => {
                found.likes.push(like);
                dropped.extend(*start..*end);
            }
            None => {
                let is_constraint =
                    CONSTRAINTS.iter().any(|word| element.first().is_some_and(|first| is_keyword(first, word)));
                place += usize::from(!is_constraint);
            }
        }
    }
    if found.likes.is_empty() {
        return;
    }
    for (at, (_, end)) in elements.iter().enumerate().take(elements.len().saturating_sub(1)) {
        let parts_kept = kept.get(at) == Some(&true) && kept.iter().skip(at + 1).any(|kept| *kept);
        if !parts_kept {
            dropped.push(*end);
        }
    }
}

/// Reads one clause; `None` for what is none, or has words that PostgreSQL does not know.
fn like_clause(element: &[&Token], place: usize) -> Option<LikeClause> {
    if !is_keyword(element.first()?, "LIKE") {
        return None;
    }
    let mut like = LikeClause { place, table: folded(element.get(1)?)?, ..LikeClause::default() };
    let mut at = 2;
    while element.get(at).is_some_and(|token| **token == Token::Period) {
        like.schema = Some(std::mem::replace(&mut like.table, folded(element.get(at + 1)?)?));
        at += 2;
    }
    while let Some(token) = element.get(at) {
        let is_included = is_keyword(token, "INCLUDING");
        if !is_included && !is_keyword(token, "EXCLUDING") {
            return None;
        }
        let Token::Word(option) = element.get(at + 1)? else { return None };
        match option.value.to_ascii_uppercase().as_str() {
            "DEFAULTS" => like.defaults = is_included,
            "IDENTITY" => like.identity = is_included,
            "INDEXES" => like.indexes = is_included,
            "COMMENTS" => like.comments = is_included,
            "CONSTRAINTS" => like.constraints = is_included,
            "GENERATED" => like.generated = is_included,
            // Of these there is one kind here, which every column has.
            "COMPRESSION" | "STATISTICS" | "STORAGE" => {}
            "ALL" => {
                let (schema, table) = (like.schema.take(), std::mem::take(&mut like.table));
                let all = is_included;
                like = LikeClause {
                    schema,
                    table,
                    place,
                    defaults: all,
                    identity: all,
                    indexes: all,
                    comments: all,
                    constraints: all,
                    generated: all,
                };
            }
            _ => return None,
        }
        at += 2;
    }
    Some(like)
}

/// A name as PostgreSQL reads it.
fn folded(token: &Token) -> Option<String> {
    match token {
        Token::Word(word) if word.quote_style.is_some() => Some(word.value.clone()),
        Token::Word(word) => Some(word.value.to_lowercase()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_front_of_as_are_found() {
        let found = table_text("CREATE TABLE IF NOT EXISTS s.t (A, \"B\") AS SELECT 1, 2 WITH NO DATA;");
        assert_eq!((found.columns, found.is_empty), (vec!["a".to_string(), "B".to_string()], true));
        assert_eq!(table_text("create table t (a int, b text)"), TableText::default());
        assert_eq!(table_text("create temp table t as select 1 with data"), TableText::default());
        assert_eq!(table_text("select 1 as t with no data"), TableText::default());
    }

    #[test]
    fn likes_are_taken_out_with_their_commas() {
        let text = "create table t (a int, like s.u including all excluding indexes, primary key (a), b text, like v)";
        let tokens = Tokenizer::new(&PostgresDialect, text).tokenize().unwrap();
        let solid: Vec<&Token> = tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
        let (found, dropped) = unread_parts(&solid);
        let left: Vec<String> = solid
            .iter()
            .enumerate()
            .filter(|(at, _)| !dropped.contains(at))
            .map(|(_, token)| token.to_string())
            .collect();
        assert_eq!(left.join(" "), "create table t ( a int , primary key ( a ) , b text )");
        let [first, last] = found.likes.as_slice() else { panic!("{found:?}") };
        assert_eq!((first.schema.as_deref(), first.table.as_str(), first.place), (Some("s"), "u", 1));
        assert!(first.defaults && first.identity && !first.indexes);
        assert_eq!((last.table.as_str(), last.place, last.defaults), ("v", 2, false));
        assert!(table_text("create table t (like u including nonsense)").likes.is_empty());
    }
}
