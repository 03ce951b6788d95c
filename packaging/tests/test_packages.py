"""Each package is installed on a bare Debian, and what it brought starts, answers and ends."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bare import Machine, Server

ROOT = Path(__file__).resolve().parents[2]


def only(folder: Path, pattern: str) -> Path:
    found = list(folder.glob(pattern))
    assert len(found) == 1, f"{folder} has {len(found)} files {pattern}"
    return found[0]


# Where a server has its pages unless it is told otherwise, and where the tests tell it.
USUAL_ADMIN, OWN_ADMIN = "127.0.0.1:8433", "127.0.0.1:9433"


def answers(machine: Machine, program: str, user: str, data_dir: str) -> None:
    """A first start, both languages, and an orderly end."""
    env = {"NEBULUSDB_DATA_DIR": data_dir, "HOME": data_dir}
    server = machine.start(program, "serve", "--admin", OWN_ADMIN, user=user, env=env)
    try:
        speaks(machine, program, user, env, server, OWN_ADMIN)
    finally:
        server.stop()


def speaks(machine: Machine, program: str, user: str, env: dict[str, str], server: Server, admin: str) -> None:
    def query(statement: str) -> str:
        return machine.run(program, "query", "--plain", statement, user=user, env=env, beside=server).stdout.strip()

    machine.run(program, "query", 'SET MEMORY id = "a" metadata = {"n": 7} vector = [1, 2]', user=user, env=env, beside=server)
    assert query("SELECT metadata->>'n' FROM memory ORDER BY vector <=> '[1,2]' LIMIT 1") == "7"
    assert query("GET MEMORY FIELDS id WHERE metadata.n = 7") == "a"
    assert machine.run(program, "health", "--admin", admin, user=user, env=env, beside=server).stdout.strip() == "ok"


def home(machine: Machine) -> str:
    """A user that may do nothing, with a directory."""
    machine.run("useradd", "--create-home", "ada")
    return "/home/ada"


def test_the_tarball_is_unpacked_and_serves(machine: Machine, dist: Path) -> None:
    archive = only(dist, "nebulusdb-*-linux.tar.gz")
    subprocess.run(["tar", "-C", machine.path("/opt"), "-xzf", archive], check=True)
    folder = "/opt/" + only(machine.path("/opt"), "nebulusdb-*").name
    for name in ("README.md", "LICENSE-MIT", "LICENSE-APACHE", "nebulusdb.service", "nebulusdb.toml"):
        assert machine.path(f"{folder}/{name}").is_file(), name
    answers(machine, f"{folder}/nebulusdb", "ada", home(machine))


def test_the_debian_package_is_installed_serves_and_is_removed(machine: Machine, dist: Path) -> None:
    package = only(dist, "nebulusdb_*.deb")
    shutil.copy(package, machine.path("/tmp/nebulusdb.deb"))
    machine.run("dpkg", "--install", "/tmp/nebulusdb.deb")
    assert machine.run("stat", "--format=%U %a", "/var/lib/nebulusdb").stdout.strip() == "nebulusdb 700"

    unit = machine.path("/lib/systemd/system/nebulusdb.service").read_text()
    settings = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line and not line.startswith("#"))
    env = {"NEBULUSDB_DATA_DIR": "/var/lib/nebulusdb"}
    server = machine.start(*shlex.split(settings["ExecStart"]), user=f"{settings['User']}:{settings['Group']}")
    try:
        speaks(machine, "/usr/bin/nebulusdb", "nebulusdb", env, server, USUAL_ADMIN)
        others_log_in(machine, server)
    finally:
        server.stop()

    # A newer version over it keeps user and data.
    machine.run("dpkg", "--install", "/tmp/nebulusdb.deb")
    machine.run("dpkg", "--remove", "nebulusdb")
    assert machine.path("/var/lib/nebulusdb/identity.key").is_file() and not machine.path("/usr/bin/nebulusdb").exists()
    machine.run("dpkg", "--purge", "nebulusdb")
    assert not machine.path("/var/lib/nebulusdb").exists() and not machine.path("/etc/nebulusdb").exists()


def others_log_in(machine: Machine, server: Server) -> None:
    """As the page on operations says: root tells a user of the machine the first password."""
    machine.run("useradd", "--create-home", "ada")
    lies = machine.run("cat", "/var/lib/nebulusdb/keys/password", user="ada", check=False)
    assert lies.returncode != 0, "only root and the service may read the password"
    password = machine.run("cat", "/var/lib/nebulusdb/keys/password").stdout.strip()
    query = ["nebulusdb", "query", "--url", "postgresql://nebulus@127.0.0.1:5433/nebulus", "--plain", "SELECT current_user"]
    said = machine.run(*query, user="ada", env={"NEBULUSDB_PASSWORD": password, "HOME": "/home/ada"}, beside=server)
    assert said.stdout.strip() == "nebulus"


def test_systemd_finds_nothing_wrong_with_the_unit(machine: Machine, dist: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: the unit was NOT checked")
    # What a unit refers to are systemd's own, which a bare machine lacks.
    shutil.copytree("/lib/systemd/system", machine.path("/lib/systemd/system"), symlinks=True, dirs_exist_ok=True)
    subprocess.run(["dpkg-deb", "--extract", only(dist, "nebulusdb_*.deb"), machine.root], check=True)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", f"--root={machine.root}", "nebulusdb.service"], capture_output=True, text=True
    )
    said = [line for line in (done.stdout + done.stderr).splitlines() if "nebulusdb" in line]
    assert not said, "\n".join(said)


def test_the_wheel_is_installed_by_pip_and_brings_server_and_client(machine_with_python: Machine, dist: Path) -> None:
    machine = machine_with_python
    wheels = machine.path("/wheels")
    wheels.mkdir()
    shutil.copy(only(dist, "nebulusdb-*.whl"), wheels)
    # What it depends on comes from outside of the machine, which has no certificates to ask a registry.
    version = machine.run("python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])").stdout.strip()
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", f"--python-version={version}"]
        + [f"--dest={wheels}", only(wheels, "nebulusdb-*.whl")],
        check=True,
    )
    where = home(machine)
    machine.run("python3", "-m", "venv", f"{where}/venv", user="ada")
    pip = f"{where}/venv/bin/pip"
    machine.run(pip, "install", "--no-index", "--find-links=/wheels", "nebulusdb", user="ada", env={"HOME": where})
    answers(machine, f"{where}/venv/bin/nebulusdb", "ada", where)
    program = (
        "import nebulusdb\n"
        "with nebulusdb.embedded() as db:\n"
        "    db.memory.remember('one', metadata={'n': 1}, vector=[1.0, 0.0])\n"
        "    print(db.memory.recall([1.0, 0.0], limit=1)[0].text)\n"
    )
    assert machine.run(f"{where}/venv/bin/python", "-c", program, user="ada", env={"HOME": where}).stdout.strip() == "one"


def test_the_npm_package_is_installed_and_serves(machine: Machine, dist: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: the npm package was NOT tried")
    package = only(dist, "nebulusdb-*.tgz")
    # npm of this machine installs into the bare one: the program needs no node.
    subprocess.run(
        [npm, "install", "--global", "--offline", "--silent", f"--prefix={machine.path('/usr/local')}", package], check=True
    )
    answers(machine, "/usr/local/bin/nebulusdb", "ada", home(machine))
