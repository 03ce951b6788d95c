//! What must hold for every statement and every text.

use nebulusdb::expr::Arithmetic;
use nebulusdb::knirvql::{
    Assignment, AstAggregate, AstAggregateFunction, AstComparison, AstEntry, AstEntryType, AstExpression, AstField,
    AstFieldValue, AstMetric, AstStage, AstText, Bindable, Condition, Delete, GetMemory, KnirvqlStatement, Literal,
    NetworkChange, NetworkOption, OrderKey, Path, Revert, SetMemory, SetMode, Show, Similar, Step, UpdateMemory,
    VectorSource, is_knirvql, parameters, parse, statement_end,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z0-9 _.-]{0,12}", "\\PC{0,8}", "[\"'\\\\/\n\t\r\u{8}\u{1f600}é]{0,8}"]
}

/// Names that no keyword is part of, and keywords after a dot.
fn root() -> impl Strategy<Value = String> {
    prop_oneof![Just("metadata".to_string()), Just("key".to_string()), "[a-zA-Z_][a-zA-Z0-9_]{0,6}é?_x"]
}

fn path() -> impl Strategy<Value = Path> {
    let field = prop_oneof![text(), Just("limit".to_string()), Just("NOT".to_string()), "[a-z]{1,6}"];
    let step = prop_oneof![3 => field.prop_map(Step::Field), 1 => any::<u32>().prop_map(Step::Index)];
    (root(), vec(step, 0..4)).prop_map(|(root, steps)| Path { root, steps })
}

fn parameter() -> impl Strategy<Value = u16> {
    1..=u16::MAX
}

fn bindable<T: std::fmt::Debug + Clone>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Bindable<T>> {
    prop_oneof![value.prop_map(Bindable::Value), parameter().prop_map(Bindable::Parameter)]
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<bool>().prop_map(Literal::Boolean),
        any::<i64>().prop_map(Literal::Integer),
        "-?(0|[1-9][0-9]{0,30})\\.[0-9]{1,20}(e[+-]?[0-9]{1,2})?".prop_map(Literal::Number),
        text().prop_map(|value| Literal::Text(AstText::open(value))),
        parameter().prop_map(Literal::Parameter),
    ]
}

fn comparison() -> impl Strategy<Value = AstComparison> {
    prop_oneof![
        Just(AstComparison::Equal),
        Just(AstComparison::NotEqual),
        Just(AstComparison::Less),
        Just(AstComparison::LessOrEqual),
        Just(AstComparison::Greater),
        Just(AstComparison::GreaterOrEqual),
        Just(AstComparison::Like),
        Just(AstComparison::Contains),
        Just(AstComparison::StartsWith),
        Just(AstComparison::Matches),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        (path(), comparison(), literal()).prop_map(|(path, operator, value)| Condition::Compare {
            path,
            operator,
            value
        }),
        (path(), vec(literal(), 1..4)).prop_map(|(path, values)| Condition::In { path, values }),
        (path(), any::<bool>()).prop_map(|(path, negated)| Condition::IsNull { path, negated }),
    ];
    leaf.prop_recursive(5, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Condition::And),
            vec(inner.clone(), 2..4).prop_map(Condition::Or),
            inner.clone().prop_map(|condition| Condition::Not(Box::new(condition))),
            (path(), path(), inner).prop_map(|(path, field, condition)| {
                let fields = vec![AstField::Named { value: AstFieldValue::Path(field), name: None }];
                let query = GetMemory { fields, condition: Some(condition), ..GetMemory::default() };
                Condition::InQuery { path, query: Box::new(query) }
            }),
        ]
    })
}

fn components() -> impl Strategy<Value = Vec<f32>> {
    vec(any::<f32>().prop_filter("finite", |component| component.is_finite()), 1..6)
}

