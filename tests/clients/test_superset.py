"""What Superset asks of its databases: SQLAlchemy 1.4 over psycopg2 looks around, then come the statements of charts.

The statements have the shapes that Superset 6 makes of a chart on a table or on a virtual dataset.
"""

import datetime
import decimal

import pytest
import sqlalchemy

ROWS = """
    ('2024-02-29 13:45:10', '2024-02-29', 'Oslo', 12.50, '{"a": 7}', 1709214310),
    ('2024-03-01 00:00:00', '2024-03-01', 'Bergen', 3.25, '{"a": 9}', 0),
    ('2023-12-31 23:59:59', '2023-12-31', 'Oslo', 100, NULL, -1),
    ('2023-12-31 20:00:59', '2023-12-31', 'Moss', 1, NULL, 5)
"""

# Time grains, and the beginnings of the intervals in which 13:45:10 on 29 February 2024 lies.
GRAINS = {
    "DATE_TRUNC('second', {col})": "2024-02-29 13:45:10",
    "DATE_TRUNC('minute', {col}) + INTERVAL '5 seconds' * FLOOR(EXTRACT(SECOND FROM {col}) / 5)": "2024-02-29 13:45:10",
    "DATE_TRUNC('minute', {col}) + INTERVAL '30 seconds' * FLOOR(EXTRACT(SECOND FROM {col}) / 30)": "2024-02-29 13:45:00",
    "DATE_TRUNC('minute', {col})": "2024-02-29 13:45:00",
    "DATE_TRUNC('hour', {col}) + INTERVAL '10 minutes' * FLOOR(EXTRACT(MINUTE FROM {col}) / 10)": "2024-02-29 13:40:00",
    "DATE_TRUNC('hour', {col}) + INTERVAL '30 minutes' * FLOOR(EXTRACT(MINUTE FROM {col}) / 30)": "2024-02-29 13:30:00",
    "DATE_TRUNC('hour', {col})": "2024-02-29 13:00:00",
    "DATE_TRUNC('day', {col})": "2024-02-29 00:00:00",
    "DATE_TRUNC('week', {col})": "2024-02-26 00:00:00",
    "DATE_TRUNC('month', {col})": "2024-02-01 00:00:00",
    "DATE_TRUNC('quarter', {col})": "2024-01-01 00:00:00",
    "DATE_TRUNC('year', {col})": "2024-01-01 00:00:00",
}


@pytest.fixture(scope="module")
def engine(server):
    """The URI of the recipe in docs/recipes.md: without secrets."""
    url = f"postgresql+psycopg2://nebulus@{server.host}:{server.port}/nebulus?options=-c%20nebulus.secrets%3Doff"
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE superset_sales (id serial PRIMARY KEY, at timestamp, day date, city varchar(20) NOT NULL, "
            "amount numeric(10,2), meta jsonb, epoch int8)"
        )
        connection.exec_driver_sql("CREATE INDEX superset_sales_city_epoch ON superset_sales (city, epoch)")
        connection.exec_driver_sql(f"INSERT INTO superset_sales (at, day, city, amount, meta, epoch) VALUES {ROWS}")
        connection.exec_driver_sql(
            """INSERT INTO memory (id, metadata) VALUES ('superset-1', '{"superset_kind": "note", "superset_pages": 9}')"""
        )
    yield engine
    engine.dispose()


@pytest.fixture
def asks(engine):
    def ask(statement):
        with engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]

    return ask


def test_it_connects(engine, asks):
    raw = engine.raw_connection()
    assert engine.dialect.do_ping(raw.dbapi_connection)
    raw.close()
    assert asks("\nSELECT datname FROM pg_database\nWHERE datistemplate = false;\n") == [("nebulus",)]
    assert engine.dialect.default_schema_name == "public"


def test_it_lists_schemas_and_tables(engine):
    inspector = sqlalchemy.inspect(engine)
    assert "public" in inspector.get_schema_names()
    tables = inspector.get_table_names("public")
    assert "superset_sales" in tables and "memory" in tables
    assert "memory_facts" in inspector.get_view_names("public")
    assert inspector.get_foreign_table_names("public") == []


def test_it_describes_a_table(engine):
    inspector = sqlalchemy.inspect(engine)
    columns = [(column["name"], str(column["type"]), column["nullable"]) for column in inspector.get_columns("superset_sales", "public")]
    assert columns == [
        ("id", "INTEGER", False),
        ("at", "TIMESTAMP", True),
        ("day", "DATE", True),
        ("city", "VARCHAR(20)", False),
        ("amount", "NUMERIC(10, 2)", True),
        ("meta", "JSONB", True),
        ("epoch", "BIGINT", True),
    ]
    assert inspector.get_pk_constraint("superset_sales", "public")["constrained_columns"] == ["id"]
    assert [index["column_names"] for index in inspector.get_indexes("superset_sales", "public")] == [["city", "epoch"]]
    assert inspector.get_foreign_keys("superset_sales", "public") == []
    assert inspector.get_unique_constraints("superset_sales", "public") == []
    assert inspector.get_check_constraints("superset_sales", "public") == []
    assert inspector.get_table_comment("superset_sales", "public") == {"text": None}


