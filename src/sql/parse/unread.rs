//! Clauses that sqlparser reads and nobody here does: refused where they are given, so that none is taken without effect.
//!
//! Each tree is taken apart without `..`: a clause that a newer sqlparser adds does not compile until somebody decides about
//! it. Clauses of other databases are syntax errors, as in PostgreSQL; PostgreSQL's own that are not offered are told so.

use datafusion::sql::sqlparser::ast::{
    AlterTable, ConstraintCharacteristics, CreateExtension, CreateIndex, CreateTable, CreateTableOptions, Declare,
    DeferrableInitial, Delete, HiveDistributionStyle, IndexColumn, Insert, KeyOrIndexDisplay, OrderByExpr,
    PrimaryKeyConstraint, Set, Statement, Truncate, UniqueConstraint, Update,
};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::parse::names::{folded, last_part};
use crate::sql::parse::rewrite_tokens::MOVED;

/// Whether a clause is there.
trait Given {
    fn is_given(&self) -> bool;
}

impl Given for bool {
    fn is_given(&self) -> bool {
        *self
    }
}

impl<T> Given for Option<T> {
    fn is_given(&self) -> bool {
        self.is_some()
    }
}

impl<T> Given for Vec<T> {
    fn is_given(&self) -> bool {
        !self.is_empty()
    }
}

/// # Errors
/// 42601 where one of the clauses is given.
fn only_postgresql(form: &str, hint: &str, clauses: &[&dyn Given]) -> Result<()> {
    if clauses.iter().any(|clause| clause.is_given()) {
        return Err(Error::syntax(format!("this form of {form} is not PostgreSQL's"), None).with_hint(hint));
    }
    Ok(())
}

/// # Errors
/// 42601 for a clause that is not PostgreSQL's.
pub fn insert(insert: &Insert) -> Result<()> {
    let Insert {
        insert_token: _,
        table: _,
        table_alias: _,
        columns: _,
        source: _,
        on: _,
        returning: _,
        // A comment.
        optimizer_hints: _,
        or,
        ignore,
        into,
        overwrite,
        assignments,
        partitioned,
        after_columns,
        has_table_keyword,
        output,
        replace_into,
        priority,
        insert_alias,
        settings,
        format_clause,
        multi_table_insert_type,
        multi_table_into_clauses,
        multi_table_when_clauses,
        multi_table_else_clause,
    } = insert;
    only_postgresql(
        "INSERT",
        "INSERT INTO table (columns) VALUES (...) [ON CONFLICT ...] [RETURNING ...]",
        &[
            or,
            ignore,
            &!*into,
            overwrite,
            assignments,
            partitioned,
            after_columns,
            has_table_keyword,
            output,
            replace_into,
            priority,
            insert_alias,
            settings,
            format_clause,
            multi_table_insert_type,
            multi_table_into_clauses,
            multi_table_when_clauses,
            multi_table_else_clause,
        ],
    )
}

/// # Errors
/// 42601 for a clause that is not PostgreSQL's.
pub fn update(update: &Update) -> Result<()> {
    let Update {
        update_token: _,
        optimizer_hints: _,
        table: _,
        assignments: _,
        from: _,
        selection: _,
        returning: _,
        output,
        or,
        order_by,
        limit,
    } = update;
    let hint = "UPDATE table SET ... [FROM ...] [WHERE ...] [RETURNING ...]";
    only_postgresql("UPDATE", hint, &[output, or, order_by, limit])
}

/// # Errors
/// 42601 for a clause that is not PostgreSQL's.
pub fn delete(delete: &Delete) -> Result<()> {
    let Delete {
        delete_token: _,
        optimizer_hints: _,
        from: _,
        using: _,
        selection: _,
        returning: _,
        tables,
        output,
        order_by,
        limit,
    } = delete;
    let hint = "DELETE FROM table [USING ...] [WHERE ...] [RETURNING ...]";
    only_postgresql("DELETE", hint, &[tables, output, order_by, limit])
}