fn similar() -> impl Strategy<Value = Similar> {
    let vector = prop_oneof![
        components().prop_map(VectorSource::Components),
        parameter().prop_map(VectorSource::Parameter),
        bindable(text().prop_map(AstText::open)).prop_map(VectorSource::Entry),
    ];
    let metrics =
        prop_oneof![Just(AstMetric::Cosine), Just(AstMetric::L2), Just(AstMetric::InnerProduct), Just(AstMetric::L1)];
    let distance = any::<f64>().prop_filter("finite", |distance| distance.is_finite());
    (vector, of(metrics), of(bindable(distance)), of(bindable(1..=u64::MAX)))
        .prop_map(|(vector, metric, within, ef)| Similar { vector, metric, within, ef })
}

fn field_value() -> impl Strategy<Value = AstFieldValue> {
    let functions = prop_oneof![
        Just(AstAggregateFunction::Sum),
        Just(AstAggregateFunction::Average),
        Just(AstAggregateFunction::Min),
        Just(AstAggregateFunction::Max),
        Just(AstAggregateFunction::Count),
    ];
    let all = AstAggregate { function: AstAggregateFunction::Count, is_distinct: false, path: None };
    prop_oneof![
        3 => path().prop_map(AstFieldValue::Path),
        1 => (functions, any::<bool>(), path()).prop_map(|(function, is_distinct, path)| {
            AstFieldValue::Aggregate(AstAggregate { function, is_distinct, path: Some(path) })
        }),
        1 => Just(AstFieldValue::Aggregate(all)),
    ]
}

fn fields() -> impl Strategy<Value = Vec<AstField>> {
    let field = prop_oneof![
        1 => Just(AstField::All),
        4 => (field_value(), of(root())).prop_map(|(value, name)| AstField::Named { value, name }),
    ];
    vec(field, 0..3)
}

