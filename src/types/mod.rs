//! Values and their types, as PostgreSQL has them: what a value is, how it is named, written, read, compared and cast.
//!
//! Plain functions over plain data: no I/O, no clock, nothing of entries or networks. `value` and `column_type` come first; `text`,
//! `datetime` and `json` hold the text forms, `numeric` exact numbers of any length, `patterns` what LIKE, SIMILAR TO and `~` take, `full_text` documents
//! and what is asked of them, `ranges` what lies between two bounds; `cast` and
//! `compare` stand on all of them. `limits` are the bounds of what a client may send.

mod bits;
mod cast;
pub(crate) mod column_type;
mod compare;
mod datetime;
pub(crate) mod enum_type;
pub mod formats;
pub mod full_text;
mod index_terms;
pub mod json;
pub mod limits;
mod nearest;
mod numbers;
mod numeric;
mod patterns;
pub(crate) mod ranges;
mod sparse_vector;
mod text;
mod text_style;
mod type_name;
mod value;

pub use bits::{Bits, bytes_of};
pub use column_type::{ColumnType, RegKind, VECTOR_ARRAY_OID, VECTOR_OID};
pub use datetime::calendar::{
    DATE_INFINITY, DATE_MINUS_INFINITY, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND,
    TIMESTAMP_INFINITY, TIMESTAMP_MINUS_INFINITY, add_days, add_interval, add_interval_in, between_timestamps,
    civil_from_days, days_from_civil, days_in_month, is_date, is_timestamp, join_timestamp, split_timestamp,
};
pub use datetime::interval_fields::IntervalField;
pub use datetime::time_zone::{Zone, moment_of_offset};
pub use datetime::truncation::TimeUnit;
pub use enum_type::{EnumLabel, EnumType, EnumValue, LabelPlace};
pub use full_text::configuration::TextConfiguration;
pub use full_text::query::TsQuery;
pub use full_text::vector::TsVector;
pub use index_terms::IndexTerms;
pub use json::convert::{
    check_json, check_json_depth, join_object, json_key_in, json_of_value, json_text_in, json_text_of_value,
    jsonb_text, split_object, value_of_json, value_of_json_text,
};
pub use json::sort_key::sort_key;
pub use nearest::nearest;
pub use numeric::{
    Deviation, Numeric, NumericPart, deviation, factorial, greatest_common_divisor, least_common_multiple, width_bucket,
};
pub use patterns::like::{has_dangling_escape, like_escape, like_matches};
pub use patterns::regex::{Groups, Regex, RegexFlags, never};
pub use patterns::regex_error::regex_error;
pub use patterns::similar::similar_to_regex;
pub use ranges::bound::Bound;
pub use ranges::kind::RangeKind;
pub use ranges::multirange::Multirange;
pub use ranges::range::{Range, RangePart};
pub use sparse_vector::SparseVector;
pub use text::arrays::{ARRAY_DIMENSIONS_MAX, check_text_bytes};
pub use text::text::quote_identifier;
pub use text::vectors::{check_dimension, check_vector, half_components, parse_vector, vector_text, write_vector};
pub use text_style::{DateOrder, DateStyle, IntervalStyle, TextStyle};
pub use value::{ALLOCATION_BYTES, Interval, Value};
