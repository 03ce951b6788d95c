"""Filters: what they mean, in both languages of the server, and that nothing in them becomes a part of a statement."""

from __future__ import annotations

import random
from typing import Any

import nebulusdb
import psycopg
import pytest
from nebulusdb import ALL, F, Field, Filter, InvalidFilter
from nebulusdb.compile import NotExpressible, Parameters, to_knirvql, to_sql
from nebulusdb.filters import Both, Compare, Contains, Either, HasKey, IsNull, Not, OneOf, Pattern
from nebulusdb.schema import MEMORY

HOSTILE = [
    "x'; DROP TABLE memory; --",
    'x"; DELETE FROM memory WHERE true; --',
    "\\'; --",
    "$1",
    "%s %(x)s %%",
    "'||(SELECT value FROM auth)||'",
    "naïve — 日本語 🙂",
    "a\nb\t\\",
    "",
]
VALUES: list[Any] = [None, 0, 3, 3.5, -2, "3", "abc", "Abc", "", True, False, [3, "a"], [], {"k": "v", "n": 1}, {}]


def evaluate(where: Filter, facts: dict[str, Any]) -> bool | None:
    """What a filter says of facts, with SQL's third truth value."""
    match where:
        case Both(parts):
            found = [evaluate(part, facts) for part in parts]
            return False if False in found else None if None in found else True
        case Either(parts):
            found = [evaluate(part, facts) for part in parts]
            return True if True in found else None if None in found else False
        case Not(part):
            inner = evaluate(part, facts)
            return None if inner is None else not inner
        case IsNull(path):
            return value_at(path, facts) is None
    value: Any = value_at(where.path, facts)  # type: ignore[attr-defined]
    if value is None:
        return None
    match where:
        case Compare(_, operator, wanted):
            if operator in ("=", "!="):
                same = same_kind(value, wanted) and value == wanted
                return bool(same == (operator == "="))
            if not same_kind(value, wanted):
                return None
            return bool({"<": value < wanted, "<=": value <= wanted, ">": value > wanted, ">=": value >= wanted}[operator])
        case OneOf(_, values):
            return any(same_kind(value, wanted) and bool(value == wanted) for wanted in values)
        case Contains(_, wanted):
            if isinstance(wanted, dict):
                return isinstance(value, dict) and all(key in value and value[key] == wanted[key] for key in wanted)
            return isinstance(value, list) and any(same_kind(each, wanted) and each == wanted for each in value)
        case HasKey(_, key):
            # As in PostgreSQL: a text in an array counts.
            return key in value if isinstance(value, (dict, list)) else value == key
        case Pattern(_, "starts_with", pattern):
            return text_of(value).startswith(pattern)
        case Pattern(_, "text_contains", pattern):
            return pattern.lower() in text_of(value).lower()
    raise AssertionError(where)


def value_at(path: tuple[str | int, ...], value: Any) -> Any:
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def same_kind(one: Any, other: Any) -> bool:
    def kind(value: Any) -> type:
        return float if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value)

    return kind(one) is kind(other)


def text_of(value: Any) -> str:
    if isinstance(value, str):
        return value
    import json

    return json.dumps(value)


def random_filter(dice: random.Random, depth: int) -> Filter:
    if depth and dice.random() < 0.6:
        one, other = random_filter(dice, depth - 1), random_filter(dice, depth - 1)
        return dice.choice([one & other, one | other, ~one])
    field: Field = dice.choice([F.x, F.y, F["odd 'name\""], F.o.k, F.o["n"], F.tags[0]])
    scalar: Any = dice.choice([0, 3, 3.5, "3", "abc", "", True])
    made: list[Filter] = [
        field == scalar,
        field != scalar,
        field < scalar,
        field >= scalar,
        field.in_([scalar, "Abc"]),
        field.not_in([scalar, 7]),
        field.is_null(),
        field.exists(),
        field.starts_with("a"),
        field.has_text("B"),
        field.contains(scalar),
        field.contains({"k": "v"}),
        field.has_key("k"),
    ]
    return dice.choice(made)


