//! COPY, planned: where rows go, or where they come from, in which format.

use std::sync::Arc;

use bytes::BytesMut;

use crate::error::Result;
use crate::model::{Collection, OutputColumn};
use crate::statement::change::ColumnDefaults;
use crate::statement::copy::copy_in::CopyIn;
use crate::statement::copy::copy_out::CopyOut;
use crate::statement::copy::options::CopyOptions;
use crate::statement::row_source::RowSource;
use crate::types::{ColumnType, TextStyle, Value};

/// The binary forms of values, which belong to the wire.
#[derive(Clone, Copy)]
pub struct BinaryCodec {
    pub decode: fn(&ColumnType, &[u8]) -> Result<Value>,
    /// Appends the value without its length; never asked for NULL.
    pub encode: fn(&Value, &ColumnType, &mut BytesMut) -> Result<()>,
}

/// A planned COPY … FROM STDIN.
pub struct CopyInPlan(Arc<CopyTarget>);

/// Where copied rows go.
pub struct CopyTarget {
    pub collection: Arc<Collection>,
    /// Positions of the columns that a row has, in its order.
    pub columns: Vec<usize>,
    pub options: CopyOptions,
    /// What the columns that a row lacks begin with, where that is an expression.
    pub defaults: Option<Box<dyn ColumnDefaults>>,
}

/// A planned COPY … TO STDOUT.
pub struct CopyOutPlan {
    rows: Box<dyn RowSource>,
    columns: Arc<[OutputColumn]>,
    options: CopyOptions,
}

impl CopyInPlan {
    pub fn new(target: CopyTarget) -> CopyInPlan {
        CopyInPlan(Arc::new(target))
    }

    /// Begins taking rows.
    pub fn start(&self, codec: BinaryCodec) -> CopyIn {
        CopyIn::new(Arc::clone(&self.0), codec)
    }
}

impl CopyOutPlan {
    /// A COPY of rows with these columns; `table` is where they come from.
    ///
    /// # Errors
    /// 42703 and 22023 for a column that an option names and the rows lack.
    pub fn new(
        rows: Box<dyn RowSource>,
        columns: Arc<[OutputColumn]>,
        mut options: CopyOptions,
        table: Option<&Collection>,
    ) -> Result<CopyOutPlan> {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        options.find_columns(&names, table)?;
        Ok(CopyOutPlan { rows, columns, options })
    }

    pub fn rows(&self) -> &dyn RowSource {
        &*self.rows
    }

    pub fn columns(&self) -> Arc<[OutputColumn]> {
        Arc::clone(&self.columns)
    }

    /// Begins writing rows, which come from [`CopyOutPlan::rows`].
    pub fn start(&self, codec: BinaryCodec, style: &Arc<TextStyle>) -> CopyOut {
        CopyOut::new(self.columns(), self.options.clone(), style, codec)
    }
}
