"""Packs the programs of a build, LICENSE and the bills of materials into an archive that depends on nothing but them."""

import gzip
import io
import pathlib
import re
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = ("api-service", "local-stack", "worker-service")


def version():
    manifest = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    return re.search(r'^\[workspace\.package\]\nversion = "([^"]+)"', manifest, re.M)[1]


def pack(files, folder):
    """Returns a gzipped tar archive of `files` (name, content, mode) below `folder`, without times and owners."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content, mode in files:
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(tar.getvalue(), compresslevel=9, mtime=0)


def main(target, binaries, bills):
    folder = f"dossier-{version()}-{target}"
    files = [("LICENSE", (ROOT / "LICENSE").read_bytes(), 0o644)]
    for program in PROGRAMS:
        files.append((program, pathlib.Path(binaries, program).read_bytes(), 0o755))
        files.append((f"{program}.cdx.json", pathlib.Path(bills, f"{program}.cdx.json").read_bytes(), 0o644))
    packages = ROOT / "target/packages"
    packages.mkdir(parents=True, exist_ok=True)
    archive = packages / f"{folder}.tar.gz"
    archive.write_bytes(pack(files, folder))
    print(f"package: {archive.relative_to(ROOT)}, {archive.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main(*sys.argv[1:])
