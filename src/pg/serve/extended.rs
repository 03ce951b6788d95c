//! The extended protocol: Parse, Bind, Describe, Execute, Close, Sync.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Result};
use crate::pg::codec::decode::{decode_binary, decode_text};
use crate::pg::messages::input::Fields;
use crate::pg::messages::output::{
    BIND_COMPLETE, CLOSE_COMPLETE, EMPTY_QUERY, NO_DATA, PARSE_COMPLETE, row_description,
};
use crate::pg::serve::connection::{Connection, Failure};
use crate::session::{Formats, Portal, Prepared, StatementOutcome, guarded};
use crate::telemetry::{Span, SpanName};
use crate::types::limits::PARAMETERS_MAX;
use crate::types::{ColumnType, TextStyle, Value};

impl Connection {
    /// Parse: prepares a statement under a name.
    ///
    /// # Errors
    /// 08P01 for a malformed message, 22021 for a text that is not UTF-8, 42704 for the OID of no type; as `Session::prepare`
    /// and `Session::keep_statement`.
    pub fn parse(&mut self, body: &[u8]) -> Result<(), Failure> {
        let mut fields = Fields(body);
        let (name, text, count) = (fields.text()?, fields.text()?, fields.count()?);
        let mut types = Vec::with_capacity(count.min(PARAMETERS_MAX));
        for _ in 0..count {
            let oid = fields.u32()?;
            types.push(match self.session.made_type(oid) {
                Some(ty) => Some(ty),
                None => parameter_type(oid)?,
            });
        }
        fields.finish()?;
        self.session.check_statement_name(name)?;
        let prepared = self.session.prepare(text, &types).map_err(|error| guarded(text, error))?;
        self.session.keep_statement(name, prepared, false)?;
        self.tell_changes()?;
        self.output.empty(PARSE_COMPLETE);
        Ok(())
    }

    /// Bind: a portal of a prepared statement with its parameters.
    ///
    /// # Errors
    /// 08P01 for a malformed message and another number of parameters, 26000 for an unknown statement, 22023 for a format code,
    /// 25P02 in a failed transaction; as `Session::bind`; parameters as `decode_text` and `decode_binary`.
    pub fn bind(&mut self, body: &[u8]) -> Result<(), Failure> {
        let mut fields = Fields(body);
        let (portal, statement) = (fields.text()?, fields.text()?);
        let prepared = Arc::clone(self.session.statement(statement)?);
        let present = self.session.present_types(&prepared.parameters);
        let types = present.as_deref().unwrap_or(&prepared.parameters);
        let parameters = read_parameters(&mut fields, types, self.session.settings().text_style())?;
        let columns = prepared.columns.as_ref().map_or(0, |columns| columns.len());
        let formats = read_formats(&mut fields, columns)?;
        fields.finish()?;
        self.session.check_allowed(&prepared)?;
        self.session.bind(portal, prepared, parameters, formats)?;
        self.output.empty(BIND_COMPLETE);
        Ok(())
    }

    /// Describe: the parameters and columns of a statement, or the columns of a portal.
    ///
    /// # Errors
    /// 08P01 for a malformed message, 26000 for an unknown statement, 34000 for an unknown portal, 54011 for too many columns.
    pub fn describe(&mut self, body: &[u8]) -> Result<(), Failure> {
        let mut fields = Fields(body);
        let (kind, name) = (fields.u8()?, fields.text()?);
        fields.finish()?;
        let description = match kind {
            b'S' => {
                let prepared = Arc::clone(self.session.statement(name)?);
                self.output.parameter_description(&prepared.parameters)?;
                description(&prepared, &Formats::Text)?
            }
            b'P' => {
                let portal = self.session.portal(name)?;
                match portal.prepared() {
                    Some(prepared) => description(prepared, portal.formats())?,
                    None => portal.columns().map(|columns| row_description(columns, portal.formats())).transpose()?,
                }
            }
            other => return Err(Error::new(ErrorKind::ProtocolViolation, invalid_kind("DESCRIBE", other)).into()),
        };
        match description {
            Some(description) => self.output.encoded(&description),
            None => self.output.empty(NO_DATA),
        }
        Ok(())
    }

