//! What an agent may do, as its owner has decided. The server enforces it, by the options that connections start with.

use tokio_postgres::Config;

/// Longest that a statement of an agent may run, in milliseconds.
const STATEMENT_TIME_MAX_MS: u64 = 60_000;

/// What an agent may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// It may write nothing at all.
    pub is_read_only: bool,
    /// The tool `query` may run statements that write.
    pub may_write_by_query: bool,
    /// It may stage and post entries.
    pub may_share: bool,
    /// It may read and write AUTH entries.
    pub sees_secrets: bool,
}

impl Rules {
    /// It remembers, forgets and shares; `query` reads; secrets are hidden.
    pub const DEFAULT: Rules =
        Rules { is_read_only: false, may_write_by_query: false, may_share: true, sees_secrets: false };

    /// Whether the tool `query` may write.
    pub(super) fn writes_by_query(self) -> bool {
        self.may_write_by_query && !self.is_read_only
    }

    /// Has connections start with what holds them to the rules.
    pub(super) fn apply(&self, config: &mut Config) {
        let mut options = config.get_options().map(|own| format!("{own} ")).unwrap_or_default();
        options.push_str(&format!("-c statement_timeout={STATEMENT_TIME_MAX_MS}"));
        if !self.sees_secrets {
            options.push_str(" -c nebulus.secrets=off");
        }
        if self.is_read_only {
            options.push_str(" -c default_transaction_read_only=on");
        }
        config.options(options);
        if config.get_application_name().is_none() {
            config.application_name("nebulusdb mcp");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_owner_decided_comes_behind_what_the_url_says() {
        let mut config: Config = "postgresql://n@h/d?options=-c%20nebulus.secrets%3Don".parse().unwrap();
        Rules { is_read_only: true, ..Rules::DEFAULT }.apply(&mut config);
        let options = config.get_options().unwrap();
        let secrets = options.rsplit("nebulus.secrets=").next().unwrap();
        assert!(secrets.starts_with("off"), "{options}");
        assert!(options.contains("default_transaction_read_only=on"), "{options}");
    }
}
