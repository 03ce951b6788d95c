//! Which options stand on the command line itself. What variables of the environment say is there for every command, and may
//! concern another one; an option that is typed must have an effect, or be refused.

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::config::ARGUMENTS_OF_PLACE;
use crate::error::{Error, ErrorKind, Result};

/// The options of one command as they were typed.
pub(super) struct GivenArgument<'a>(&'a ArgMatches);

impl<'a> GivenArgument<'a> {
    /// Of the command that a command line names.
    pub fn of(matches: &'a ArgMatches) -> GivenArgument<'a> {
        GivenArgument(matches.subcommand().map_or(matches, |(_, matches)| matches))
    }

    /// Whether an option of this command was typed.
    pub fn has(&self, name: &str) -> bool {
        self.0.value_source(name) == Some(ValueSource::CommandLine)
    }

    /// Whether an option was typed that says where the data lies.
    pub fn has_place(&self) -> bool {
        ARGUMENTS_OF_PLACE.iter().any(|name| self.has(name))
    }

    /// Refuses options that mean nothing here, `place` being the words after "has no effect".
    ///
    /// # Errors
    /// F0000 for the first of them that was typed.
    pub fn refuse(&self, names: &[&str], place: &str, hint: &str) -> Result<()> {
        match names.iter().find(|name| self.has(name)) {
            None => Ok(()),
            Some(name) => {
                let message = format!("--{} has no effect {place}", name.replace('_', "-"));
                Err(Error::new(ErrorKind::Configuration, message).with_hint(hint))
            }
        }
    }
}
