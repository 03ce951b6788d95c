//! Builds conditions and paths.

use crate::error::{Error, ErrorKind, Result};
use crate::knirvql::ast::{AstComparison, Condition, Literal, Path, Step};
use crate::knirvql::grammar::Rule;
use crate::knirvql::parse::{Builder, ParseNode, Secrecy, child, children, only};

impl Builder<'_> {
    /// The condition of a WHERE.
    ///
    /// # Errors
    /// 42601 for a comparison with null, and for a secret that is compared with no text; as [`Builder::path`] and
    /// `Builder::literal`.
    pub fn where_clause(&self, node: ParseNode<'_>) -> Result<Condition> {
        self.condition(child(node, Rule::condition)?)
    }

    /// A condition. Recursion ends: the nesting was bounded before the text was parsed.
    ///
    /// # Errors
    /// As [`Builder::where_clause`].
    pub fn condition(&self, node: ParseNode<'_>) -> Result<Condition> {
        let members =
            children(node, Rule::conjunction).map(|member| self.conjunction(member)).collect::<Result<Vec<_>>>()?;
        Ok(one_or(members, Condition::Or))
    }

    fn conjunction(&self, node: ParseNode<'_>) -> Result<Condition> {
        let members = children(node, Rule::negation).map(|member| self.negation(member)).collect::<Result<Vec<_>>>()?;
        Ok(one_or(members, Condition::And))
    }

    fn negation(&self, node: ParseNode<'_>) -> Result<Condition> {
        let nots = children(node.clone(), Rule::kw_not).count();
        let mut condition = match children(node.clone(), Rule::group).next() {
            Some(group) => self.condition(child(group, Rule::condition)?)?,
            None => self.comparison(child(node, Rule::comparison)?)?,
        };
        for _ in 0..nots {
            condition = Condition::Not(Box::new(condition));
        }
        Ok(condition)
    }

    fn comparison(&self, node: ParseNode<'_>) -> Result<Condition> {
        let path = self.path(child(node.clone(), Rule::path)?)?;
        let test = only(child(node, Rule::test)?)?;
        match test.as_rule() {
            Rule::null_test => Ok(Condition::IsNull { path, negated: children(test, Rule::kw_not).next().is_some() }),
            Rule::in_test => {
                let negated = children(test.clone(), Rule::kw_not).next().is_some();
                if let Some(query) = children(test.clone(), Rule::get_memory).next() {
                    return Ok(negate_if(negated, self.in_query(path, query)?));
                }
                let values = children(test, Rule::value)
                    .map(|value| self.comparand(value, &path))
                    .collect::<Result<Vec<_>>>()?;
                Ok(negate_if(negated, Condition::In { path, values }))
            }
            Rule::pattern_test => {
                let negated = children(test.clone(), Rule::kw_not).next().is_some();
                let operator = pattern_operator(&test);
                let value = self.comparand(child(test, Rule::value)?, &path)?;
                Ok(negate_if(negated, Condition::Compare { path, operator, value }))
            }
            _ => {
                let operator = order_operator(child(test.clone(), Rule::comparison_operator)?.as_str());
                let value = self.comparand(child(test, Rule::value)?, &path)?;
                Ok(Condition::Compare { path, operator, value })
            }
        }
    }

    /// Recursion ends: a query stands in parentheses.
    fn in_query(&self, path: Path, query: ParseNode<'_>) -> Result<Condition> {
        if self.secrecy != Secrecy::Open {
            let message = "a query inside of IN is not offered where AUTH entries may be meant";
            return Err(Error::unsupported(message, "Write the values, or name MEMORY."));
        }
        Ok(Condition::InQuery { path, query: Box::new(self.get_memory(query)?) })
    }

    /// The value that a path is compared with. A comparison with null is never true, so it is refused; so is a bare
    /// number where secrets are compared, because it would be shown.
    fn comparand(&self, node: ParseNode<'_>, path: &Path) -> Result<Literal> {
        let place = node.clone();
        match self.literal(node)? {
            Literal::Null => Err(self
                .error(&place, ErrorKind::Syntax, "nothing is equal to null or ordered before or after it")
                .with_hint(format!("Write {path} IS NULL or {path} IS NOT NULL."))),
            Literal::Text(mut text) => {
                let id = path.steps.is_empty() && path.root.eq_ignore_ascii_case("id");
                text.secret = match self.secrecy {
                    Secrecy::Open => false,
                    Secrecy::AllButId => !id,
                    Secrecy::All => true,
                };
                Ok(Literal::Text(text))
            }
            Literal::Integer(_) | Literal::Number(_) | Literal::Boolean(_) if self.secrecy == Secrecy::All => Err(self
                .error(&place, ErrorKind::Syntax, "the parts of AUTH entries are texts")
                .with_hint("Put the value in quotes, or send it as a parameter.")),
            value => Ok(value),
        }
    }

    /// The path of a column, or of a part of one.
    ///
    /// # Errors
    /// 22003 for an index above `u32::MAX`; a quoted name as `Builder::string`.
    pub fn path(&self, node: ParseNode<'_>) -> Result<Path> {
        let mut path = Path::column(String::new());
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::identifier => path.root = part.as_str().to_string(),
                Rule::field_step => {
                    let name = only(part)?;
                    path.steps.push(Step::Field(match name.as_rule() {
                        Rule::string => self.string(&name)?,
                        _ => name.as_str().to_string(),
                    }));
                }
                Rule::index_step => {
                    let index = child(part, Rule::index)?;
                    path.steps.push(Step::Index(index.as_str().parse().map_err(|_| {
                        let message = format!("an index of an array is at most {}", u32::MAX);
                        self.error(&index, ErrorKind::NumericOutOfRange, message)
                    })?));
                }
                _ => {}
            }
        }
        Ok(path)
    }
}

/// One member stands for itself.
fn one_or(mut members: Vec<Condition>, combine: impl FnOnce(Vec<Condition>) -> Condition) -> Condition {
    match (members.len(), members.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            members.extend(last);
            combine(members)
        }
    }
}

fn negate_if(negated: bool, condition: Condition) -> Condition {
    if negated { Condition::Not(Box::new(condition)) } else { condition }
}

fn pattern_operator(test: &ParseNode<'_>) -> AstComparison {
    let operator = test.clone().into_inner().find_map(|word| match word.as_rule() {
        Rule::kw_contains => Some(AstComparison::Contains),
        Rule::kw_starts => Some(AstComparison::StartsWith),
        Rule::kw_matches => Some(AstComparison::Matches),
        _ => None,
    });
    operator.unwrap_or(AstComparison::Like)
}

fn order_operator(operator: &str) -> AstComparison {
    match operator {
        "!=" | "<>" => AstComparison::NotEqual,
        "<" => AstComparison::Less,
        "<=" => AstComparison::LessOrEqual,
        ">" => AstComparison::Greater,
        ">=" => AstComparison::GreaterOrEqual,
        _ => AstComparison::Equal,
    }
}
