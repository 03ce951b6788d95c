//! Functions on networks, for drivers that would rather call than speak KNIRVQL; and the one that makes a backup.
//!
//! Those that change something, or wait for peers, stand alone in a SELECT: `session` makes the KNIRVQL statement of such a
//! call (see `network_call`) and runs that. Inside a larger query they are refused here.

use crate::error::Error;
use crate::expr::Parameter::{Json, Text};
use crate::expr::{Function, Parameter};
use crate::model::PeerId;
use crate::sql::arrow::context::context_of;
use crate::types::{ColumnType, Value};

/// A function that stands for a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkFunction {
    Create,
    Join,
    Leave,
    Alter,
    RemovePeer,
    RotateSecret,
    AddOwner,
    DropOwner,
    ExcusePeer,
    RevertPeer,
    SetRights,
    LinkPeer,
    UnlinkPeer,
    AllowDrop,
    Attach,
    Detach,
    Stage,
    Unstage,
    Revert,
    Sync,
    Secret,
    Backup,
}

impl NetworkFunction {
    pub const ALL: [NetworkFunction; 22] = [
        NetworkFunction::Create,
        NetworkFunction::Join,
        NetworkFunction::Leave,
        NetworkFunction::Alter,
        NetworkFunction::RemovePeer,
        NetworkFunction::RotateSecret,
        NetworkFunction::AddOwner,
        NetworkFunction::DropOwner,
        NetworkFunction::ExcusePeer,
        NetworkFunction::RevertPeer,
        NetworkFunction::SetRights,
        NetworkFunction::LinkPeer,
        NetworkFunction::UnlinkPeer,
        NetworkFunction::AllowDrop,
        NetworkFunction::Attach,
        NetworkFunction::Detach,
        NetworkFunction::Stage,
        NetworkFunction::Unstage,
        NetworkFunction::Revert,
        NetworkFunction::Sync,
        NetworkFunction::Secret,
        NetworkFunction::Backup,
    ];

    pub fn name(self) -> &'static str {
        match self {
            NetworkFunction::Create => "nebulus_create_network",
            NetworkFunction::Join => "nebulus_join_network",
            NetworkFunction::Leave => "nebulus_leave_network",
            NetworkFunction::Alter => "nebulus_alter_network",
            NetworkFunction::RemovePeer => "nebulus_remove_peer",
            NetworkFunction::RotateSecret => "nebulus_rotate_secret",
            NetworkFunction::AddOwner => "nebulus_add_owner",
            NetworkFunction::DropOwner => "nebulus_drop_owner",
            NetworkFunction::ExcusePeer => "nebulus_excuse_peer",
            NetworkFunction::RevertPeer => "nebulus_revert_peer",
            NetworkFunction::SetRights => "nebulus_set_rights",
            NetworkFunction::LinkPeer => "nebulus_link_peer",
            NetworkFunction::UnlinkPeer => "nebulus_unlink_peer",
            NetworkFunction::AllowDrop => "nebulus_allow_drop",
            NetworkFunction::Attach => "nebulus_attach",
            NetworkFunction::Detach => "nebulus_detach",
            NetworkFunction::Stage => "nebulus_stage",
            NetworkFunction::Unstage => "nebulus_unstage",
            NetworkFunction::Revert => "nebulus_revert",
            NetworkFunction::Sync => "nebulus_sync",
            NetworkFunction::Secret => "nebulus_network_secret",
            NetworkFunction::Backup => "nebulus_backup",
        }
    }

    /// The parameters, and how many of the last ones may be left out.
    fn parameters(self) -> (&'static [Parameter], usize) {
        match self {
            // Network, options; or the folder of backups, options.
            NetworkFunction::Create | NetworkFunction::Backup => (&[Text, Json], 1),
            // Network, addresses with commas between them, options.
            NetworkFunction::Join => (&[Text, Text, Json], 0),
            NetworkFunction::Leave | NetworkFunction::Secret | NetworkFunction::AllowDrop => (&[Text], 0),
            NetworkFunction::Alter => (&[Text, Json], 0),
            // Network, peer.
            NetworkFunction::RemovePeer
            | NetworkFunction::AddOwner
            | NetworkFunction::DropOwner
            | NetworkFunction::ExcusePeer
            | NetworkFunction::LinkPeer
            | NetworkFunction::UnlinkPeer => (&[Text, Text], 0),
            // Network, peer, time.
            NetworkFunction::RevertPeer => (&[Text, Text, Text], 0),
            // Network, collection, options.
            NetworkFunction::SetRights => (&[Text, Text, Json], 0),
            // Network, secret.
            NetworkFunction::RotateSecret => (&[Text, Text], 1),
            // Collection, network, options.
            NetworkFunction::Attach => (&[Text, Text, Json], 1),
            NetworkFunction::Detach => (&[Text, Text], 0),
            // Collection, a condition of KNIRVQL.
            NetworkFunction::Stage | NetworkFunction::Unstage | NetworkFunction::Revert => (&[Text, Text], 0),
            // Network.
            NetworkFunction::Sync => (&[Text], 1),
        }
    }

    pub fn returns(self) -> ColumnType {
        match self {
            // How many entries.
            NetworkFunction::Stage | NetworkFunction::Unstage | NetworkFunction::Revert => ColumnType::Int8,
            NetworkFunction::Sync | NetworkFunction::Backup => ColumnType::Jsonb,
            NetworkFunction::Secret => ColumnType::Text,
            NetworkFunction::Create
            | NetworkFunction::Join
            | NetworkFunction::Leave
            | NetworkFunction::Alter
            | NetworkFunction::RemovePeer
            | NetworkFunction::RotateSecret
            | NetworkFunction::AddOwner
            | NetworkFunction::DropOwner
            | NetworkFunction::ExcusePeer
            | NetworkFunction::RevertPeer
            | NetworkFunction::SetRights
            | NetworkFunction::LinkPeer
            | NetworkFunction::UnlinkPeer
            | NetworkFunction::AllowDrop
            | NetworkFunction::Attach
            | NetworkFunction::Detach => ColumnType::Void,
        }
    }

    /// Whether a secret is among the arguments, so that errors must not quote them.
    pub fn takes_secret(self) -> bool {
        matches!(
            self,
            NetworkFunction::Create | NetworkFunction::Join | NetworkFunction::Alter | NetworkFunction::RotateSecret
        )
    }

    /// The description that `pg_proc` shows.
    pub fn definition(self) -> Function {
        let (parameters, optional) = self.parameters();
        let definition = Function::new(self.name(), parameters, self.returns(), |invocation, _| {
            let name = invocation.name;
            Err(Error::unsupported(
                format!("{name}() within a larger query is not offered"),
                format!("Use SELECT {name}(…) by itself."),
            ))
        });
        definition.optional(optional).volatile().with_nulls()
    }
}

pub fn definitions() -> Vec<Function> {
    let own_id = Function::new("nebulus_peer_id", &[], ColumnType::Text, |invocation, _| {
        Ok(Value::text(context_of(invocation)?.view.peer_id().as_str()))
    });
    let author = Function::new("nebulus_author", &[Text, Text], ColumnType::Text, |invocation, arguments| {
        let text = |place: usize| arguments.get(place).and_then(Value::as_str).unwrap_or_default();
        let catalog = context_of(invocation)?.view.catalog();
        let authors = catalog.expect_network(text(0))?.authors();
        Ok(Value::text(authors.author_of(&PeerId::new(text(1))).as_str()))
    });
    let functions = NetworkFunction::ALL.into_iter().map(NetworkFunction::definition);
    functions.chain([own_id.stable(), author.stable()]).collect()
}
