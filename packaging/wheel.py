"""Packs the server and the Python client into one wheel: packaging/wheel.py BINARY VERSION TAG FOLDER.

`pip install` of it puts `nebulusdb` on the path and the package `nebulusdb` (clients/python) beside it, whose embedded mode starts
that program. Where there is no wheel for a platform, the one that is built in clients/python by itself brings the client alone,
under the same name. It is written by hand: a zip archive with the package, the binary under `.data/scripts`, and the files of
metadata that the wheel format asks for, which come from the client's pyproject.toml.
Source: the binary distribution format of the Python packaging user guide, and the core metadata specification.
"""

import base64
import hashlib
import stat
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLIENT = ROOT / "clients" / "python"


def record(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}"


def metadata(project: dict, version: str) -> str:
    """The core metadata of the client's project file."""
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {project['name']}",
        f"Version: {version}",
        f"Summary: {project['description']}",
        f"License-Expression: {project['license']}",
        "License-File: LICENSE-APACHE",
        "License-File: LICENSE-MIT",
        f"Keywords: {','.join(sorted(project['keywords']))}",
        f"Requires-Python: {project['requires-python']}",
        *(f"Classifier: {classifier}" for classifier in project["classifiers"]),
        *(f"Requires-Dist: {requirement}" for requirement in project["dependencies"]),
    ]
    for extra, requirements in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {requirement}; extra == '{extra}'" for requirement in requirements]
    lines += ["Description-Content-Type: text/markdown", "", (CLIENT / project["readme"]).read_text()]
    return "\n".join(lines)


def main() -> None:
    binary, version, tag, folder = Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4])
    project = tomllib.loads((CLIENT / "pyproject.toml").read_text())["project"]
    if project["version"] != version:
        sys.exit(f"wheel: clients/python/pyproject.toml has version {project['version']}, not {version}")
    info = f"nebulusdb-{version}.dist-info"
    wheel = f"Wheel-Version: 1.0\nGenerator: nebulusdb\nRoot-Is-Purelib: false\nTag: py3-none-{tag}\n"
    package = CLIENT / "src"
    sources = [path for path in sorted((package / "nebulusdb").rglob("*")) if path.suffix == ".py" or path.name == "py.typed"]
    files = {
        **{path.relative_to(package).as_posix(): path.read_bytes() for path in sources},
        f"nebulusdb-{version}.data/scripts/nebulusdb": binary.read_bytes(),
        f"{info}/METADATA": metadata(project, version).encode(),
        f"{info}/WHEEL": wheel.encode(),
        f"{info}/licenses/LICENSE-MIT": (ROOT / "LICENSE-MIT").read_bytes(),
        f"{info}/licenses/LICENSE-APACHE": (ROOT / "LICENSE-APACHE").read_bytes(),
    }
    path = folder / f"nebulusdb-{version}-py3-none-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        lines = [record(name, content) for name, content in files.items()] + [f"{info}/RECORD,,"]
        for name, content in {**files, f"{info}/RECORD": ("\n".join(lines) + "\n").encode()}.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            mode = 0o755 if name.endswith("scripts/nebulusdb") else 0o644
            entry.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(entry, content)
    print(path)


if __name__ == "__main__":
    main()
