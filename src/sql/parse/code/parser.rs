//! The code of DO, from its text to blocks: PL/pgSQL without variables and loops.

use std::ops::Range;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::sql::parse::code::tokens::{CodeToken, code_tokens, unexpected};
use crate::sql::parse::parse::parse;
use crate::sql::parse::roles::role_reader::role_text;
use crate::sql::parse::roles::role_text::RoleStatement;
use crate::statement::{
    CodeBlock, CodeQuery, CodeStep, ExceptionCondition, ExceptionHandler, spelled_state, state_of, unknown_condition,
};

/// Deepest nesting of blocks and conditions.
const NESTING_MAX: usize = 64;
/// What a query behind IF, PERFORM and the like begins with.
const SELECT: &str = "SELECT ";
const NO_VARIABLES: &str = "Write the values into the statements, or do this in the application: blocks, IF, PERFORM, EXECUTE, RAISE and \
                            EXCEPTION are offered.";
/// Statements of PL/pgSQL that need variables.
const NOT_OFFERED: [&str; 15] = [
    "CASE", "LOOP", "WHILE", "FOR", "FOREACH", "EXIT", "CONTINUE", "GET", "OPEN", "FETCH", "MOVE", "CLOSE", "CALL",
    "ASSERT", "DO",
];

/// The code of a text.
pub struct ParsedCode {
    pub block: CodeBlock,
    /// Whether a statement in it may hold a secret.
    pub is_secret: bool,
    /// Expressions and values in it.
    pub parts: usize,
}

/// Reads code, up to its end.
///
/// # Errors
/// 42601 and 0A000 with a position in it, 42704 for the name of no condition, 54001 for blocks nested too deep; what
/// [`parse`] finds in its statements.
pub fn parse_code(text: &str) -> Result<ParsedCode> {
    let tokens = code_tokens(text)?;
    let mut parser = CodeParser { text, tokens: &tokens, next: 0, depth: 0, handling: 0, is_secret: false, parts: 0 };
    let block = parser.block()?;
    parser.accept_sign(";");
    match parser.peek() {
        None => Ok(ParsedCode { block, is_secret: parser.is_secret, parts: parser.parts }),
        token => Err(unexpected(text, token)),
    }
}

pub(super) struct CodeParser<'a> {
    text: &'a str,
    tokens: &'a [CodeToken],
    next: usize,
    depth: usize,
    /// How many handlers it stands in.
    handling: usize,
    is_secret: bool,
    parts: usize,
}

