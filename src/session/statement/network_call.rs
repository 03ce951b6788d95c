//! Functions on networks: what a call means is the tree of the KNIRVQL statement that says the same, which is planned and run as
//! that one is.

use std::sync::Arc;

use crate::db::{ReadView, Row, RowStream};
use crate::error::{Error, ErrorKind, Result};
use crate::knirvql::{
    self, AstStage, AstText, Condition, KnirvqlStatement, Literal, NetworkChange, NetworkOption, Revert, SYNC_COLUMNS,
};
use crate::session::session::Session;
use crate::session::statement::outcome::{ResultRows, StatementOutcome};
use crate::session::statement::session_statement::one_row;
use crate::statement::{NetworkCall, NetworkFunction, ReadRun, RowsTag};
use crate::types::{ColumnType, Value};

impl Session {
    /// Runs a call; its one row.
    pub(super) async fn call_network(
        &mut self,
        call: &NetworkCall,
        run: ReadRun<'_>,
        is_alone: bool,
    ) -> Result<StatementOutcome> {
        let row = match &call.arguments {
            Some(arguments) => one_row(&**arguments, run).await?,
            None => Row::new(),
        };
        let arguments = Arguments { function: call.function, values: &row };
        let value = match call.function {
            NetworkFunction::Secret => Value::text(self.database.replica().network_secret(arguments.text(0)?)?),
            NetworkFunction::Backup => {
                let (place, options) = (arguments.text(0)?, arguments.object(1)?);
                self.back_up(place, &options, is_alone).await?
            }
            NetworkFunction::Sync => {
                let name = if arguments.is_given(0) { Some(arguments.text(0)?) } else { None };
                let network = name.map(|name| run.view.catalog().expect_network(name).map(|network| network.id));
                let counts = self.sync(network.transpose()?, is_alone).await?;
                let object: serde_json::Map<String, serde_json::Value> =
                    SYNC_COLUMNS.iter().zip(counts).map(|(name, count)| (name.to_string(), count.into())).collect();
                Value::parse_text(&ColumnType::Jsonb, &serde_json::Value::Object(object).to_string())?
            }
            _ => {
                let tree = arguments.statement()?;
                let plan = |_: &Session, view: &ReadView| {
                    knirvql::lower(&tree, view.catalog(), &[], &|_| Ok(None)).map(Arc::new)
                };
                let written = self.change(plan, &[], is_alone).await?;
                match written.tag.count() {
                    Some(count) => Value::Int8(i64::try_from(count).unwrap_or(i64::MAX)),
                    None => Value::text(""),
                }
            }
        };
        let columns = call.columns().into();
        let rows = ResultRows::new(columns, RowStream::from_rows(vec![vec![value]]), &self.cancel);
        Ok(StatementOutcome::Rows { rows, tag: RowsTag::Counted("SELECT") })
    }
}

/// The arguments of a call.
struct Arguments<'a> {
    function: NetworkFunction,
    values: &'a [Value],
}

