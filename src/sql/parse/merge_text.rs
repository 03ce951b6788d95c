//! MERGE as the parser reads it: DO NOTHING, DEFAULT VALUES and OVERRIDING SYSTEM VALUE as values of names that nobody writes, and
//! a join behind USING in parentheses.
//!
//! [`is_stand_in`] finds those names again. What PostgreSQL's grammar does not have of MERGE, an INSERT for a row that is there
//! above all, is refused at the word where PostgreSQL refuses it.

use datafusion::sql::sqlparser::ast::{
    Expr, Merge, MergeAction, MergeClause, MergeInsertExpr, MergeInsertKind, MergeUpdateExpr, OutputClause,
};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use crate::error::{Error, Result};
use crate::sql::parse::parse::character;
use crate::sql::parse::rewrite_tokens::is_keyword;
use crate::sql::parse::spellings::{is_solid, near};

/// What DO NOTHING assigns to, or inserts.
pub const NOTHING: &str = "$nothing";
/// What DEFAULT VALUES inserts.
pub const DEFAULT_VALUES: &str = "$defaults";
/// The first of the values behind OVERRIDING SYSTEM VALUE.
pub const OVERRIDING_SYSTEM: &str = "$overriding";

/// Whether an expression is one of those names.
pub fn is_stand_in(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Identifier(ident) if ident.quote_style == Some('"') && ident.value == name)
}

/// The tokens of a statement with each MERGE in it as the parser reads it.
///
/// # Errors
/// 42601 for an action that a WHEN clause cannot have, 0A000 for OVERRIDING USER VALUE.
pub fn with_plain_merges(tokens: Vec<TokenWithSpan>, text: &str) -> Result<Vec<TokenWithSpan>> {
    let solid: Vec<usize> =
        tokens.iter().enumerate().filter(|(_, token)| is_solid(token)).map(|(position, _)| position).collect();
    let mut merges = Merges { tokens: &tokens, solid: &solid, text, edits: Vec::new() };
    if merges.is(0, "MERGE") && !merges.is(1, "INTO") {
        return Err(merges.unexpected(1));
    }
    let mut end = 0;
    for begin in 0..solid.len() {
        if begin >= end && merges.is(begin, "MERGE") && merges.is(begin + 1, "INTO") {
            end = merges.statement(begin + 2)?;
        }
    }
    let mut edits = merges.edits;
    if edits.is_empty() {
        return Ok(tokens);
    }
    edits.sort_by_key(|edit| edit.at);
    let mut edits = edits.into_iter().peekable();
    let mut plain = Vec::with_capacity(tokens.len());
    for (position, token) in tokens.into_iter().enumerate() {
        let (span, mut own) = (token.span, Some(token));
        while let Some(edit) = edits.next_if(|edit| edit.at == position) {
            match edit.place {
                Place::Instead => own = None,
                Place::Before => {}
                Place::Behind => plain.extend(own.take()),
            }
            plain.extend(edit.made.into_iter().map(|token| TokenWithSpan { token, span }));
        }
        plain.extend(own);
    }
    Ok(plain)
}

/// Refuses what the parser reads of MERGE and PostgreSQL does not have.
///
/// # Errors
/// 42601 for a clause of another database, for several rows of VALUES, and for a statement without WHEN.
pub fn check_merge(merge: &Merge) -> Result<()> {
    let Merge { merge_token: _, optimizer_hints: _, into, table: _, source: _, on: _, clauses, output } = merge;
    let is_postgresql = |clause: &MergeClause| match &clause.action {
        MergeAction::Insert(insert) => {
            let MergeInsertExpr { insert_token: _, columns: _, kind_token: _, kind, insert_predicate } = insert;
            let has_one_row = matches!(kind, MergeInsertKind::Values(values) if values.rows.len() == 1);
            has_one_row && insert_predicate.is_none()
        }
        MergeAction::Update(update) => {
            let MergeUpdateExpr { update_token: _, assignments: _, update_predicate, delete_predicate } = update;
            update_predicate.is_none() && delete_predicate.is_none()
        }
        MergeAction::Delete { delete_token: _ } => true,
    };
    let returns = matches!(output, None | Some(OutputClause::Returning { .. }));
    if *into && returns && !clauses.is_empty() && clauses.iter().all(is_postgresql) {
        return Ok(());
    }
    Err(Error::syntax("this form of MERGE is not PostgreSQL's", None).with_hint(
        "MERGE INTO table USING source ON condition WHEN [NOT] MATCHED [AND condition] THEN ... [RETURNING ...]",
    ))
}

