//! Views inside a transaction: made, replaced, renamed and dropped, and what is dropped along with what they read.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::db::catalog::catalog::check_identifier;
use crate::db::catalog::catalog_change::CatalogChange;
use crate::db::catalog::user_types::check_new_relation;
use crate::db::catalog::view_rules::refuse_dependents;
use crate::db::write::transaction::transaction::Transaction;
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::model::{CollectionId, RelationName, View, ViewUse};

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
        if self.catalog().view_by_id(view.id).is_none() {
            self.check_room_for(view.schema)?;
        }
        self.note_schema(view.schema);
        let catalog = self.catalog();
        let name = view.relation();
        if catalog.view(&name).is_none_or(|known| known.id != view.id) && catalog.is_taken(&name) {
            let message = format!("relation \"{}\" already exists", view.name);
            return Err(Error::new(ErrorKind::DuplicateTable, message));
        }
        match catalog.view_by_id(view.id) {
            None => check_new_relation(catalog, &name)?,
            Some(_) => self.check_row_type((&name).into())?,
        }
        if catalog.views_above(view.id).iter().any(|above| view.reads(above.id)) || view.reads(view.id) {
            let message = format!("infinite recursion detected in rules for relation \"{}\"", view.name);
            return Err(Error::new(ErrorKind::InvalidObjectDefinition, message));
        }
        self.note_uses(&view.name, &view.uses)?;
        let (id, is_new) = (view.id, self.catalog().view_by_id(view.id).is_none());
        self.change_catalog(CatalogChange::PutView(Arc::new(view)));
        if is_new {
            self.own(id);
        }
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

    /// Notes whether a materialised view has the rows of its query.
    ///
    /// # Errors
    /// 42P01; 54000 and 53200 for a transaction that holds too much.
    pub fn set_populated(&mut self, name: &RelationName, is_populated: bool) -> Result<()> {
        let mut changed = (**self.catalog().expect_collection(name)?).clone();
        if let Some(kept) = &mut changed.materialized {
            kept.is_populated = is_populated;
        }
        self.change_catalog(CatalogChange::Put(Arc::new(changed)));
        Ok(())
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
    pub fn drop_view(&mut self, name: &RelationName) -> Result<()> {
        let Some(view) = self.catalog().view(name).cloned() else {
            return Err(Error::new(ErrorKind::UndefinedTable, format!("view \"{name}\" does not exist")));
        };
        self.change_catalog(CatalogChange::DropView(view.id));
        Ok(())
    }

    /// Drops a materialised view; those that read it are the caller's to drop, by [`Transaction::drop_above`].
    ///
    /// # Errors
    /// 42P01; 42809 for a table.
    pub fn drop_materialized(&mut self, name: &RelationName) -> Result<()> {
        let found = Arc::clone(self.catalog().expect_collection(name)?);
        if found.materialized.is_none() {
            let message = format!("\"{}\" is not a materialized view", found.name);
            return Err(Error::new(ErrorKind::WrongObjectType, message));
        }
        self.remove_view(found.id);
        Ok(())
    }

    /// Takes a view away, with the rows of a materialised one.
    pub(in crate::db::write) fn remove_view(&mut self, id: CollectionId) {
        if self.catalog().collection_by_id(id).is_none() {
            return self.change_catalog(CatalogChange::DropView(id));
        }
        self.writes().rows.remove(&id);
        self.change_catalog(CatalogChange::Drop(id));
    }

    /// Whoever changes what a view reads meanwhile has not seen the view: then this transaction comes too late.
    ///
    /// # Errors
    /// 42P01 where what it reads is gone.
    pub(in crate::db::write) fn note_uses(&mut self, name: &str, uses: &[ViewUse]) -> Result<()> {
        for used in uses {
            let catalog = self.catalog();
            if catalog.collection_by_id(used.relation).is_none() && catalog.view_by_id(used.relation).is_none() {
                let message = format!("what view \"{name}\" reads does not exist any more");
                return Err(Error::new(ErrorKind::UndefinedTable, message));
            }
        }
        for used in uses {
            let before = self.view.catalog.standing_of(used.relation);
            self.writes().note_standing(used.relation, before);
        }
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
            let what: Vec<String> = relations.iter().map(|relation| self.described(&catalog, *relation)).collect();
            let line = |view: &Arc<View>| {
                let mut read = view.uses.iter().map(|used| used.relation);
                let on = read.find(|id| relations.contains(id) || above.contains_key(id)).unwrap_or(view.id);
                format!("{} depends on {}", self.described(&catalog, view.id), self.described(&catalog, on))
            };
            let lines: Vec<String> = order.iter().map(line).collect();
            return match what.as_slice() {
                [what] => refuse_dependents(what, &lines),
                _ => refuse_dependents("desired object(s)", &lines),
            };
        }
        self.note_cascade(&order);
        order.iter().rev().for_each(|view| self.remove_view(view.id));
        Ok(())
    }

    /// Drops the views that name a column, and those that read them; without `cascade` there must be none.
    ///
    /// # Errors
    /// 2BP01 naming the views.
    pub fn drop_above_column(&mut self, table: &RelationName, column: &str, cascade: bool) -> Result<()> {
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
                    Some(used) => self.described(&catalog, used.relation),
                    None => what.clone(),
                };
                format!("{} depends on {on}", self.described(&catalog, view.id))
            };
            return refuse_dependents(&what, &order.iter().map(line).collect::<Vec<_>>());
        }
        self.note_cascade(&order);
        order.iter().rev().for_each(|view| self.remove_view(view.id));
        Ok(())
    }

    /// Tells the client what goes along.
    fn note_cascade(&mut self, views: &[Arc<View>]) {
        let catalog = Arc::clone(self.catalog());
        let names: Vec<String> = views.iter().map(|view| self.described(&catalog, view.id)).collect();
        self.notices.extend(cascade_notice(&names));
    }
}

/// What a client is told of objects that go along; nothing where there are none.
pub(in crate::db::write) fn cascade_notice(objects: &[String]) -> Option<Notice> {
    match objects {
        [] => None,
        [object] => Some(Notice::new(format!("drop cascades to {object}"))),
        many => {
            let listed = many.iter().take(LISTED_MAX).map(|object| format!("drop cascades to {object}"));
            let mut lines: Vec<String> = listed.collect();
            if many.len() > LISTED_MAX {
                lines.push(format!("and {} other objects", many.len() - LISTED_MAX));
            }
            let notice = Notice::new(format!("drop cascades to {} other objects", many.len()));
            Some(notice.with_detail(lines.join("\n")))
        }
    }
}