@pytest.fixture
def entries(db: nebulusdb.Database) -> dict[str, dict[str, Any]]:
    """Entries with facts of every kind, all at the same place."""
    dice = random.Random(7)
    made: dict[str, dict[str, Any]] = {}
    for number in range(120):
        facts: dict[str, Any] = {}
        for fact in ("x", "y", "odd 'name\"", "o", "tags"):
            if dice.random() < 0.7:
                facts[fact] = dice.choice(VALUES)
        made[f"e{number}"] = facts
    db.memory.remember_many([{"id": key, "metadata": facts, "vector": [1, 2, 3]} for key, facts in made.items()])
    return made


def test_filters_mean_the_same_in_python_in_sql_and_in_a_search(
    db: nebulusdb.Database, entries: dict[str, dict[str, Any]]
) -> None:
    dice = random.Random(11)
    in_knirvql = 0
    for _ in range(250):
        where = random_filter(dice, 3)
        wanted = {key for key, facts in entries.items() if evaluate(where, facts) is True}
        assert {memory.id for memory in db.memory.find(where)} == wanted, where
        assert {memory.id for memory in db.memory.recall([1, 2, 3], where=where, limit=1000)} == wanted, where
        assert db.memory.count(where) == len(wanted), where
        try:
            parameters = Parameters()
            text = f"GET MEMORY FIELDS id WHERE {to_knirvql(where, MEMORY, parameters)}"
        except NotExpressible:
            continue
        in_knirvql += 1
        assert {row["id"] for row in db.knirvql(text, parameters.values)} == wanted, where
    assert in_knirvql > 10


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_in_a_filter_stays_a_value(db: nebulusdb.Database, text: str) -> None:
    db.secrets.set("bait", "never to be seen")
    db.memory.remember(id="right", metadata={"x": text, "n": 2, text or "empty": 1}, vector=[1, 2, 3])
    db.memory.remember(id="other", metadata={"x": "other"}, vector=[1, 2, 3])
    wanted = ["right"]
    name = text or "empty"
    filters = [
        F.x == text,
        F.x.in_([text, "nothing"]),
        F[name] == 1,
        F[name].exists(),
        (F[name] > 0) & (F.x == text),
        (F.n > 1) & (F.x == text),
        F.x.starts_with(text) & (F.n > 1),
        F.x.has_text(text) & (F.n == 2),
    ]
    for where in filters:
        assert [memory.id for memory in db.memory.find(where)] == wanted
        assert [memory.id for memory in db.memory.recall([1, 2, 3], where=where)] == wanted
    assert db.memory.find(order_by=F[name], limit=1)
    found = db.memory.collection.find({"x": text}, columns=["id", name])
    assert found == [{"id": "right", name: 1}]
    assert db.memory.collection.update({name: 5}, F.x == text) == 1
    facts = db.memory.facts("right")
    assert facts is not None and facts[name] == 5
    assert db.memory.forget(where=F.x == text) == 1
    assert db.memory.count() == 1
    assert db.secrets.get("bait") is not None
    db.secrets.delete("bait")


@pytest.mark.parametrize("text", [text for text in HOSTILE if text])
def test_what_is_in_a_name_stays_a_name(db: nebulusdb.Database, text: str) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        db.collection(text).count()
    column = f"c{text}"
    made = db.create_collection(text, columns={column: "int8"})
    assert made.insert({"id": "a", column: 4}) == "a"
    assert made.find(F[column] == 4, columns=[column], order_by=column) == [{column: 4}]
    assert made.update({column: 5}, F[column] == 4) == 1
    assert text in db.collections()
    made.drop()
    assert text not in db.collections()


def test_a_type_is_no_place_for_statements(db: nebulusdb.Database, name: str) -> None:
    for ty in ["int8); DROP TABLE memory; --", "int8 DEFAULT 'x'", "", "int8;", "int8 -- x"]:
        with pytest.raises(nebulusdb.InvalidEntry, match="no type of a column"):
            db.create_collection(name, columns={"n": ty})


