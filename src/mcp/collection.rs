//! What is known of a collection: its key, where its facts lie, and its vector.

use crate::error::{Error, ErrorKind, Result};
use crate::mcp::arguments::{ToolArguments, refused};
use crate::mcp::pool::ConnectionLease;
use crate::mcp::statement::{literal, name, rows};

/// The collection that tools use unless another is named.
pub(super) const COLLECTION_DEFAULT: &str = "memory";
/// Where the AUTH entries are.
const AUTH: &str = "auth";
/// Where facts lie that no column holds.
pub(super) const FACTS: &str = "metadata";

/// A collection whose entries have a key of one column.
pub(super) struct ToolCollection {
    pub name: String,
    /// The column of the key.
    pub key: String,
    key_is_number: bool,
    /// Names of the columns with the names of their types.
    pub columns: Vec<(String, String)>,
}

impl ToolCollection {
    /// The collection that a call names.
    ///
    /// # Errors
    /// 42704 where there is none, 22023 for one that tools cannot use.
    pub async fn of(arguments: &ToolArguments, lease: &ConnectionLease) -> Result<ToolCollection> {
        let name = arguments.name("collection")?.unwrap_or(COLLECTION_DEFAULT);
        ToolCollection::find(name, lease).await
    }

    /// # Errors
    /// As [`ToolCollection::of`].
    pub async fn find(collection: &str, lease: &ConnectionLease) -> Result<ToolCollection> {
        if collection == AUTH {
            return Err(refused("auth holds secrets, which are no memories").with_hint(
                "They are read with the tool query, GET AUTH WHERE key = '…', where the owner has allowed it.",
            ));
        }
        let found = rows(lease, &columns_of(collection)).await?;
        let text = |row: &[Option<String>], at: usize| row.get(at).cloned().flatten().unwrap_or_default();
        let columns: Vec<(String, String)> = found.iter().map(|row| (text(row, 0), text(row, 1))).collect();
        let keys: Vec<(String, String)> =
            found.iter().filter(|row| text(row, 2) == "t").map(|row| (text(row, 0), text(row, 1))).collect();
        match (columns.is_empty(), keys.as_slice()) {
            (true, _) => Err(Error::new(ErrorKind::UndefinedObject, format!("there is no collection {collection:?}"))
                .with_hint("The tool list shows the collections that there are.")),
            (false, [(key, ty)]) if is_plain(key) => Ok(ToolCollection {
                name: collection.to_string(),
                key: key.clone(),
                key_is_number: matches!(ty.as_str(), "bigint" | "integer" | "smallint"),
                columns,
            }),
            _ => Err(refused(format!("{collection:?} has no key of one column with a plain name"))
                .with_hint("Use the tool query for it.")),
        }
    }

    /// The collection's name in the quotes of KNIRVQL.
    pub fn in_knirvql(&self) -> String {
        literal(&self.name)
    }

    /// The collection's name in the quotes of SQL.
    pub fn in_sql(&self) -> String {
        name(&self.name)
    }

    /// The first column that holds a vector.
    pub fn vector(&self) -> Option<&str> {
        self.columns.iter().find(|(_, ty)| ty == "vector").map(|(name, _)| name.as_str())
    }

    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|(name, _)| name == column)
    }

    /// Columns that are shown as facts: declared ones that are no part of every memory.
    pub fn declared_facts(&self) -> impl Iterator<Item = &str> {
        let own = [self.key.as_str(), FACTS, "blob_hash", "blob_size", "blob_type"];
        let declared = self.columns.iter().filter(move |(name, ty)| !own.contains(&name.as_str()) && ty != "vector");
        declared.map(|(name, _)| name.as_str())
    }

    /// # Errors
    /// 22023 where the collection has no facts beside its columns.
    pub fn check_facts(&self) -> Result<()> {
        if self.has(FACTS) {
            return Ok(());
        }
        Err(refused(format!("{:?} has no column {FACTS}, where facts would lie", self.name))
            .with_hint("Use another collection, or the tool query."))
    }

    /// A key as it stands in a statement of either language.
    ///
    /// # Errors
    /// 22023 for a text where keys are numbers.
    pub fn key_literal(&self, key: &str) -> Result<String> {
        if !self.key_is_number {
            return Ok(literal(key));
        }
        let number: i64 = key
            .parse()
            .map_err(|_| refused(format!("the keys of {:?} are whole numbers, and {key:?} is none", self.name)))?;
        Ok(number.to_string())
    }

    /// A key for a new entry.
    ///
    /// # Errors
    /// 22023 where keys are numbers: the collection would have to give one.
    pub fn new_key(&self) -> Result<String> {
        if self.key_is_number {
            return Err(refused(format!("the keys of {:?} are whole numbers: give one as key", self.name)));
        }
        Ok(uuid::Uuid::now_v7().to_string())
    }
}

/// Whether KNIRVQL reads the name without quotes.
fn is_plain(name: &str) -> bool {
    let is_letter = |character: char| character.is_ascii_lowercase() || character == '_';
    name.starts_with(is_letter) && name.chars().all(|each| is_letter(each) || each.is_ascii_digit())
}

/// The query for the columns of a collection: name, type, whether it is a part of the key.
fn columns_of(collection: &str) -> String {
    format!(
        "SELECT a.attname::text, a.atttypid::regtype::text, i.indrelid IS NOT NULL \
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
         LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY(i.indkey) \
         WHERE c.relname = {} AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace \
         AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        literal(collection)
    )
}
