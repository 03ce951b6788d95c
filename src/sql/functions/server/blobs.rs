//! `blob(id)`: the bytes of an entry's blob, from the local blob store, or else from a peer that has it.

use std::pin::pin;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

use crate::db::{EntryKey, MEMORY};
use crate::error::{Error, Result};
use crate::expr::Parameter::Text;
use crate::expr::{Function, Invocation, text_of};
use crate::model::{Collection, Permission};
use crate::sql::arrow::context::{ReadContext, context_of};
use crate::statement::check_relation;
use crate::store::encode_sought;
use crate::types::{ColumnType, Value};

/// How often a statement that waits for a blob looks whether it was cancelled.
const CANCEL_CHECK: Duration = Duration::from_millis(20);

pub fn definitions() -> Vec<Function> {
    vec![Function::new("blob", &[Text, Text], ColumnType::Bytea, blob).optional(1).stable()]
}

/// `blob(id)` of a memory, or `blob(id, collection)`; NULL where there is no entry or no blob. The first read of a blob that
/// was made on another node brings it here.
fn blob(invocation: &Invocation<'_>, arguments: &[Value]) -> Result<Value> {
    let context = context_of(invocation)?;
    let view = &context.view;
    let name = arguments.get(1).and_then(Value::as_str).unwrap_or(MEMORY);
    let collection = view.catalog().expect_collection(name)?;
    let who = context.settings.identity().current;
    check_relation(view.catalog(), who, collection.id, Permission::Select)?;
    let mut key = Vec::new();
    encode_sought(&[Value::text(text_of(arguments, 0))], &mut key)?;
    let Some(hash) = view.blob_hash(collection, &EntryKey::from_bytes(key))? else { return Ok(Value::Null) };
    if !view.has_blob(&hash)? {
        fetch(context, collection, &hash)?;
    }
    Ok(Value::Bytea(view.read_blob(&hash)?.into()))
}

/// Waits for a blob where it stands: the other tasks of this thread move to another one.
fn fetch(context: &ReadContext, collection: &Collection, hash: &str) -> Result<()> {
    let runtime = Handle::try_current().ok().filter(|handle| handle.runtime_flavor() != RuntimeFlavor::CurrentThread);
    let Some(runtime) = runtime else {
        return Err(Error::internal("a blob of another node is wanted where nothing can wait for it"));
    };
    let wait = async {
        let mut fetching = pin!(context.view.fetch_blob(collection, hash));
        loop {
            tokio::select! {
                biased;
                done = fetching.as_mut() => return done,
                () = tokio::time::sleep(CANCEL_CHECK) => context.cancel.check()?,
            }
        }
    };
    block_in_place(|| runtime.block_on(wait))
}
