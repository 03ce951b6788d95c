//! Functions on networks, for drivers that would rather call than speak KNIRVQL; and the one that makes a backup.
//!
//! Those that change something, or wait for peers, stand alone in a SELECT, which `session` runs as a statement of its own (see
//! `statement/network_call`). Inside a larger query they are refused here.

use crate::error::Error;
use crate::expr::Parameter::{Json, Text};
use crate::expr::{Function, Parameter};
use crate::model::PeerId;
use crate::sql::arrow::context::context_of;
use crate::statement::{NetworkFunction, permission_denied};
use crate::types::{ColumnType, Value};

/// The parameters, and how many of the last ones may be left out.
fn parameters(function: NetworkFunction) -> (&'static [Parameter], usize) {
    match function {
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

/// The description that `pg_proc` shows.
pub fn network_definition(function: NetworkFunction) -> Function {
    let (parameters, optional) = parameters(function);
    let definition = Function::new(function.name(), parameters, function.returns(), |invocation, _| {
        let name = invocation.name;
        Err(Error::unsupported(
            format!("{name}() within a larger query is not offered"),
            format!("Use SELECT {name}(…) by itself."),
        ))
    });
    definition.optional(optional).volatile().with_nulls()
}

pub fn definitions() -> Vec<Function> {
    let own_id = Function::new("nebulus_peer_id", &[], ColumnType::Text, |invocation, _| {
        Ok(Value::text(context_of(invocation)?.view.peer_id().as_str()))
    });
    let author = Function::new("nebulus_author", &[Text, Text], ColumnType::Text, |invocation, arguments| {
        let text = |place: usize| arguments.get(place).and_then(Value::as_str).unwrap_or_default();
        let context = context_of(invocation)?;
        let catalog = context.view.catalog();
        if !catalog.is_superuser(context.settings.identity().current) {
            return Err(permission_denied("function", "nebulus_author"));
        }
        let authors = catalog.expect_network(text(0))?.authors();
        Ok(Value::text(authors.author_of(&PeerId::new(text(1))).as_str()))
    });
    let functions = NetworkFunction::ALL.into_iter().map(network_definition);
    functions.chain([own_id.stable(), author.stable()]).collect()
}
