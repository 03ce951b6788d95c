//! The catalogs of types and what indexes know of them: `pg_type`, `pg_opclass`, `pg_opfamily`, `pg_am`, `pg_operator`, `pg_cast`.

use crate::db::{Catalog, SearchPath};
use crate::sql::pg_catalog::oids::{
    COLLATION_DEFAULT, METHOD_BTREE, METHOD_GIN, METHOD_HEAP, METHOD_HNSW, METHOD_IVFFLAT, NAMESPACE_CATALOG,
    NAMESPACE_PUBLIC, OWNER_OID,
};
use crate::sql::pg_catalog::procedures;
use crate::sql::pg_catalog::relation::{CatalogRow, oid, text};
use crate::sql::pg_catalog::user_types;
use crate::sql::registry;
use crate::types::{ColumnType, EnumType, IndexTerms, RangeKind, Value};
use crate::vector::Metric;

/// First OID of the operator classes listed here; one for each type, then pgvector's.
const OPERATOR_CLASS_FIRST: u32 = 10_100;

pub fn types(catalog: &Catalog, path: &SearchPath) -> Vec<CatalogRow> {
    let mut rows = user_types::types(catalog, path);
    rows.extend(own_types());
    rows
}

/// The types that every database has.
pub fn own_types() -> Vec<CatalogRow> {
    let mut rows = Vec::new();
    for ty in ColumnType::catalogued() {
        let has_array = !matches!(ty, ColumnType::Unknown | ColumnType::Void);
        rows.push(type_row(&ty, has_array));
        if has_array {
            rows.push(type_row(&ColumnType::Array(Box::new(ty)), false));
        }
    }
    for (number, name, length) in registry::PSEUDO_TYPES {
        rows.push(vec![
            ("oid", oid(*number)),
            ("typname", text(name)),
            ("typnamespace", oid(NAMESPACE_CATALOG)),
            ("typowner", oid(OWNER_OID)),
            ("typlen", Value::Int2(*length)),
            ("typbyval", Value::Bool(*length > 0)),
            ("typtype", text("p")),
            ("typcategory", text("P")),
            ("typisdefined", Value::Bool(true)),
            ("typdelim", text(",")),
            ("typalign", text("i")),
            ("typstorage", text("p")),
            ("typtypmod", Value::Int4(-1)),
        ]);
    }
    rows
}

pub fn type_row(ty: &ColumnType, has_array: bool) -> CatalogRow {
    let element = ty.element().map_or(0, |element| element.oid());
    let is_array = element != 0;
    let kind = match ty {
        ColumnType::Unknown | ColumnType::Void => "p",
        ColumnType::Enum(_) => "e",
        ColumnType::Range(_) => "r",
        ColumnType::Multirange(_) => "m",
        _ => "b",
    };
    let name = ty.internal_name();
    let prefix = function_prefix(ty);
    vec![
        ("oid", oid(ty.oid())),
        ("typname", text(&name)),
        ("typnamespace", oid(namespace(ty))),
        ("typowner", oid(OWNER_OID)),
        ("typlen", Value::Int2(ty.length())),
        ("typbyval", Value::Bool(is_by_value(ty))),
        ("typtype", text(kind)),
        ("typcategory", text(category(ty))),
        ("typispreferred", Value::Bool(is_preferred(ty))),
        ("typisdefined", Value::Bool(true)),
        ("typdelim", text(",")),
        ("typsubscript", oid(if is_array { function("array_subscript_handler") } else { 0 })),
        ("typelem", oid(element)),
        ("typarray", oid(if has_array { ty.array_oid() } else { 0 })),
        ("typinput", oid(function(&format!("{prefix}in")))),
        ("typoutput", oid(function(&format!("{prefix}out")))),
        ("typreceive", oid(function(&format!("{prefix}recv")))),
        ("typsend", oid(function(&format!("{prefix}send")))),
        ("typalign", text(alignment(ty))),
        ("typstorage", text(storage(ty))),
        ("typtypmod", Value::Int4(-1)),
        ("typcollation", oid(if is_collatable(ty) { COLLATION_DEFAULT } else { 0 })),
    ]
}

