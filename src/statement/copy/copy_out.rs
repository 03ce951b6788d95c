//! COPY … TO STDOUT: rows of a query as the bytes the client gets.

use std::sync::Arc;

use bytes::BytesMut;

use crate::error::Result;
use crate::model::OutputColumn;
use crate::statement::command_tag::CommandTag;
use crate::statement::copy::binary_format::{write_header, write_row, write_trailer};
use crate::statement::copy::copy_plan::BinaryCodec;
use crate::statement::copy::options::{CopyFormat, CopyOptions, Forced};
use crate::statement::copy::text_format::write_line;
use crate::types::{ColumnType, TextStyle, Value};

/// A COPY that gives rows. `begin` once, `row` for each row, `end` once; each appends what to send.
pub struct CopyOut {
    columns: Arc<[OutputColumn]>,
    types: Vec<ColumnType>,
    options: CopyOptions,
    codec: BinaryCodec,
    style: Arc<TextStyle>,
    count: u64,
}

impl CopyOut {
    pub(super) fn new(
        columns: Arc<[OutputColumn]>,
        options: CopyOptions,
        style: &Arc<TextStyle>,
        codec: BinaryCodec,
    ) -> Self {
        let types = columns.iter().map(|column| column.ty.clone()).collect();
        CopyOut { columns, types, options, codec, style: Arc::clone(style), count: 0 }
    }

    pub fn is_binary(&self) -> bool {
        self.options.format == CopyFormat::Binary
    }

    /// How many columns a row has.
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    pub fn begin(&self, out: &mut BytesMut) {
        if self.is_binary() {
            write_header(out);
        } else if self.options.header {
            let names: Vec<Value> = self.columns.iter().map(|column| Value::text(column.name.as_str())).collect();
            // The header is written as any line, whatever its columns' values have to be.
            write_line(&names, &CopyOptions { force_quote: Forced::None, ..self.options.clone() }, &self.style, out);
        }
    }

    /// Appends a row.
    ///
    /// # Errors
    /// In the binary format as `write_row`; in the others none.
    pub fn row(&mut self, values: &[Value], out: &mut BytesMut) -> Result<()> {
        self.count += 1;
        if self.is_binary() {
            return write_row(values, &self.types, self.codec, out);
        }
        write_line(values, &self.options, &self.style, out);
        Ok(())
    }

    pub fn end(&self, out: &mut BytesMut) {
        if self.is_binary() {
            write_trailer(out);
        }
    }

    pub fn tag(&self) -> CommandTag {
        CommandTag::counted("COPY", self.count)
    }
}
