//! Spellings of expressions that PostgreSQL has and sqlparser does not read, in the ones that it does.
//!
//! `'a' NEWLINE 'b'` is one string (PostgreSQL's documentation, section 4.1.2.1), `TRIM(BOTH FROM x)` takes blanks away, `SUBSTRING(x
//! SIMILAR p ESCAPE e)` is `SUBSTRING(x FROM p FOR e)`, `ORDER BY x USING <` is `ORDER BY x ASC`, `TABLE t` reads all of a table, `name
//! 'x'` is a value of that type, and `RETURNING WITH (OLD AS o) o.a` is `RETURNING old.a`.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace, Word};

use crate::error::{Error, Result};
use crate::sql::parse::parse::character;
use crate::sql::parse::regroup::precedes_value;
use crate::sql::parse::rewrite_tokens::is_keyword;
use crate::sql::parse::type_calls::check_type_call;
use crate::types::RangeKind;

/// Types whose names the parser takes for columns in front of a string.
const TYPES: [&str; 11] =
    ["name", "oid", "bpchar", "regclass", "regtype", "regproc", "jsonpath", "varbit", "bytea", "tsvector", "tsquery"];
/// What may follow SELECT that has no columns.
const ENDS_OF_COLUMNS: [&str; 12] =
    ["where", "group", "having", "window", "union", "intersect", "except", "order", "limit", "offset", "fetch", "for"];
/// The relation of the one row that SELECT without FROM has.
const ROW: &str = "$row";
/// What stands for all columns of what a function returns.
pub const COLUMNS: &str = "$columns";
/// What `OLD AS o` and `NEW AS n` of RETURNING name.
pub const OLD_ROW: &str = "$old";
pub const NEW_ROW: &str = "$new";

/// The tokens of a statement in the spellings that the parser reads.
///
/// # Errors
/// 42601 for a call of a name that is kept for a type, and for DISTINCT without what is to be distinct.
pub fn respelled(tokens: Vec<TokenWithSpan>, text: &str) -> Result<Vec<TokenWithSpan>> {
    let tokens = with_plain_versions(joined_strings(tokens), text)?;
    let spelled = Vec::with_capacity(tokens.len());
    let mut speller = Speller { tokens: &tokens, at: 0, text, spelled, open: Vec::new() };
    while let Some(token) = speller.tokens.get(speller.at) {
        speller.at += 1;
        speller.token(token)?;
    }
    Ok(speller.spelled)
}

/// Whether a name in front of a string is that of its type.
fn is_type(name: &str) -> bool {
    TYPES.contains(&name) || RangeKind::type_named(name).is_some()
}

/// What an open parenthesis belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parenthesis {
    Substring,
    /// A call that has FROM between its arguments.
    OfWords,
    Other,
}

/// The walk over the tokens.
struct Speller<'t> {
    tokens: &'t [TokenWithSpan],
    /// The token behind the one that is looked at.
    at: usize,
    text: &'t str,
    spelled: Vec<TokenWithSpan>,
    /// The parentheses that are open, with their places in what was written.
    open: Vec<(Parenthesis, usize)>,
}

