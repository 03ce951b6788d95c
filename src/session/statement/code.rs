//! DO: the walk through its code. All of it is one statement, in one transaction; each query is planned when it is its turn.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Notice, Result, Severity};
use crate::session::session::Session;
use crate::session::statement::outcome::{ResultRows, StatementOutcome};
use crate::session::statement::prepared::Prepared;
use crate::session::statement::script::Parsed;
use crate::session::transaction::OpenTransaction;
use crate::sql;
use crate::statement::{
    CodeBlock, CodeQuery, CodeStep, Discard, ExceptionHandler, Raise, RaiseLevel, RaiseOption, SessionCommand,
    Statement, condition_state,
};
use crate::types::{ColumnType, Value};

const RAISE_EXCEPTION: &str = "P0001";

/// Bytes of the reports that one statement may raise: they wait in memory until it ends.
const RAISED_BYTES_MAX: usize = 8 << 20;

/// Whether the code goes on behind a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Returned,
}

impl Session {
    /// Runs the code of DO; by itself it is a transaction that commits with it.
    ///
    /// # Errors
    /// What a statement of it fails with where no handler is for it, P0001 and others that it raises.
    pub(super) async fn run_code(&mut self, block: &CodeBlock, is_alone: bool) -> Result<()> {
        let is_transaction = is_alone && matches!(self.open, OpenTransaction::None);
        // Statements stop the clock when they are done: this one runs until the last of them is.
        let clock = self.take_clock();
        // Opens a transaction where none is.
        self.writing(false);
        self.run_block(block, None).await?;
        drop(clock);
        if is_transaction { self.end_implicit().await } else { Ok(()) }
    }

    async fn run_block(&mut self, block: &CodeBlock, handled: Option<&Error>) -> Result<Flow> {
        if block.handlers.is_empty() {
            return self.run_steps(&block.steps, handled).await;
        }
        let mark = self.mark().ok_or_else(|| Error::internal("a transaction has vanished"))?;
        let error = match self.run_steps(&block.steps, handled).await {
            Ok(flow) => return Ok(flow),
            Err(error) => error,
        };
        let is_for =
            |handler: &&ExceptionHandler| handler.conditions.iter().any(|condition| condition.is_met(error.sqlstate()));
        let Some(handler) = block.handlers.iter().find(is_for) else { return Err(error) };
        self.go_back(&mark);
        self.run_steps(&handler.steps, Some(&error)).await
    }

    async fn run_steps(&mut self, steps: &[CodeStep], handled: Option<&Error>) -> Result<Flow> {
        for step in steps {
            self.cancel.check()?;
            // Boxed: blocks stand in blocks.
            if Box::pin(self.run_step(step, handled)).await? == Flow::Returned {
                return Ok(Flow::Returned);
            }
        }
        Ok(Flow::On)
    }

    async fn run_step(&mut self, step: &CodeStep, handled: Option<&Error>) -> Result<Flow> {
        match step {
            CodeStep::Statement(query) => self.run_statement(&parsed(query)).await?,
            CodeStep::Perform(query) => {
                let mut rows = self.rows_of(query).await?;
                while rows.next_chunk().await?.is_some() {}
            }
            CodeStep::Execute(query) => {
                let text = match self.value_of(query).await? {
                    Value::Null => {
                        let message = "query string argument of EXECUTE is null";
                        return Err(Error::new(ErrorKind::NullNotAllowed, message));
                    }
                    value => value.to_text(),
                };
                for range in sql::split(&text)? {
                    let statement = text.get(range).unwrap_or_default();
                    let tree = sql::parse_statement(statement).map_err(Error::without_position)?;
                    self.run_statement(&Parsed::in_code(statement.into(), tree)).await?;
                }
            }
            CodeStep::If { branches, otherwise } => {
                for (condition, steps) in branches {
                    if self.value_of(condition).await?.cast(&ColumnType::Bool, true)? == Value::Bool(true) {
                        return self.run_steps(steps, handled).await;
                    }
                }
                return self.run_steps(otherwise, handled).await;
            }
            CodeStep::Block(block) => return self.run_block(block, handled).await,
            CodeStep::Raise(raise) => self.run_raise(raise).await?,
            CodeStep::RaiseAgain => {
                return Err(handled.cloned().unwrap_or_else(|| Error::internal("RAISE has nothing to raise again")));
            }
            CodeStep::Return => return Ok(Flow::Returned),
            CodeStep::Nothing => {}
        }
        Ok(Flow::On)
    }

    /// Runs a statement that gives no rows.
    async fn run_statement(&mut self, parsed: &Parsed) -> Result<()> {
        let prepared = self.prepare_in_code(parsed)?;
        if prepared.columns.is_some() {
            let error = Error::syntax("query has no destination for result data", None);
            return Err(error.with_hint("If you want to discard the results of a SELECT, use PERFORM instead."));
        }
        match &prepared.plan().body {
            Statement::CopyIn(_) | Statement::CopyOut(_) => {
                return Err(Error::unsupported("cannot COPY to/from client in PL/pgSQL", "Send COPY by itself."));
            }
            Statement::Session(
                SessionCommand::Begin { .. }
                | SessionCommand::Commit { .. }
                | SessionCommand::Rollback { .. }
                | SessionCommand::Savepoint(_)
                | SessionCommand::Release(_)
                | SessionCommand::RollbackTo(_),
            ) => {
                let hint = "Use a BEGIN block with an EXCEPTION clause instead.";
                return Err(Error::unsupported("unsupported transaction command in PL/pgSQL", hint));
            }
            Statement::Session(SessionCommand::Discard(Discard::All)) => {
                let message = "DISCARD ALL cannot be executed from a function";
                return Err(Error::new(ErrorKind::ActiveTransaction, message));
            }
            _ => {}
        }
        self.run_prepared(&prepared).await.map(drop)
    }