    /// Execute: runs a portal, or reads on in one that was suspended.
    ///
    /// # Errors
    /// 08P01 for a malformed message, 34000 for a portal that is unknown or cannot be run again, 53200 without memory for it;
    /// as `Session::run_portal`, [`Connection::fetch`] and [`Connection::finish`].
    pub async fn execute(&mut self, body: &[u8]) -> Result<(), Failure> {
        let mut fields = Fields(body);
        let (name, rows_max) = (fields.text()?, fields.i32()?);
        fields.finish()?;
        // Zero means all rows; PostgreSQL takes a negative count as all rows, too.
        let rows_max = u64::try_from(rows_max).ok().filter(|max| *max > 0);
        let began = Instant::now();
        let mut portal = self.session.take_portal(name)?;
        let kept = if self.session.logs_slow_statements() { portal.parameters().to_vec() } else { Vec::new() };
        let span = Span::begin(SpanName::Statement);
        let ran = span.around(self.run_portal(&mut portal, name, rows_max)).await;
        if let Some(prepared) = portal.prepared() {
            self.trace(&span, prepared, ran.as_ref().err());
            self.session.observe(prepared, &kept, began.elapsed()).await;
        }
        ran?;
        Ok(self.session.put_portal(name, portal)?)
    }

    async fn run_portal(&mut self, portal: &mut Portal, name: &str, rows_max: Option<u64>) -> Result<(), Failure> {
        // With Sync right behind it, the statement is a transaction of its own and may be retried.
        let is_last = self.input.next_tag() == Some(b'S');
        let prepared = portal.prepared().cloned();
        let ran = async {
            match self.session.run_portal(name, portal, is_last).await? {
                Some(outcome) => self.finish(outcome).await,
                None => self.fetch(portal, rows_max).await,
            }
        };
        ran.await.map_err(|failure| failure.guarded(prepared.as_ref().map_or("", |prepared| prepared.text())))
    }

    /// Sends what came of a statement that has no rows.
    ///
    /// # Errors
    /// As [`Connection::copy_in`], [`Connection::copy_out`] and [`Connection::tell_changes`].
    pub async fn finish(&mut self, outcome: StatementOutcome) -> Result<(), Failure> {
        let tag = match outcome {
            StatementOutcome::Rows { .. } => return Err(Error::internal("rows were left without a portal").into()),
            StatementOutcome::Empty => {
                self.output.empty(EMPTY_QUERY);
                return Ok(());
            }
            StatementOutcome::Done { tag } => tag,
            StatementOutcome::CopyIn(copy) => self.copy_in(copy).await?,
            StatementOutcome::CopyOut(copy) => self.copy_out(copy).await?,
        };
        self.tell_changes()?;
        self.output.command_complete(format_args!("{tag}"));
        Ok(())
    }

    /// Close: drops a statement or a portal; one that is unknown is no error.
    ///
    /// # Errors
    /// 08P01 for a malformed message, 22021 for a name that is not UTF-8.
    pub fn close(&mut self, body: &[u8]) -> Result<(), Failure> {
        let mut fields = Fields(body);
        let (kind, name) = (fields.u8()?, fields.text()?);
        fields.finish()?;
        match kind {
            b'S' => self.session.drop_statement(name),
            b'P' => {
                self.session.drop_portal(name);
            }
            other => return Err(Error::new(ErrorKind::ProtocolViolation, invalid_kind("CLOSE", other)).into()),
        }
        self.output.empty(CLOSE_COMPLETE);
        Ok(())
    }

    /// Ends the implicit transaction, whose commit may still fail.
    ///
    /// # Errors
    /// As [`Connection::ready`]; what the commit fails with is told to the client.
    pub async fn sync(&mut self) -> Result<(), Failure> {
        self.is_skipping = false;
        if let Err(error) = self.session.end_implicit().await {
            self.session.fail();
            self.output.error("ERROR", &error)?;
        }
        self.tell_changes()?;
        Ok(self.ready()?)
    }
}

/// The RowDescription of a statement; kept with it for the two usual choices of formats.
fn description(prepared: &Prepared, formats: &Formats) -> Result<Option<Bytes>> {
    let Some(columns) = &prepared.columns else { return Ok(None) };
    let slot = match formats {
        Formats::Text => prepared.descriptions.first(),
        Formats::Binary => prepared.descriptions.get(1),
        Formats::Each(_) => None,
    };
    if let Some(kept) = slot.and_then(std::sync::OnceLock::get) {
        return Ok(Some(kept.clone()));
    }
    let encoded = row_description(columns, formats)?;
    Ok(Some(match slot {
        Some(slot) => slot.get_or_init(|| encoded).clone(),
        None => encoded,
    }))
}

/// The type of a parameter that the client named; 0 leaves it to the server.
fn parameter_type(oid: u32) -> Result<Option<ColumnType>> {
    match oid {
        0 => Ok(None),
        oid => match ColumnType::from_oid(oid) {
            Some(ty) => Ok(Some(ty)),
            None => Err(Error::new(ErrorKind::UndefinedObject, format!("type with OID {oid} does not exist"))
                .with_hint("Leave the parameter's type 0 to have it found.")),
        },
    }
}

