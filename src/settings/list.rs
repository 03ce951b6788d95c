//! The settings that this server knows, in order of name.
//!
//! What is [`Effect::Inert`] here can only change how fast PostgreSQL runs a statement, what it logs, or how it treats
//! objects that this server does not have: clients send such settings to every server. Whatever would change an answer is
//! obeyed, or refused for values that are not. COMPAT.md lists the settings by their effect.

use crate::settings::setting::{Effect, Setting, SettingKind, Unit};
use crate::vector::Parameters;

/// Largest `int` of PostgreSQL's settings.
/// The user's own schema, and the one that everybody has.
pub const SEARCH_PATH_DEFAULT: &str = "\"$user\", public";
const INT_MAX: i64 = 2_147_483_647;
const ISOLATION: &[&str] = &["serializable", "repeatable read", "read committed", "read uncommitted"];
const fn integer(min: i64, max: i64, unit: Unit) -> SettingKind {
    SettingKind::Integer { min, max, unit }
}

const fn setting(name: &'static str, default: &'static str, kind: SettingKind, effect: Effect) -> Setting {
    Setting { name, default, kind, effect, is_reported: false }
}

/// A setting whose changes the client is told.
const fn reported(name: &'static str, default: &'static str, kind: SettingKind, effect: Effect) -> Setting {
    Setting { name, default, kind, effect, is_reported: true }
}

