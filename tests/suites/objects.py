"""Which objects a file could not make here, so that what only follows from that is counted apart."""

import re

_NAME = r'((?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))?)'
_CREATE = re.compile(
    r"^\s*create\s+(?:or\s+replace\s+)?(?:(?:global|local|temp|temporary|unlogged|recursive|unique|materialized|foreign|"
    r"constraint|trusted|procedural|event|text\s+search|operator|access|user\s+mapping|default)\s+)*"
    r"(?:table|view|index|type|domain|sequence|schema|function|procedure|aggregate|role|user|group|class|family|method|rule|"
    r"trigger|policy|collation|conversion|configuration|dictionary|parser|template|server|wrapper|publication|subscription|"
    r"statistics|extension|language|tablespace|database)\s+(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?" + _NAME,
    re.IGNORECASE,
)
_OTHERS = (
    re.compile(rf"^\s*(?:prepare|declare)\s+{_NAME}", re.IGNORECASE),
    re.compile(rf"\binto\s+(?:(?:global|local|temp|temporary|unlogged|table)\s+)*{_NAME}\s+from\b", re.IGNORECASE),
    re.compile(rf"\brename\s+(?:(?:column|constraint|attribute|value)\s+{_NAME[:-1]})\s+)?to\s+{_NAME}", re.IGNORECASE),
)
_CHANGE = re.compile(
    r"^\s*(?:with\b.*?\)\s*)?(?:insert\s+into|update(?:\s+only)?|delete\s+from(?:\s+only)?|merge\s+into(?:\s+only)?|copy|"
    r"truncate(?:\s+table)?(?:\s+only)?|alter\s+(?:\w+\s+)?(?:\w+)(?:\s+if\s+exists)?(?:\s+only)?|comment\s+on\s+\w+|"
    r"refresh\s+materialized\s+view|drop\s+(?:\w+\s+)?\w+(?:\s+if\s+exists)?|create\s+(?:unique\s+)?index\b.*?\bon(?:\s+only)?|"
    r"create\s+(?:or\s+replace\s+)?(?:constraint\s+)?(?:trigger|rule|policy)\b.*?\b(?:on|to))\s+" + _NAME,
    re.IGNORECASE | re.DOTALL,
)
_DROP = re.compile(r"^\s*drop\s+(?:\w+\s+)?\w+\s+(?:if\s+exists\s+)?(.*)$", re.IGNORECASE | re.DOTALL)
_WORDS = re.compile(r'"[^"]+"|[\w$]+')


def _last(name: str) -> str:
    return _WORDS.findall(name)[-1].strip('"').lower()


def created(statement: str) -> list[str]:
    """The names that a statement would make."""
    if found := _CREATE.match(statement):
        # CREATE INDEX ON t makes an index whose name nobody writes.
        return [] if found[1].lower() == "on" else [_last(found[1])]
    return [_last(found[found.lastindex]) for pattern in _OTHERS if (found := pattern.search(statement))]


class Objects:
    """What is not here as it is in PostgreSQL, by name; a file has its own."""

    def __init__(self):
        self.names: set[str] = set()

    def touches(self, statement: str) -> bool:
        """Whether a statement names one of them (other than to make it)."""
        if not self.names:
            return False
        words = {word.strip('"').lower() for word in _WORDS.findall(statement)}
        made = created(statement)
        if made:
            text = statement.lower()
            words -= {name for name in made if text.count(name) == 1}
        return not self.names.isdisjoint(words)

    def note(self, statement: str, theirs_answered: bool, is_same: bool) -> None:
        """After a statement: what it made in PostgreSQL alone is missing here, what it changed there alone is not the same."""
        if not theirs_answered:
            return
        made = created(statement)
        if is_same:
            self.names.difference_update(made)
        else:
            self.names.update(made)
            if found := _CHANGE.match(statement):
                self.names.add(_last(found[1]))
        if found := _DROP.match(statement):
            dropped = re.sub(r"\(.*?\)", " ", found[1])
            gone = {word.strip('"').lower() for word in _WORDS.findall(dropped)}
            self.names.difference_update(gone)