/// Reads format codes and values straight into values of the parameters' types.
fn read_parameters(fields: &mut Fields<'_>, types: &[ColumnType], style: &TextStyle) -> Result<Vec<Value>> {
    let format_count = fields.count()?;
    let mut formats = Fields(fields.take(format_count * 2)?);
    let count = fields.count()?;
    if count != types.len() {
        let text = format!("bind message supplies {count} parameters, but prepared statement requires {}", types.len());
        return Err(Error::new(ErrorKind::ProtocolViolation, text));
    }
    if format_count > 1 && format_count != count {
        let text = format!("bind message has {format_count} parameter formats but {count} parameters");
        return Err(Error::new(ErrorKind::ProtocolViolation, text));
    }
    let mut is_binary = if format_count == 1 { is_binary_code(formats.i16()?)? } else { false };
    let mut values = Vec::with_capacity(count);
    for (position, ty) in types.iter().enumerate() {
        if format_count > 1 {
            is_binary = is_binary_code(formats.i16()?)?;
        }
        values.push(match fields.value()? {
            None => Value::Null,
            Some(bytes) => {
                let decoded = if is_binary { decode_binary(ty, bytes) } else { decode_text(ty, bytes, style) };
                decoded.map_err(|error| match error.detail() {
                    None => error.with_detail(format!("It is the value of parameter ${}.", position + 1)),
                    Some(_) => error,
                })?
            }
        });
    }
    Ok(values)
}

fn read_formats(fields: &mut Fields<'_>, columns: usize) -> Result<Formats> {
    match fields.count()? {
        0 => Ok(Formats::Text),
        1 => Ok(if is_binary_code(fields.i16()?)? { Formats::Binary } else { Formats::Text }),
        count => {
            let each = (0..count).map(|_| is_binary_code(fields.i16()?)).collect::<Result<Vec<bool>>>()?;
            if count != columns && columns > 0 {
                let text = format!("bind message has {count} result formats but query has {columns} columns");
                return Err(Error::new(ErrorKind::ProtocolViolation, text));
            }
            Ok(match (each.iter().all(|binary| *binary), each.iter().any(|binary| *binary)) {
                (true, _) => Formats::Binary,
                (_, false) => Formats::Text,
                _ => Formats::Each(each),
            })
        }
    }
}

fn is_binary_code(code: i16) -> Result<bool> {
    match code {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Error::new(ErrorKind::InvalidParameterValue, format!("unsupported format code: {other}"))
            .with_hint("0 is text, 1 is binary.")),
    }
}

fn invalid_kind(message: &str, kind: u8) -> String {
    format!("invalid {message} message subtype {kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(body: &[u8], types: &[ColumnType]) -> Result<Vec<Value>> {
        read_parameters(&mut Fields(body), types, TextStyle::CANONICAL)
    }

    #[test]
    fn parameters_are_read_in_their_formats() {
        let types = [ColumnType::Int4, ColumnType::Text];
        let body = b"\0\x02\0\x01\0\0\0\x02\0\0\0\x04\0\0\0\x07\0\0\0\x02ab";
        assert_eq!(parameters(body, &types).unwrap(), [Value::Int4(7), Value::text("ab")]);
        let body = b"\0\0\0\x02\xff\xff\xff\xff\0\0\0\x02ab";
        assert_eq!(parameters(body, &types).unwrap(), [Value::Null, Value::text("ab")]);
    }

    #[test]
    fn malformed_binds_are_errors() {
        let types = [ColumnType::Int4];
        let sqlstate = |body: &[u8]| parameters(body, &types).unwrap_err().sqlstate();
        assert_eq!(sqlstate(b"\0\0\0\x02\xff\xff\xff\xff\xff\xff\xff\xff"), "08P01");
        assert_eq!(sqlstate(b"\0\x02\0\0\0\0\0\x01\xff\xff\xff\xff"), "08P01");
        assert_eq!(sqlstate(b"\0\x01\0\x07\0\x01\xff\xff\xff\xff"), "22023");
        assert_eq!(sqlstate(b"\0\0\0\x01\0\0\0\x09ab"), "08P01");
        assert_eq!(sqlstate(b"\xff\xff\0"), "08P01");
    }

    #[test]
    fn uniform_formats_are_recognised() {
        let formats = |body: &[u8], columns| read_formats(&mut Fields(body), columns);
        assert_eq!(formats(b"\0\x02\0\x01\0\x01", 2).unwrap(), Formats::Binary);
        assert_eq!(formats(b"\0\x02\0\x01\0\0", 2).unwrap(), Formats::Each(vec![true, false]));
        assert_eq!(formats(b"\0\x02\0\x01\0\0", 3).unwrap_err().sqlstate(), "08P01");
    }
}
