//! Functions that `analyze` and `planner` write into a plan. Nobody can call them: their names begin with `$`.

pub(in crate::sql) mod domain_value;
pub(in crate::sql) mod kept;
pub(in crate::sql) mod nullable;
pub(in crate::sql) mod one_row;
pub(in crate::sql) mod representation;
pub(in crate::sql) mod same_shape;
