//! SET AUTH: a secret under its name.

use crate::error::{Error, ErrorKind, Result};
use crate::knirvql::ast::{AstText, Bindable};
use crate::metrics::StatementKind;
use crate::statement::{Change, CommandTag, ReadRun, Work, WriteRun, Written, at_once};
use crate::types::Value;

/// SET AUTH, with texts or parameters of type text. `Debug` shows neither.
#[derive(Debug)]
pub struct SecretWrite {
    pub key: Bindable<AstText>,
    pub value: Bindable<AstText>,
}

impl SecretWrite {
    fn run(&self, run: &mut WriteRun<'_>) -> Result<Written> {
        let (key, value) = (text(&self.key, run.parameters, "key")?, text(&self.value, run.parameters, "value")?);
        run.transaction.set_secret(key, value)?;
        Ok(Written::only(CommandTag::of("SET")))
    }
}

/// A text or the value of its parameter; errors do not show it.
fn text<'a>(text: &'a Bindable<AstText>, parameters: &'a [Value], what: &str) -> Result<&'a str> {
    match text {
        Bindable::Value(text) => Ok(&text.value),
        Bindable::Parameter(number) => {
            match usize::from(*number).checked_sub(1).and_then(|position| parameters.get(position)) {
                Some(Value::Text(text)) => Ok(text),
                Some(Value::Null) => {
                    Err(Error::new(ErrorKind::NotNullViolation, format!("the {what} of an AUTH entry is not null")))
                }
                _ => Err(Error::new(ErrorKind::UndefinedParameter, format!("there is no parameter ${number}"))),
            }
        }
    }
}

impl Change for SecretWrite {
    fn execute<'a>(&'a self, mut run: WriteRun<'a>) -> Work<'a, Written> {
        at_once(self.run(&mut run))
    }

    fn explain<'a>(&'a self, _run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        at_once(Ok(vec!["Upsert on auth".to_string()]))
    }

    fn is_short(&self) -> bool {
        true
    }

    fn kind(&self) -> StatementKind {
        StatementKind::Insert
    }
}