/// # Errors
/// 0A000 for what a table here cannot be, 42601 for what PostgreSQL's cannot.
#[expect(clippy::too_many_lines, reason = "one tree with all its clauses")]
pub fn create_table(table: &CreateTable) -> Result<()> {
    let CreateTable {
        if_not_exists: _,
        name: _,
        columns: _,
        constraints: _,
        query: _,
        // GLOBAL and LOCAL stand before TEMPORARY alone.
        global: _,
        // Storage parameters tune PostgreSQL's heap.
        table_options,
        temporary: _,
        on_commit,
        inherits,
        partition_by,
        partition_of,
        for_values,
        like,
        or_replace,
        external,
        dynamic,
        transient,
        volatile,
        iceberg,
        snapshot,
        hive_distribution,
        hive_formats,
        file_format,
        location,
        without_rowid,
        clone,
        version,
        comment,
        on_cluster,
        primary_key,
        order_by,
        cluster_by,
        clustered_by,
        strict,
        copy_grants,
        enable_schema_evolution,
        change_tracking,
        data_retention_time_in_days,
        max_data_extension_time_in_days,
        default_ddl_collation,
        with_aggregation_policy,
        with_row_access_policy,
        with_storage_lifecycle_policy,
        with_tags,
        external_volume,
        base_location,
        catalog,
        catalog_sync,
        storage_serialization_policy,
        target_lag,
        warehouse,
        refresh_mode,
        initialize,
        require_user,
        diststyle,
        distkey,
        sortkey,
        backup,
    } = table;
    if on_commit.is_some() && !table.temporary {
        let message = "ON COMMIT can only be used on temporary tables";
        return Err(Error::new(ErrorKind::InvalidTableDefinition, message));
    }
    if [inherits.is_given(), partition_by.is_given(), partition_of.is_given(), for_values.is_given()].contains(&true) {
        return Err(Error::unsupported("inheritance and partitions are not offered", "Make one table."));
    }
    if like.is_given() || clone.is_given() {
        return Err(Error::unsupported("CREATE TABLE LIKE is not offered", "Write out the columns."));
    }
    let hive = *hive_distribution != HiveDistributionStyle::NONE || hive_formats.is_given();
    let options = !matches!(table_options, CreateTableOptions::None | CreateTableOptions::With(_));
    let foreign: &[&dyn Given] = &[
        or_replace,
        external,
        dynamic,
        transient,
        volatile,
        iceberg,
        snapshot,
        &hive,
        &options,
        file_format,
        location,
        without_rowid,
        version,
        comment,
        on_cluster,
        primary_key,
        order_by,
        cluster_by,
        clustered_by,
        strict,
    ];
    let warehouses: &[&dyn Given] = &[
        copy_grants,
        enable_schema_evolution,
        change_tracking,
        data_retention_time_in_days,
        max_data_extension_time_in_days,
        default_ddl_collation,
        with_aggregation_policy,
        with_row_access_policy,
        with_storage_lifecycle_policy,
        with_tags,
        external_volume,
        base_location,
        catalog,
        catalog_sync,
        storage_serialization_policy,
        target_lag,
        warehouse,
        refresh_mode,
        initialize,
        require_user,
        diststyle,
        distkey,
        sortkey,
        backup,
    ];
    let hint = "CREATE TABLE [IF NOT EXISTS] name (columns)";
    only_postgresql("CREATE TABLE", hint, foreign)?;
    only_postgresql("CREATE TABLE", hint, warehouses)
}

/// # Errors
/// 42601 for a clause that is not PostgreSQL's.
pub fn create_index(index: &CreateIndex) -> Result<()> {
    let CreateIndex {
        name: _,
        table_name: _,
        using: _,
        columns,
        unique: _,
        // Readers and writers go on while an index is built, always.
        concurrently: _,
        if_not_exists: _,
        include: _,
        nulls_distinct: _,
        with: _,
        predicate: _,
        index_options,
        alter_options,
    } = index;
    columns.iter().try_for_each(index_column)?;
    only_postgresql("CREATE INDEX", "CREATE INDEX name ON table (columns)", &[index_options, alter_options])
}

