//! `SELECT nebulus_sync()` and its siblings, standing alone: which function, of which arguments.

use crate::model::OutputColumn;
use crate::statement::row_source::RowSource;
use crate::types::ColumnType;

/// A call of a function on networks, or of the one that makes a backup.
pub struct NetworkCall {
    pub function: NetworkFunction,
    /// One row with a value for each argument; `None` where there are none.
    pub arguments: Option<Box<dyn RowSource>>,
    /// The name of the result's column.
    pub column: String,
}

impl NetworkCall {
    pub fn columns(&self) -> [OutputColumn; 1] {
        [OutputColumn::computed(self.column.as_str(), self.function.returns())]
    }
}

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

    /// Whether it changes something here, or posts it.
    pub fn writes(self) -> bool {
        self != NetworkFunction::Secret
    }
}
