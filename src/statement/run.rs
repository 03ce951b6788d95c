//! What a statement runs with, and the work that running it is.

use std::sync::Arc;

use futures::future::{BoxFuture, Either, FutureExt, Ready, ready};

use crate::db::{BusyRow, Cancel, EntryKey, Inserted, LockWaits, OnConflict, ReadView, Transaction};
use crate::error::Result;
use crate::expr::Environment;
use crate::model::Collection;
use crate::settings::Settings;
use crate::types::Value;

/// What a statement reads with.
#[derive(Clone, Copy)]
pub struct ReadRun<'a> {
    pub view: &'a ReadView,
    /// A value for each parameter.
    pub parameters: &'a [Value],
    pub settings: &'a Settings,
    pub cancel: &'a Cancel,
}

/// What a statement writes with.
pub struct WriteRun<'a> {
    pub transaction: &'a mut Transaction,
    /// A value for each parameter.
    pub parameters: &'a [Value],
    pub settings: &'a Settings,
    pub cancel: &'a Cancel,
    /// When the statement began, in microseconds since 1970.
    pub began: i64,
    /// What its queries read, where that is not what it has written so far.
    snapshot: Option<ReadView>,
}

/// Work that was done at once, or the future that does it. What needs no planner and no waiting costs no allocation.
pub type Work<'a, T> = Either<Ready<Result<T>>, BoxFuture<'a, Result<T>>>;

/// Work that is done.
pub fn at_once<'a, T>(result: Result<T>) -> Work<'a, T> {
    Either::Left(ready(result))
}

/// Work that a future does.
pub fn later<'a, T>(work: impl Future<Output = Result<T>> + Send + 'a) -> Work<'a, T> {
    Either::Right(work.boxed())
}

impl<'a> WriteRun<'a> {
    /// A run that begins now.
    pub fn new(
        transaction: &'a mut Transaction,
        parameters: &'a [Value],
        settings: &'a Settings,
        cancel: &'a Cancel,
    ) -> Self {
        transaction.act_as(settings.identity().current);
        WriteRun {
            transaction,
            parameters,
            settings,
            cancel,
            began: chrono::Utc::now().timestamp_micros(),
            snapshot: None,
        }
    }

    /// What expressions are run with.
    pub fn environment(&self) -> Environment<'_> {
        Environment {
            parameters: self.parameters,
            now: self.transaction.view().began(),
            statement_began: self.began,
            style: Some(self.settings.text_style()),
        }
    }

    /// The run of a statement that stands for this one.
    pub fn again(&mut self) -> WriteRun<'_> {
        WriteRun { transaction: &mut *self.transaction, snapshot: self.snapshot.clone(), ..*self }
    }

    /// The run of a statement inside of this one, with other parameters.
    pub fn with_parameters<'b>(&'b mut self, parameters: &'b [Value]) -> WriteRun<'b> {
        WriteRun { transaction: &mut *self.transaction, snapshot: self.snapshot.clone(), parameters, ..*self }
    }

    /// From here on its queries read what is there now, whatever it writes.
    pub fn keep_snapshot(&mut self) {
        self.snapshot = Some(self.transaction.view().clone());
    }

    /// What its queries read.
    pub fn view(&self) -> &ReadView {
        self.snapshot.as_ref().unwrap_or_else(|| self.transaction.view())
    }

    /// Whether its snapshot has an entry; without one it sees what is there.
    ///
    /// # Errors
    /// What reading the store fails with.
    pub fn sees(&self, collection: &Collection, key: &EntryKey) -> Result<bool> {
        self.snapshot.as_ref().map_or(Ok(true), |view| view.exists(collection, key))
    }

    /// Inserts a row after whoever inserts the same one has ended.
    ///
    /// # Errors
    /// As `Transaction::insert_waiting`.
    pub async fn insert(
        &mut self,
        collection: &Arc<Collection>,
        row: Vec<Option<Value>>,
        on_conflict: OnConflict<'_>,
    ) -> Result<Inserted> {
        let waits = self.waits();
        self.transaction.insert_waiting(collection, row, on_conflict, &waits).await
    }

    /// How it waits for rows that others have locked.
    pub fn waits(&self) -> LockWaits<'a> {
        LockWaits { busy: BusyRow::Wait, settings: self.settings, cancel: self.cancel }
    }

    /// What a query inside of it reads with: what the transaction has written so far is seen.
    pub fn reading(&self) -> ReadRun<'_> {
        ReadRun {
            view: self.transaction.view(),
            parameters: self.parameters,
            settings: self.settings,
            cancel: self.cancel,
        }
    }
}