impl<'a> CodeParser<'a> {
    pub(super) fn peek(&self) -> Option<&'a CodeToken> {
        self.tokens.get(self.next)
    }

    pub(super) fn advance(&mut self) {
        self.next += 1;
    }

    pub(super) fn accept(&mut self, keyword: &str) -> bool {
        let is_there = self.peek().is_some_and(|token| token.is(keyword));
        self.next += usize::from(is_there);
        is_there
    }

    pub(super) fn accept_sign(&mut self, sign: &str) -> bool {
        let is_there = self.peek().is_some_and(|token| self.shown(token) == sign);
        self.next += usize::from(is_there);
        is_there
    }

    pub(super) fn expect(&mut self, keyword: &str) -> Result<()> {
        if self.accept(keyword) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn expect_sign(&mut self, sign: &str) -> Result<()> {
        if self.accept_sign(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn unexpected(&self) -> Error {
        unexpected(self.text, self.peek())
    }

    fn shown(&self, token: &CodeToken) -> &'a str {
        self.text.get(token.bytes.clone()).unwrap_or_default()
    }

    /// Something of PL/pgSQL that is not offered, at the next token.
    pub(super) fn not_offered(&self, what: &str) -> Error {
        let error = Error::unsupported(format!("{what} not offered in DO"), NO_VARIABLES);
        match self.peek() {
            Some(token) => error.with_position(self.characters(token.bytes.start) + 1),
            None => error,
        }
    }

    fn characters(&self, end: usize) -> usize {
        self.text.get(..end).unwrap_or_default().chars().count()
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= NESTING_MAX {
            let message = format!("blocks are nested more than {NESTING_MAX} deep");
            return Err(Error::new(ErrorKind::TooComplex, message));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// `[DECLARE] BEGIN … [EXCEPTION …] END`, with or without a label.
    fn block(&mut self) -> Result<CodeBlock> {
        let label = self.label()?;
        if self.accept("DECLARE") && !self.peek().is_some_and(|token| token.is("BEGIN")) {
            return Err(self.not_offered("variables are"));
        }
        self.expect("BEGIN")?;
        self.deeper(|parser| {
            let steps = parser.steps(&["EXCEPTION", "END"])?;
            let mut handlers = Vec::new();
            if parser.accept("EXCEPTION") {
                while parser.peek().is_some_and(|token| token.is("WHEN")) {
                    handlers.push(parser.handler()?);
                }
                if handlers.is_empty() {
                    return Err(parser.unexpected());
                }
            }
            parser.expect("END")?;
            if label.is_some() && parser.peek().and_then(CodeToken::name) == label {
                parser.advance();
            }
            Ok(CodeBlock { steps, handlers })
        })
    }

    /// `<<name>>` in front of a block, which its END may repeat.
    fn label(&mut self) -> Result<Option<String>> {
        if !self.accept_sign("<<") {
            return Ok(None);
        }
        let label = self.peek().and_then(CodeToken::name).ok_or_else(|| self.unexpected())?;
        self.advance();
        self.expect_sign(">>")?;
        Ok(Some(label))
    }

    fn handler(&mut self) -> Result<ExceptionHandler> {
        self.expect("WHEN")?;
        let mut conditions = Vec::new();
        loop {
            conditions.push(self.condition()?);
            if !self.accept("OR") {
                break;
            }
        }
        self.expect("THEN")?;
        self.handling += 1;
        let steps = self.steps(&["WHEN", "END"]);
        self.handling -= 1;
        Ok(ExceptionHandler { conditions, steps: steps? })
    }

    fn condition(&mut self) -> Result<ExceptionCondition> {
        if self.accept("OTHERS") {
            return Ok(ExceptionCondition::Others);
        }
        self.state().map(ExceptionCondition::State)
    }

    /// The name of a condition, or `SQLSTATE '…'`.
    pub(super) fn state(&mut self) -> Result<&'static str> {
        let is_spelled = self.accept("SQLSTATE");
        let Some(token) = self.peek() else { return Err(self.unexpected()) };
        let state = match (is_spelled, token.literal(), token.name()) {
            (true, Some((text, _)), _) => spelled_state(text)?,
            (false, _, Some(name)) => state_of(&name).ok_or_else(|| unknown_condition(&name))?,
            _ => return Err(self.unexpected()),
        };
        self.advance();
        Ok(state)
    }

    /// Statements up to one of these words.
    fn steps(&mut self, ends: &[&str]) -> Result<Vec<CodeStep>> {
        let mut steps = Vec::new();
        loop {
            match self.peek() {
                None => return Err(self.unexpected()),
                Some(token) if token.is_any(ends) => return Ok(steps),
                Some(_) => steps.push(self.step()?),
            }
        }
    }

    fn step(&mut self) -> Result<CodeStep> {
        let Some(first) = self.peek() else { return Err(self.unexpected()) };
        let following = self.tokens.get(self.next + 1);
        let sign = following.map_or("", |token| self.shown(token));
        if first.name().is_some() && matches!(sign, ":=" | "=") {
            return Err(self.not_offered("variables are"));
        }
        if first.is("BEGIN") || first.is("DECLARE") || self.shown(first) == "<<" {
            let block = self.block()?;
            self.expect_sign(";")?;
            return Ok(CodeStep::Block(block));
        }
        if first.is_any(&NOT_OFFERED) {
            return Err(self.not_offered(&format!("{} is", self.shown(first).to_uppercase())));
        }
        if first.is("IF") {
            return self.decision();
        }
        if self.accept("NULL") {
            self.expect_sign(";")?;
            return Ok(CodeStep::Nothing);
        }
        if self.accept("RETURN") {
            self.expect_sign(";")?;
            return Ok(CodeStep::Return);
        }
        if self.accept("RAISE") {
            return self.raise(self.handling > 0);
        }
        if self.accept("PERFORM") {
            let range = self.up_to(|token, shown| shown == ";" || token.is("INTO"))?;
            let query = self.query(SELECT, range)?;
            self.expect_sign(";")?;
            return Ok(CodeStep::Perform(query));
        }
        if self.accept("EXECUTE") {
            let range = self.up_to(|token, shown| shown == ";" || token.is_any(&["INTO", "USING"]))?;
            if self.peek().is_some_and(|token| token.is_any(&["INTO", "USING"])) {
                return Err(self.not_offered("EXECUTE with INTO or USING is"));
            }
            let query = self.query(SELECT, range)?;
            self.expect_sign(";")?;
            // What it will run is not known yet.
            self.is_secret = true;
            return Ok(CodeStep::Execute(query));
        }
        self.statement()
    }

    /// A statement of SQL.
    fn statement(&mut self) -> Result<CodeStep> {
        let begin = self.next;
        let range = self.up_to(|_, shown| shown == ";")?;
        let tokens = self.tokens.get(begin..self.next).unwrap_or_default();
        let targets = tokens.iter().enumerate().filter(|(place, token)| {
            let before = place.checked_sub(1).and_then(|before| tokens.get(before));
            token.is("INTO") && !before.is_some_and(|before| before.is_any(&["INSERT", "MERGE"]))
        });
        if let Some((place, _)) = targets.min_by_key(|(place, _)| *place) {
            self.next = begin + place;
            return Err(self.not_offered("INTO a variable is"));
        }
        let query = self.query("", range)?;
        self.expect_sign(";")?;
        Ok(CodeStep::Statement(query))
    }

    /// `IF … THEN … ELSIF … ELSE … END IF;`
    fn decision(&mut self) -> Result<CodeStep> {
        self.expect("IF")?;
        self.deeper(|parser| {
            let mut branches = Vec::new();
            loop {
                let range = parser.up_to(|token, _| token.is("THEN"))?;
                let condition = parser.query(SELECT, range)?;
                parser.expect("THEN")?;
                branches.push((condition, parser.steps(&["ELSIF", "ELSEIF", "ELSE", "END"])?));
                if !parser.accept("ELSIF") && !parser.accept("ELSEIF") {
                    break;
                }
            }
            let otherwise = if parser.accept("ELSE") { parser.steps(&["END"])? } else { Vec::new() };
            parser.expect("END")?;
            parser.expect("IF")?;
            parser.expect_sign(";")?;
            Ok(CodeStep::If { branches, otherwise })
        })
    }

    /// The bytes up to a token outside of parentheses and CASE; what ends them is the next token then.
    pub(super) fn up_to(&mut self, is_end: impl Fn(&CodeToken, &str) -> bool) -> Result<Range<usize>> {
        let Some(start) = self.peek().map(|token| token.bytes.start) else { return Err(self.unexpected()) };
        let (mut end, mut open, mut cases) = (start, 0usize, 0usize);
        loop {
            let Some(token) = self.peek() else { return Err(self.unexpected()) };
            let shown = self.shown(token);
            if open == 0 && cases == 0 && is_end(token, shown) {
                break;
            }
            match shown {
                "(" | "[" => open += 1,
                ")" | "]" => open = open.checked_sub(1).ok_or_else(|| self.unexpected())?,
                // A statement ends at its semicolon, whatever is open.
                ";" => return Err(self.unexpected()),
                _ if token.is("CASE") => cases += 1,
                _ if token.is("END") => cases = cases.saturating_sub(1),
                _ => {}
            }
            end = token.bytes.end;
            self.advance();
        }
        if end == start { Err(self.unexpected()) } else { Ok(start..end) }
    }

    /// Reads a query of these bytes behind a word.
    pub(super) fn query(&mut self, word: &str, range: Range<usize>) -> Result<CodeQuery> {
        let text: Arc<str> = format!("{word}{}", self.text.get(range.clone()).unwrap_or_default()).into();
        if let Some(text_of_role) = role_text(&text)? {
            let tree = RoleStatement { text: text_of_role };
            self.is_secret |= tree.is_secret();
            return Ok(CodeQuery { text, tree: Arc::new(tree) });
        }
        let tree = parse(&text).map_err(|error| match error.position() {
            Some(position) => {
                let position = (self.characters(range.start) + position).saturating_sub(word.len());
                error.with_position(position.max(1))
            }
            None => error,
        })?;
        if tree.parameters > 0 {
            return Err(Error::new(ErrorKind::UndefinedParameter, "there is no parameter $1"));
        }
        self.is_secret |= tree.touches_secrets();
        self.parts += tree.parts();
        Ok(CodeQuery { text, tree: Arc::new(tree) })
    }
}
