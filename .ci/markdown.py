"""What the checks of the documentation need of Markdown: fenced blocks, links and the anchors of headings."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^(?P<fence>```+)(?P<kind>\w*)(?P<rest>[^\n]*)\n(?P<body>.*?)^(?P=fence)$", re.M | re.S)
LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^()\s]+)\)")


def pages():
    """Returns the Markdown files of the repository that people read, relative to its root."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    # Templates and recorded reports are data.
    data = re.compile(r"/templates/|/tests/|^\.github/")
    return [path for path in listed.stdout.splitlines() if not data.search(path) and (ROOT / path).exists()]


def blank(found):
    """Returns as many lines and characters as the match has, without content."""
    return re.sub(r"[^\n]", " ", found[0])


def prose(text):
    """Returns the text with the content of code blanked, so that positions stay the same."""
    without_blocks = FENCE.sub(blank, text)
    # The text of a link may be code. Code with brackets could look like a link.
    code = re.compile(r"(?<!`)(`+)(?!`)([^\n]+?)(?<!`)\1(?!`)")
    return code.sub(lambda found: blank(found) if re.search(r"[\[\]()]", found[2]) else found[0], without_blocks)


def links(text):
    """Yields each link as (line number, text, target)."""
    for found in LINK.finditer(prose(text)):
        yield text.count("\n", 0, found.start()) + 1, found["text"], found["target"]


def slug(heading):
    """Returns the anchor that GitHub and mdBook give to a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    plain = re.sub(r"[`*]", "", plain).strip().lower()
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", plain))


def anchors(text):
    """Returns the anchors of a page. Headings with the same text are numbered from the second one on."""
    found, seen = set(), {}
    for heading in re.findall(r"^#{1,6} (.+?)\s*#*$", FENCE.sub(blank, text), re.M):
        base = slug(heading)
        count = seen.get(base, 0)
        seen[base] = count + 1
        found.add(f"{base}-{count}" if count else base)
    return found


def title(text):
    """Returns the text of the first heading, without formatting."""
    return re.sub(r"[`*]", "", re.search(r"^# (.+)$", text, re.M)[1])
