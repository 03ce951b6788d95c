//! SQL functions beyond DataFusion's own: pgvector's, JSON's, and what PostgreSQL's clients and tools call.
//!
//! [`register`] adds them to the shared base state once; nothing is made per statement. A function that looks at the
//! session or the data (`current_setting`, `blob`, `to_regclass`) finds its statement's `ReadContext` in the configuration
//! DataFusion hands it. Most are one line of a table: `expr::Function` describes name, parameters and result, `scalar` runs
//! them row by row on `Value`s with PostgreSQL's coercions. The hot ones (`vectors/distances`, `json/access`) read Arrow's
//! arrays directly. Errors keep their SQLSTATE: they travel as `DataFusionError::External`.

mod aggregates;
mod arrays;
mod counterparts;
#[cfg(test)]
mod extremes_tests;
pub(super) mod function_types;
mod guarded;
mod internal;
mod json;
mod numbers;
mod ranges;
mod register;
mod scalar;
mod server;
mod texts;
mod times;
mod vectors;
mod windows;

pub use aggregates::gathered::{JSON_AGG_OF_ROWS, distinct_form, plain_form};
pub use aggregates::number_totals::number_aggregate;
pub use aggregates::ordered_arrays::{MODE, ORDERED_SETS, PERCENTILE_CONT, PERCENTILE_DISC};
pub use arrays::dimensions::{ARRAY_JOINED, ARRAY_OF_ARRAYS, ARRAY_ORDER, ARRAY_PART, ARRAY_REPLACED, ARRAY_SLICE};
pub use arrays::expand::EXPAND_ARRAY;
pub use arrays::made::{BUCKET_OF_BOUNDS, FILLED};
pub use counterparts::INPUT_ERROR;
pub use internal::domain_value::DOMAIN_VALUE;
pub use internal::kept::{ELEMENTS, FRESH, NAMED};
pub use internal::nullable::nullable;
pub use internal::one_row::one_row;
pub use internal::representation::representation;
pub use internal::same_shape::SAME_SHAPE;
pub use json::constructed::{JSON_ARRAY_OF, JSON_OBJECT_OF, JSONB_ARRAY_OF, JSONB_OBJECT_OF, OPEN_ARRAY, OPEN_OBJECT};
pub use json::json::JSON_SORT_KEY;
pub use json::paths::PATH_OF_TEXT;
pub use json::records::{JSON_ARRAY_TEXT, RECORD_FUNCTIONS};
pub use json::texts::{JSON_KEY, JSON_OF_ROW};
pub use numbers::decimals::NUMBER_SERIES;
pub use numbers::float_keys::{ONE_NAN, float_key, is_float_key, json_key, one_nan, range_key};
pub use numbers::number_functions::{
    NUMBER_GREATEST, NUMBER_KEPT, NUMBER_LEAST, NUMBER_NEGATED, NUMBER_OF, NUMBER_RANGE, NUMBER_ROUND, NUMERIC_KEY,
    is_number_function, number_form, number_function, number_kept, number_of_key, number_shared, numeric_key,
    plain_function,
};
pub use ranges::{MULTIRANGE_PARTS, RANGE_AGGREGATES, RANGE_SORT_KEY, range_form};
pub use register::{definitions, function, register};
pub use scalar::planner_volatility;
pub use server::advisory::{held as held_advisory_locks, release as release_advisory_locks};
pub use server::catalog::NAME_CHARACTER;
pub use server::networks::network_definition;
pub use server::session::backend_pid;
pub use texts::bits::{BITS_BYTES, BITS_LENGTH};
pub use texts::bytes::{BYTES_OVERLAID, BYTES_PART, BYTES_REVERSED, BYTES_TRIMMED};
pub use texts::concat::{TEXT_CONCAT, joined_texts};
pub use texts::enums::ENUM_PLACE;
pub use texts::full_text::{CONFIGURATION_NAME, FULL_TEXT_SORT_KEY, full_text_form};
pub use texts::patterns::{ILIKE, LIKE, LIKE_LIST, SIMILAR_TO_REGEX};
pub use texts::regexps::{DIFFERS, DIFFERS_ANY_CASE, MATCHES, MATCHES_ANY_CASE, PART, REGEXP_MATCHES};
pub use texts::strings::{BYTES_LENGTH, ROUND_FLOAT, SERIES_END};
pub use times::arithmetic::{
    DATE_OF_TEXT, INTERVAL_BYTES, INTERVAL_FITTED, INTERVAL_KEY, INTERVAL_NEGATED, INTERVAL_OF_BYTES,
    TIMESTAMP_OF_EPOCH, TIMESTAMP_OF_TEXT, is_exchanged, time_operator,
};
pub use times::bins::{INTERVAL_TRUNC, TIMESTAMP_BIN, TIMESTAMP_TRUNC, TIMESTAMPTZ_BIN, TIMESTAMPTZ_TRUNC};
pub use times::clocks::MOMENT_OF_LOCAL;
pub use times::fields::EXTRACT;
pub use times::overlaps::OVERLAPS;
pub use times::series::{TIMESTAMP_SERIES, TIMESTAMPTZ_SERIES};
pub use vectors::sparse::{SPARSE_SORT_KEY, sparse_form};
pub use vectors::vectors::half_form;
pub use windows::by_row::form_by_row;
pub use windows::exclusion::{
    EXCLUSION_MARKERS, ExcludingWindow, Exclusion, FRAME_OFFSETS, FramedFunction, NO_ROWS, excluding, exclusion_marker,
};
