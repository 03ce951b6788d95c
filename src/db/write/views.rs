//! Views inside a transaction: made, replaced, renamed and dropped, and what is dropped along with what they read.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::db::catalog::catalog::{Catalog, check_identifier};
use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::catalog::view_rules::refuse_dependents;
use crate::db::write::transaction::Transaction;
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::model::{CollectionId, View};

/// Views that dropping something with CASCADE takes along and that are named one by one; more are counted.
const LISTED_MAX: usize = 100;

impl Transaction {
    /// Makes a view, or replaces the one of its id.
    ///
    /// # Errors
    /// 42P07 for a name that something else has, 54000 for one that is too long, 42P17 for a view that would read itself, 42P01
    /// where what it reads is gone.
    pub fn put_view(&mut self, view: View) -> Result<()> {
        check_identifier(&view.name)?;
        let catalog = self.catalog();
        if catalog.view(&view.name).is_none_or(|known| known.id != view.id) && catalog.is_taken(&view.name) {
            let message = format!("relation \"{}\" already exists", view.name);
            return Err(Error::new(ErrorKind::DuplicateTable, message));
        }
        if catalog.views_above(view.id).iter().any(|above| view.reads(above.id)) || view.reads(view.id) {
            let message = format!("infinite recursion detected in rules for relation \"{}\"", view.name);
            return Err(Error::new(ErrorKind::InvalidObjectDefinition, message));
        }
        for used in &view.uses {
            if catalog.collection_by_id(used.relation).is_none() && catalog.view_by_id(used.relation).is_none() {
                let message = format!("what view \"{}\" reads does not exist any more", view.name);
                return Err(Error::new(ErrorKind::UndefinedTable, message));
            }
        }
        // Whoever changes one of them meanwhile has not seen the view: then this transaction comes too late.
        for used in &view.uses {
            let before = self.view.catalog.standing_of(used.relation);
            self.writes().note_standing(used.relation, before);
        }
        self.change_catalog(CatalogChange::PutView(Arc::new(view)));
        Ok(())
    }

    /// Gives a view, or one column of it, another name.
    ///
    /// # Errors
    /// As [`Transaction::put_view`]; 0A000 where other views name it.
    pub fn rename_view(&mut self, view: &View, renamed: View) -> Result<()> {
        self.check_name_unused(view.id, "view", &view.name)?;
        self.put_view(renamed)
    }

    /// Refuses another name for a relation that views read by the one that it has.
    ///
    /// # Errors
    /// 0A000.
    pub(crate) fn check_name_unused(&self, id: CollectionId, kind: &str, name: &str) -> Result<()> {
        match self.catalog().views_of(id).next() {
            None => Ok(()),
            Some(view) => {
                let message = format!("cannot rename {kind} \"{name}\" because view \"{}\" reads it", view.name);
                let hint = "Drop the view, rename and create the view again under the new name.";
                Err(Error::unsupported(message, hint))
            }
        }
    }

    /// Drops a view; those that read it are the caller's to drop, by [`Transaction::drop_above`].
    ///
    /// # Errors
    /// 42P01.
    pub fn drop_view(&mut self, name: &str) -> Result<()> {
        let Some(view) = self.catalog().view(name).cloned() else {
            return Err(Error::new(ErrorKind::UndefinedTable, format!("view \"{name}\" does not exist")));
        };
        self.change_catalog(CatalogChange::DropView(view.id));
        Ok(())
    }