impl Arguments<'_> {
    /// The statement that says the same.
    fn statement(&self) -> Result<KnirvqlStatement> {
        let network = |position: usize| self.text(position).map(str::to_string);
        if let Some(change) = self.change()? {
            return Ok(KnirvqlStatement::AlterNetwork { network: network(0)?, change });
        }
        Ok(match self.function {
            NetworkFunction::Create => {
                KnirvqlStatement::CreateNetwork { network: network(0)?, options: self.options(1)? }
            }
            NetworkFunction::Join => {
                let addresses = self.text(1)?.split(',').map(str::trim).filter(|address| !address.is_empty());
                let addresses = addresses.map(str::to_string).collect();
                KnirvqlStatement::JoinNetwork { network: network(0)?, addresses, options: self.options(2)? }
            }
            NetworkFunction::Leave => KnirvqlStatement::LeaveNetwork { network: network(0)? },
            NetworkFunction::Attach => KnirvqlStatement::AttachCollection {
                collection: self.text(0)?.to_string(),
                network: network(1)?,
                options: self.options(2)?,
            },
            NetworkFunction::Detach => {
                KnirvqlStatement::DetachCollection { collection: self.text(0)?.to_string(), network: network(1)? }
            }
            NetworkFunction::Stage | NetworkFunction::Unstage => KnirvqlStatement::Stage(AstStage {
                dry_run: false,
                staged: self.function == NetworkFunction::Stage,
                collection: Some(self.text(0)?.to_string()),
                condition: self.condition(1)?,
                network: None,
            }),
            NetworkFunction::Revert => KnirvqlStatement::Revert(Revert {
                collection: Some(self.text(0)?.to_string()),
                condition: self.condition(1)?,
            }),
            _ => {
                return Err(Error::internal(format!("no statement says what {}() does", self.function.name())));
            }
        })
    }

    /// What ALTER NETWORK changes, where that is what the function does.
    fn change(&self) -> Result<Option<NetworkChange>> {
        let text = |position: usize| self.text(position).map(str::to_string);
        Ok(Some(match self.function {
            NetworkFunction::Alter => NetworkChange::Set(self.options(1)?),
            NetworkFunction::RemovePeer => NetworkChange::RemovePeer(text(1)?),
            NetworkFunction::AddOwner => NetworkChange::AddOwner(text(1)?),
            NetworkFunction::DropOwner => NetworkChange::DropOwner(text(1)?),
            NetworkFunction::ExcusePeer => NetworkChange::ExcusePeer(text(1)?),
            NetworkFunction::RevertPeer => NetworkChange::RevertPeer { peer: text(1)?, since: text(2)? },
            NetworkFunction::SetRights => NetworkChange::Collection { collection: text(1)?, options: self.options(2)? },
            NetworkFunction::LinkPeer => NetworkChange::LinkPeer(text(1)?),
            NetworkFunction::UnlinkPeer => NetworkChange::UnlinkPeer(text(1)?),
            NetworkFunction::AllowDrop => NetworkChange::AllowDrop,
            NetworkFunction::RotateSecret => {
                let secret = if self.is_given(1) { Some(AstText::secret(self.text(1)?)) } else { None };
                NetworkChange::RotateSecret(secret)
            }
            _ => return Ok(None),
        }))
    }

    fn is_given(&self, position: usize) -> bool {
        self.values.get(position).is_some_and(|value| !value.is_null())
    }

    fn text(&self, position: usize) -> Result<&str> {
        self.values.get(position).and_then(Value::as_str).ok_or_else(|| {
            self.refused(format!("argument {} of {}() is not a text", position + 1, self.function.name()))
        })
    }

    fn refused(&self, message: String) -> Error {
        Error::new(ErrorKind::InvalidParameterValue, message)
    }

    /// A condition of KNIRVQL. Positions would point into the argument, not into the statement that the client sent.
    fn condition(&self, position: usize) -> Result<Condition> {
        knirvql::parse_condition(self.text(position)?).map_err(|error| {
            let plain = Error::new(error.kind(), error.message());
            match error.hint() {
                Some(hint) => plain.with_hint(hint),
                None => plain,
            }
        })
    }

    /// A JSON object; an empty one where it was left out.
    fn object(&self, position: usize) -> Result<serde_json::Map<String, serde_json::Value>> {
        let Some(text) = self.values.get(position).and_then(Value::as_str) else { return Ok(serde_json::Map::new()) };
        let not_object =
            || self.refused(format!("argument {} of {}() is not a JSON object", position + 1, self.function.name()));
        serde_json::from_str(text).map_err(|_| not_object())
    }

    /// The options of a JSON object; lists are joined with commas, nulls are left out.
    fn options(&self, position: usize) -> Result<Vec<NetworkOption>> {
        let object = self.object(position)?;
        let mut options = Vec::with_capacity(object.len());
        for (name, value) in object {
            let literal = match value {
                serde_json::Value::Null => continue,
                serde_json::Value::Bool(value) => Literal::Boolean(value),
                serde_json::Value::Number(number) => {
                    number.as_i64().map_or_else(|| Literal::Number(number.to_string()), Literal::Integer)
                }
                serde_json::Value::String(text) => Literal::Text(AstText::open(text)),
                serde_json::Value::Array(elements) => {
                    let texts = elements.iter().map(serde_json::Value::as_str).collect::<Option<Vec<_>>>();
                    let texts =
                        texts.ok_or_else(|| self.refused(format!("option \"{name}\" is not a list of texts")))?;
                    Literal::Text(AstText::open(texts.join(",")))
                }
                serde_json::Value::Object(_) => {
                    return Err(self.refused(format!("option \"{name}\" is an object, which no option takes")));
                }
            };
            options.push(NetworkOption::new(&name, literal)?);
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(function: NetworkFunction, values: &[Value]) -> Result<String> {
        Arguments { function, values }.statement().map(|statement| statement.to_string())
    }

    fn json(text: &str) -> Value {
        Value::Json(text.into())
    }

    #[test]
    fn calls_become_statements() {
        let text = |text: &str| Value::text(text);
        for (function, values, expected) in [
            (NetworkFunction::Create, vec![text("team")], "CREATE NETWORK \"team\""),
            (
                NetworkFunction::Create,
                vec![
                    text("team"),
                    json(
                        r#"{"secret": "hush", "mdns": false, "sync_interval_ms": 5, "posting_url": null,
                             "auto_post_classifications": ["Error", "Idea"]}"#,
                    ),
                ],
                "CREATE NETWORK \"team\" WITH (secret = \"[redacted]\", mdns = false, sync_interval_ms = 5, \
                 auto_post_classifications = \"Error,Idea\")",
            ),
            (
                NetworkFunction::Join,
                vec![text("team"), text("/ip4/1.2.3.4/tcp/1, /ip4/1.2.3.5/tcp/1"), json(r#"{"secret": "hush"}"#)],
                "JOIN NETWORK \"team\" AT \"/ip4/1.2.3.4/tcp/1\", \"/ip4/1.2.3.5/tcp/1\" WITH (secret = \"[redacted]\")",
            ),
            (NetworkFunction::Leave, vec![text("team")], "LEAVE NETWORK \"team\""),
            (
                NetworkFunction::Alter,
                vec![text("team"), json(r#"{"log_age_max_s": 60}"#)],
                "ALTER NETWORK \"team\" SET (log_age_max_s = 60)",
            ),
            (
                NetworkFunction::RemovePeer,
                vec![text("team"), text("12D3")],
                "ALTER NETWORK \"team\" REMOVE PEER \"12D3\"",
            ),
            (NetworkFunction::AddOwner, vec![text("team"), text("a")], "ALTER NETWORK \"team\" ADD OWNER \"a\""),
            (NetworkFunction::DropOwner, vec![text("team"), text("a")], "ALTER NETWORK \"team\" DROP OWNER \"a\""),
            (NetworkFunction::LinkPeer, vec![text("team"), text("a")], "ALTER NETWORK \"team\" LINK PEER \"a\""),
            (NetworkFunction::UnlinkPeer, vec![text("team"), text("a")], "ALTER NETWORK \"team\" UNLINK PEER \"a\""),
            (NetworkFunction::AllowDrop, vec![text("team")], "ALTER NETWORK \"team\" ALLOW DROP"),
            (NetworkFunction::RotateSecret, vec![text("team"), Value::Null], "ALTER NETWORK \"team\" ROTATE SECRET"),
            (
                NetworkFunction::RotateSecret,
                vec![text("team"), text("hush")],
                "ALTER NETWORK \"team\" ROTATE SECRET \"[redacted]\"",
            ),
            (
                NetworkFunction::Attach,
                vec![text("notes"), text("team"), json(r#"{"private_by_default": false}"#)],
                "ATTACH COLLECTION notes TO NETWORK \"team\" WITH (private_by_default = false)",
            ),
            (
                NetworkFunction::Detach,
                vec![text("notes"), text("team")],
                "DETACH COLLECTION notes FROM NETWORK \"team\"",
            ),
            (
                NetworkFunction::Stage,
                vec![text("notes"), text("id = 'x' OR metadata.y > 3")],
                "STAGE MEMORY IN notes WHERE id = \"x\" OR metadata.y > 3",
            ),
            (
                NetworkFunction::Unstage,
                vec![text("notes"), text("id = 'x'")],
                "UNSTAGE MEMORY IN notes WHERE id = \"x\"",
            ),
            (NetworkFunction::Revert, vec![text("notes"), text("id = 'x'")], "REVERT MEMORY IN notes WHERE id = \"x\""),
        ] {
            assert_eq!(statement(function, &values).unwrap(), expected);
        }
    }

    #[test]
    fn calls_of_owners_become_statements() {
        let text = |text: &str| Value::text(text);
        for (function, values, expected) in [
            (NetworkFunction::ExcusePeer, vec![text("team"), text("a")], "ALTER NETWORK \"team\" EXCUSE PEER \"a\""),
            (
                NetworkFunction::RevertPeer,
                vec![text("team"), text("a"), text("2026-01-01")],
                "ALTER NETWORK \"team\" REVERT PEER \"a\" SINCE \"2026-01-01\"",
            ),
            (
                NetworkFunction::SetRights,
                vec![text("team"), text("notes"), json(r#"{"writers": "author"}"#)],
                "ALTER NETWORK \"team\" ALTER COLLECTION notes SET (writers = \"author\")",
            ),
        ] {
            assert_eq!(statement(function, &values).unwrap(), expected);
        }
    }

    #[test]
    fn arguments_that_cannot_be_are_refused() {
        for (function, values, sqlstate) in [
            (NetworkFunction::Leave, vec![Value::Null], "22023"),
            (NetworkFunction::Create, vec![Value::text("a"), json("[1]")], "22023"),
            (NetworkFunction::Create, vec![Value::text("a"), json(r#"{"mdns": {}}"#)], "22023"),
            (NetworkFunction::Create, vec![Value::text("a"), json(r#"{"secret": 1234}"#)], "42601"),
            (NetworkFunction::Create, vec![Value::text("a"), json(r#"{"auto_post_classifications": [1]}"#)], "22023"),
            (NetworkFunction::Stage, vec![Value::text("a"), Value::text("id = ")], "42601"),
            (NetworkFunction::Stage, vec![Value::text("a"), Value::text("id = 'x' FOR NETWORK b")], "42601"),
            (NetworkFunction::Stage, vec![Value::text("a"), Value::text("id = 'x'; SYNC")], "42601"),
        ] {
            let error = statement(function, &values).unwrap_err();
            assert_eq!((error.sqlstate(), error.position()), (sqlstate, None), "{error}");
            assert!(!error.to_string().contains("1234"));
        }
    }
}
