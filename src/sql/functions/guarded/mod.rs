//! DataFusion's own functions with something around their calls: how large a result may become, and which floats are errors.

pub(in crate::sql) mod bounded;
pub(in crate::sql) mod checked_floats;
pub(in crate::sql) mod growth;
pub(in crate::sql) mod wrapped;