impl<'t> Speller<'t> {
    fn rest(&self) -> &'t [TokenWithSpan] {
        self.tokens.get(self.at..).unwrap_or_default()
    }

    /// The tokens that stand behind, blanks left out.
    fn next(&self, place: usize) -> Option<&'t TokenWithSpan> {
        self.rest().iter().filter(|token| is_solid(token)).nth(place)
    }

    fn next_is(&self, place: usize, word: &str) -> bool {
        self.next(place).is_some_and(|next| is_keyword(&next.token, word))
    }

    /// The last of what was written.
    fn before(&self) -> Option<&TokenWithSpan> {
        self.spelled.iter().rev().find(|token| is_solid(token))
    }

    /// Leaves out as many of the tokens that follow, with the blanks before them.
    fn skip(&mut self, count: usize) {
        let solid = self.rest().iter().enumerate().filter(|(_, token)| is_solid(token));
        self.at += solid.map(|(at, _)| at + 1).nth(count - 1).unwrap_or_default();
    }

    fn push(&mut self, token: Token, of: &TokenWithSpan) {
        self.spelled.push(TokenWithSpan { token, span: of.span });
    }

    fn token(&mut self, token: &'t TokenWithSpan) -> Result<()> {
        check_type_call(token, self.rest(), self.before(), self.text)?;
        match &token.token {
            Token::LParen => {
                let is = |words: &[&str]| {
                    self.before().is_some_and(|before| words.iter().any(|word| is_keyword(&before.token, word)))
                };
                let opened = if is(&["substring"]) {
                    Parenthesis::Substring
                } else if is(&["extract", "trim", "overlay"]) {
                    Parenthesis::OfWords
                } else {
                    Parenthesis::Other
                };
                self.open.push((opened, self.spelled.len()));
            }
            // Bounds of frames are otherwise read as intervals without a cast.
            Token::SingleQuotedString(_) if self.is_cast_bound() => {
                self.push(Token::LParen, token);
                self.spelled.push(token.clone());
                self.push(Token::RParen, token);
                return Ok(());
            }
            Token::RParen => {
                let opened = self.open.pop().map(|(_, place)| place);
                if opened.is_some_and(|place| self.all_columns(place, token)) {
                    return Ok(());
                }
            }
            // No table is inherited from: `t *` is `t`.
            Token::Mul if self.ends_with_table() => return Ok(()),
            Token::Word(word)
                if word.quote_style.is_none() && self.word(token, &word.value.to_ascii_lowercase())? =>
            {
                return Ok(());
            }
            _ => {}
        }
        self.spelled.push(token.clone());
        Ok(())
    }

    /// Writes a word in another spelling; whether it did.
    fn word(&mut self, token: &'t TokenWithSpan, word: &str) -> Result<bool> {
        let in_substring = self.open.last().is_some_and(|(kind, _)| *kind == Parenthesis::Substring);
        match word {
            "both" | "leading" | "trailing" if self.next_is(0, "from") && self.begins_trim() => {
                self.spelled.push(token.clone());
                self.push(Token::SingleQuotedString(" ".to_string()), token);
            }
            "similar" if in_substring && !self.next_is(0, "to") => self.push(Token::make_keyword("FROM"), token),
            "escape" if in_substring => self.push(Token::make_keyword("FOR"), token),
            "using" => {
                let Some(direction) = self.next(0).and_then(|next| direction(&next.token)) else { return Ok(false) };
                self.push(Token::make_keyword(direction), token);
                self.skip(1);
            }
            "table" if self.before().is_none() => {
                for word in [Token::make_keyword("SELECT"), Token::Mul, Token::make_keyword("FROM")] {
                    self.push(word, token);
                }
            }
            "select" if self.selects_nothing() => {
                self.spelled.push(token.clone());
                for word in ["FROM", "(", "SELECT", "1", ")", ROW] {
                    let made = match word {
                        "(" => Token::LParen,
                        ")" => Token::RParen,
                        "1" => Token::Number(word.to_string(), false),
                        ROW => Token::make_word(word, Some('"')),
                        keyword => Token::make_keyword(keyword),
                    };
                    self.spelled.push(TokenWithSpan { token: Token::Whitespace(Whitespace::Space), span: token.span });
                    self.push(made, token);
                }
            }
            // No table is inherited from: `ONLY t` is `t`.
            "only" if self.before().is_some_and(precedes_table) || self.begins_merge() => {
                return Ok(self.next(0).is_some_and(|next| matches!(next.token, Token::Word(_))));
            }
            "distinct" if self.next_is(0, "from") && self.before().is_some_and(is_select) => {
                return self.next(0).map_or(Ok(false), |next| Err(near(&next.token, next, self.text)));
            }
            name if is_type(name) && self.before().is_some_and(precedes_value) => {
                let Some(string) = self.next(0).filter(|next| matches!(next.token, Token::SingleQuotedString(_)))
                else {
                    return Ok(false);
                };
                self.spelled.push(string.clone());
                self.push(Token::DoubleColon, token);
                self.spelled.push(token.clone());
                self.skip(1);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whether a string that comes now may be the bound of a frame, and is cast.
    fn is_cast_bound(&self) -> bool {
        let begins = |token: &TokenWithSpan| {
            ["between", "and", "rows", "range", "groups"].iter().any(|word| is_keyword(&token.token, word))
        };
        self.next(0).is_some_and(|next| next.token == Token::DoubleColon) && self.before().is_some_and(begins)
    }

    /// Whether SELECT that comes now has neither columns nor FROM.
    fn selects_nothing(&self) -> bool {
        let is_right =
            |words: &[&str]| self.before().is_some_and(|token| words.iter().any(|word| is_keyword(&token.token, word)));
        if is_right(&["grant", "revoke", "on", "for"]) {
            return false;
        }
        match self.next(0).map(|next| &next.token) {
            None | Some(Token::RParen | Token::SemiColon) => true,
            Some(token) => ENDS_OF_COLUMNS.iter().any(|word| is_keyword(token, word)),
        }
    }

    /// Writes `(t).*` as `t.*`, and `(f(x)).*` as a call of [`COLUMNS`], where the parenthesis that closes now has that behind it;
    /// whether it did.
    fn all_columns(&mut self, opened: usize, token: &TokenWithSpan) -> bool {
        let is_next = |place: usize, wanted: &Token| self.next(place).is_some_and(|next| next.token == *wanted);
        let (before, inside) = self.spelled.split_at(opened.min(self.spelled.len()));
        let begins = before.iter().rev().find(|token| is_solid(token)).is_some_and(precedes_value);
        if !begins || !is_next(0, &Token::Period) || !is_next(1, &Token::Mul) {
            return false;
        }
        let is_name = inside.iter().skip(1).all(|token| matches!(token.token, Token::Word(_) | Token::Period));
        let calls = inside
            .iter()
            .skip(1)
            .find(|token| is_solid(token))
            .is_some_and(|token| matches!(token.token, Token::Word(_)));
        if is_name && inside.len() > 1 {
            self.spelled.remove(opened);
        } else if calls {
            let marker = TokenWithSpan { token: Token::make_word(COLUMNS, Some('"')), span: token.span };
            self.spelled.insert(opened, marker);
            self.spelled.push(token.clone());
            self.skip(2);
        } else {
            return false;
        }
        true
    }

    /// Whether what was written ends with `TRIM (`.
    fn begins_trim(&self) -> bool {
        let mut solid = self.spelled.iter().rev().filter(|token| is_solid(token));
        let is_open = solid.next().is_some_and(|token| token.token == Token::LParen);
        is_open && solid.next().is_some_and(|token| is_keyword(&token.token, "trim"))
    }

    /// Whether what was written ends with `MERGE INTO`.
    fn begins_merge(&self) -> bool {
        let mut solid = self.spelled.iter().rev().filter(|token| is_solid(token));
        let is_into = solid.next().is_some_and(|token| is_keyword(&token.token, "into"));
        is_into && solid.next().is_some_and(|token| is_keyword(&token.token, "merge"))
    }

    /// Whether what was written ends with `FROM table`, and no call has that FROM.
    fn ends_with_table(&self) -> bool {
        let mut solid = self.spelled.iter().rev().filter(|token| is_solid(token));
        let is_name = solid.next().is_some_and(|token| matches!(token.token, Token::Word(_)));
        let is_from = is_name && solid.next().is_some_and(|token| is_keyword(&token.token, "from"));
        let is_from = is_from && !solid.next().is_some_and(|token| is_keyword(&token.token, "distinct"));
        is_from && matches!(self.open.last(), None | Some((Parenthesis::Other, _)))
    }
}

/// Whether a table may follow a token.
fn precedes_table(token: &TokenWithSpan) -> bool {
    ["from", "join", "update"].iter().any(|word| is_keyword(&token.token, word))
}

/// Whether a token is no blank and no comment.
pub fn is_solid(token: &TokenWithSpan) -> bool {
    !matches!(token.token, Token::Whitespace(_))
}

pub(super) fn next_solid(tokens: &[TokenWithSpan]) -> Option<&TokenWithSpan> {
    tokens.iter().find(|token| is_solid(token))
}

fn is_select(token: &TokenWithSpan) -> bool {
    is_keyword(&token.token, "select")
}

/// The direction that an operator behind USING sorts in; texts are compared by their bytes.
fn direction(operator: &Token) -> Option<&'static str> {
    match operator {
        Token::Lt => Some("ASC"),
        Token::Gt => Some("DESC"),
        Token::CustomBinaryOperator(name) if name == "~<~" => Some("ASC"),
        Token::CustomBinaryOperator(name) if name == "~>~" => Some("DESC"),
        _ => None,
    }
}

/// Strings with a line's end between them as one.
fn joined_strings(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut joined: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    for token in tokens {
        if let Token::SingleQuotedString(part) = &token.token
            && let Some(place) = joined.iter().rposition(is_solid)
            && let Some(before) = joined.get_mut(place)
            && before.span.end.line < token.span.start.line
            && let Token::SingleQuotedString(whole) | Token::EscapedStringLiteral(whole) = &mut before.token
        {
            whole.push_str(part);
            before.span.end = token.span.end;
            joined.truncate(place + 1);
            continue;
        }
        joined.push(token);
    }
    joined
}

/// `RETURNING WITH (OLD AS o, NEW AS n) o.a`: what is called `o` and `n` up to the end of the clause, by names that no statement
/// gives to a relation.
fn with_plain_versions(tokens: Vec<TokenWithSpan>, text: &str) -> Result<Vec<TokenWithSpan>> {
    let mut plain: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut names: Vec<(String, &str)> = Vec::new();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(token) = tokens.get(at) {
        let rest = tokens.get(at + 1..).unwrap_or_default();
        at += 1;
        match &token.token {
            Token::LParen => depth += 1,
            Token::SemiColon => names.clear(),
            Token::RParen if depth == 0 => names.clear(),
            Token::RParen => depth -= 1,
            Token::Word(word) if is_keyword(&token.token, "returning") && word.quote_style.is_none() => {
                if let Some((given, length)) = given_versions(rest) {
                    check_versions(&given, rest, text)?;
                    (names, depth) = (given, 0);
                    at += length;
                }
            }
            Token::Word(word) if rest.first().is_some_and(|next| next.token == Token::Period) => {
                let is_first = plain.last().is_none_or(|before| before.token != Token::Period);
                let name = word_name(word);
                if let (true, Some((_, version))) = (is_first, names.iter().find(|(given, _)| *given == name)) {
                    plain.push(TokenWithSpan { token: Token::make_word(version, Some('"')), span: token.span });
                    continue;
                }
            }
            _ => {}
        }
        plain.push(token.clone());
    }
    Ok(plain)
}

/// Refuses a row that has two names.
fn check_versions(given: &[(String, &str)], tokens: &[TokenWithSpan], text: &str) -> Result<()> {
    for (word, version) in [("OLD", OLD_ROW), ("NEW", NEW_ROW)] {
        if given.iter().filter(|(_, named)| *named == version).count() > 1 {
            let error = Error::syntax(format!("{word} cannot be specified multiple times"), None);
            let second = tokens.iter().filter(|token| is_keyword(&token.token, word)).nth(1);
            let place = second.and_then(|token| character(text, token.span.start));
            return Err(place.map_or_else(|| error.clone(), |place| error.clone().with_position(place)));
        }
    }
    Ok(())
}

/// The names of `WITH (OLD AS o, NEW AS n)` with what they stand for, and how many tokens that is.
fn given_versions(tokens: &[TokenWithSpan]) -> Option<(Vec<(String, &'static str)>, usize)> {
    let mut solid = tokens.iter().enumerate().filter(|(_, token)| is_solid(token));
    let mut word = |word: &str| solid.next().filter(|(_, token)| is_keyword(&token.token, word)).map(|_| ());
    word("with")?;
    solid.next().filter(|(_, token)| token.token == Token::LParen)?;
    let mut names = Vec::new();
    loop {
        let version = match solid.next()?.1 {
            token if is_keyword(&token.token, "old") => OLD_ROW,
            token if is_keyword(&token.token, "new") => NEW_ROW,
            _ => return None,
        };
        solid.next().filter(|(_, token)| is_keyword(&token.token, "as"))?;
        let Token::Word(name) = &solid.next()?.1.token else { return None };
        names.push((word_name(name), version));
        match solid.next()? {
            (_, token) if token.token == Token::Comma => {}
            (at, token) if token.token == Token::RParen => return Some((names, at + 1)),
            _ => return None,
        }
    }
}

fn word_name(word: &Word) -> String {
    if word.quote_style.is_some() { word.value.clone() } else { word.value.to_ascii_lowercase() }
}

/// A syntax error at a token.
pub fn near(shown: &Token, at: &TokenWithSpan, text: &str) -> Error {
    Error::syntax(format!("syntax error at or near \"{shown}\""), character(text, at.span.start))
}

#[cfg(test)]
mod tests {
    use crate::sql::parse::parse::parse;

    #[test]
    fn spellings_become_those_that_are_read() {
        let shown = |text: &str| match parse(text) {
            Ok(parsed) => parsed.statement.map(|statement| statement.to_string()).unwrap_or_default(),
            Err(error) => error.message().to_string(),
        };
        for (text, expected) in [
            ("SELECT 'a'\n  'b'\n'c' AS x", "SELECT 'abc' AS x"),
            ("SELECT TRIM(BOTH FROM x)", "SELECT TRIM(BOTH ' ' FROM x)"),
            ("SELECT SUBSTRING(x SIMILAR 'a' ESCAPE '#')", "SELECT SUBSTRING(x FROM 'a' FOR '#')"),
            ("SELECT a AS both FROM t", "SELECT a AS both FROM t"),
            ("SELECT SUBSTRING(a FROM 2)", "SELECT SUBSTRING(a FROM 2)"),
            ("SELECT a FROM t ORDER BY a USING >, b USING <", "SELECT a FROM t ORDER BY a DESC, b ASC"),
            ("SELECT * FROM t JOIN u USING (a)", "SELECT * FROM t JOIN u USING(a)"),
            ("TABLE t", "SELECT * FROM t"),
            ("SELECT CAST(name 'a' AS text)", "SELECT CAST('a'::name AS TEXT)"),
            ("SELECT name 'a'", "SELECT 'a'::name"),
            ("SELECT numeric('0') + 1", "syntax error at or near \"+\""),
            ("SELECT numeric(3, 1) '1.5'", "SELECT NUMERIC(3,1) '1.5'"),
            ("SELECT int('0')", "syntax error at or near \"(\""),
            ("SELECT varchar('0')", "syntax error at or near \"'0'\""),
            (
                "WITH d AS (DELETE FROM t RETURNING WITH (OLD AS o, NEW AS n) (O.a), n.*) SELECT o.a FROM o",
                "WITH d AS (DELETE FROM t RETURNING (\"$old\".a), \"$new\".*) SELECT o.a FROM o",
            ),
            ("SELECT * FROM ONLY t", "SELECT * FROM t"),
            ("SELECT p.a FROM t* p", "SELECT p.a FROM t p"),
            ("SELECT EXTRACT(YEAR FROM a * 2)", "SELECT EXTRACT(YEAR FROM a * 2)"),
            ("SELECT b IS DISTINCT FROM a * 2", "SELECT b IS DISTINCT FROM a * 2"),
            ("SELECT only FROM t", "SELECT only FROM t"),
            ("SELECT", "SELECT FROM (SELECT 1) \"$row\""),
            ("SELECT EXISTS (SELECT WHERE a = 1)", "SELECT EXISTS (SELECT FROM (SELECT 1) \"$row\" WHERE a = 1)"),
            ("SELECT FROM t", "SELECT FROM t"),
            ("SELECT (t).*, (s.t).* FROM t", "SELECT t.*, s.t.* FROM t"),
            ("SELECT (f(a, (b))).*, (a).b FROM t", "SELECT \"$columns\"(f(a, (b))), (a).b FROM t"),
            (
                "SELECT sum(a) OVER (ORDER BY b ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE NO OTHERS) FROM t",
                "SELECT sum(a) OVER (ORDER BY b ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM t",
            ),
            ("SELECT DISTINCT FROM t", "syntax error at or near \"FROM\""),
            ("INSERT INTO t (name) VALUES ('x')", "INSERT INTO t (name) VALUES ('x')"),
            ("SELECT a AS name FROM t", "SELECT a AS name FROM t"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
