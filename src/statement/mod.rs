//! A planned statement, whichever language it was written in: what both languages produce and a session runs.
//!
//! One statement's way: the session cuts a client's text into trees ([`StatementTree`]) and has each planned against a view of
//! the data ([`Planning`]). What comes of it is a [`Planned`]: its body, one of the [`Statement`]s, the types of its parameters
//! and its result, what it touches ([`Touch`]) and what it depends on ([`DependsOn`]), which the languages note while they plan
//! ([`PlanNotes`]). A body that gives rows is a [`RowSource`], one that changes rows or definitions a [`Change`]: the first is opened in a view
//! ([`ReadRun`]), the second runs in a transaction ([`WriteRun`]). [`Explain`] is over both. Networks are changed by
//! [`NetworkCommand`]s, the session by [`SessionCommand`]s; `copy` has the formats of COPY.
//!
//! Nothing here knows a tree of SQL, a plan of DataFusion, or a session: plans stand behind the traits.

mod access;
mod change;
mod code_block;
mod command_tag;
mod conditions;
mod copy;
mod dependencies;
mod entry_keys;
mod explain;
mod explain_formats;
mod explain_json;
mod locked_rows;
mod network_call;
mod network_command;
mod planned;
mod planning;
mod row_source;
mod run;
mod scram_verifier;
mod secret_text;
mod session_command;

pub use access::{
    check_creation, check_owner_of, check_relation, check_usage, described_object, must_be_owner, permission_denied,
};
pub use change::{Change, ColumnDefaults, Written};
pub use code_block::{
    CodeBlock, CodeQuery, CodeStep, ExceptionCondition, ExceptionHandler, Raise, RaiseLevel, RaiseOption,
};
pub use command_tag::{CommandTag, RowsTag};
pub use conditions::{condition_state, spelled_state, state_of, unknown_condition};
pub use copy::{
    BinaryCodec, CopyFormat, CopyIn, CopyInPlan, CopyOptions, CopyOut, CopyOutPlan, CopyTarget, Forced, GivenOptions,
};
pub use dependencies::{DependsOn, PlanNotes, Privilege, Touch, TouchedObject};
pub use entry_keys::{key_of_value, keys_query, matching_keys};
pub use explain::{Explain, ExplainFormat};
pub use network_call::{NetworkCall, NetworkFunction};
pub use network_command::NetworkCommand;
pub use planned::{Planned, Statement};
pub use planning::{DefaultsFunction, Planning, QueryFunction, StatementTree};
pub use row_source::{KnownRows, RowSource};
pub use run::{ReadRun, Work, WriteRun, at_once, later};
pub use scram_verifier::{
    SCRAM_ITERATIONS, fill_random, hmac, make_verifier, random_password, read_verifier, scram_verifier, verifier_text,
};
pub use secret_text::SecretText;
pub use session_command::{CursorFetch, Discard, SessionCommand, SettingCall, TransactionModes};