/// Tokens that are made, and where they come in.
struct Edit {
    /// The place of a token in the statement.
    at: usize,
    place: Place,
    made: Vec<Token>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Instead,
    Before,
    Behind,
}

/// The walk over the words of a statement; blanks have no place in it.
struct Merges<'t> {
    tokens: &'t [TokenWithSpan],
    /// The positions of what is no blank.
    solid: &'t [usize],
    text: &'t str,
    edits: Vec<Edit>,
}

/// Which rows a WHEN clause is for, as far as the grammar asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rows {
    OfTarget,
    New,
}

impl<'t> Merges<'t> {
    fn token(&self, at: usize) -> Option<&'t TokenWithSpan> {
        self.tokens.get(*self.solid.get(at)?)
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.token(at).is_some_and(|token| is_keyword(&token.token, word))
    }

    fn edit(&mut self, at: usize, place: Place, made: Vec<Token>) {
        if let Some(position) = self.solid.get(at) {
            self.edits.push(Edit { at: *position, place, made });
        }
    }

    /// The places of a statement that are in no parentheses and in no CASE, from one on, and where it ends.
    fn outer(&self, from: usize) -> (Vec<usize>, usize) {
        let (mut outer, mut depth) = (Vec::new(), 0_usize);
        for at in from..self.solid.len() {
            match self.token(at).map(|token| &token.token) {
                Some(Token::SemiColon | Token::EOF) | None => return (outer, at),
                Some(Token::RParen) if depth == 0 => return (outer, at),
                Some(Token::LParen) => depth += 1,
                Some(Token::RParen) => depth -= 1,
                Some(_) if self.is(at, "CASE") => depth += 1,
                Some(_) if depth > 0 && self.is(at, "END") => depth -= 1,
                Some(_) if depth == 0 => outer.push(at),
                Some(_) => {}
            }
        }
        (outer, self.solid.len())
    }

    /// What stands behind MERGE INTO; gives where it ends.
    fn statement(&mut self, from: usize) -> Result<usize> {
        let (outer, end) = self.outer(from);
        let begins_clause = |at: &usize| self.is(*at, "WHEN") || self.is(*at, "RETURNING");
        // Behind each of them the next one, or the end.
        let bounds: Vec<usize> = outer.iter().copied().filter(begins_clause).chain([end]).collect();
        let head: Vec<usize> = outer.iter().copied().take_while(|at| bounds.first() != Some(at)).collect();
        if let Some(using) = head.iter().position(|at| self.is(*at, "USING")) {
            let source = head.get(using..).unwrap_or_default();
            let is_join = source.iter().any(|at| self.is(*at, "JOIN"));
            let on = source.iter().rfind(|at| self.is(**at, "ON"));
            if let (true, Some(using), Some(on)) = (is_join, source.first(), on) {
                self.edit(*using, Place::Behind, vec![Token::LParen]);
                self.edit(*on, Place::Before, vec![Token::RParen]);
            }
        }
        let mut then = outer.iter().copied().filter(|at| self.is(*at, "THEN")).peekable();
        let mut actions = Vec::new();
        for (when, end) in bounds.iter().zip(bounds.iter().skip(1)).filter(|(at, _)| self.is(**at, "WHEN")) {
            let is_new = self.is(when + 1, "NOT") && !(self.is(when + 3, "BY") && self.is(when + 4, "SOURCE"));
            while then.next_if(|at| at < when).is_some() {}
            if let Some(then) = then.next_if(|at| at < end) {
                actions.push((then + 1, *end, if is_new { Rows::New } else { Rows::OfTarget }));
            }
        }
        if bounds.first().is_none_or(|first| !self.is(*first, "WHEN")) {
            return Err(self.unexpected(bounds.first().copied().unwrap_or(end)));
        }
        for (at, end, rows) in actions {
            self.action(at, end, rows)?;
            // The tokens of SET are the parser's, but for what it reads beyond PostgreSQL's grammar.
            let first = outer.partition_point(|place| *place < at);
            let clause = outer.iter().skip(first).take_while(|place| **place < end);
            if let Some(filter) = clause.copied().find(|place| self.is(*place, "WHERE")) {
                return Err(self.unexpected(filter));
            }
        }
        Ok(end)
    }

    /// The syntax error at a place.
    fn unexpected(&self, at: usize) -> Error {
        match self.token(at).filter(|token| token.token != Token::EOF) {
            Some(token) => near(&token.token, token, self.text),
            None => Error::syntax("syntax error at end of input", Some(self.text.trim_end().chars().count() + 1)),
        }
    }

    /// The action of a clause that ends before a place.
    fn action(&mut self, at: usize, end: usize, rows: Rows) -> Result<()> {
        let own: &[&str] = match rows {
            Rows::OfTarget => &["UPDATE", "DELETE", "DO"],
            Rows::New => &["INSERT", "DO"],
        };
        let behind = match own.iter().find(|word| self.is(at, word)) {
            None => return Err(self.unexpected(at)),
            Some(&"UPDATE") => return Ok(()),
            Some(&"INSERT") => self.insertion(at + 1)?,
            Some(&"DO") if !self.is(at + 1, "NOTHING") => return Err(self.unexpected(at + 1)),
            Some(&"DO") => {
                let made = match rows {
                    Rows::OfTarget => vec![word("UPDATE"), word("SET"), stand_in(NOTHING), Token::Eq, word("NULL")],
                    Rows::New => [vec![word("INSERT")], values(NOTHING)].concat(),
                };
                self.edit(at, Place::Instead, made);
                self.edit(at + 1, Place::Instead, Vec::new());
                at + 2
            }
            Some(_) => at + 1,
        };
        if behind < end { Err(self.unexpected(behind)) } else { Ok(()) }
    }

    /// What stands behind INSERT; gives where it ends.
    fn insertion(&mut self, from: usize) -> Result<usize> {
        if self.is(from, "DEFAULT") && self.is(from + 1, "VALUES") {
            self.edit(from, Place::Instead, Vec::new());
            self.edit(from + 1, Place::Instead, values(DEFAULT_VALUES));
            return Ok(from + 2);
        }
        let mut values = self.behind_parenthesis(from).unwrap_or(from);
        if self.is(values, "OVERRIDING") && self.is(values + 2, "VALUE") {
            if self.is(values + 1, "USER") {
                let error =
                    Error::unsupported("OVERRIDING USER VALUE is not offered", "Leave the identity column out.");
                let place = self.token(values).and_then(|token| character(self.text, token.span.start));
                return Err(place.map_or_else(|| error.clone(), |place| error.clone().with_position(place)));
            }
            if self.is(values + 1, "SYSTEM") && self.is(values + 3, "VALUES") {
                for at in values..values + 3 {
                    self.edit(at, Place::Instead, Vec::new());
                }
                self.edit(values + 4, Place::Behind, vec![stand_in(OVERRIDING_SYSTEM), Token::Comma]);
                values += 3;
            }
        }
        if !self.is(values, "VALUES") {
            return Err(self.unexpected(values));
        }
        self.behind_parenthesis(values + 1).ok_or_else(|| self.unexpected(values + 1))
    }

    /// The place behind the parenthesis that is opened at one, and closed again.
    fn behind_parenthesis(&self, from: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for at in from..self.solid.len() {
            match self.token(at).map(|token| &token.token) {
                Some(Token::LParen) => depth += 1,
                Some(Token::RParen) => depth = depth.checked_sub(1)?,
                _ => {}
            }
            if depth == 0 {
                return (at > from).then_some(at + 1);
            }
        }
        None
    }
}

