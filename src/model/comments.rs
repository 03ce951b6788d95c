//! What COMMENT ON says of relations and their parts. It belongs to one node.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::collection::CollectionId;
use crate::model::column::ColumnId;

/// The comments on one collection or view and its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(CommentedPart, String)>", into = "Vec<(CommentedPart, String)>")]
pub struct Comments {
    texts: BTreeMap<CommentedPart, String>,
}

/// What a comment is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CommentedPart {
    /// The collection or view itself.
    Relation,
    /// A column, of a view by its place from 0.
    Column(ColumnId),
    /// An index, that of a primary key by the number of its collection.
    Index(CollectionId),
    /// The sequence of a column.
    Sequence(ColumnId),
    /// The schema that the comments are on: `public` has [`Comments::OF_NODE`].
    Schema,
    /// The database, among those as well.
    Database,
    /// An extension, by its OID, among those as well.
    Extension(u32),
}

impl Comments {
    /// The number that comments on no relation go by; no collection has it.
    pub const OF_NODE: CollectionId = CollectionId(0);

    pub fn get(&self, part: CommentedPart) -> Option<&str> {
        self.texts.get(&part).map(String::as_str)
    }

    /// Says something else of a part, or nothing.
    pub fn set(&mut self, part: CommentedPart, text: Option<String>) {
        match text {
            Some(text) => self.texts.insert(part, text),
            None => self.texts.remove(&part),
        };
    }

    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (CommentedPart, &str)> {
        self.texts.iter().map(|(part, text)| (*part, text.as_str()))
    }
}

impl From<Vec<(CommentedPart, String)>> for Comments {
    fn from(list: Vec<(CommentedPart, String)>) -> Self {
        Comments { texts: list.into_iter().collect() }
    }
}

impl From<Comments> for Vec<(CommentedPart, String)> {
    fn from(comments: Comments) -> Self {
        comments.texts.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_comments_are_read_and_written_as_they_were() {
        let stored = r#"[["Relation","all of it"],[{"Column":2},"one"],[{"Index":17},"key"]]"#;
        let mut comments: Comments = serde_json::from_str(stored).unwrap();
        assert_eq!(comments.get(CommentedPart::Column(ColumnId(2))), Some("one"));
        assert_eq!(serde_json::to_string(&comments).unwrap(), stored);
        comments.set(CommentedPart::Relation, None);
        assert_eq!((comments.get(CommentedPart::Relation), comments.iter().count()), (None, 2));
    }
}
