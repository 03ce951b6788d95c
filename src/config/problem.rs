//! What is wrong with a configuration.

use std::fmt;

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line of the file; `None` for what no line says.
    pub line: Option<usize>,
    /// The option.
    pub option: Option<&'static str>,
    pub text: String,
    pub hint: Option<String>,
}

impl Problem {
    pub fn new(text: impl Into<String>) -> Problem {
        Problem { line: None, option: None, text: text.into(), hint: None }
    }

    /// What is wrong with the value of an option.
    pub fn of(option: &'static str, text: impl Into<String>) -> Problem {
        Problem { option: Some(option), ..Problem::new(text) }
    }

    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.text)?;
        if let Some(hint) = &self.hint {
            write!(f, ". {hint}")?;
        }
        Ok(())
    }
}
