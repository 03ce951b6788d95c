"""Packs the server into a Python wheel: packaging/wheel.py BINARY VERSION TAG FOLDER.

`pip install` of it puts `nebulusdb` on the path. There is nothing of Python in it, so it is written by hand: a zip archive with
the binary under `.data/scripts` and the three files of metadata that the wheel format asks for.
Source: the binary distribution format of the Python packaging user guide.
"""

import base64
import hashlib
import stat
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def record(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}"


def main() -> None:
    binary, version, tag, folder = Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4])
    info = f"nebulusdb-{version}.dist-info"
    readme = (ROOT / "README.md").read_text()
    metadata = (
        f"Metadata-Version: 2.4\nName: nebulusdb\nVersion: {version}\n"
        "Summary: A local-first, peer-to-peer database for memories, in one binary\n"
        "License-Expression: MIT OR Apache-2.0\nRequires-Python: >=3.8\n"
        f"Description-Content-Type: text/markdown\n\n{readme}"
    )
    wheel = f"Wheel-Version: 1.0\nGenerator: nebulusdb\nRoot-Is-Purelib: false\nTag: py3-none-{tag}\n"
    files = {
        f"nebulusdb-{version}.data/scripts/nebulusdb": binary.read_bytes(),
        f"{info}/METADATA": metadata.encode(),
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
