//! Statements about the session rather than the data: transactions, settings, prepared statements, cursors, channels.
//!
//! They say what is asked for; `session` does it.

use std::sync::Arc;

use crate::model::OutputColumn;
use crate::settings::Settings;
use crate::statement::code_block::CodeBlock;
use crate::statement::planning::StatementTree;
use crate::statement::row_source::RowSource;
use crate::statement::secret_text::SecretText;
use crate::types::ColumnType;

/// A statement that the session itself carries out.
pub enum SessionCommand {
    Begin {
        modes: TransactionModes,
        tag: &'static str,
    },
    Commit {
        chain: bool,
    },
    Rollback {
        chain: bool,
    },
    Savepoint(String),
    Release(String),
    RollbackTo(String),
    /// SET TRANSACTION, or with `session` SET SESSION CHARACTERISTICS.
    SetTransaction {
        modes: TransactionModes,
        session: bool,
    },
    /// `None` for DEFAULT.
    Set {
        name: String,
        value: Option<String>,
        local: bool,
    },
    /// SET CONSTRAINTS: whether they are checked by COMMIT or by each statement. `None` for ALL; else their names, each with
    /// its schema where one is given.
    SetConstraints {
        names: Option<Vec<String>>,
        is_deferred: bool,
    },
    /// RESET; `None` for ALL.
    Reset(Option<String>),
    Show(String),
    ShowAll,
    /// SELECT with `set_config`: one row with what each call gives.
    Configure(Vec<SettingCall>),
    Discard(Discard),
    Prepare {
        name: String,
        parameter_types: Vec<ColumnType>,
        text: Arc<str>,
        statement: Arc<dyn StatementTree>,
    },
    /// The arguments are one row.
    Execute {
        name: String,
        arguments: Option<Box<dyn RowSource>>,
    },
    /// `None` for ALL.
    Deallocate(Option<String>),
    DeclareCursor {
        name: String,
        query: Box<dyn RowSource>,
        columns: Arc<[OutputColumn]>,
        hold: bool,
        scroll: bool,
    },
    Fetch {
        cursor: String,
        fetch: CursorFetch,
    },
    /// FETCH of rows that nobody sees.
    Move {
        cursor: String,
        fetch: CursorFetch,
    },
    /// `None` for ALL.
    CloseCursor(Option<String>),
    /// DO.
    Do(Arc<CodeBlock>),
    SetPassword {
        role: String,
        password: Option<SecretText>,
    },
    /// LISTEN to a channel.
    Listen(String),
    /// UNLISTEN; `None` for all channels.
    Unlisten(Option<String>),
    Notify {
        channel: String,
        payload: String,
    },
    /// Nothing to do here, but only inside a transaction block.
    NoOpInTransaction(&'static str),
    /// Accepted, and nothing to do here: the tag to answer with.
    NoOp(&'static str),
}

/// What BEGIN and SET TRANSACTION say of a transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransactionModes {
    /// As the setting `transaction_isolation` spells it.
    pub isolation: Option<&'static str>,
    pub read_only: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discard {
    All,
    Plans,
    Sequences,
    Temp,
}

/// Which rows FETCH takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorFetch {
    /// The next rows, at most so many.
    Forward(u64),
    ForwardAll,
    /// The rows before, the nearest first.
    Backward(u64),
    BackwardAll,
    /// The row of a number from 1, or from -1 counted from the last.
    Absolute(i64),
    /// The row so many behind the present one.
    Relative(i64),
}

impl CursorFetch {
    /// How many rows at most; `None` for all.
    pub fn count(self) -> Option<u64> {
        match self {
            CursorFetch::Forward(count) | CursorFetch::Backward(count) => Some(count),
            CursorFetch::Absolute(_) | CursorFetch::Relative(_) => Some(1),
            CursorFetch::ForwardAll | CursorFetch::BackwardAll => None,
        }
    }
}

impl SessionCommand {
    /// The columns of its rows. Those of FETCH and EXECUTE are the cursor's and the prepared statement's.
    pub fn columns(&self) -> Option<Arc<[OutputColumn]>> {
        let text = |name: &str| OutputColumn::computed(name, ColumnType::Text);
        match self {
            SessionCommand::Show(name) => Some([text(&Settings::canonical_name(name))].into()),
            SessionCommand::Configure(calls) => Some(calls.iter().map(|call| text(&call.column)).collect()),
            SessionCommand::ShowAll => Some([text("name"), text("setting"), text("description")].into()),
            _ => None,
        }
    }
}

/// One call of a SELECT that only reads and changes settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingCall {
    pub name: String,
    /// What `set_config` sets, and whether until the end of the transaction only; `None` for `current_setting`.
    pub change: Option<(String, bool)>,
    /// The name of the result's column.
    pub column: String,
}
