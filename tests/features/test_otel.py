"""Spans as a collector of OpenTelemetry gets them. The feature `otel`."""

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import program

WAIT_SECONDS = 60
SECRETS = ("a value of nobody's business", "secret_table", "hush hush")


class Collector:
    """Takes spans."""

    def __init__(self) -> None:
        self.bodies: queue.Queue[bytes] = queue.Queue()
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                is_fit = self.path == "/v1/traces" and self.headers["content-type"] == "application/json"
                if is_fit:
                    bodies.put(body)
                self.send_response(200 if is_fit else 400)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.spans: list[dict] = []

    def until(self, is_enough) -> list[dict]:
        """All spans, once there are enough."""
        while not is_enough(self.spans):
            body = json.loads(self.bodies.get(timeout=WAIT_SECONDS))
            [resource] = body["resourceSpans"]
            names = {each["key"]: each["value"]["stringValue"] for each in resource["resource"]["attributes"]}
            assert names["service.name"] == "nebulusdb"
            self.spans += [span for scope in resource["scopeSpans"] for span in scope["spans"]]
            assert not any(secret in json.dumps(body) for secret in SECRETS)
        return self.spans


@pytest.fixture
def collector():
    collector = Collector()
    yield collector
    collector.server.shutdown()


def attributes(span: dict) -> dict[str, str]:
    return {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}


def test_statements_and_their_commits_are_spans_without_a_word_of_theirs(serve, collector):
    server = serve("data", "--otlp-endpoint", collector.url)
    with server.connect() as connection:
        connection.execute("CREATE TABLE secret_table (id int PRIMARY KEY, t text)")
        connection.execute("INSERT INTO secret_table VALUES (1, %s), (2, 'b')", [SECRETS[0]])
        connection.execute("SELECT * FROM secret_table")
        connection.execute("SET AUTH key = 'k' value = 'hush hush'")
        with pytest.raises(Exception, match="does not exist"):
            connection.execute("SELECT * FROM secret_table_2")
    server.stop()
    spans = collector.until(lambda spans: any(span["status"].get("message") == "42P01" for span in spans))
    statement_spans = [attributes(span) for span in spans if span["name"] == "statement"]
    for kind, rows in (("insert", "2"), ("select", "2")):
        told = [each.get("db.response.returned_rows") for each in statement_spans if each.get("db.operation.name") == kind]
        assert rows in told, (kind, told)
    commits = [span for span in spans if span["name"] == "commit"]
    statements = {span["spanId"]: span for span in spans if span["name"] == "statement"}
    parents = [statements.get(commit["parentSpanId"]) for commit in commits]
    assert any(parent and attributes(parent)["db.operation.name"] == "define" for parent in parents), commits
    assert all(parent is None or parent["traceId"] == commit["traceId"] for parent, commit in zip(parents, commits))
    for span in spans:
        assert len(span["traceId"]) == 32 and len(span["spanId"]) == 16
        assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
    [failed] = [span for span in spans if span["status"].get("message") == "42P01"]
    assert failed["status"]["code"] == 2


def test_rounds_of_sync_are_spans(serve, collector):
    ports = ("--p2p-listen", "/ip4/127.0.0.1/tcp/0", "--otlp-endpoint", collector.url)
    one, two = serve("one", *ports), serve("two", *ports)
    with one.connect() as a, two.connect() as b:
        a.execute("CREATE NETWORK team WITH (secret = 'hush hush')")
        a.execute("ATTACH COLLECTION memory TO NETWORK team")
        [address] = a.execute("SELECT addresses[1] FROM nebulus.node").fetchone()
        b.execute(f"JOIN NETWORK team AT '{address}' WITH (secret = 'hush hush')")
        b.execute("ATTACH COLLECTION memory TO NETWORK team")
        a.execute("SET MEMORY id = 'm' metadata = {\"k\": \"a value of nobody's business\"}")
        a.execute("STAGE MEMORY WHERE id = 'm'")
        a.execute("SYNC")
        spans = collector.until(lambda spans: {"sync post", "sync apply"} <= {span["name"] for span in spans})
    for name in ("sync post", "sync apply"):
        assert any(int(attributes(span).get("nebulusdb.deltas", 0)) >= 1 for span in spans if span["name"] == name)


def test_a_collector_that_is_not_there_is_told_once_and_keeps_nobody_waiting(serve):
    server = serve("data", "--otlp-endpoint", "http://127.0.0.1:9")
    with server.connect() as connection:
        for _ in range(50):
            connection.execute("SELECT 1")
    server.stop()
    assert server.log.read_text().count("the collector takes no spans") == 1


def test_the_option_is_one_of_the_file_and_is_checked(tmp_path):
    file = tmp_path / "nebulusdb.toml"
    file.write_text('[telemetry]\notlp_endpoint = "collector:4318"\n')
    said = program("config", "check", file)
    assert said.returncode == 1 and "line 2: otlp_endpoint is" in said.stdout, said.stdout
    file.write_text('[telemetry]\notlp_endpoint = "http://127.0.0.1:4318"\n')
    assert program("config", "check", file).returncode == 0
    shown = program("config", "show", "--config", file).stdout
    assert '[telemetry]\notlp_endpoint = "http://127.0.0.1:4318"  # file' in shown, shown