    /// Drops the views that cannot be without some relations, which one statement is about to drop; without `cascade` there must be none but
    /// those that it drops itself.
    ///
    /// # Errors
    /// 2BP01 naming the views.
    pub fn drop_above(&mut self, relations: &[CollectionId], cascade: bool) -> Result<()> {
        let catalog = Arc::clone(self.catalog());
        let mut above: BTreeMap<CollectionId, Arc<View>> = BTreeMap::new();
        let mut order = Vec::new();
        for view in relations.iter().flat_map(|relation| catalog.views_above(*relation)) {
            if !relations.contains(&view.id) && above.insert(view.id, Arc::clone(&view)).is_none() {
                order.push(view);
            }
        }
        order.sort_by_key(|view| view.id);
        if !cascade {
            let what: Vec<String> = relations.iter().map(|relation| described(&catalog, *relation)).collect();
            let line = |view: &Arc<View>| {
                let mut read = view.uses.iter().map(|used| used.relation);
                let on = read.find(|id| relations.contains(id) || above.contains_key(id)).unwrap_or(view.id);
                format!("view {} depends on {}", view.name, described(&catalog, on))
            };
            let lines: Vec<String> = order.iter().map(line).collect();
            return match what.as_slice() {
                [what] => refuse_dependents(what, &lines),
                _ => refuse_dependents("desired object(s)", &lines),
            };
        }
        self.note_cascade(&order);
        for view in order.iter().rev() {
            self.change_catalog(CatalogChange::DropView(view.id));
        }
        Ok(())
    }

    /// Drops the views that name a column, and those that read them; without `cascade` there must be none.
    ///
    /// # Errors
    /// 2BP01 naming the views.
    pub fn drop_above_column(&mut self, table: &str, column: &str, cascade: bool) -> Result<()> {
        let catalog = Arc::clone(self.catalog());
        let Some(collection) = catalog.collection(table) else { return Ok(()) };
        let Some(id) = collection.column(column).and_then(|at| collection.columns.get(at)).map(|column| column.id)
        else {
            return Ok(());
        };
        let direct: Vec<Arc<View>> =
            catalog.views_of(collection.id).filter(|view| view.reads_column(collection.id, id)).cloned().collect();
        let mut order: Vec<Arc<View>> = Vec::new();
        for view in direct.iter().flat_map(|view| std::iter::once(Arc::clone(view)).chain(catalog.views_above(view.id)))
        {
            if !order.iter().any(|known| known.id == view.id) {
                order.push(view);
            }
        }
        order.sort_by_key(|view| view.id);
        if !cascade {
            let what = format!("column {column} of table {table}");
            let line = |view: &Arc<View>| {
                let of_view = view.uses.iter().find(|used| order.iter().any(|other| other.id == used.relation));
                let on = match of_view.filter(|_| !direct.iter().any(|known| known.id == view.id)) {
                    Some(used) => described(&catalog, used.relation),
                    None => what.clone(),
                };
                format!("view {} depends on {on}", view.name)
            };
            return refuse_dependents(&what, &order.iter().map(line).collect::<Vec<_>>());
        }
        self.note_cascade(&order);
        for view in order.iter().rev() {
            self.change_catalog(CatalogChange::DropView(view.id));
        }
        Ok(())
    }

    /// Tells the client what goes along.
    fn note_cascade(&mut self, views: &[Arc<View>]) {
        match views {
            [] => {}
            [view] => self.notices.push(Notice::new(format!("drop cascades to view {}", view.name))),
            many => {
                let listed = many.iter().take(LISTED_MAX).map(|view| format!("drop cascades to view {}", view.name));
                let mut lines: Vec<String> = listed.collect();
                if many.len() > LISTED_MAX {
                    lines.push(format!("and {} other objects", many.len() - LISTED_MAX));
                }
                let notice = Notice::new(format!("drop cascades to {} other objects", many.len()));
                self.notices.push(notice.with_detail(lines.join("\n")));
            }
        }
    }
}

/// What a relation is, as messages name it.
fn described(catalog: &Catalog, id: CollectionId) -> String {
    match (catalog.collection_by_id(id), catalog.view_by_id(id)) {
        (Some(collection), _) => format!("table {}", collection.name),
        (None, Some(view)) => format!("view {}", view.name),
        (None, None) => "what is gone".to_string(),
    }
}