def test_python_words_that_cannot_combine_filters_say_so() -> None:
    with pytest.raises(InvalidFilter, match="combine filters with &"):
        (F.x == 1) and (F.y == 2)
    with pytest.raises(InvalidFilter, match="combine filters with &"):
        1 < F.x < 3
    with pytest.raises(InvalidFilter, match="no condition by itself"):
        not F.x
    with pytest.raises(InvalidFilter, match="in parentheses"):
        (F.x == 1) & True  # type: ignore[operator]
    with pytest.raises(InvalidFilter, match="list of values"):
        F.x.in_("abc")
    with pytest.raises(InvalidFilter, match="not list"):
        F.x == [1]
    with pytest.raises(InvalidFilter, match="nan"):
        F.x > float("nan")
    with pytest.raises(InvalidFilter, match="before or after None"):
        F.x < None  # type: ignore[operator]
    with pytest.raises(InvalidFilter, match="NUL"):
        to_sql(F["a\0b"].is_null(), MEMORY, Parameters())


def test_a_filter_may_be_a_dict(db: nebulusdb.Database) -> None:
    db.memory.remember(id="a", metadata={"x": 1, "y": "z"})
    db.memory.remember(id="b", metadata={"x": 1})
    assert [memory.id for memory in db.memory.find({"x": 1, "y": "z"})] == ["a"]
    assert [memory.id for memory in db.memory.find({"x": 1, "y": None})] == ["b"]
    with pytest.raises(InvalidFilter, match="filter or a dict"):
        db.memory.find("x = 1")  # type: ignore[arg-type]


def test_long_lists_and_deep_filters(db: nebulusdb.Database) -> None:
    db.memory.remember_many([{"id": f"e{n}", "metadata": {"n": n, "s": str(n)}, "vector": [1, n, 3]} for n in range(300)])
    assert db.memory.count(F.n.in_(range(100, 5000))) == 200
    assert db.memory.count(F.n.not_in(range(100, 5000))) == 100
    assert db.memory.count(F.s.in_([str(n) for n in range(100, 5000)])) == 200
    assert db.memory.count(F["id"].in_([f"e{n}" for n in range(100, 5000)])) == 200
    assert len(db.memory.recall([1, 2, 3], where=F.n.in_(range(100, 5000)), limit=1000)) == 200
    assert db.memory.count(F.n.in_([])) == 0
    assert db.memory.count(~F.n.in_([])) == 300
    either: Filter = F.n == 0
    for number in range(1, 200):
        either = either | (F.n == number)
    assert db.memory.count(either) == 200
    assert db.memory.count(ALL) == 300


def test_columns_and_facts_of_a_collection(db: nebulusdb.Database, notes: nebulusdb.Collection) -> None:
    import datetime

    noon = datetime.datetime(2026, 1, 2, 12, tzinfo=datetime.timezone.utc)
    notes.insert({"id": "a", "word": "x", "n": 1, "at": noon, "colour": "red"})
    notes.insert({"id": "b", "word": "y", "n": 2, "metadata": {"n": "inside"}})
    assert [row["id"] for row in notes.find((F.n >= 1) & (F.at <= noon))] == ["a"]
    assert [row["id"] for row in notes.find(F.colour == "red")] == ["a"]
    assert [row["id"] for row in notes.find(F.metadata.n == "inside")] == ["b"]
    assert [row["id"] for row in notes.find(F.n.in_([2, 3]))] == ["b"]
    assert [row["id"] for row in notes.find(F.word.like("_") & ~(F.word == "x"))] == ["b"]
    assert [row["id"] for row in notes.find(F["_stage"].is_null(), order_by="-n")] == ["b", "a"]
    with pytest.raises(InvalidFilter, match="no facts inside"):
        notes.find(F.word.inside == 1)
    with pytest.raises(InvalidFilter, match="compare a fact inside"):
        notes.find(F.metadata == "x")
    with pytest.raises(InvalidFilter, match="holds no array"):
        notes.find(F.word.contains("x"))
