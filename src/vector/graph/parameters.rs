//! How a graph is built and searched: pgvector's parameters, with pgvector's ranges.

use crate::error::{Error, ErrorKind, Result};

/// How a graph is built, with pgvector's names and ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Links a node has in an upper layer; twice as many in layer 0.
    pub m: usize,
    /// Candidates among which a new node's links are chosen.
    pub ef_construction: usize,
}

impl Parameters {
    pub const DEFAULT: Parameters = Parameters { m: 16, ef_construction: 64 };
    pub const EF_SEARCH_DEFAULT: usize = 80;
    pub const EF_SEARCH_MAX: usize = 1000;

    /// Refuses values outside pgvector's ranges.
    ///
    /// # Errors
    /// 22023 for such a value, and for an `ef_construction` below twice `m`.
    pub fn new(m: usize, ef_construction: usize) -> Result<Parameters> {
        in_range("m", m, 2, 100)?;
        in_range("ef_construction", ef_construction, 4, 1000)?;
        if ef_construction < 2 * m {
            return Err(Error::new(
                ErrorKind::InvalidParameterValue,
                format!(
                    "ef_construction must be greater than or equal to 2 * m, {ef_construction} is less than {}",
                    2 * m
                ),
            ));
        }
        Ok(Parameters { m, ef_construction })
    }
}

impl Default for Parameters {
    fn default() -> Parameters {
        Parameters::DEFAULT
    }
}

fn in_range(name: &str, value: usize, least: usize, greatest: usize) -> Result<()> {
    if (least..=greatest).contains(&value) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidParameterValue, format!("value {value} out of bounds for option \"{name}\""))
        .with_detail(format!("Valid values are between \"{least}\" and \"{greatest}\".")))
}
