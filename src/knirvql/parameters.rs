//! Where the parameters of a statement stand, so that Describe can name their types.

use crate::knirvql::ast::{
    Assignment, AstComparison, AstEntry, AstExpression, Bindable, Condition, GetMemory, KnirvqlStatement, Literal,
    Path, VectorSource,
};

/// One use of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterRole {
    /// `$n`, counted from 1.
    pub number: u16,
    pub place: ParameterPlace,
}

/// What a parameter stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterPlace {
    /// A vector.
    Vector,
    /// LIMIT, OFFSET or ef: int8.
    Count,
    /// WITHIN: float8.
    Distance,
    /// The id of the entry whose vector is compared: text.
    EntryId,
    /// The id of the entry that SET MEMORY writes: the type of the collection's id.
    Id,
    /// jsonb.
    Metadata,
    /// bytea.
    Blob,
    /// The key of SET AUTH: text.
    AuthKey,
    /// The value of SET AUTH, a secret: text.
    AuthValue,
    /// Compared with the value at this path: the type of that.
    Operand(Path),
    /// A number that is computed with.
    Number,
    /// The pattern, prefix or part that the text at this path is searched for: text.
    Pattern(Path),
}

/// Every use of a parameter, by number. The highest number is that of the last one.
pub fn parameters(statement: &KnirvqlStatement) -> Vec<ParameterRole> {
    let mut roles = Roles(Vec::new());
    roles.statement(statement);
    roles.0.sort_by_key(|role| role.number);
    roles.0
}

struct Roles(Vec<ParameterRole>);

impl Roles {
    fn add(&mut self, number: u16, place: ParameterPlace) {
        self.0.push(ParameterRole { number, place });
    }

    fn bindable<T>(&mut self, bindable: &Bindable<T>, place: ParameterPlace) {
        if let Some(number) = bindable.parameter() {
            self.add(number, place);
        }
    }

    fn statement(&mut self, statement: &KnirvqlStatement) {
        match statement {
            KnirvqlStatement::GetMemory(get) => self.get_memory(get),
            KnirvqlStatement::GetAuth { condition } => self.condition(condition),
            KnirvqlStatement::SetAuth { key, value } => {
                self.bindable(key, ParameterPlace::AuthKey);
                self.bindable(value, ParameterPlace::AuthValue);
            }
            KnirvqlStatement::SetMemory(set) => set.entries.iter().for_each(|entry| self.entry(entry)),
            KnirvqlStatement::UpdateMemory(update) => {
                for assignment in &update.assignments {
                    match assignment {
                        Assignment::Vector(vector) => {
                            vector.iter().for_each(|vector| self.bindable(vector, ParameterPlace::Vector));
                        }
                        Assignment::Blob(blob) => {
                            blob.iter().for_each(|blob| self.bindable(blob, ParameterPlace::Blob));
                        }
                        Assignment::Path(path, value) => self.expression(value, path),
                    }
                }
                self.condition(&update.condition);
            }
            KnirvqlStatement::Delete(delete) => self.condition(&delete.condition),
            KnirvqlStatement::Stage(stage) => self.condition(&stage.condition),
            KnirvqlStatement::Revert(revert) => self.condition(&revert.condition),
            KnirvqlStatement::Explain { statement, .. } => self.statement(statement),
            KnirvqlStatement::CreateNetwork { .. }
            | KnirvqlStatement::JoinNetwork { .. }
            | KnirvqlStatement::LeaveNetwork { .. }
            | KnirvqlStatement::AlterNetwork { .. }
            | KnirvqlStatement::AttachCollection { .. }
            | KnirvqlStatement::DetachCollection { .. }
            | KnirvqlStatement::Sync { .. }
            | KnirvqlStatement::Show(_)
            | KnirvqlStatement::Describe { .. }
            | KnirvqlStatement::Help { .. } => {}
        }
    }

    fn get_memory(&mut self, get: &GetMemory) {
        get.condition.iter().for_each(|condition| self.condition(condition));
        if let Some(similar) = &get.similar {
            match &similar.vector {
                VectorSource::Components(_) => {}
                VectorSource::Parameter(number) => self.add(*number, ParameterPlace::Vector),
                VectorSource::Entry(id) => self.bindable(id, ParameterPlace::EntryId),
            }
            similar.within.iter().for_each(|within| self.bindable(within, ParameterPlace::Distance));
            similar.ef.iter().for_each(|ef| self.bindable(ef, ParameterPlace::Count));
        }
        for count in get.limit.iter().chain(&get.offset) {
            self.bindable(count, ParameterPlace::Count);
        }
    }

    /// A value that is assigned to the place at a path. Recursion ends: the parser counts operators.
    fn expression(&mut self, value: &AstExpression, path: &Path) {
        match value {
            AstExpression::Literal(literal) => self.literal(literal, || ParameterPlace::Operand(path.clone())),
            AstExpression::Json(_) | AstExpression::Path(_) => {}
            AstExpression::Arithmetic { left, right, .. } => {
                for side in [left, right] {
                    match &**side {
                        AstExpression::Literal(literal) => self.literal(literal, || ParameterPlace::Number),
                        side => self.expression(side, path),
                    }
                }
            }
            AstExpression::Coalesce(list) => list.iter().for_each(|each| self.expression(each, path)),
        }
    }

    fn entry(&mut self, set: &AstEntry) {
        if let Some(Literal::Parameter(number)) = set.id {
            self.add(number, ParameterPlace::Id);
        }
        set.metadata.iter().for_each(|metadata| self.bindable(metadata, ParameterPlace::Metadata));
        set.vector.iter().for_each(|vector| self.bindable(vector, ParameterPlace::Vector));
        set.blob.iter().for_each(|blob| self.bindable(blob, ParameterPlace::Blob));
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::And(members) | Condition::Or(members) => {
                members.iter().for_each(|member| self.condition(member));
            }
            Condition::Not(inner) => self.condition(inner),
            Condition::Compare { path, operator, value } => {
                let place = match operator {
                    AstComparison::Like | AstComparison::StartsWith | AstComparison::Matches => ParameterPlace::Pattern,
                    _ => ParameterPlace::Operand,
                };
                self.literal(value, || place(path.clone()));
            }
            Condition::In { path, values } => {
                values.iter().for_each(|value| self.literal(value, || ParameterPlace::Operand(path.clone())));
            }
            Condition::InQuery { query, .. } => self.get_memory(query),
            Condition::IsNull { .. } => {}
        }
    }

    fn literal(&mut self, literal: &Literal, place: impl FnOnce() -> ParameterPlace) {
        if let Literal::Parameter(number) = literal {
            self.add(*number, place());
        }
    }
}