    fn prepare_in_code(&mut self, parsed: &Parsed) -> Result<Arc<Prepared>> {
        // Its positions are those of a text that the client has not sent.
        self.prepare_statement(parsed, &[]).map_err(Error::without_position)
    }

    async fn run_prepared(&mut self, prepared: &Arc<Prepared>) -> Result<StatementOutcome> {
        // Boxed: EXECUTE of a prepared statement may come back here.
        Box::pin(self.execute_started(prepared, Vec::new(), false)).await.map_err(Error::without_position)
    }

    async fn rows_of(&mut self, query: &CodeQuery) -> Result<ResultRows> {
        let prepared = self.prepare_in_code(&parsed(query))?;
        match self.run_prepared(&prepared).await? {
            StatementOutcome::Rows { rows, .. } => Ok(rows),
            _ => Err(Error::internal("a query of DO gives no rows")),
        }
    }

    /// The one value of a query; NULL where it gives no row.
    async fn value_of(&mut self, query: &CodeQuery) -> Result<Value> {
        let mut rows = self.rows_of(query).await?;
        let count = rows.columns().len();
        if count != 1 {
            return Err(Error::syntax(format!("query returned {count} columns"), None));
        }
        let mut found = None;
        while let Some(chunk) = rows.next_chunk().await? {
            for row in chunk {
                if found.is_some() {
                    return Err(Error::new(ErrorKind::Cardinality, "query returned more than one row"));
                }
                found = Some(row.into_iter().next().unwrap_or_default());
            }
        }
        Ok(found.unwrap_or_default())
    }

    /// # Errors
    /// What it raises where its level is EXCEPTION.
    async fn run_raise(&mut self, raise: &Raise) -> Result<()> {
        let mut message = None;
        if let Some(pieces) = &raise.message {
            let mut text = String::new();
            for (place, piece) in pieces.iter().enumerate() {
                if let Some(argument) = place.checked_sub(1).and_then(|place| raise.arguments.get(place)) {
                    text.push_str(&match self.value_of(argument).await? {
                        Value::Null => "<NULL>".to_string(),
                        value => value.to_text(),
                    });
                }
                text.push_str(piece);
            }
            message = Some(text);
        }
        let (mut state, mut detail, mut hint) = (raise.state, None, None);
        for (option, query) in &raise.options {
            let text = match self.value_of(query).await? {
                Value::Null => {
                    return Err(Error::new(ErrorKind::NullNotAllowed, "RAISE statement option cannot be null"));
                }
                value => value.to_text(),
            };
            match option {
                RaiseOption::Message if message.is_some() => {
                    return Err(Error::syntax("RAISE option already specified: MESSAGE", None));
                }
                RaiseOption::Message => message = Some(text),
                RaiseOption::Detail => detail = Some(text),
                RaiseOption::Hint => hint = Some(text),
                RaiseOption::State if state.is_some() => {
                    return Err(Error::syntax("RAISE option already specified: ERRCODE", None));
                }
                RaiseOption::State => state = Some(condition_state(&text)?),
            }
        }
        let message =
            message.or_else(|| raise.condition.clone()).unwrap_or_else(|| state.unwrap_or(RAISE_EXCEPTION).to_string());
        let kind = match (state, raise.level) {
            (Some(state), _) => ErrorKind::Raised(state),
            (None, RaiseLevel::Exception) => ErrorKind::Raised(RAISE_EXCEPTION),
            (None, RaiseLevel::Warning) => ErrorKind::Raised("01000"),
            (None, _) => ErrorKind::Success,
        };
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        self.raised_bytes = self.raised_bytes.saturating_add(message.len() + length(&detail) + length(&hint));
        if self.raised_bytes > RAISED_BYTES_MAX {
            let message = format!("a statement raises more than {RAISED_BYTES_MAX} bytes");
            return Err(Error::new(ErrorKind::LimitExceeded, message).with_hint("Raise fewer or shorter messages."));
        }
        let mut report = Error::new(kind, message);
        if let Some(detail) = detail {
            report = report.with_detail(detail);
        }
        if let Some(hint) = hint {
            report = report.with_hint(hint);
        }
        let severity = match raise.level {
            RaiseLevel::Exception => return Err(report),
            RaiseLevel::Debug => Severity::Debug,
            RaiseLevel::Log => Severity::Log,
            RaiseLevel::Info => Severity::Info,
            RaiseLevel::Notice => Severity::Notice,
            RaiseLevel::Warning => Severity::Warning,
        };
        self.notify([Notice { severity, report }]);
        Ok(())
    }
}

fn parsed(query: &CodeQuery) -> Parsed {
    Parsed::in_code(Arc::clone(&query.text), Arc::clone(&query.tree))
}
