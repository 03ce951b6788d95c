//! What a statement runs with, and the work that running it is.

use futures::future::{BoxFuture, Either, FutureExt, Ready, ready};

use crate::db::{Cancel, ReadView, Transaction};
use crate::error::Result;
use crate::expr::Environment;
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
        WriteRun { transaction, parameters, settings, cancel, began: chrono::Utc::now().timestamp_micros() }
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
