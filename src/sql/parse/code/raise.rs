//! RAISE: its level, its message with arguments, and USING.

use crate::error::{Error, Result};
use crate::sql::parse::code::parser::CodeParser;
use crate::sql::parse::code::tokens::CodeToken;
use crate::statement::{CodeStep, Raise, RaiseLevel, RaiseOption};

const LEVELS: [(&str, RaiseLevel); 6] = [
    ("DEBUG", RaiseLevel::Debug),
    ("LOG", RaiseLevel::Log),
    ("INFO", RaiseLevel::Info),
    ("NOTICE", RaiseLevel::Notice),
    ("WARNING", RaiseLevel::Warning),
    ("EXCEPTION", RaiseLevel::Exception),
];
const OPTIONS: [(&str, RaiseOption); 4] = [
    ("MESSAGE", RaiseOption::Message),
    ("DETAIL", RaiseOption::Detail),
    ("HINT", RaiseOption::Hint),
    ("ERRCODE", RaiseOption::State),
];

impl CodeParser<'_> {
    /// What follows RAISE. `is_handling`: it stands in a handler, where it may stand by itself.
    pub(super) fn raise(&mut self, is_handling: bool) -> Result<CodeStep> {
        if self.accept_sign(";") {
            return match is_handling {
                true => Ok(CodeStep::RaiseAgain),
                false => Err(Error::unsupported(
                    "RAISE without parameters cannot be used outside an exception handler",
                    "Say what is wrong: RAISE EXCEPTION '…'.",
                )),
            };
        }
        let level = LEVELS.iter().find(|(word, _)| self.accept(word)).map(|(_, level)| *level);
        let mut raise = Raise {
            level: level.unwrap_or(RaiseLevel::Exception),
            message: None,
            arguments: Vec::new(),
            state: None,
            condition: None,
            options: Vec::new(),
        };
        let is_plain = self.peek().is_some_and(|token| token.is("USING"));
        if let Some((text, _)) = self.peek().and_then(|token| token.literal()) {
            let pieces = pieces(text);
            self.advance();
            while self.accept_sign(",") {
                let argument = self.up_to(|token, shown| matches!(shown, "," | ";") || token.is("USING"))?;
                raise.arguments.push(self.query("SELECT ", argument)?);
            }
            let few = if raise.arguments.len() + 1 < pieces.len() { "few" } else { "many" };
            if raise.arguments.len() + 1 != pieces.len() {
                return Err(Error::syntax(format!("too {few} parameters specified for RAISE"), None));
            }
            raise.message = Some(pieces);
        } else if !is_plain {
            raise.condition = self.peek().and_then(CodeToken::name);
            raise.state = Some(self.state()?);
            // Spelled as it is, a state names itself.
            raise.condition = raise.condition.filter(|name| name != "sqlstate");
        }
        if self.accept("USING") {
            loop {
                let option = OPTIONS.iter().find(|(word, _)| self.accept(word)).map(|(_, option)| *option);
                let option = option.ok_or_else(|| self.unexpected())?;
                if !self.accept_sign("=") {
                    self.expect_sign(":=")?;
                }
                let value = self.up_to(|_, shown| matches!(shown, "," | ";"))?;
                let value = self.query("SELECT ", value)?;
                if raise.options.iter().any(|(known, _)| *known == option) {
                    return Err(Error::syntax("RAISE option already specified", None));
                }
                raise.options.push((option, value));
                if !self.accept_sign(",") {
                    break;
                }
            }
        }
        self.expect_sign(";")?;
        Ok(CodeStep::Raise(raise))
    }
}

/// The pieces of a message between its `%`s; `%%` is a sign of its own.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '%' if characters.next_if_eq(&'%').is_none() => pieces.push(String::new()),
            other => {
                if let Some(last) = pieces.last_mut() {
                    last.push(other);
                }
            }
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn percent_signs_are_places_unless_doubled() {
        assert_eq!(pieces("a % b %% c%"), ["a ", " b % c", ""]);
        assert_eq!(pieces(""), [""]);
    }
}