fn get_memory() -> impl Strategy<Value = GetMemory> {
    let order = (field_value(), any::<bool>()).prop_map(|(value, descending)| OrderKey { value, descending });
    (
        fields(),
        of(text()),
        of(condition()),
        of(similar()),
        vec(path(), 0..3),
        vec(order, 0..3),
        of(bindable(any::<u64>())),
        of(bindable(any::<u64>())),
    )
        .prop_map(|(fields, collection, condition, similar, groups, order, limit, offset)| GetMemory {
            fields,
            collection,
            condition,
            similar,
            groups,
            order,
            limit,
            offset,
        })
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<u64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(serde_json::Value::from),
        text().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            vec((text(), inner), 0..4).prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

fn entry() -> impl Strategy<Value = AstEntry> {
    let id = literal().prop_filter("no id", |literal| !matches!(literal, Literal::Boolean(_)));
    let metadata = vec((text(), json()), 0..4).prop_map(|members| members.into_iter().collect());
    (id, of(bindable(metadata)), of(bindable(components())), of(bindable(vec(any::<u8>(), 0..6))))
        .prop_map(|(id, metadata, vector, blob)| AstEntry { id: Some(id), metadata, vector, blob })
}

fn set_memory() -> impl Strategy<Value = SetMemory> {
    let modes = prop_oneof![
        Just(SetMode::Parts),
        Just(SetMode::Merge),
        Just(SetMode::Replace),
        Just(SetMode::Insert),
        Just(SetMode::InsertIfAbsent),
    ];
    (of(text()), modes, vec(entry(), 1..3), fields()).prop_map(|(collection, mode, entries, returning)| SetMemory {
        collection,
        mode,
        entries,
        returning,
    })
}

fn expression() -> impl Strategy<Value = AstExpression> {
    let structured = json().prop_filter("no scalar", |json| json.is_object() || json.is_array());
    let leaf = prop_oneof![
        literal().prop_map(AstExpression::Literal),
        Just(AstExpression::Literal(Literal::Null)),
        structured.prop_map(AstExpression::Json),
        path().prop_map(AstExpression::Path),
    ];
    let operators = prop_oneof![
        Just(Arithmetic::Add),
        Just(Arithmetic::Subtract),
        Just(Arithmetic::Multiply),
        Just(Arithmetic::Divide),
    ];
    leaf.prop_recursive(4, 16, 3, move |inner| {
        prop_oneof![
            (operators.clone(), inner.clone(), inner.clone()).prop_map(|(operator, left, right)| {
                AstExpression::Arithmetic { operator, left: Box::new(left), right: Box::new(right) }
            }),
            vec(inner, 2..4).prop_map(AstExpression::Coalesce),
        ]
    })
}

fn update_memory() -> impl Strategy<Value = UpdateMemory> {
    let assignment = prop_oneof![
        1 => of(bindable(components())).prop_map(Assignment::Vector),
        1 => of(bindable(vec(any::<u8>(), 0..6))).prop_map(Assignment::Blob),
        4 => (path(), expression()).prop_map(|(path, value)| Assignment::Path(path, value)),
    ];
    // With a collection it is KNIRVQL, whatever follows.
    (text(), vec(assignment, 1..4), vec(path(), 0..3), condition(), fields()).prop_map(
        |(collection, assignments, unset, condition, returning)| {
            let collection = Some(format!("c{collection}"));
            UpdateMemory { collection, assignments, unset, condition, returning }
        },
    )
}

fn options() -> impl Strategy<Value = Vec<NetworkOption>> {
    let value = literal().prop_filter("constant", |literal| !matches!(literal, Literal::Parameter(_)));
    of(value).prop_map(|value| {
        value.into_iter().map(|value| NetworkOption { name: "listen_limit".to_string(), value }).collect()
    })
}

fn network_change() -> impl Strategy<Value = NetworkChange> {
    let option = options().prop_filter("one option", |options| !options.is_empty());
    prop_oneof![
        text().prop_map(NetworkChange::RemovePeer),
        text().prop_map(NetworkChange::AddOwner),
        text().prop_map(NetworkChange::DropOwner),
        text().prop_map(NetworkChange::ExcusePeer),
        (text(), text()).prop_map(|(peer, since)| NetworkChange::RevertPeer { peer, since }),
        Just(NetworkChange::RotateSecret(None)),
        option.prop_map(NetworkChange::Set),
    ]
}

fn plain_statement() -> impl Strategy<Value = KnirvqlStatement> {
    let delete =
        (any::<bool>(), text(), condition(), fields()).prop_map(|(typed, collection, condition, returning)| {
            let entry_type = typed.then_some(AstEntryType::Memory);
            let collection = Some(format!("c{collection}"));
            KnirvqlStatement::Delete(Delete { entry_type, collection, condition, returning })
        });
    let stage = (any::<[bool; 2]>(), of(text()), condition(), of(text())).prop_map(
        |([staged, dry_run], collection, condition, network)| {
            let dry_run = staged && dry_run;
            KnirvqlStatement::Stage(AstStage { staged, collection, condition, network, dry_run })
        },
    );
    let revert = (of(text()), condition())
        .prop_map(|(collection, condition)| KnirvqlStatement::Revert(Revert { collection, condition }));
    let attach = (text(), text(), options())
        .prop_map(|(collection, network, options)| KnirvqlStatement::AttachCollection { collection, network, options });
    let join = (text(), vec(text(), 1..3), options())
        .prop_map(|(network, addresses, options)| KnirvqlStatement::JoinNetwork { network, addresses, options });
    let subjects = prop_oneof![Just(Show::Networks), Just(Show::Peers), Just(Show::Sync), Just(Show::Collections)];
    prop_oneof![
        6 => get_memory().prop_map(KnirvqlStatement::GetMemory),
        3 => set_memory().prop_map(KnirvqlStatement::SetMemory),
        3 => update_memory().prop_map(KnirvqlStatement::UpdateMemory),
        1 => delete,
        1 => stage,
        1 => revert,
        1 => (text(), network_change()).prop_map(|(network, change)| KnirvqlStatement::AlterNetwork { network, change }),
        1 => attach,
        1 => join,
        1 => (text(), options()).prop_map(|(network, options)| KnirvqlStatement::CreateNetwork { network, options }),
        1 => (text(), text())
            .prop_map(|(collection, network)| KnirvqlStatement::DetachCollection { collection, network }),
        1 => text().prop_map(|network| KnirvqlStatement::LeaveNetwork { network }),
        1 => of(text()).prop_map(|network| KnirvqlStatement::Sync { network }),
        1 => text().prop_map(|collection| KnirvqlStatement::Describe { collection }),
        1 => of("[A-Z]{4,8}X").prop_map(|topic| KnirvqlStatement::Help { topic }),
        1 => subjects.prop_map(KnirvqlStatement::Show),
    ]
}

fn statement() -> impl Strategy<Value = KnirvqlStatement> {
    (plain_statement(), of(any::<bool>())).prop_map(|(statement, explain)| match explain {
        Some(analyze) => KnirvqlStatement::Explain { analyze, statement: Box::new(statement) },
        None => statement,
    })
}

fn tokens() -> impl Strategy<Value = String> {
    let words = "GET MEMORY AUTH COUNT INSERT UPDATE MERGE REPLACE UNSET IF ABSENT RETURNING GROUP AS count( sum coalesce( * / HELP DESCRIBE SET key value id metadata vector blob DELETE STAGE REVERT CREATE NETWORK JOIN ALTER REMOVE \
                 PEER ROTATE SECRET SYNC SHOW EXPLAIN \
                 FIELDS IN WHERE SIMILAR TO USING WITHIN WITH ORDER BY LIMIT OFFSET AND OR NOT LIKE IS NULL CONTAINS \
                 STARTS MATCHES ENTRY ef cosine true null NaN ( ) [ ] { } , ; = != < > . : - + $1 $0 $99999 1 1.5e9 1e999 \
                 \"a\" 'b' \"\\u00zz\" \" ' // -- /* */ x metadata.a[0] é";
    let words: Vec<&str> = words.split_whitespace().collect();
    vec(prop::sample::select(words), 0..24).prop_map(|words| words.join(" "))
}

/// Every public function takes any text; an error points into it.
fn survives(text: &str) -> Result<(), TestCaseError> {
    is_knirvql(text);
    prop_assert!(statement_end(text).is_none_or(|end| text[..end].ends_with(';')));
    match parse(text) {
        Ok(statement) => {
            parameters(&statement);
            let canonical = statement.to_string();
            let again = parse(&canonical).map_err(|error| TestCaseError::fail(format!("{canonical}: {error}")))?;
            prop_assert_eq!(again.to_string(), canonical);
        }
        Err(error) => {
            prop_assert_ne!(error.sqlstate(), "XX000", "{}", error);
            let position = error.position().unwrap_or(1);
            prop_assert!((1..=text.chars().count() + 1).contains(&position), "{} in {:?}", position, text);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_parses_to_the_same_statement(statement in statement()) {
        let printed = statement.to_string();
        prop_assert!(is_knirvql(&printed), "{}", printed);
        let parsed = parse(&printed).map_err(|error| TestCaseError::fail(format!("{printed}: {error:?}")))?;
        prop_assert_eq!(parsed, statement, "{}", printed);
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,80}") {
        survives(&text)?;
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..120)) {
        survives(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn arbitrary_tokens_never_panic(text in tokens()) {
        survives(&text)?;
    }

    #[test]
    fn a_damaged_statement_never_panics(statement in statement(), at in any::<prop::sample::Index>(), with in "\\PC{0,2}") {
        let mut characters: Vec<char> = statement.to_string().chars().collect();
        let place = at.index(characters.len());
        characters.splice(place..=place, with.chars());
        survives(&characters.into_iter().collect::<String>())?;
    }
}