/// The OID of an input or output function.
fn function(name: &str) -> u32 {
    procedures::find(name).unwrap_or(0)
}

/// The names of the functions that read and write each type.
pub fn input_output_functions() -> Vec<String> {
    let mut names = vec!["array_subscript_handler".to_string()];
    let array = ColumnType::Array(Box::new(ColumnType::Text));
    let enumerated = ColumnType::Enum(EnumType::unresolved(0));
    for ty in ColumnType::catalogued().into_iter().chain([array, enumerated]) {
        let name = function_prefix(&ty);
        names.extend(["in", "out", "recv", "send"].map(|suffix| format!("{name}{suffix}")));
    }
    names
}

/// What the names of a type's functions begin with.
fn function_prefix(ty: &ColumnType) -> String {
    let name = match ty {
        ColumnType::Array(_) => "array".to_string(),
        ColumnType::Enum(_) => "enum".to_string(),
        ColumnType::Range(_) => "range".to_string(),
        ColumnType::Multirange(_) => "multirange".to_string(),
        _ => ty.internal_name(),
    };
    if takes_underscore(ty) { format!("{name}_") } else { name }
}

/// Where a type lives: `vector` comes with an extension, in `public`.
fn namespace(ty: &ColumnType) -> u32 {
    if is_of_extension(ty) { NAMESPACE_PUBLIC } else { NAMESPACE_CATALOG }
}

/// Whether a type, or that of an array's elements, came with the extension.
pub fn is_of_extension(ty: &ColumnType) -> bool {
    matches!(ty.base(), ColumnType::Vector(_) | ColumnType::Halfvec(_) | ColumnType::Sparsevec(_))
}

/// The types whose input functions PostgreSQL names with an underscore.
fn takes_underscore(ty: &ColumnType) -> bool {
    matches!(
        ty,
        ColumnType::Array(_)
            | ColumnType::Json
            | ColumnType::Jsonb
            | ColumnType::Date
            | ColumnType::Time
            | ColumnType::Timestamp
            | ColumnType::TimestampTz
            | ColumnType::Interval
            | ColumnType::Uuid
            | ColumnType::Numeric(_)
            | ColumnType::Void
            | ColumnType::Enum(_)
            | ColumnType::Range(_)
            | ColumnType::Multirange(_)
            | ColumnType::Vector(_)
            | ColumnType::Halfvec(_)
            | ColumnType::Sparsevec(_)
            | ColumnType::Bit(_)
            | ColumnType::Varbit(_)
    )
}

/// The category of a type: `U` where the registry lacks it, as PostgreSQL has it for a type of users.
fn category(ty: &ColumnType) -> String {
    match ty.enumerated() {
        Some(_) => if ty.element().is_some() { "A" } else { "E" }.to_string(),
        None => registry::type_entry(ty.oid()).map_or_else(|| "U".to_string(), |entry| entry.category.to_string()),
    }
}

fn is_preferred(ty: &ColumnType) -> bool {
    registry::type_entry(ty.oid()).is_some_and(|entry| entry.is_preferred)
}

pub fn is_by_value(ty: &ColumnType) -> bool {
    matches!(ty.length(), 1 | 2 | 4 | 8) && !matches!(ty, ColumnType::Name)
}

pub fn is_collatable(ty: &ColumnType) -> bool {
    match ty {
        ColumnType::Array(element) => is_collatable(element),
        ColumnType::Text | ColumnType::Varchar(_) | ColumnType::Char(_) | ColumnType::Name => true,
        _ => false,
    }
}

pub fn alignment(ty: &ColumnType) -> &'static str {
    match ty {
        ColumnType::Bool | ColumnType::CatalogChar | ColumnType::Name | ColumnType::Uuid | ColumnType::Unknown => "c",
        ColumnType::Int2 => "s",
        ColumnType::Int8
        | ColumnType::Float8
        | ColumnType::Time
        | ColumnType::Timestamp
        | ColumnType::TimestampTz
        | ColumnType::Interval => "d",
        ColumnType::Range(kind) | ColumnType::Multirange(kind) => alignment(&kind.element()),
        ColumnType::Array(element) => match alignment(element) {
            "d" => "d",
            _ => "i",
        },
        _ => "i",
    }
}

