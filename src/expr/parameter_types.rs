//! The types of a statement's parameters `$1`, `$2`, …, in both languages: said by the client, or found from how they are used.

use crate::types::ColumnType;

/// Types as far as they are known. Positions are 0-based.
#[derive(Clone, Debug, Default)]
pub struct ParameterTypes {
    types: Vec<Option<ColumnType>>,
    /// Those from here on stand for columns.
    columns_from: usize,
}

impl ParameterTypes {
    /// For a statement with `count` parameters; what the client said wins over everything found later.
    pub fn new(said: &[Option<ColumnType>], count: usize) -> Self {
        let mut types = said.to_vec();
        for ty in &mut types {
            if matches!(ty, Some(ColumnType::Unknown)) {
                *ty = None;
            }
        }
        if types.len() < count {
            types.resize(count, None);
        }
        ParameterTypes { types, columns_from: usize::MAX }
    }

    /// The same, where those from this position on stand for columns.
    pub fn with_columns_from(self, columns_from: usize) -> Self {
        ParameterTypes { columns_from, ..self }
    }

    /// Whether a parameter stands for a column.
    pub fn is_column(&self, position: usize) -> bool {
        position >= self.columns_from && position < self.types.len()
    }

    /// How many there are, with those that the planner has added.
    pub fn count(&self) -> usize {
        self.types.len()
    }

    pub fn get(&self, position: usize) -> Option<&ColumnType> {
        self.types.get(position).and_then(Option::as_ref)
    }

    /// Takes a type for a parameter that has none yet. Declared lengths do not bind a parameter.
    pub fn suggest(&mut self, position: usize, ty: &ColumnType) {
        if self.types.len() <= position {
            self.types.resize(position + 1, None);
        }
        if let Some(slot @ None) = self.types.get_mut(position)
            && !matches!(ty, ColumnType::Unknown | ColumnType::Void)
        {
            *slot = Some(unmodified(ty));
        }
    }

    pub fn has_unknown(&self) -> bool {
        self.types.iter().any(Option::is_none)
    }

    /// The final types; a parameter that nothing gave a type is text.
    pub fn finish(&self) -> Vec<ColumnType> {
        self.types.iter().map(|ty| ty.clone().unwrap_or(ColumnType::Text)).collect()
    }
}

/// The type without its declared length, precision or dimension.
pub fn unmodified(ty: &ColumnType) -> ColumnType {
    match ty {
        ColumnType::Varchar(_) | ColumnType::Char(_) | ColumnType::Name => ColumnType::Text,
        ColumnType::Numeric(_) => ColumnType::Numeric(None),
        ColumnType::Vector(_) => ColumnType::Vector(None),
        ColumnType::Halfvec(_) => ColumnType::Halfvec(None),
        ColumnType::Sparsevec(_) => ColumnType::Sparsevec(None),
        ColumnType::Bit(_) => ColumnType::Bit(None),
        ColumnType::Varbit(_) => ColumnType::Varbit(None),
        ColumnType::Array(element) => ColumnType::Array(Box::new(unmodified(element))),
        other => other.clone(),
    }
}
