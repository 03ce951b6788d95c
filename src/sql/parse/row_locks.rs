//! FOR UPDATE and its kin: PostgreSQL's four strengths and its lists of tables, of which sqlparser reads two and one.
//!
//! The clause is rewritten, token by token, into one that the parser takes: the strength and the tables become the parts of the one
//! name behind OF, which begins with a part that nobody can write.

use datafusion::sql::sqlparser::ast::{LockClause, LockType, NonBlock, ObjectName, ObjectNamePart};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace, Word};

use crate::db::{BusyRow, LockMode};
use crate::error::{Error, Result};
use crate::sql::parse::names::folded;

/// The first part of a rewritten name. Texts have no NUL.
const REWRITTEN: &str = "\0";

/// A clause that locks rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowLock {
    pub mode: LockMode,
    pub busy: BusyRow,
    /// The relations that it names; all where it names none.
    pub of: Vec<String>,
}

/// As PostgreSQL calls the clause.
pub fn clause_name(mode: LockMode) -> &'static str {
    match mode {
        LockMode::KeyShare => "FOR KEY SHARE",
        LockMode::Share => "FOR SHARE",
        LockMode::NoKeyUpdate => "FOR NO KEY UPDATE",
        LockMode::Update => "FOR UPDATE",
    }
}

/// Rewrites the clauses that the parser does not read.
pub fn rewrite_row_locks(tokens: &mut Vec<TokenWithSpan>) {
    let mut at = 0;
    while at < tokens.len() {
        at = rewrite_at(tokens, at).unwrap_or(at + 1);
    }
}

/// Rewrites a clause that begins at a token; where it ends.
fn rewrite_at(tokens: &mut Vec<TokenWithSpan>, start: usize) -> Option<usize> {
    let mut cursor = Solid { tokens, at: start };
    cursor.keyword("FOR")?;
    let begins = cursor.at;
    let mode = match cursor.word()?.as_str() {
        "UPDATE" => LockMode::Update,
        "SHARE" => LockMode::Share,
        "NO" => {
            cursor.keyword("KEY")?;
            cursor.keyword("UPDATE")?;
            LockMode::NoKeyUpdate
        }
        "KEY" => {
            cursor.keyword("SHARE")?;
            LockMode::KeyShare
        }
        _ => return None,
    };
    let mut names = Vec::new();
    let mut ends = cursor.at;
    if cursor.keyword("OF").is_some() {
        loop {
            let name = cursor.next()?;
            if !matches!(name.token, Token::Word(_)) {
                return None;
            }
            names.push(name.clone());
            ends = cursor.at;
            if !cursor.is_comma() {
                break;
            }
        }
    }
    if names.len() < 2 && matches!(mode, LockMode::Update | LockMode::Share) {
        return Some(ends);
    }
    let span = tokens.get(start)?.span;
    let token = |token| TokenWithSpan { token, span };
    let part =
        |text: &str| Token::Word(Word { value: text.to_string(), quote_style: Some('"'), keyword: Keyword::NoKeyword });
    let bare = |text: &str| Token::make_keyword(text);
    let blank = || token(Token::Whitespace(Whitespace::Space));
    let mut clause = vec![blank(), token(bare("UPDATE")), blank(), token(bare("OF")), blank()];
    clause.extend([token(part(REWRITTEN)), token(Token::Period), token(part(clause_name(mode)))]);
    for name in names {
        clause.extend([token(Token::Period), name]);
    }
    clause.push(blank());
    let end = begins + clause.len();
    tokens.splice(begins..ends, clause);
    Some(end)
}

/// The tokens without blanks, from a place on.
struct Solid<'a> {
    tokens: &'a [TokenWithSpan],
    /// Behind what was read.
    at: usize,
}

impl<'a> Solid<'a> {
    fn peek(&self) -> Option<(usize, &'a TokenWithSpan)> {
        let mut rest = self.tokens.iter().enumerate().skip(self.at);
        rest.find(|(_, token)| !matches!(token.token, Token::Whitespace(_)))
    }

    fn next(&mut self) -> Option<&'a TokenWithSpan> {
        let (at, token) = self.peek()?;
        self.at = at + 1;
        Some(token)
    }

    /// The next word, where it is one without quotes.
    fn word(&mut self) -> Option<String> {
        match &self.next()?.token {
            Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_ascii_uppercase()),
            _ => None,
        }
    }

    fn keyword(&mut self, keyword: &str) -> Option<()> {
        let before = self.at;
        let found = self.word().filter(|word| word == keyword);
        if found.is_none() {
            self.at = before;
        }
        found.map(|_| ())
    }

    fn is_comma(&mut self) -> bool {
        let found = self.peek().filter(|(_, token)| token.token == Token::Comma).map(|(at, _)| at);
        if let Some(at) = found {
            self.at = at + 1;
        }
        found.is_some()
    }
}

/// The clause as it was written.
///
/// # Errors
/// 42601 for a name with a schema.
pub fn row_lock(clause: &LockClause) -> Result<RowLock> {
    let busy = match clause.nonblock {
        None => BusyRow::Wait,
        Some(NonBlock::Nowait) => BusyRow::Refuse,
        Some(NonBlock::SkipLocked) => BusyRow::Skip,
    };
    let mode = match clause.lock_type {
        LockType::Share => LockMode::Share,
        LockType::Update => LockMode::Update,
    };
    let parts = |name: &ObjectName| -> Vec<String> {
        let ident = |part: &ObjectNamePart| match part {
            ObjectNamePart::Identifier(ident) => Some(folded(ident)),
            ObjectNamePart::Function(_) => None,
        };
        name.0.iter().filter_map(ident).collect()
    };
    let named = clause.of.as_ref().map(parts).unwrap_or_default();
    let mut names = named.iter();
    if names.next().is_some_and(|first| first == REWRITTEN) {
        let modes = [LockMode::KeyShare, LockMode::Share, LockMode::NoKeyUpdate, LockMode::Update];
        let name = names.next();
        let mode = modes.into_iter().find(|mode| name.is_some_and(|name| name == clause_name(*mode)));
        let Some(mode) = mode else { return Err(Error::internal("a lock of rows was rewritten and is not known")) };
        return Ok(RowLock { mode, busy, of: names.cloned().collect() });
    }
    if named.len() > 1 {
        let message = format!("{} must specify unqualified relation names", clause_name(mode));
        return Err(Error::syntax(message, None));
    }
    Ok(RowLock { mode, busy, of: named })
}
