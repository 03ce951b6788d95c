//! Networks made, changed and left: what CREATE NETWORK and its kin, and the functions that do the same, come to.

use crate::db::Transaction;
use crate::error::Result;
use crate::metrics::StatementKind;
use crate::model::{NetworkOptions, Who};
use crate::statement::change::{Change, Written};
use crate::statement::command_tag::CommandTag;
use crate::statement::run::{ReadRun, Work, WriteRun, at_once};
use crate::statement::secret_text::SecretText;

/// A change of networks. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub enum NetworkCommand {
    /// CREATE, or with addresses JOIN.
    Create {
        network: String,
        options: NetworkOptions,
        secret: Option<SecretText>,
        bootstrap: Vec<String>,
        /// Who must have founded the network that is joined.
        founder: Option<String>,
    },
    Leave {
        network: String,
    },
    /// All options as they are to be.
    Alter {
        network: String,
        options: NetworkOptions,
    },
    RemovePeer {
        network: String,
        peer: String,
    },
    /// `None` for a random one.
    RotateSecret {
        network: String,
        secret: Option<SecretText>,
    },
    AddOwner {
        network: String,
        peer: String,
    },
    DropOwner {
        network: String,
        peer: String,
    },
    ExcusePeer {
        network: String,
        peer: String,
    },
    RevertPeer {
        network: String,
        peer: String,
        since: String,
    },
    /// Who may change and who may delete entries of others, where it is said.
    SetRights {
        network: String,
        collection: String,
        rights: (Option<Who>, Option<Who>),
    },
    LinkPeer {
        network: String,
        peer: String,
    },
    UnlinkPeer {
        network: String,
        peer: String,
    },
    AllowDrop {
        network: String,
    },
    Attach {
        collection: String,
        network: String,
        private_by_default: Option<bool>,
        rights: (Option<Who>, Option<Who>),
    },
    Detach {
        collection: String,
        network: String,
    },
}

impl NetworkCommand {
    /// The word of the command tag.
    fn word(&self) -> &'static str {
        match self {
            NetworkCommand::Create { bootstrap, .. } if bootstrap.is_empty() => "CREATE NETWORK",
            NetworkCommand::Create { .. } => "JOIN NETWORK",
            NetworkCommand::Leave { .. } => "LEAVE NETWORK",
            NetworkCommand::Alter { .. }
            | NetworkCommand::RemovePeer { .. }
            | NetworkCommand::RotateSecret { .. }
            | NetworkCommand::AddOwner { .. }
            | NetworkCommand::DropOwner { .. }
            | NetworkCommand::ExcusePeer { .. }
            | NetworkCommand::RevertPeer { .. }
            | NetworkCommand::SetRights { .. }
            | NetworkCommand::LinkPeer { .. }
            | NetworkCommand::UnlinkPeer { .. }
            | NetworkCommand::AllowDrop { .. } => "ALTER NETWORK",
            NetworkCommand::Attach { .. } => "ATTACH COLLECTION",
            NetworkCommand::Detach { .. } => "DETACH COLLECTION",
        }
    }

    fn run(&self, transaction: &mut Transaction) -> Result<()> {
        match self {
            NetworkCommand::Create { network, options, secret, bootstrap, founder } => {
                let (options, bootstrap) = (options.clone(), bootstrap.clone());
                transaction.create_network(network, options, exposed(secret), bootstrap, founder.as_deref())
            }
            NetworkCommand::Leave { network } => transaction.leave_network(network),
            NetworkCommand::Alter { network, options } => transaction.alter_network(network, options.clone()),
            NetworkCommand::RemovePeer { network, peer } => transaction.remove_peer(network, peer),
            NetworkCommand::RotateSecret { network, secret } => transaction.rotate_secret(network, exposed(secret)),
            NetworkCommand::AddOwner { network, peer } => transaction.add_owner(network, peer),
            NetworkCommand::DropOwner { network, peer } => transaction.drop_owner(network, peer),
            NetworkCommand::LinkPeer { network, peer } => transaction.link_peer(network, peer),
            NetworkCommand::UnlinkPeer { network, peer } => transaction.unlink_peer(network, peer),
            NetworkCommand::AllowDrop { network } => transaction.allow_drop(network),
            NetworkCommand::ExcusePeer { network, peer } => transaction.excuse_peer(network, peer),
            NetworkCommand::RevertPeer { network, peer, since } => transaction.revert_peer(network, peer, since),
            NetworkCommand::SetRights { network, collection, rights } => {
                transaction.set_rights(network, collection, *rights)
            }
            NetworkCommand::Attach { collection, network, private_by_default, rights } => {
                transaction.attach_collection(collection, network, *private_by_default)?;
                match rights {
                    (None, None) => Ok(()),
                    rights => transaction.set_rights(network, collection, *rights),
                }
            }
            NetworkCommand::Detach { collection, network } => transaction.detach_collection(collection, network),
        }
    }
}

impl Change for NetworkCommand {
    fn execute<'a>(&'a self, run: WriteRun<'a>) -> Work<'a, Written> {
        at_once(self.run(run.transaction).map(|()| Written::only(CommandTag::of(self.word()))))
    }

    fn explain<'a>(&'a self, _run: ReadRun<'a>) -> Work<'a, Vec<String>> {
        at_once(Ok(vec![self.word().to_string()]))
    }

    fn is_short(&self) -> bool {
        // A collection that is attached or detached is looked through.
        false
    }

    fn kind(&self) -> StatementKind {
        StatementKind::Network
    }
}

/// A network's secret in the clear.
fn exposed(secret: &Option<SecretText>) -> Option<&str> {
    secret.as_ref().map(SecretText::expose)
}