fn word(word: &str) -> Token {
    Token::make_keyword(word)
}

fn stand_in(name: &str) -> Token {
    Token::Word(Word { value: name.to_string(), quote_style: Some('"'), keyword: Keyword::NoKeyword })
}

fn values(name: &str) -> Vec<Token> {
    vec![word("VALUES"), Token::LParen, stand_in(name), Token::RParen]
}

#[cfg(test)]
mod tests {
    use crate::sql::parse::parse::parse;

    fn read(text: &str) -> String {
        parse(text).map_or_else(
            |error| format!("{} {} at {:?}", error.sqlstate(), error.message(), error.position()),
            |parsed| parsed.statement.map(|statement| statement.to_string()).unwrap_or_default(),
        )
    }

    #[test]
    fn actions_that_the_parser_does_not_know_are_values_of_names() {
        let text = "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED AND CASE WHEN s.b THEN s.c END THEN DO NOTHING \
                    WHEN NOT MATCHED AND s.a > 1 THEN INSERT DEFAULT VALUES \
                    WHEN NOT MATCHED BY TARGET AND s.a > 0 THEN INSERT (a) OVERRIDING SYSTEM VALUE VALUES (1) \
                    WHEN NOT MATCHED THEN DO NOTHING WHEN NOT MATCHED BY SOURCE THEN DO NOTHING";
        assert_eq!(
            read(text),
            "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED AND CASE WHEN s.b THEN s.c END THEN UPDATE SET \
             \"$nothing\" = NULL WHEN NOT MATCHED AND s.a > 1 THEN INSERT VALUES (\"$defaults\") \
             WHEN NOT MATCHED BY TARGET AND s.a > 0 THEN INSERT (a) VALUES (\"$overriding\", 1) \
             WHEN NOT MATCHED THEN INSERT VALUES (\"$nothing\") WHEN NOT MATCHED BY SOURCE THEN UPDATE SET \
             \"$nothing\" = NULL"
        );
    }

