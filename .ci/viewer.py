"""viewer.py FOLDER: prints the licences of all packages in the viewer of the API reference, which npm installed in FOLDER.

The source map of the viewer says which packages it was built from. Fails if one has a licence that is not listed here.
"""

import json
import re
import sys
from pathlib import Path

VIEWER = "@scalar/api-reference"
ALLOWED = {"MIT", "Apache-2.0", "ISC", "BSD-2-Clause", "BSD-3-Clause", "0BSD"}
# A package that the viewer was built with, in a version that npm does not install for it.
BUILT_IN = {"unist-util-find-after": "MIT"}


def packages_of(source_map):
    """Returns the names of the packages in a source map."""
    names = (re.findall(r"node_modules/((?:@[^/]+/)?[^/]+)", source) for source in source_map["sources"])
    return sorted({found[-1] for found in names if found} | {VIEWER})


def licence_text(folder):
    """Returns the text of the licence in a package's folder, or None."""
    files = sorted(path for path in folder.iterdir() if re.match(r"(?i)(licen[cs]e|copying)", path.name))
    return files[0].read_text(encoding="utf-8").strip() if files else None


def main(folder):
    modules = Path(folder) / "node_modules"
    source_map = json.loads((modules / VIEWER / "dist/browser/standalone.js.map").read_text(encoding="utf-8"))
    texts = {}
    for name in packages_of(source_map):
        found = [modules / name, *sorted(modules.glob(f"**/node_modules/{name}"))]
        found = [path for path in found if (path / "package.json").exists()]
        package = json.loads((found[0] / "package.json").read_text(encoding="utf-8")) if found else {}
        licence = package.get("license") or BUILT_IN.get(name)
        if licence not in ALLOWED:
            sys.exit(f"viewer: {name} has the licence {licence}: check whether it may be distributed")
        title = f"{name} {package.get('version', '')}".strip() + f" ({licence})"
        text = (licence_text(found[0]) if found else None) or f"Licensed under {licence}; the package contains no text of it."
        texts.setdefault(text, []).append(title)
    print(f"The viewer of the API reference contains these packages.\n")
    for text, titles in texts.items():
        print("\n".join(titles), text, "-" * 80, sep="\n\n")


main(sys.argv[1])