pub fn storage(ty: &ColumnType) -> &'static str {
    match ty {
        ColumnType::Numeric(_) => "m",
        ColumnType::Vector(_) | ColumnType::Halfvec(_) | ColumnType::Sparsevec(_) => "e",
        ColumnType::Int2Vector | ColumnType::OidVector => "p",
        _ if ty.length() == -1 => "x",
        _ => "p",
    }
}

/// The rows of `pg_range`.
pub fn ranges() -> Vec<CatalogRow> {
    let functions = |kind: RangeKind| match kind {
        RangeKind::Int4 => ("int4range_canonical", "int4range_subdiff"),
        RangeKind::Int8 => ("int8range_canonical", "int8range_subdiff"),
        RangeKind::Date => ("daterange_canonical", "daterange_subdiff"),
        RangeKind::Numeric => ("-", "numrange_subdiff"),
        RangeKind::Timestamp => ("-", "tsrange_subdiff"),
        RangeKind::TimestampTz => ("-", "tstzrange_subdiff"),
    };
    let row = |kind: RangeKind| {
        let element = kind.element();
        let (canonical, difference) = functions(kind);
        vec![
            ("rngtypid", oid(kind.range_oid())),
            ("rngsubtype", oid(element.oid())),
            ("rngmultitypid", oid(kind.multirange_oids().0)),
            ("rngcollation", oid(0)),
            ("rngsubopc", oid(operator_class(&element, None))),
            ("rngcanonical", text(canonical)),
            ("rngsubdiff", text(difference)),
        ]
    };
    RangeKind::ALL.into_iter().map(row).collect()
}

/// The operator class of an index key: pgvector's by name, else the default of the type.
pub fn operator_class(ty: &ColumnType, class: Option<(u32, &str)>) -> u32 {
    let list = operator_classes();
    let found = list.iter().find(|(_, method, name, of, _)| match class {
        Some((by, class)) => *method == by && name == class,
        None => of.oid() == ty.oid(),
    });
    found.map_or(0, |(number, ..)| *number)
}

/// OID, access method, name, type, whether it is the type's default.
fn operator_classes() -> Vec<(u32, u32, String, ColumnType, bool)> {
    let ordered = ColumnType::catalogued().into_iter().filter(|ty| {
        !matches!(
            ty,
            ColumnType::Json
                | ColumnType::Unknown
                | ColumnType::Void
                | ColumnType::Reg(_)
                | ColumnType::Int2Vector
                | ColumnType::OidVector
                | ColumnType::Vector(_)
                | ColumnType::Halfvec(_)
                | ColumnType::Sparsevec(_)
                | ColumnType::Bit(_)
                | ColumnType::Varbit(_)
                | ColumnType::TsVector
                | ColumnType::TsQuery
        )
    });
    let ordered = ordered.map(|ty| {
        let of = match ty {
            ColumnType::Range(_) => "range".to_string(),
            ColumnType::Multirange(_) => "multirange".to_string(),
            _ => ty.internal_name(),
        };
        (METHOD_BTREE, format!("{of}_ops"), ty, true)
    });
    let vectors = Metric::ALL
        .into_iter()
        .map(|metric| (METHOD_HNSW, metric.operator_class().to_string(), ColumnType::Vector(None), false));
    let halves = Metric::ALL.into_iter().map(|metric| {
        let class = metric.operator_class().replace("vector_", "halfvec_");
        (METHOD_HNSW, class, ColumnType::Halfvec(None), false)
    });
    let lists = [Metric::L2, Metric::InnerProduct, Metric::Cosine].into_iter().flat_map(|metric| {
        let class = metric.operator_class();
        let of = |name: String, ty, is_default| (METHOD_IVFFLAT, name, ty, is_default);
        [
            of(class.to_string(), ColumnType::Vector(None), metric == Metric::L2),
            of(class.replace("vector_", "halfvec_"), ColumnType::Halfvec(None), false),
        ]
    });
    let inverted =
        IndexTerms::ALL.map(|terms| (METHOD_GIN, terms.operator_class().to_string(), terms.ty(), terms.is_default()));
    let numbered = (OPERATOR_CLASS_FIRST..).zip(ordered.chain(vectors).chain(halves).chain(inverted).chain(lists));
    numbered.map(|(number, (method, name, ty, default))| (number, method, name, ty, default)).collect()
}

