//! Named bounds of everything that grows with what a client sends.

/// Largest message of the wire protocol, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Largest startup or password message, in bytes.
pub const STARTUP_BYTES_MAX: usize = 16 * 1024;
/// Longest statement text, in bytes.
pub const STATEMENT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Largest entry without its vectors and blob, in bytes.
pub const ENTRY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Largest blob that one statement may carry, in bytes.
pub const BLOB_BYTES_MAX: usize = 200 * 1024 * 1024;
/// Longest encoded primary key or index key, in bytes.
pub const KEY_BYTES_MAX: usize = 8 * 1024;
/// Most components of a vector (pgvector's storage limit is 16,000).
pub const VECTOR_DIMENSION_MAX: usize = 16_000;
/// Most words, numbers and signs of one statement: the planner keeps some hundred bytes for each.
pub const STATEMENT_TOKENS_MAX: usize = 1_000_000;
/// Most blanks of one statement outside of quotes and comments: they are read one by one.
pub const STATEMENT_BLANKS_MAX: usize = 2_000_000;
/// Most characters of a number in a statement: the planner's time grows with the square of them.
pub const NUMBER_CHARACTERS_MAX: usize = 16 * 1024;
/// Most columns of a result, PostgreSQL's `MaxTupleAttributeNumber`.
pub const RESULT_COLUMNS_MAX: usize = 1664;
/// Most arguments of a function, PostgreSQL's `FUNC_MAX_ARGS`.
pub const ARGUMENTS_MAX: usize = 100;
/// Deepest nesting of arrays and objects in a JSON value.
pub const JSON_DEPTH_MAX: usize = 128;
/// Deepest nesting of a query's expressions and parentheses.
pub const QUERY_DEPTH_MAX: usize = 64;
/// Most columns of a collection.
pub const COLUMNS_MAX: usize = 1600;
/// Most objects whose privileges one GRANT or REVOKE changes.
pub const GRANTED_OBJECTS_MAX: usize = 10_000;
/// Most roles of one node.
pub const ROLES_MAX: usize = 4096;
/// Most grants on one object: a list of them is kept in memory and looked through.
pub const ACL_ITEMS_MAX: usize = 4096;
/// Most schemas that CREATE SCHEMA makes.
pub const SCHEMAS_MAX: usize = 1024;
/// Types that CREATE TYPE has made, at most.
pub const USER_TYPES_MAX: usize = 4096;
/// Conditions of one domain.
pub const DOMAIN_CHECKS_MAX: usize = 256;
/// Most temporary tables, views and sequences of one session.
pub const TEMPORARY_RELATIONS_MAX: usize = 1024;
/// Most facts of one entry.
pub const FACTS_MAX: usize = 4096;
/// Longest identifier, in bytes (PostgreSQL truncates at 63; longer ones are refused here).
pub const IDENTIFIER_BYTES_MAX: usize = 63;
/// Most parameters of a prepared statement (the wire's 16-bit count).
pub const PARAMETERS_MAX: usize = 65_535;
/// Most rows a transaction may hold back before COMMIT.
pub const TRANSACTION_WRITES_MAX: usize = 1_000_000;
/// Most bytes a transaction may hold back before COMMIT.
pub const TRANSACTION_BYTES_MAX: usize = 2 * 1024 * 1024 * 1024;
/// Rows of one chunk on the way from the executor to the wire.
pub const ROWS_PER_CHUNK: usize = 1024;
/// Bytes of one chunk, as far as rows can be fewer: where they are long, a chunk is one row.
pub const CHUNK_BYTES_MAX: usize = 1024 * 1024;
/// Largest LIMIT of a nearest query that uses the vector index.
pub const NEAREST_LIMIT_MAX: usize = 100_000;
/// Most bits of a bit string, as PostgreSQL declares them.
pub const BITS_MAX: u32 = 83_886_080;
/// Most components of a sparse vector, most of them 0 (pgvector's limit).
pub const SPARSE_DIMENSION_MAX: u32 = 1_000_000_000;
/// Most components of a sparse vector that are not 0 (pgvector's limit).
pub const SPARSE_ELEMENTS_MAX: usize = 16_000;
/// Longest lexeme of a document and of a query in bytes, as in PostgreSQL.
pub const LEXEME_BYTES_MAX: usize = 2046;
/// The last place of a document that is told from others, as in PostgreSQL.
pub const TS_POSITION_MAX: u16 = 16_383;
/// Most places of one lexeme that a document keeps, as in PostgreSQL.
pub const TS_POSITIONS_MAX: usize = 256;
/// Most bytes of the lexemes of a document and of their places, as in PostgreSQL.
pub const TSVECTOR_BYTES_MAX: usize = 1_048_575;
/// Most lexemes and operators of a query of full text.
pub const TSQUERY_NODES_MAX: usize = 16_384;
/// Deepest nesting of the operators of such a query; a chain of one operator is one level.
pub const TSQUERY_DEPTH_MAX: usize = 128;
