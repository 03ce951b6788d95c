//! What views ask of the relations that they read: that these stay, with the columns that the views name.

use std::sync::Arc;

use crate::db::catalog::catalog::Catalog;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Collection, CollectionId, ColumnId, View};
use crate::types::ColumnType;

impl Catalog {
    /// The views that read a relation themselves, in order of name; materialised ones after the others.
    pub fn views_of(&self, relation: CollectionId) -> impl Iterator<Item = &Arc<View>> {
        self.views().chain(self.kept_views.values()).filter(move |view| view.reads(relation))
    }

    /// All views that anybody has made; materialised ones after the others.
    pub fn all_views(&self) -> impl Iterator<Item = &Arc<View>> {
        self.views().chain(self.kept_views.values())
    }

    /// The view of which a collection keeps the rows.
    pub fn kept_view(&self, collection: CollectionId) -> Option<&Arc<View>> {
        self.kept_views.get(&collection)
    }

    /// All views that cannot be without a relation, those that read such views included; whoever is read comes before who reads.
    pub fn views_above(&self, relation: CollectionId) -> Vec<Arc<View>> {
        let mut above: Vec<Arc<View>> = Vec::new();
        let mut relations = vec![relation];
        while let Some(next) = relations.pop() {
            for view in self.views_of(next) {
                if !above.iter().any(|known| known.id == view.id) {
                    above.push(Arc::clone(view));
                    relations.insert(0, view.id);
                }
            }
        }
        above
    }

    /// Whether the views that a transaction did not look at can do with what it makes of a relation; `None` where that goes.
    pub(crate) fn views_hold(
        &self,
        relation: CollectionId,
        becomes: Option<&Collection>,
        is_seen: impl Fn(CollectionId) -> bool,
    ) -> bool {
        let now = self.collection_by_id(relation);
        let others = self.views_of(relation).filter(|view| !is_seen(view.id));
        others.flat_map(|view| &view.uses).filter(|used| used.relation == relation).all(|used| {
            let (Some(now), Some(becomes)) = (now, becomes) else { return becomes.is_some() };
            let is_same = |id: &ColumnId| shape_of(now, *id) == shape_of(becomes, *id);
            now.name == becomes.name && used.columns.iter().all(is_same)
        })
    }

    /// Refuses to change the type or the name of a column that views name.
    ///
    /// # Errors
    /// 0A000, `what` cannot be done to it.
    pub(crate) fn check_column_of_views(&self, collection: &Collection, position: usize, what: &str) -> Result<()> {
        let Some(column) = collection.columns.get(position) else { return Ok(()) };
        let Some(view) = self.views_of(collection.id).find(|view| view.reads_column(collection.id, column.id)) else {
            return Ok(());
        };
        let error = Error::new(ErrorKind::Unsupported, format!("cannot {what} of a column used by a view or rule"));
        let name = &column.name;
        let kind = if self.kept_view(view.id).is_some() { "materialized view" } else { "view" };
        Err(error
            .with_detail(format!("rule _RETURN on {kind} {} depends on column \"{name}\"", view.name))
            .with_hint("Drop the view, change the column and create the view again."))
    }
}

fn shape_of(collection: &Collection, id: ColumnId) -> Option<(&str, &ColumnType)> {
    let column = collection.columns.get(collection.position_of(id)?)?;
    Some((&column.name, &column.ty))
}

/// 2BP01 for something that cannot go because of views; none where there are none.
///
/// # Errors
/// 2BP01, with one line of detail for each view.
pub(crate) fn refuse_dependents(what: &str, lines: &[String]) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let message = format!("cannot drop {what} because other objects depend on it");
    let hint = "Use DROP ... CASCADE to drop the dependent objects too.";
    Err(Error::new(ErrorKind::DependentObjects, message).with_detail(lines.join("\n")).with_hint(hint))
}