pub fn opclass() -> Vec<CatalogRow> {
    let row = |(number, method, name, ty, default): (u32, u32, String, ColumnType, bool)| -> CatalogRow {
        vec![
            ("oid", oid(number)),
            ("opcmethod", oid(method)),
            ("opcname", text(name)),
            ("opcnamespace", oid(namespace(&ty))),
            ("opcowner", oid(OWNER_OID)),
            ("opcfamily", oid(number)),
            ("opcintype", oid(ty.oid())),
            ("opcdefault", Value::Bool(default)),
        ]
    };
    operator_classes().into_iter().map(row).collect()
}

pub fn opfamily() -> Vec<CatalogRow> {
    let row = |(number, method, name, ty, _): (u32, u32, String, ColumnType, bool)| -> CatalogRow {
        vec![
            ("oid", oid(number)),
            ("opfmethod", oid(method)),
            ("opfname", text(name)),
            ("opfnamespace", oid(namespace(&ty))),
            ("opfowner", oid(OWNER_OID)),
        ]
    };
    operator_classes().into_iter().map(row).collect()
}

pub fn access_method() -> Vec<CatalogRow> {
    let row = |number: u32, name: &str, handler: &str, kind: &str| -> CatalogRow {
        vec![("oid", oid(number)), ("amname", text(name)), ("amhandler", text(handler)), ("amtype", text(kind))]
    };
    vec![
        row(METHOD_HEAP, "heap", "heap_tableam_handler", "t"),
        row(METHOD_BTREE, "btree", "bthandler", "i"),
        row(METHOD_GIN, "gin", "ginhandler", "i"),
        row(METHOD_HNSW, "hnsw", "hnswhandler", "i"),
        row(METHOD_IVFFLAT, "ivfflat", "ivfflathandler", "i"),
    ]
}

/// Every operator that this server runs.
pub fn operator() -> Vec<CatalogRow> {
    let of_vectors = |ty: u32| {
        let ty = ColumnType::from_oid(ty);
        ty.is_some_and(|ty| namespace(&ty) == NAMESPACE_PUBLIC)
    };
    let row = |operator: &registry::OperatorEntry| -> CatalogRow {
        // Distances come with the extension, those of bit strings, too.
        let is_of_extension = of_vectors(operator.left) || matches!(operator.name, "<~>" | "<%>");
        vec![
            ("oid", oid(operator.oid)),
            ("oprname", text(operator.name)),
            ("oprnamespace", oid(if is_of_extension { NAMESPACE_PUBLIC } else { NAMESPACE_CATALOG })),
            ("oprowner", oid(OWNER_OID)),
            ("oprkind", text(if operator.left == 0 { "l" } else { "b" })),
            ("oprcanmerge", Value::Bool(operator.can_merge)),
            ("oprcanhash", Value::Bool(operator.can_hash)),
            ("oprleft", oid(operator.left)),
            ("oprright", oid(operator.right)),
            ("oprresult", oid(operator.result)),
            ("oprcom", oid(operator.commutator)),
            ("oprnegate", oid(operator.negator)),
            ("oprcode", oid(function(operator.function))),
        ]
    };
    registry::operators().iter().filter(|operator| registry::is_offered_operator(operator)).map(row).collect()
}

/// Every cast between types that are here.
pub fn cast() -> Vec<CatalogRow> {
    let row = |cast: &registry::CastEntry| -> CatalogRow {
        let by = procedures::cast_function(cast).unwrap_or(0);
        vec![
            ("oid", oid(cast.oid)),
            ("castsource", oid(cast.source)),
            ("casttarget", oid(cast.target)),
            ("castfunc", oid(by)),
            ("castcontext", text(cast.context.to_string())),
            ("castmethod", text(cast.method.to_string())),
        ]
    };
    let is_here = |oid: u32| ColumnType::from_oid(oid).is_some();
    registry::casts().iter().filter(|cast| is_here(cast.source) && is_here(cast.target)).map(row).collect()
}
