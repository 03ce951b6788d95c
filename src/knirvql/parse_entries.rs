//! Builds the statements about entries: GET, COUNT, SET, INSERT, UPDATE and DELETE.

use crate::db::AUTH;
use crate::error::{Error, ErrorKind, Result};
use crate::knirvql::ast::{
    AstAggregate, AstAggregateFunction, AstEntry, AstEntryType, AstField, AstFieldValue, AstMetric, Bindable, Delete,
    GetMemory, Literal, OrderKey, SetMemory, SetMode, Similar, UpdateMemory, VectorSource,
};
use crate::knirvql::grammar::Rule;
use crate::knirvql::parse::{Builder, ParseNode, Secrecy, child, children, disagreement, has, only};
use crate::knirvql::resolve::of_auth;

impl Builder<'_> {
    /// GET MEMORY, or COUNT MEMORY as the GET that it stands for.
    ///
    /// # Errors
    /// 22023 for AUTH; as `Builder::where_clause`, `Builder::components`, `Builder::count` and `Builder::distance`.
    pub fn get_memory(&self, node: ParseNode<'_>) -> Result<GetMemory> {
        let is_count = node.as_rule() == Rule::count_memory;
        let mut get = GetMemory { collection: self.memory_collection(&node)?, ..GetMemory::default() };
        for clause in node.into_inner() {
            match clause.as_rule() {
                Rule::fields_clause => {
                    get.fields = self.fields(clause)?;
                }
                Rule::where_clause => get.condition = Some(self.where_clause(clause)?),
                Rule::similar_clause => get.similar = Some(self.similar(clause)?),
                Rule::group_clause => {
                    get.groups = children(clause, Rule::path).map(|path| self.path(path)).collect::<Result<_>>()?;
                }
                Rule::order_clause => {
                    get.order =
                        children(clause, Rule::order_key).map(|key| self.order_key(key)).collect::<Result<_>>()?;
                }
                Rule::limit_clause => get.limit = Some(self.count(child(clause, Rule::count)?, "LIMIT")?),
                Rule::offset_clause => get.offset = Some(self.count(child(clause, Rule::count)?, "OFFSET")?),
                _ => {}
            }
        }
        if is_count && get.groups.is_empty() {
            let count = AstAggregate { function: AstAggregateFunction::Count, is_distinct: false, path: None };
            get.fields.push(AstField::Named { value: AstFieldValue::Aggregate(count), name: None });
        }
        Ok(get)
    }

    fn similar(&self, node: ParseNode<'_>) -> Result<Similar> {
        let vector = only(child(node.clone(), Rule::vector)?)?;
        let vector = match vector.as_rule() {
            Rule::parameter => VectorSource::Parameter(self.parameter(&vector)?),
            Rule::stored_vector => VectorSource::Entry(self.text(child(vector, Rule::text)?)?),
            _ => VectorSource::Components(self.components(vector)?),
        };
        let mut similar = Similar { vector, metric: None, within: None, ef: None };
        for clause in node.into_inner() {
            match clause.as_rule() {
                Rule::using_clause => similar.metric = Some(metric(child(clause, Rule::metric)?)?),
                Rule::within_clause => similar.within = Some(self.distance(clause)?),
                Rule::search_options => similar.ef = Some(self.count(child(clause, Rule::count)?, "ef")?),
                _ => {}
            }
        }
        Ok(similar)
    }

    fn order_key(&self, node: ParseNode<'_>) -> Result<OrderKey> {
        let descending = has(&node, Rule::kw_desc);
        Ok(OrderKey { value: self.field_value(node)?, descending })
    }

    /// The columns of FIELDS or RETURNING.
    fn fields(&self, clause: ParseNode<'_>) -> Result<Vec<AstField>> {
        let named = |node: ParseNode<'_>| -> Result<AstField> {
            if has(&node, Rule::star) {
                return Ok(AstField::All);
            }
            let name = children(node.clone(), Rule::name).next().map(|name| name.as_str().to_string());
            Ok(AstField::Named { value: self.field_value(node)?, name })
        };
        children(clause, Rule::field).map(named).collect()
    }

    /// RETURNING, where there is one.
    fn returning(&self, node: &ParseNode<'_>) -> Result<Vec<AstField>> {
        let clause = children(node.clone(), Rule::returning_clause).next();
        clause.map_or(Ok(Vec::new()), |clause| self.fields(clause))
    }

    fn field_value(&self, node: ParseNode<'_>) -> Result<AstFieldValue> {
        let Some(aggregate) = children(node.clone(), Rule::aggregate).next() else {
            return self.path(child(node, Rule::path)?).map(AstFieldValue::Path);
        };
        let name = only(child(aggregate.clone(), Rule::aggregate_function)?)?;
        let function = match name.as_rule() {
            Rule::kw_count => AstAggregateFunction::Count,
            Rule::kw_sum => AstAggregateFunction::Sum,
            Rule::kw_avg => AstAggregateFunction::Average,
            Rule::kw_min => AstAggregateFunction::Min,
            Rule::kw_max => AstAggregateFunction::Max,
            other => return Err(disagreement(other)),
        };
        let is_distinct = has(&aggregate, Rule::kw_distinct);
        let path = children(aggregate, Rule::path).next().map(|path| self.path(path)).transpose()?;
        if path.is_none() && function != AstAggregateFunction::Count {
            let message = format!("{function} of what? Only count takes *");
            return Err(self
                .error(&name, ErrorKind::Syntax, message)
                .with_hint(format!("Write {function}(metadata.x).")));
        }
        Ok(AstFieldValue::Aggregate(AstAggregate { function, is_distinct, path }))
    }

    /// The collection of MEMORY entries. That of AUTH is refused before anything of the statement is kept.
    fn memory_collection(&self, node: &ParseNode<'_>) -> Result<Option<String>> {
        let Some(clause) = children(node.clone(), Rule::in_clause).next() else { return Ok(None) };
        let collection = self.collection(child(clause, Rule::collection)?)?;
        if collection == AUTH { Err(of_auth(&collection)) } else { Ok(Some(collection)) }
    }

    /// SET MEMORY and INSERT MEMORY.
    ///
    /// # Errors
    /// 42601 for a part that is named twice and an id that is none, 22023 for AUTH; as `Builder::json_object`, `Builder::bytes`
    /// and `Builder::components`.
    pub fn set_memory(&self, node: ParseNode<'_>) -> Result<SetMemory> {
        let mode = if has(&node, Rule::kw_merge) {
            SetMode::Merge
        } else if has(&node, Rule::kw_replace) {
            SetMode::Replace
        } else if has(&node, Rule::kw_absent) {
            SetMode::InsertIfAbsent
        } else if node.as_rule() == Rule::insert_memory {
            SetMode::Insert
        } else {
            SetMode::Parts
        };
        let (collection, returning) = (self.memory_collection(&node)?, self.returning(&node)?);
        let entries = children(node, Rule::entry).map(|entry| self.entry(entry)).collect::<Result<_>>()?;
        Ok(SetMemory { collection, mode, entries, returning })
    }

    fn entry(&self, node: ParseNode<'_>) -> Result<AstEntry> {
        let mut set = AstEntry::default();
        for part in children(node, Rule::part) {
            self.part(only(part)?, &mut set)?;
        }
        Ok(set)
    }

    fn part(&self, node: ParseNode<'_>, set: &mut AstEntry) -> Result<()> {
        let (name, taken) = match node.as_rule() {
            Rule::id_part => ("id", set.id.is_some()),
            Rule::metadata_part => ("metadata", set.metadata.is_some()),
            Rule::vector_part => ("vector", set.vector.is_some()),
            _ => ("blob", set.blob.is_some()),
        };
        if taken {
            let error = self.error(&node, ErrorKind::Syntax, format!("SET MEMORY names {name} twice"));
            return Err(error.with_hint("Name each of id, metadata, vector and blob at most once."));
        }
        for value in node.into_inner() {
            match value.as_rule() {
                Rule::value => set.id = Some(self.id(value)?),
                Rule::json_object => set.metadata = Some(Bindable::Value(self.json_object(value)?)),
                Rule::vector_literal => set.vector = Some(Bindable::Value(self.components(value)?)),
                Rule::string => set.blob = Some(Bindable::Value(self.bytes(&value)?)),
                Rule::parameter => {
                    let number = self.parameter(&value)?;
                    match name {
                        "metadata" => set.metadata = Some(Bindable::Parameter(number)),
                        "vector" => set.vector = Some(Bindable::Parameter(number)),
                        _ => set.blob = Some(Bindable::Parameter(number)),
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn id(&self, node: ParseNode<'_>) -> Result<Literal> {
        let place = node.clone();
        match self.literal(node)? {
            Literal::Null | Literal::Boolean(_) => {
                let error = self.error(&place, ErrorKind::Syntax, "an id is a string, a number or a parameter");
                Err(error.with_hint("Leave the id out to have one made."))
            }
            id => Ok(id),
        }
    }

    /// UPDATE MEMORY.
    ///
    /// # Errors
    /// 22023 for AUTH; as `Builder::where_clause`, `Builder::assignment` and [`Builder::set_memory`].
    pub fn update_memory(&self, node: ParseNode<'_>) -> Result<UpdateMemory> {
        let (collection, returning) = (self.memory_collection(&node)?, self.returning(&node)?);
        let (mut assignments, mut unset) = (Vec::new(), Vec::new());
        for clause in node.clone().into_inner() {
            match clause.as_rule() {
                Rule::set_clause => {
                    for assignment in children(clause, Rule::assignment) {
                        assignments.push(self.assignment(only(assignment)?)?);
                    }
                }
                Rule::unset_clause => {
                    for path in children(clause, Rule::path) {
                        unset.push(self.path(path)?);
                    }
                }
                _ => {}
            }
        }
        let condition = self.where_clause(child(node, Rule::where_clause)?)?;
        Ok(UpdateMemory { collection, assignments, unset, condition, returning })
    }

    /// DELETE.
    ///
    /// # Errors
    /// 0A000 for RETURNING of what may be AUTH entries; as `Builder::where_clause`.
    pub fn delete(&mut self, node: ParseNode<'_>) -> Result<Delete> {
        let entry_type = if has(&node, Rule::kw_auth) {
            Some(AstEntryType::Auth)
        } else {
            has(&node, Rule::kw_memory).then_some(AstEntryType::Memory)
        };
        let collection = children(node.clone(), Rule::in_clause).next();
        let collection = collection.map(|clause| self.in_clause(clause)).transpose()?;
        match (entry_type, &collection) {
            (Some(AstEntryType::Auth), _) => self.secrecy = Secrecy::All,
            (None, None) => self.secrecy = Secrecy::AllButId,
            _ => {}
        }
        let returning = self.returning(&node)?;
        if !returning.is_empty() && self.secrecy != Secrecy::Open {
            return Err(Error::unsupported(
                "RETURNING does not show AUTH entries, which a DELETE of this form may delete",
                "Write DELETE MEMORY. AUTH entries are read with GET AUTH.",
            ));
        }
        Ok(Delete {
            entry_type,
            collection,
            returning,
            condition: self.where_clause(child(node, Rule::where_clause)?)?,
        })
    }
}

fn metric(node: ParseNode<'_>) -> Result<AstMetric> {
    match only(node)?.as_rule() {
        Rule::kw_cosine => Ok(AstMetric::Cosine),
        Rule::kw_l2 => Ok(AstMetric::L2),
        Rule::kw_ip => Ok(AstMetric::InnerProduct),
        Rule::kw_l1 => Ok(AstMetric::L1),
        other => Err(disagreement(other)),
    }
}