pub const SETTINGS: &[Setting] = &[
    reported("application_name", "", SettingKind::Text, Effect::Obeyed),
    setting(
        "array_nulls",
        "on",
        SettingKind::Bool,
        Effect::Only { values: &["on"], hint: "NULL in the text of an array is a null." },
    ),
    setting(
        "backslash_quote",
        "safe_encoding",
        SettingKind::Enum(&["safe_encoding", "on", "off"]),
        Effect::Only {
            values: &["safe_encoding", "on"],
            hint: "A quote in E strings may always be written with a backslash, which is safe in UTF8.",
        },
    ),
    setting("block_size", "8192", integer(8192, 8192, Unit::Count), Effect::Preset),
    setting("bytea_output", "hex", SettingKind::Enum(&["escape", "hex"]), Effect::Obeyed),
    setting("check_function_bodies", "on", SettingKind::Bool, Effect::Inert),
    reported("client_encoding", "UTF8", SettingKind::Text, Effect::Fixed),
    setting(
        "client_min_messages",
        "notice",
        SettingKind::Enum(&[
            "debug5", "debug4", "debug3", "debug2", "debug1", "debug", "log", "notice", "warning", "error",
        ]),
        Effect::Obeyed,
    ),
    setting("commit_delay", "0", integer(0, 100_000, Unit::Count), Effect::Inert),
    setting("commit_siblings", "5", integer(0, 1000, Unit::Count), Effect::Inert),
    setting("compute_query_id", "auto", SettingKind::Enum(&["auto", "regress", "on", "off"]), Effect::Inert),
    setting("constraint_exclusion", "partition", SettingKind::Enum(&["partition", "on", "off"]), Effect::Inert),
    setting("cpu_index_tuple_cost", "0.005", SettingKind::Real { min: 0.0, max: f64::MAX }, Effect::Inert),
    setting("cpu_operator_cost", "0.0025", SettingKind::Real { min: 0.0, max: f64::MAX }, Effect::Inert),
    setting("cpu_tuple_cost", "0.01", SettingKind::Real { min: 0.0, max: f64::MAX }, Effect::Inert),
    setting("cursor_tuple_fraction", "0.1", SettingKind::Real { min: 0.0, max: 1.0 }, Effect::Inert),
    setting("data_checksums", "on", SettingKind::Bool, Effect::Preset),
    reported("DateStyle", "ISO, MDY", SettingKind::Text, Effect::Obeyed),
    setting("deadlock_timeout", "1000", integer(1, INT_MAX, Unit::Milliseconds), Effect::Inert),
    setting("debug_parallel_query", "off", SettingKind::Enum(&["off", "on", "regress"]), Effect::Inert),
    setting("default_statistics_target", "100", integer(1, 10_000, Unit::Count), Effect::Inert),
    setting(
        "default_table_access_method",
        "heap",
        SettingKind::Text,
        Effect::Only { values: &["heap"], hint: "There is one way that tables are stored." },
    ),
    setting(
        "default_tablespace",
        "",
        SettingKind::Text,
        Effect::Only { values: &["", "pg_default"], hint: "There is one tablespace, pg_default." },
    ),
    setting(
        "default_text_search_config",
        "pg_catalog.english",
        SettingKind::Enum(&["pg_catalog.english", "pg_catalog.simple", "english", "simple"]),
        Effect::Obeyed,
    ),
    setting("default_toast_compression", "pglz", SettingKind::Enum(&["pglz", "lz4"]), Effect::Inert),
    setting("default_transaction_deferrable", "off", SettingKind::Bool, Effect::Obeyed),
    setting("default_transaction_isolation", "read committed", SettingKind::Enum(ISOLATION), Effect::Obeyed),
    reported("default_transaction_read_only", "off", SettingKind::Bool, Effect::Obeyed),
    setting("effective_cache_size", "524288", integer(1, INT_MAX, Unit::Blocks), Effect::Inert),
    setting("effective_io_concurrency", "16", integer(0, 1000, Unit::Count), Effect::Inert),
    setting("enable_async_append", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_bitmapscan", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_distinct_reordering", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_gathermerge", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_group_by_reordering", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_hashagg", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_hashjoin", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_incremental_sort", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_indexonlyscan", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_indexscan", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_material", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_memoize", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_mergejoin", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_nestloop", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_parallel_append", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_parallel_hash", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_partition_pruning", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_partitionwise_aggregate", "off", SettingKind::Bool, Effect::Inert),
    setting("enable_partitionwise_join", "off", SettingKind::Bool, Effect::Inert),
    setting("enable_presorted_aggregate", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_self_join_elimination", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_seqscan", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_sort", "on", SettingKind::Bool, Effect::Inert),
    setting("enable_tidscan", "on", SettingKind::Bool, Effect::Inert),
    setting("escape_string_warning", "on", SettingKind::Bool, Effect::Inert),
    setting("extra_float_digits", "1", integer(-15, 3, Unit::Count), Effect::Obeyed),
    setting("from_collapse_limit", "8", integer(1, INT_MAX, Unit::Count), Effect::Inert),
    setting("geqo", "on", SettingKind::Bool, Effect::Inert),
    setting("geqo_effort", "5", integer(1, 10, Unit::Count), Effect::Inert),
    setting("geqo_generations", "0", integer(0, INT_MAX, Unit::Count), Effect::Inert),
    setting("geqo_pool_size", "0", integer(0, INT_MAX, Unit::Count), Effect::Inert),
    setting("geqo_seed", "0", SettingKind::Real { min: 0.0, max: 1.0 }, Effect::Inert),
    setting("geqo_selection_bias", "2", SettingKind::Real { min: 1.5, max: 2.0 }, Effect::Inert),
    setting("geqo_threshold", "12", integer(2, INT_MAX, Unit::Count), Effect::Inert),
    setting("gin_fuzzy_search_limit", "0", integer(0, INT_MAX, Unit::Count), Effect::Inert),
    setting("gin_pending_list_limit", "4096", integer(64, INT_MAX, Unit::Kilobytes), Effect::Inert),
    setting("hash_mem_multiplier", "2", SettingKind::Real { min: 1.0, max: 1000.0 }, Effect::Inert),
    setting("hnsw.ef_search", "80", integer(1, Parameters::EF_SEARCH_MAX as i64, Unit::Count), Effect::Obeyed),
    setting("hnsw.iterative_scan", "off", SettingKind::Enum(&["off", "strict_order", "relaxed_order"]), Effect::Obeyed),
    setting("hnsw.max_scan_tuples", "20000", integer(1, INT_MAX, Unit::Count), Effect::Obeyed),
    setting("hnsw.scan_mem_multiplier", "1", SettingKind::Real { min: 1.0, max: 1000.0 }, Effect::Obeyed),
    setting("idle_in_transaction_session_timeout", "0", integer(0, INT_MAX, Unit::Milliseconds), Effect::Obeyed),
    setting(
        "idle_session_timeout",
        "0",
        integer(0, INT_MAX, Unit::Milliseconds),
        Effect::Only {
            values: &["0"],
            hint: "Connections outside of a transaction may be idle for as long as they like.",
        },
    ),
    reported("in_hot_standby", "off", SettingKind::Bool, Effect::Preset),
    reported("integer_datetimes", "on", SettingKind::Bool, Effect::Preset),
    reported(
        "IntervalStyle",
        "postgres",
        SettingKind::Enum(&["postgres", "postgres_verbose", "sql_standard", "iso_8601"]),
        Effect::Obeyed,
    ),
    reported("is_superuser", "on", SettingKind::Bool, Effect::Preset),
    setting("ivfflat.iterative_scan", "off", SettingKind::Enum(&["off", "relaxed_order"]), Effect::Inert),
    setting("ivfflat.max_probes", "32768", integer(1, 32_768, Unit::Count), Effect::Inert),
    setting("ivfflat.probes", "1", integer(1, 32_768, Unit::Count), Effect::Inert),
    setting("jit", "off", SettingKind::Bool, Effect::Inert),
    setting("jit_above_cost", "100000", SettingKind::Real { min: -1.0, max: f64::MAX }, Effect::Inert),
    setting("jit_inline_above_cost", "500000", SettingKind::Real { min: -1.0, max: f64::MAX }, Effect::Inert),
    setting("jit_optimize_above_cost", "500000", SettingKind::Real { min: -1.0, max: f64::MAX }, Effect::Inert),
    setting("join_collapse_limit", "8", integer(1, INT_MAX, Unit::Count), Effect::Inert),
    setting(
        "lc_messages",
        "C",
        SettingKind::Text,
        Effect::Only {
            values: &["C", "POSIX"],
            hint: "Texts of the server are English, and numbers and names of months are those of the C locale.",
        },
    ),
    setting(
        "lc_monetary",
        "C",
        SettingKind::Text,
        Effect::Only {
            values: &["C", "POSIX"],
            hint: "Texts of the server are English, and numbers and names of months are those of the C locale.",
        },
    ),
    setting(
        "lc_numeric",
        "C",
        SettingKind::Text,
        Effect::Only {
            values: &["C", "POSIX"],
            hint: "Texts of the server are English, and numbers and names of months are those of the C locale.",
        },
    ),
    setting(
        "lc_time",
        "C",
        SettingKind::Text,
        Effect::Only {
            values: &["C", "POSIX"],
            hint: "Texts of the server are English, and numbers and names of months are those of the C locale.",
        },
    ),
    setting(
        "lo_compat_privileges",
        "off",
        SettingKind::Bool,
        Effect::Only { values: &["off"], hint: "There are no large objects." },
    ),
    setting("lock_timeout", "0", integer(0, INT_MAX, Unit::Milliseconds), Effect::Obeyed),
    setting("log_duration", "off", SettingKind::Bool, Effect::Inert),
    setting("log_min_duration_statement", "-1", integer(-1, INT_MAX, Unit::Milliseconds), Effect::Inert),
    setting("log_statement", "none", SettingKind::Enum(&["none", "ddl", "mod", "all"]), Effect::Inert),
    setting("logical_decoding_work_mem", "65536", integer(64, INT_MAX, Unit::Kilobytes), Effect::Inert),
    setting("maintenance_io_concurrency", "16", integer(0, 1000, Unit::Count), Effect::Inert),
    setting("maintenance_work_mem", "65536", integer(64, INT_MAX, Unit::Kilobytes), Effect::Inert),
    setting("max_function_args", "100", integer(100, 100, Unit::Count), Effect::Preset),
    setting("max_identifier_length", "63", integer(63, 63, Unit::Count), Effect::Preset),
    setting("max_index_keys", "32", integer(32, 32, Unit::Count), Effect::Preset),
    setting("max_parallel_maintenance_workers", "2", integer(0, 1024, Unit::Count), Effect::Inert),
    setting("max_parallel_workers", "8", integer(0, 1024, Unit::Count), Effect::Inert),
    setting("max_parallel_workers_per_gather", "2", integer(0, 1024, Unit::Count), Effect::Inert),
    setting("max_prepared_transactions", "0", integer(0, 0, Unit::Count), Effect::Preset),
    setting("max_stack_depth", "2048", integer(100, INT_MAX, Unit::Kilobytes), Effect::Inert),
    setting("min_parallel_index_scan_size", "64", integer(0, 715_827_882, Unit::Blocks), Effect::Inert),
    setting("min_parallel_table_scan_size", "1024", integer(0, 715_827_882, Unit::Blocks), Effect::Inert),
    setting("nebulus.columns", "on", SettingKind::Bool, Effect::Obeyed),
    setting("nebulus.fetch", "on", SettingKind::Text, Effect::Obeyed),
    setting("nebulus.secrets", "on", SettingKind::Bool, Effect::Startup),
    setting("parallel_leader_participation", "on", SettingKind::Bool, Effect::Inert),
    setting("parallel_setup_cost", "1000", SettingKind::Real { min: 0.0, max: f64::MAX }, Effect::Inert),
    setting("parallel_tuple_cost", "0.1", SettingKind::Real { min: 0.0, max: f64::MAX }, Effect::Inert),
    setting(
        "password_encryption",
        "scram-sha-256",
        SettingKind::Enum(&["md5", "scram-sha-256"]),
        Effect::Only { values: &["scram-sha-256"], hint: "Passwords are kept as SCRAM verifiers." },
    ),
    setting(
        "plan_cache_mode",
        "auto",
        SettingKind::Enum(&["auto", "force_generic_plan", "force_custom_plan"]),
        Effect::Inert,
    ),
    setting(
        "quote_all_identifiers",
        "off",
        SettingKind::Bool,
        Effect::Only { values: &["off"], hint: "Names are quoted where they need it." },
    ),
    setting("random_page_cost", "4", SettingKind::Real { min: 0.0, max: f64::MAX }, Effect::Inert),
    setting("recursive_worktable_factor", "10", SettingKind::Real { min: 0.001, max: 1000000.0 }, Effect::Inert),
    setting("role", "none", SettingKind::Text, Effect::Obeyed),
    setting("row_security", "on", SettingKind::Bool, Effect::Obeyed),
    reported("search_path", SEARCH_PATH_DEFAULT, SettingKind::Text, Effect::Obeyed),
    setting("segment_size", "131072", integer(131_072, 131_072, Unit::Blocks), Effect::Preset),
    setting("seq_page_cost", "1", SettingKind::Real { min: 0.0, max: f64::MAX }, Effect::Inert),
    reported("server_encoding", "UTF8", SettingKind::Text, Effect::Preset),
    reported("server_version", "18.0 (NebulusDB)", SettingKind::Text, Effect::Preset),
    setting("server_version_num", "180000", integer(180_000, 180_000, Unit::Count), Effect::Preset),
    reported("session_authorization", "nebulus", SettingKind::Text, Effect::Obeyed),
    setting(
        "session_replication_role",
        "origin",
        SettingKind::Enum(&["origin", "replica", "local"]),
        Effect::Only { values: &["origin"], hint: "There are no triggers to leave out." },
    ),
    reported(
        "standard_conforming_strings",
        "on",
        SettingKind::Bool,
        Effect::Only {
            values: &["on"],
            hint: "Backslashes in ordinary strings are plain characters here; use E strings.",
        },
    ),
    setting("statement_timeout", "0", integer(0, INT_MAX, Unit::Milliseconds), Effect::Obeyed),
    setting("synchronize_seqscans", "on", SettingKind::Bool, Effect::Inert),
    setting(
        "synchronous_commit",
        "on",
        SettingKind::Enum(&["off", "local", "remote_write", "remote_apply", "on"]),
        Effect::Inert,
    ),
    setting("temp_buffers", "1024", integer(100, 1_073_741_823, Unit::Blocks), Effect::Inert),
    reported("TimeZone", "UTC", SettingKind::Text, Effect::Obeyed),
    setting("track_activities", "on", SettingKind::Bool, Effect::Inert),
    setting("track_counts", "on", SettingKind::Bool, Effect::Inert),
    setting("track_io_timing", "off", SettingKind::Bool, Effect::Inert),
    setting("transaction_deferrable", "off", SettingKind::Bool, Effect::Obeyed),
    setting("transaction_isolation", "read committed", SettingKind::Enum(ISOLATION), Effect::Obeyed),
    setting("transaction_read_only", "off", SettingKind::Bool, Effect::Obeyed),
    setting(
        "transaction_timeout",
        "0",
        integer(0, INT_MAX, Unit::Milliseconds),
        Effect::Only { values: &["0"], hint: "Use statement_timeout and idle_in_transaction_session_timeout." },
    ),
    setting(
        "transform_null_equals",
        "off",
        SettingKind::Bool,
        Effect::Only { values: &["off"], hint: "Write IS NULL." },
    ),
    setting("vacuum_buffer_usage_limit", "2048", integer(0, 16_777_216, Unit::Kilobytes), Effect::Inert),
    setting("vacuum_cost_delay", "0", SettingKind::Real { min: 0.0, max: 100.0 }, Effect::Inert),
    setting("vacuum_cost_limit", "200", integer(1, 10_000, Unit::Count), Effect::Inert),
    setting("wal_block_size", "8192", integer(8192, 8192, Unit::Count), Effect::Preset),
    setting("wal_compression", "off", SettingKind::Enum(&["off", "on", "pglz", "lz4", "zstd"]), Effect::Inert),
    setting("work_mem", "4096", integer(64, INT_MAX, Unit::Kilobytes), Effect::Obeyed),
    setting("xmlbinary", "base64", SettingKind::Enum(&["base64", "hex"]), Effect::Inert),
    setting("xmloption", "content", SettingKind::Enum(&["content", "document"]), Effect::Inert),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_values_of_their_settings_in_order_of_name() {
        for setting in SETTINGS {
            assert_eq!(setting.read(setting.default).unwrap(), setting.default, "{}", setting.name);
        }
        let names: Vec<String> = SETTINGS.iter().map(|setting| setting.name.to_ascii_lowercase()).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    }

    #[test]
    fn what_can_only_change_the_speed_is_marked() {
        let effect = |name: &str| SETTINGS.iter().find(|setting| setting.name == name).map(|setting| setting.effect);
        for name in ["enable_seqscan", "random_page_cost", "jit", "maintenance_work_mem"] {
            assert_eq!(effect(name), Some(Effect::Inert), "{name}");
        }
        assert_eq!(effect("statement_timeout"), Some(Effect::Obeyed));
        assert_eq!(effect("max_index_keys"), Some(Effect::Preset));
    }
}
