//! Requests about members: what is kept of them, signatures, epochs, and the shapes of their collections.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::db::{CharterNews, EpochSecret, SharedColumn, SharedSchema};
use crate::defence::is_down;
use crate::error::{ErrorKind, Result};
use crate::model::{Adoption, Bytes};
use crate::store::verify_signature;
use crate::sync::engine::io::Member;
use crate::sync::engine::requests::MergedSchema;
use crate::sync::engine::requests::{
    Answers, CallMemberBack, MergeSchemas, ReadEpoch, SaveEpoch, SaveMembers, SignStatement, VerifyStatements,
};
use crate::sync::node::executor::executor::{Executor, gone, shape_to_database, wait};
use crate::sync::protocol::message::{CollectionSchema, EpochKey, EpochNews, WireSecret};
use crate::sync::protocol::statement::Signed;

/// How often something is tried again when somebody else changes the catalog at the same moment.
const TRIES_MAX: u32 = 8;
/// How long the first of these waits for the other one to end, each later one twice as long: a second all in all.
const PAUSE_MIN: Duration = Duration::from_millis(4);

impl Executor {
    fn network_name(&self) -> Result<String> {
        Ok(self.replica.catalog().network_by_id(self.network).ok_or_else(gone)?.name.clone())
    }
}

impl Answers<SaveMembers> for &Executor {
    fn answer(self, SaveMembers { members }: SaveMembers) -> Result<()> {
        let record = |member: &Member| Ok((member.record_name(), Some(member.to_record()?)));
        let records = members.iter().map(record).collect::<Result<Vec<_>>>()?;
        wait(self.replica.put_sync_records(self.network, records))
    }
}

impl Answers<SignStatement> for &Executor {
    fn answer(self, SignStatement { statement }: SignStatement) -> Result<Bytes> {
        let identity = self.replica.identity();
        Ok(Bytes::new(identity.sign(&statement.message(&self.network_name()?, identity.peer_id()))))
    }
}

impl Answers<VerifyStatements> for &Executor {
    fn answer(self, VerifyStatements { signed }: VerifyStatements) -> Result<Vec<bool>> {
        let network = self.network_name()?;
        let is_right = |Signed { peer, statement, signature }: &Signed| {
            verify_signature(peer, &statement.message(&network, peer), signature) || is_down(statement.defence())
        };
        Ok(signed.iter().map(is_right).collect())
    }
}

impl Answers<ReadEpoch> for &Executor {
    fn answer(self, _: ReadEpoch) -> Result<Option<Box<EpochNews>>> {
        let news = self.replica.charter_news(self.network)?;
        Ok(news.map(|CharterNews { charter, secret }| {
            let secret = secret.map(|EpochSecret { epoch, salt, secret }| {
                let secret = WireSecret(secret.to_string());
                EpochKey { epoch, salt, secret }
            });
            Box::new(EpochNews { charter, secret })
        }))
    }
}

impl Answers<SaveEpoch> for &Executor {
    fn answer(self, SaveEpoch { news }: SaveEpoch) -> Result<Adoption> {
        let secret = news.secret.as_ref().map(|key| EpochSecret {
            epoch: key.epoch,
            salt: key.salt,
            secret: Zeroizing::new(key.secret.0.clone()),
        });
        let news = CharterNews { charter: news.charter, secret };
        let mut pauses = (0..TRIES_MAX).map(|tries| PAUSE_MIN * 2_u32.saturating_pow(tries));
        loop {
            match wait(self.replica.adopt_charter(self.network, news.clone())) {
                Err(error) if error.kind() == ErrorKind::SerializationFailure => match pauses.next() {
                    Some(pause) => std::thread::sleep(pause),
                    None => return Err(error),
                },
                result => return result,
            }
        }
    }
}

impl Answers<CallMemberBack> for &Executor {
    fn answer(self, CallMemberBack { peer }: CallMemberBack) -> Result<()> {
        wait(self.replica.call_back(self.network, &peer))
    }
}

impl Answers<MergeSchemas> for &Executor {
    fn answer(self, MergeSchemas { collections, shapes }: MergeSchemas) -> Result<MergedSchema> {
        wait(self.replica.learn_shapes(self.network, shapes.into_iter().map(shape_to_database).collect()))?;
        let schemas: Vec<SharedSchema> = collections.into_iter().map(schema_to_database).collect();
        let differences = wait(self.replica.merge_schemas(self.network, &schemas))?;
        Ok(MergedSchema { differences, shapes: self.shapes()? })
    }
}

fn schema_to_database(schema: CollectionSchema) -> SharedSchema {
    let columns = schema.columns.into_iter();
    SharedSchema {
        name: schema.name,
        is_table: schema.is_table,
        columns: columns.map(|column| SharedColumn { name: column.name, type_name: column.type_name }).collect(),
        primary_key: schema.primary_key.into_iter().map(usize::from).collect(),
    }
}
