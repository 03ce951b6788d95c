//! The tokens of a statement about roles, taken one by one.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::error::{Error, Result};
use crate::sql::parse::parse::character;
use crate::sql::parse::rewrite_tokens::is_keyword;
use crate::sql::parse::roles::role_text::RoleWord;

/// A place among the tokens. Its methods read the parts of many statements, and lie by subject in the files of this folder.
pub(super) struct RoleTokens<'a> {
    pub text: &'a str,
    /// Without blanks and comments.
    pub tokens: &'a [TokenWithSpan],
    pub at: usize,
}

impl RoleTokens<'_> {
    pub fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|token| &token.token)
    }

    pub fn is_at(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| is_keyword(&token.token, word))
    }

    pub fn takes(&mut self, word: &str) -> bool {
        let is_there = self.is_at(self.at, word);
        self.at += usize::from(is_there);
        is_there
    }

    pub fn takes_token(&mut self, token: &Token) -> bool {
        let is_there = self.peek() == Some(token);
        self.at += usize::from(is_there);
        is_there
    }

    /// Takes a word that has to come next.
    ///
    /// # Errors
    /// 42601.
    pub fn expect(&mut self, word: &str) -> Result<()> {
        if self.takes(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub fn unexpected(&self) -> Error {
        match self.tokens.get(self.at) {
            Some(token) => {
                let position = character(self.text, token.span.start);
                Error::syntax(format!("syntax error at or near \"{}\"", token.token), position)
            }
            None => Error::syntax("syntax error at end of input", Some(self.text.trim_end().chars().count() + 1)),
        }
    }

    /// Takes a word as it is written.
    ///
    /// # Errors
    /// 42601.
    pub fn word(&mut self) -> Result<String> {
        match self.peek() {
            Some(Token::Word(word)) => {
                let word = word.value.clone();
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.unexpected()),
        }
    }

    /// A name, folded where it has no quotes.
    ///
    /// # Errors
    /// 42601.
    pub fn name(&mut self) -> Result<String> {
        match self.peek() {
            Some(Token::Word(word)) => {
                let quoted = word.quote_style.is_some();
                let name = if quoted { word.value.clone() } else { word.value.to_lowercase() };
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.unexpected()),
        }
    }

    /// Takes names with commas between them.
    ///
    /// # Errors
    /// 42601.
    pub fn names(&mut self) -> Result<Vec<String>> {
        let mut names = vec![self.name()?];
        while self.takes_token(&Token::Comma) {
            names.push(self.name()?);
        }
        Ok(names)
    }

    /// The parts of a name.
    ///
    /// # Errors
    /// 42601.
    pub fn parts(&mut self) -> Result<Vec<String>> {
        let mut parts = vec![self.name()?];
        while self.takes_token(&Token::Period) {
            parts.push(self.name()?);
        }
        Ok(parts)
    }

    /// Takes names of relations with commas between them.
    ///
    /// # Errors
    /// 42601.
    pub fn relations(&mut self) -> Result<Vec<Vec<String>>> {
        let mut relations = vec![self.parts()?];
        while self.takes_token(&Token::Comma) {
            relations.push(self.parts()?);
        }
        Ok(relations)
    }

    /// Takes what means a role.
    ///
    /// # Errors
    /// 42601.
    pub fn role(&mut self) -> Result<RoleWord> {
        let is_quoted = matches!(self.peek(), Some(Token::Word(word)) if word.quote_style.is_some());
        // GROUP is noise before a grantee.
        if !is_quoted
            && self.is_at(self.at, "GROUP")
            && matches!(self.tokens.get(self.at + 1).map(|next| &next.token), Some(Token::Word(_)))
        {
            self.at += 1;
            return self.role();
        }
        let name = self.name()?;
        Ok(match name.as_str() {
            "current_user" | "current_role" if !is_quoted => RoleWord::CurrentUser,
            "session_user" if !is_quoted => RoleWord::SessionUser,
            "public" => RoleWord::Public,
            _ => RoleWord::Named(name),
        })
    }

    /// Takes several of them.
    ///
    /// # Errors
    /// 42601.
    pub fn roles(&mut self) -> Result<Vec<RoleWord>> {
        let mut roles = vec![self.role()?];
        while self.takes_token(&Token::Comma) {
            roles.push(self.role()?);
        }
        Ok(roles)
    }

    /// Takes a whole number.
    ///
    /// # Errors
    /// 42601.
    pub fn number(&mut self) -> Result<i64> {
        let is_negative = self.takes_token(&Token::Minus);
        let Some(Token::Number(digits, _)) = self.peek() else { return Err(self.unexpected()) };
        let digits = digits.replace('_', "");
        let Ok(number) = digits.parse::<i64>() else { return Err(self.unexpected()) };
        self.at += 1;
        Ok(if is_negative { -number } else { number })
    }

    /// Takes a literal; `wanted` says what of.
    ///
    /// # Errors
    /// 42601.
    pub fn string(&mut self, wanted: &str) -> Result<String> {
        let text = match self.peek() {
            Some(Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text)) => text.clone(),
            Some(Token::DollarQuotedString(text)) => text.value.clone(),
            _ => return Err(self.unexpected().with_detail(wanted)),
        };
        self.at += 1;
        Ok(text)
    }
}