def test_facts_are_typed_columns(engine, asks):
    inspector = sqlalchemy.inspect(engine)
    columns = {column["name"]: str(column["type"]) for column in inspector.get_columns("memory_facts", "public")}
    assert columns["superset_kind"] == "TEXT" and columns["superset_pages"] in ("BIGINT", "NUMERIC", "DOUBLE PRECISION")
    statement = (
        "SELECT superset_kind AS superset_kind, sum(superset_pages) AS pages FROM public.memory_facts "
        "WHERE superset_kind IS NOT NULL GROUP BY superset_kind LIMIT 1000"
    )
    assert asks(statement) == [("note", 9)]


@pytest.mark.parametrize("grain", GRAINS)
def test_a_time_grain(asks, grain):
    at = grain.format(col="at")
    statement = (
        f'SELECT {at} AS at, city AS city, sum(amount) AS "SUM(amount)" FROM public.superset_sales '
        "WHERE at >= TO_TIMESTAMP('2024-01-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US') "
        "AND at < TO_TIMESTAMP('2024-03-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US') "
        f'GROUP BY {at}, city ORDER BY "SUM(amount)" DESC LIMIT 10000'
    )
    assert asks(statement) == [(datetime.datetime.fromisoformat(GRAINS[grain]), "Oslo", decimal.Decimal("12.50"))]


def test_dates_and_epochs(asks):
    assert asks("SELECT count(*) FROM superset_sales WHERE day >= TO_DATE('2024-01-01', 'YYYY-MM-DD')") == [(2,)]
    day = "DATE_TRUNC('day', (timestamp 'epoch' + epoch * interval '1 second'))"
    days = asks(f"SELECT {day} AS epoch, count(*) AS count FROM superset_sales GROUP BY {day} ORDER BY 1")
    assert [(day.isoformat(), count) for day, count in days] == [
        ("1969-12-31T00:00:00", 1),
        ("1970-01-01T00:00:00", 2),
        ("2024-02-29T00:00:00", 1),
    ]


def test_a_virtual_dataset(asks):
    statement = (
        'SELECT city AS city, sum(amount) AS "SUM(amount)" \n'
        "FROM (SELECT * FROM superset_sales WHERE amount > 2\n) AS virtual_table "
        'GROUP BY city ORDER BY "SUM(amount)" DESC \n LIMIT 1000'
    )
    assert asks(statement) == [("Oslo", decimal.Decimal("112.50")), ("Bergen", decimal.Decimal("3.25"))]


def test_a_limit_of_series(asks):
    statement = (
        "SELECT DATE_TRUNC('month', at) AS at, city AS city, sum(amount) AS total FROM public.superset_sales "
        "JOIN (SELECT city AS city__, sum(amount) AS mme_inner__ FROM public.superset_sales "
        "GROUP BY city ORDER BY mme_inner__ DESC LIMIT 1) AS series_limit ON city = city__ "
        "GROUP BY DATE_TRUNC('month', at), city ORDER BY total DESC LIMIT 10000"
    )
    assert [(at.month, city) for at, city, _ in asks(statement)] == [(12, "Oslo"), (2, "Oslo")]


def test_filters_and_their_values(asks):
    assert sorted(asks("SELECT DISTINCT city AS city FROM public.superset_sales LIMIT 1000")) == [("Bergen",), ("Moss",), ("Oslo",)]
    conditions = "city IN ('Oslo', 'Moss') AND city ILIKE '%%s%%' AND amount IS NOT NULL AND (city != 'x' OR city IS NULL)"
    assert asks(f"SELECT count(*) AS count FROM public.superset_sales WHERE {conditions}") == [(3,)]
    inner = "SELECT city AS city FROM public.superset_sales GROUP BY city LIMIT 50000"
    assert asks(f"SELECT COUNT(*) AS rowcount FROM ({inner}) AS rowcount_qry") == [(3,)]


def test_sql_lab_cancels_and_explains(engine, asks):
    with engine.connect() as connection:
        connection.exec_driver_sql('set search_path = "public"')
        number = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        ended = asks(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid='{number}'")
        assert ended == [(True,)]
        with pytest.raises(sqlalchemy.exc.DBAPIError):
            connection.exec_driver_sql("SELECT 1")
        connection.invalidate()
    assert "superset_sales" in asks("EXPLAIN SELECT * FROM public.superset_sales")[0][0]


def test_secrets_are_hidden(asks):
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="secrets are hidden from this session"):
        asks("SELECT * FROM public.auth LIMIT 100")