/// The item of an index or key; its direction means nothing, since an ordered index is read either way.
fn index_column(column: &IndexColumn) -> Result<()> {
    let IndexColumn { column: OrderByExpr { expr: _, options: _, with_fill }, operator_class: _ } = column;
    only_postgresql("an index", "CREATE INDEX name ON table (columns)", &[with_fill])
}

/// # Errors
/// 42601 for a clause that is not PostgreSQL's.
pub fn alter_table(alter: &AlterTable) -> Result<()> {
    // ONLY: no table has children.
    let AlterTable { name: _, if_exists: _, only: _, operations: _, end_token: _, location, on_cluster, table_type } =
        alter;
    only_postgresql("ALTER TABLE", "ALTER TABLE [IF EXISTS] name change", &[location, on_cluster, table_type])
}

/// CASCADE and RESTRICT mean nothing without foreign keys, ONLY and `*` nothing without inheritance.
///
/// # Errors
/// 42601 for a clause that is not PostgreSQL's.
pub fn truncate(truncate: &Truncate) -> Result<()> {
    let Truncate { table_names: _, table: _, identity: _, cascade: _, partitions, if_exists, on_cluster } = truncate;
    let hint = "TRUNCATE [TABLE] names [RESTART IDENTITY | CONTINUE IDENTITY] [CASCADE | RESTRICT]";
    only_postgresql("TRUNCATE", hint, &[partitions, if_exists, on_cluster])
}

/// # Errors
/// 42601 for a clause that is not PostgreSQL's and NOT ENFORCED, 0A000 for NULLS NOT DISTINCT and DEFERRABLE.
pub fn unique(constraint: &UniqueConstraint) -> Result<()> {
    let UniqueConstraint {
        name: _,
        index_name,
        index_type_display,
        index_type,
        columns,
        index_options,
        characteristics: given,
        nulls_distinct: _,
    } = constraint;
    columns.iter().try_for_each(index_column)?;
    let display = !matches!(index_type_display, KeyOrIndexDisplay::None);
    let hint = "[CONSTRAINT name] UNIQUE (columns)";
    only_postgresql("UNIQUE", hint, &[index_name, &display, index_type, index_options])?;
    characteristics(given.as_ref(), "UNIQUE")
}

/// # Errors
/// 42601 for a clause that is not PostgreSQL's and NOT ENFORCED, 0A000 for DEFERRABLE.
pub fn primary_key(constraint: &PrimaryKeyConstraint) -> Result<()> {
    let PrimaryKeyConstraint { name: _, index_name, index_type, columns, index_options, characteristics: given } =
        constraint;
    columns.iter().try_for_each(index_column)?;
    let hint = "[CONSTRAINT name] PRIMARY KEY (columns)";
    only_postgresql("PRIMARY KEY", hint, &[index_name, index_type, index_options])?;
    characteristics(given.as_ref(), "PRIMARY KEY")
}

/// Keys are checked with each row, always.
fn characteristics(given: Option<&ConstraintCharacteristics>, what: &str) -> Result<()> {
    let Some(ConstraintCharacteristics { deferrable, initially, enforced }) = given else { return Ok(()) };
    if *enforced == Some(false) {
        return Err(Error::syntax(format!("{what} constraints cannot be marked NOT ENFORCED"), None)
            .with_hint("Make an index that is not unique."));
    }
    if *deferrable == Some(true) || *initially == Some(DeferrableInitial::Deferred) {
        return Err(Error::unsupported(
            format!("{what} constraints that are DEFERRABLE are not offered"),
            "Leave it out: the key is checked with each row.",
        ));
    }
    Ok(())
}

/// # Errors
/// 0A000 for a version of an extension, 42704 for a schema that does not exist.
pub fn create_extension(extension: &CreateExtension) -> Result<()> {
    let CreateExtension { name: _, if_not_exists, cascade: _, schema, version } = extension;
    if *if_not_exists {
        // What is built in exists: PostgreSQL, too, looks no further.
        return Ok(());
    }
    if let Some(schema) = schema.as_ref().map(folded).filter(|schema| schema != "public" && schema != "pg_catalog") {
        return Err(Error::new(ErrorKind::UndefinedObject, format!("schema \"{schema}\" does not exist"))
            .with_hint("Leave out SCHEMA: the types and functions of vector are built in."));
    }
    if let Some(version) = version {
        return Err(Error::unsupported(
            format!("version {version} of an extension cannot be chosen"),
            "Leave out VERSION: what vector offers is built in.",
        ));
    }
    Ok(())
}

