//! SQL functions beyond DataFusion's own: pgvector's, JSON's, and what PostgreSQL's clients and tools call.
//!
//! [`register`] adds them to the shared base state once; nothing is made per statement. A function that looks at the
//! session or the data (`current_setting`, `blob`, `to_regclass`) finds its statement's `ReadContext` in the configuration
//! DataFusion hands it. Most are one line of a table: `expr::Function` describes name, parameters and result, `scalar` runs
//! them row by row on `Value`s with PostgreSQL's coercions. The hot ones (`distances`, `json_access`) read Arrow's
//! arrays directly. Errors keep their SQLSTATE: they travel as `DataFusionError::External`.

mod addends;
mod advisory;
mod angles;
mod array_bounds;
mod array_removal;
mod array_sets;
mod arrays_made;
mod bits;
mod blobs;
mod bounded;
mod bytes;
mod catalog;
mod checked_floats;
mod counterparts;
mod decimals;
mod dimensions;
mod distances;
mod enums;
mod expand_array;
mod extremes;
#[cfg(test)]
mod extremes_tests;
mod first_extremes;
mod float_keys;
mod format_text;
mod full_text;
pub(super) mod function_types;
mod gathered;
mod growth;
mod interval_sums;
mod json;
mod json_access;
mod json_aggregates;
mod json_constructed;
mod json_make;
mod json_paths;
mod json_records;
mod json_sets;
mod json_texts;
mod kept;
mod networks;
mod notifications;
mod nullable;
mod number_aggregates;
mod number_columns;
mod number_extremes;
mod number_functions;
mod number_lists;
mod number_totals;
mod one_row;
mod ordered_arrays;
mod patterns;
mod random;
mod regexps;
mod register;
mod representation;
mod rights;
mod same_shape;
mod scalar;
mod sequences;
mod session;
mod sparse_vectors;
mod strings;
mod sums;
mod text_aggregates;
mod text_concat;
mod texts;
mod time;
mod time_arithmetic;
mod time_bins;
mod time_fields;
mod time_make;
mod time_overlaps;
mod time_series;
mod variances;
mod vector_aggregates;
mod vector_argument;
mod vectors;
mod wrapped;

pub use advisory::{held as held_advisory_locks, release as release_advisory_locks};
pub use arrays_made::{BUCKET_OF_BOUNDS, FILLED};
pub use bits::{BITS_BYTES, BITS_LENGTH};
pub use bytes::{BYTES_OVERLAID, BYTES_PART, BYTES_REVERSED, BYTES_TRIMMED};
pub use catalog::NAME_CHARACTER;
pub use counterparts::INPUT_ERROR;
pub use decimals::NUMBER_SERIES;
pub use dimensions::{ARRAY_JOINED, ARRAY_OF_ARRAYS, ARRAY_ORDER, ARRAY_PART, ARRAY_REPLACED, ARRAY_SLICE};
pub use enums::ENUM_PLACE;
pub use expand_array::EXPAND_ARRAY;
pub use float_keys::{ONE_NAN, float_key, is_float_key, json_key, one_nan};
pub use full_text::{CONFIGURATION_NAME, FULL_TEXT_SORT_KEY, full_text_form};
pub use gathered::{JSON_AGG_OF_ROWS, distinct_form, plain_form};
pub use json::JSON_SORT_KEY;
pub use json_constructed::{JSON_ARRAY_OF, JSON_OBJECT_OF, JSONB_ARRAY_OF, JSONB_OBJECT_OF, OPEN_ARRAY, OPEN_OBJECT};
pub use json_paths::PATH_OF_TEXT;
pub use json_records::{JSON_ARRAY_TEXT, RECORD_FUNCTIONS};
pub use json_texts::{JSON_KEY, JSON_OF_ROW};
pub use kept::{ELEMENTS, FRESH, NAMED};
pub use networks::network_definition;
pub use nullable::nullable;
pub use number_functions::{
    NUMBER_GREATEST, NUMBER_KEPT, NUMBER_LEAST, NUMBER_NEGATED, NUMBER_OF, NUMBER_RANGE, NUMBER_ROUND, NUMERIC_KEY,
    is_number_function, number_form, number_function, number_kept, number_of_key, number_shared, numeric_key,
    plain_function,
};
pub use number_totals::number_aggregate;
pub use one_row::one_row;
pub use ordered_arrays::{MODE, ORDERED_SETS, PERCENTILE_CONT, PERCENTILE_DISC};
pub use patterns::{ILIKE, LIKE, LIKE_LIST, SIMILAR_TO_REGEX};
pub use regexps::{DIFFERS, DIFFERS_ANY_CASE, MATCHES, MATCHES_ANY_CASE, PART, REGEXP_MATCHES};
pub use register::{definitions, function, register};
pub use representation::representation;
pub use same_shape::SAME_SHAPE;
pub use scalar::planner_volatility;
pub use session::backend_pid;
pub use sparse_vectors::{SPARSE_SORT_KEY, sparse_form};
pub use strings::{BYTES_LENGTH, ROUND_FLOAT, SERIES_END};
pub use text_concat::{TEXT_CONCAT, joined_texts};
pub use time::MOMENT_OF_LOCAL;
pub use time_arithmetic::{
    DATE_OF_TEXT, INTERVAL_BYTES, INTERVAL_FITTED, INTERVAL_KEY, INTERVAL_NEGATED, INTERVAL_OF_BYTES,
    TIMESTAMP_OF_EPOCH, TIMESTAMP_OF_TEXT, is_exchanged, time_operator,
};
pub use time_bins::{INTERVAL_TRUNC, TIMESTAMP_BIN, TIMESTAMP_TRUNC, TIMESTAMPTZ_BIN, TIMESTAMPTZ_TRUNC};
pub use time_fields::EXTRACT;
pub use time_overlaps::OVERLAPS;
pub use time_series::{TIMESTAMP_SERIES, TIMESTAMPTZ_SERIES};
pub use vectors::half_form;