    #[test]
    fn a_join_behind_using_needs_no_parentheses() {
        let text =
            "WITH m AS (MERGE INTO t USING a JOIN b ON a.x = b.x ON t.x = a.x WHEN MATCHED THEN DELETE) SELECT 1";
        let written =
            "WITH m AS (MERGE INTO t USING (a JOIN b ON a.x = b.x) ON t.x = a.x WHEN MATCHED THEN DELETE) SELECT 1";
        assert_eq!(read(text), written);
        assert_eq!(read(written), written);
    }

    #[test]
    fn actions_of_other_rows_are_refused_where_they_stand() {
        let of = |clause: &str| read(&format!("MERGE INTO t USING s ON true {clause}"));
        assert_eq!(of(""), "42601 syntax error at end of input at Some(29)");
        assert_eq!(of("WHEN MATCHED THEN"), "42601 syntax error at end of input at Some(47)");
        assert_eq!(of("WHEN MATCHED THEN DELETE WHERE x"), "42601 syntax error at or near \"WHERE\" at Some(55)");
        assert_eq!(
            of("WHEN MATCHED THEN UPDATE SET a = 1 WHERE x"),
            "42601 syntax error at or near \"WHERE\" at Some(65)"
        );
        assert_eq!(
            of("WHEN NOT MATCHED THEN INSERT VALUES (1), (2)"),
            "42601 syntax error at or near \",\" at Some(69)"
        );
        assert_eq!(
            read("MERGE t USING s ON true WHEN MATCHED THEN DELETE"),
            "42601 syntax error at or near \"t\" at Some(7)"
        );
        assert_eq!(of("WHEN MATCHED THEN insert VALUES (1)"), "42601 syntax error at or near \"insert\" at Some(48)");
        assert_eq!(
            of("WHEN NOT MATCHED THEN UPDATE SET a = 1"),
            "42601 syntax error at or near \"UPDATE\" at Some(52)"
        );
        assert_eq!(
            of("WHEN NOT MATCHED BY TARGET THEN DELETE"),
            "42601 syntax error at or near \"DELETE\" at Some(62)"
        );
        assert_eq!(
            of("WHEN NOT MATCHED BY SOURCE THEN INSERT VALUES (1)"),
            "42601 syntax error at or near \"INSERT\" at Some(62)"
        );
        assert_eq!(
            of("WHEN NOT MATCHED THEN INSERT OVERRIDING USER VALUE VALUES (1)"),
            "0A000 OVERRIDING USER VALUE is not offered at Some(59)"
        );
    }
}