/// # Errors
/// 0A000 for what a cursor here cannot be.
pub fn declare(cursor: &Declare) -> Result<()> {
    let Declare {
        names: _,
        scroll: _,
        hold: _,
        for_query: _,
        // What a cursor gives is its snapshot's, always.
        sensitive: _,
        binary,
        data_type,
        assignment,
        declare_type: _,
    } = cursor;
    if *binary == Some(true) {
        return Err(Error::unsupported(
            "BINARY cursors are not offered",
            "Leave out BINARY; the extended protocol chooses the format of each column.",
        ));
    }
    only_postgresql("DECLARE", "DECLARE name CURSOR FOR SELECT ...", &[data_type, assignment])
}

/// # Errors
/// 42601 for a form that is not PostgreSQL's, 0A000 for SET TRANSACTION SNAPSHOT.
pub fn set(set: &Set) -> Result<()> {
    match set {
        Set::SetTransaction { modes: _, session: _, snapshot: Some(_) } => Err(Error::unsupported(
            "SET TRANSACTION SNAPSHOT is not offered",
            "Snapshots cannot be shared: read everything in one transaction.",
        )),
        Set::SingleAssignment { scope: _, variable: _, values: _, hivevar: true }
        | Set::SetNames { charset_name: _, collation_name: Some(_) } => {
            Err(Error::syntax("this form of SET is not PostgreSQL's", None).with_hint("SET name = value"))
        }
        _ => Ok(()),
    }
}

/// Clauses of statements that are variants and no trees of their own.
///
/// # Errors
/// 42601 for a clause that is not PostgreSQL's.
pub fn statement(statement: &Statement) -> Result<()> {
    match statement {
        Statement::StartTransaction {
            modes: _,
            begin: _,
            transaction: _,
            modifier,
            statements,
            exception,
            has_end_keyword,
        } => only_postgresql("BEGIN", "BEGIN [modes]", &[modifier, statements, exception, has_end_keyword]),
        Statement::Commit { chain: _, end: _, modifier } => only_postgresql("COMMIT", "COMMIT", &[modifier]),
        Statement::Fetch { name: _, direction: _, position: _, into } => {
            let into = into.as_ref().filter(|into| last_part(into).as_deref() != Some(MOVED));
            only_postgresql("FETCH", "FETCH count FROM cursor", &[&into.is_some()])
        }
        Statement::Execute { name: _, parameters: _, has_parentheses: _, immediate, into, using, output, default } => {
            only_postgresql("EXECUTE", "EXECUTE name (values)", &[immediate, into, using, output, default])
        }
        // Nothing depends on what can be dropped here, so that CASCADE and RESTRICT are alike.
        Statement::Drop {
            object_type: _,
            if_exists: _,
            names: _,
            cascade: _,
            restrict: _,
            purge,
            temporary,
            table,
        } => only_postgresql("DROP", "DROP TABLE [IF EXISTS] names", &[purge, temporary, table]),
        Statement::CreateSchema { schema_name: _, if_not_exists: _, with, options, default_collate_spec, clone } => {
            let clauses: &[&dyn Given] = &[with, options, default_collate_spec, clone];
            only_postgresql("CREATE SCHEMA", "CREATE SCHEMA [IF NOT EXISTS] name", clauses)
        }
        Statement::Copy { source: _, to: _, target: _, options: _, legacy_options: _, values } => {
            only_postgresql("COPY", "COPY table FROM STDIN", &[values])
        }
        Statement::Explain {
            describe_alias: _,
            analyze: _,
            // The plan's lines hold all there is.
            verbose: _,
            statement: _,
            format: _,
            options: _,
            query_plan,
            estimate,
        } => only_postgresql("EXPLAIN", "EXPLAIN [ANALYZE] statement", &[query_plan, estimate]),
        _ => Ok(()),
    }
}
