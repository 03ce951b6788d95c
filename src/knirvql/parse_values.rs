//! Builds assignments, and the values that are computed in them.

use crate::error::{ErrorKind, Result};
use crate::expr::Arithmetic;
use crate::knirvql::ast::{Assignment, AstExpression, Bindable};
use crate::knirvql::grammar::Rule;
use crate::knirvql::parse::{Builder, ParseNode, child, children, disagreement, only};

/// Operators of one assignment: what is computed from the left is as deep as it is long.
const OPERATORS_MAX: usize = 256;

impl Builder<'_> {
    /// One assignment of UPDATE.
    ///
    /// # Errors
    /// 54001 for more operators than [`OPERATORS_MAX`]; as [`Builder::components`], [`Builder::bytes`], [`Builder::path`], [`Builder::literal`] and [`Builder::json_value`].
    pub fn assignment(&self, node: ParseNode<'_>) -> Result<Assignment> {
        let parameter = children(node.clone(), Rule::parameter).next();
        let parameter = parameter.map(|parameter| self.parameter(&parameter)).transpose()?;
        match node.as_rule() {
            Rule::vector_assignment => {
                let components = children(node, Rule::vector_literal).next();
                let components = components.map(|components| self.components(components)).transpose()?;
                Ok(Assignment::Vector(components.map(Bindable::Value).or(parameter.map(Bindable::Parameter))))
            }
            Rule::blob_assignment => {
                let bytes = children(node, Rule::string).next().map(|text| self.bytes(&text)).transpose()?;
                Ok(Assignment::Blob(bytes.map(Bindable::Value).or(parameter.map(Bindable::Parameter))))
            }
            _ => {
                let is_operator = |part: &ParseNode<'_>| {
                    matches!(part.as_rule(), Rule::plus | Rule::minus | Rule::star | Rule::slash)
                };
                if node.clone().into_inner().flatten().filter(is_operator).count() > OPERATORS_MAX {
                    let message = format!("an assignment has more than {OPERATORS_MAX} operators");
                    return Err(self.error(&node, ErrorKind::TooComplex, message));
                }
                let path = self.path(child(node.clone(), Rule::path)?)?;
                Ok(Assignment::Path(path, self.sum(child(node, Rule::sum)?)?))
            }
        }
    }

    /// Recursion ends: the nesting was bounded before the text was parsed, and the operators were counted.
    fn sum(&self, node: ParseNode<'_>) -> Result<AstExpression> {
        self.operands(node, |builder, operand| builder.operands(operand, Builder::factor))
    }

    /// Operands with operators between them, which bind from the left.
    fn operands<'a>(
        &self,
        node: ParseNode<'a>,
        operand: impl Fn(&Self, ParseNode<'a>) -> Result<AstExpression>,
    ) -> Result<AstExpression> {
        let mut parts = node.into_inner();
        let first = parts.next().ok_or_else(|| disagreement(Rule::factor))?;
        let mut computed = operand(self, first)?;
        while let (Some(operator), Some(next)) = (parts.next(), parts.next()) {
            let operator = match operator.as_rule() {
                Rule::plus => Arithmetic::Add,
                Rule::minus => Arithmetic::Subtract,
                Rule::star => Arithmetic::Multiply,
                _ => Arithmetic::Divide,
            };
            let right = Box::new(operand(self, next)?);
            computed = AstExpression::Arithmetic { operator, left: Box::new(computed), right };
        }
        Ok(computed)
    }

    fn factor(&self, node: ParseNode<'_>) -> Result<AstExpression> {
        let factor = only(node)?;
        match factor.as_rule() {
            Rule::sum_group => self.sum(child(factor, Rule::sum)?),
            Rule::coalesce => {
                let list = children(factor, Rule::sum).map(|each| self.sum(each)).collect::<Result<_>>()?;
                Ok(AstExpression::Coalesce(list))
            }
            Rule::path => self.path(factor).map(AstExpression::Path),
            Rule::value => self.literal(factor).map(AstExpression::Literal),
            _ => self.json(factor).map(AstExpression::Json),
        }
    }
}
