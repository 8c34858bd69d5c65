"""Lays out the pages of the book for mdBook, and checks the book that it has built.

    book.py stage FOLDER   writes the sources into FOLDER, with rendered diagrams
    book.py check FOLDER   fails if a page of the book in FOLDER leads nowhere, or loads something from the network

The pages keep their places relative to each other, so that links between them work in the repository and in the
book. DOSSIER_REPOSITORY_URL, such as https://HOST/OWNER/dossier/blob/COMMIT, makes links to other files absolute; without
it, such a link becomes plain text with the path.
"""

import html.parser
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.parse

from markdown import FENCE, LINK, ROOT, blank, links, prose, title

SUMMARY = "docs/SUMMARY.md"


def in_book(path):
    """Returns the path of a page in the book. mdBook serves the page `index` for a folder."""
    return re.sub(r"(^|/)README\.md$", r"\1index.md", path)


def resolve(page, target):
    """Returns the path in the repository that a link of `page` leads to."""
    path = target.partition("#")[0]
    return os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page


def relink(page, chapters, text):
    """Returns the text with links that work in the book."""
    outside = os.environ.get("DOSSIER_REPOSITORY_URL", "").rstrip("/")
    readable = prose(text)

    def link(found):
        label, target = found["text"], found["target"]
        if re.match(r"[a-z]+:|#", target):
            return found[0]
        file, anchor = resolve(page, target), target.partition("#")[2]
        if file in chapters:
            here = os.path.relpath(in_book(file), os.path.dirname(in_book(page)) or ".")
            return f"{found['image']}[{label}]({here}{'#' + anchor if anchor else ''})"
        if outside:
            return f"{found['image']}[{label}]({outside}/{file})"
        return label if os.path.basename(file) in label else f"{label} (`{file}`)"

    # Only what is a link outside of code is replaced.
    parts, end = [], 0
    for found in LINK.finditer(readable):
        original = LINK.match(text, found.start())
        parts += [text[end : found.start()], link(original or found)]
        end = found.end()
    return "".join(parts) + text[end:]


def rendered(sources):
    """Returns the SVG document of each Mermaid source."""
    command = ["node", "--no-warnings", ".ci/diagrams.mjs"]
    done = subprocess.run(command, cwd=ROOT, input=json.dumps(sources), capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"book: a diagram cannot be rendered:\n{done.stderr}")
    return json.loads(done.stdout)


def stage(folder):
    folder = pathlib.Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    source = folder / "src"
    source.mkdir(parents=True)
    shutil.copy(ROOT / "docs/book.toml", folder / "book.toml")
    summary = (ROOT / SUMMARY).read_text(encoding="utf-8")
    chapters = [resolve(SUMMARY, target) for _, _, target in links(summary)]
    listed = lambda found: f"[{found['text']}]({in_book(resolve(SUMMARY, found['target']))})"
    (source / "SUMMARY.md").write_text(LINK.sub(listed, summary), encoding="utf-8")

    texts = {page: (ROOT / page).read_text(encoding="utf-8") for page in chapters}
    diagrams = [(page, found) for page, text in texts.items() for found in FENCE.finditer(text) if found["kind"] == "mermaid"]
    images = {}
    for number, ((page, found), svg) in enumerate(zip(diagrams, rendered([found["body"] for _, found in diagrams])), 1):
        name = f"diagram-{number}.svg"
        (source / name).write_text(svg, encoding="utf-8")
        heading = re.findall(r"^#+ (.+)$", FENCE.sub(blank, texts[page][: found.start()]), re.M)[-1]
        to = os.path.relpath(name, os.path.dirname(page) or ".")
        # Readers who do not see the picture get its source, which is readable.
        images[page, found[0]] = (
            f"[![Diagram: {re.sub(r'[`*]', '', heading)}]({to})]({to} \"Open the diagram alone\")\n\n<details><summary>The diagram as text</summary>\n\n"
            f"```text\n{found['body']}```\n\n</details>"
        )
    for page, text in texts.items():
        text = relink(page, set(chapters), text)
        text = FENCE.sub(lambda found, page=page: images.get((page, found[0]), found[0]), text)
        path = source / in_book(page)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print(f"book: {len(texts)} pages, {len(diagrams)} diagrams, the first page is {title(texts[chapters[0]])}")


class Page(html.parser.HTMLParser):
    """The ids of a page, and what it refers to."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loads = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids |= {attributes[name] for name in ("id", "name") if attributes.get(name)}
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        for name in ("src", "href"):
            if tag in ("script", "img", "link", "iframe", "source") and attributes.get(name):
                self.loads.append(attributes[name])


def check(folder):
    folder = pathlib.Path(folder)
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html"))}
    problems, checked = [], 0
    for path, page in pages.items():
        # The page of everything repeats the others, and the error page is shown at any path.
        if path.name in ("print.html", "404.html", "toc.html"):
            continue
        for target in page.loads:
            if re.match(r"(https?:)?//", target):
                problems.append(f"{path.relative_to(folder)} loads {target} from the network")
        for target in page.links + page.loads:
            if re.match(r"[a-z]+:|//", target):
                continue
            checked += 1
            name, _, anchor = urllib.parse.unquote(target).partition("#")
            file = (path.parent / name).resolve() if name else path.resolve()
            known = pages.get(folder.resolve() / file.relative_to(folder.resolve())) if file.is_relative_to(folder.resolve()) else None
            if not file.is_file():
                problems.append(f"{path.relative_to(folder)}: {target} does not exist")
            elif anchor and known and anchor not in known.ids:
                problems.append(f"{path.relative_to(folder)}: {target} has no such heading")
    for style in folder.rglob("*.css"):
        for target in re.findall(r"(?:url\(|@import )\s*['\"]?((?:https?:)?//[^'\") ]+)", style.read_text(encoding="utf-8")):
            problems.append(f"{style.relative_to(folder)} loads {target} from the network")
    for picture in folder.glob("diagram-*.svg"):
        if re.search(r"@import|url\(\s*['\"]?https?:", picture.read_text(encoding="utf-8")):
            problems.append(f"{picture.relative_to(folder)} loads something from the network")
    if problems:
        sys.exit("\n".join(problems) + f"\nbook: {len(problems)} problems")
    if len(pages) < 20 or checked < 500:
        sys.exit(f"book: {folder} has only {len(pages)} pages and {checked} links")
    print(f"book: {checked} links of {len(pages)} pages lead somewhere, and nothing is loaded from the network")


{"stage": stage, "check": check}[sys.argv[1]](sys.argv[2])
