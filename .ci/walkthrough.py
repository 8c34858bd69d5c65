"""Runs the sh blocks of a Markdown file in one shell and compares the output of each with the block that follows it.

Compares JSON by structure and by every value except ids and times, and other text exactly.
"""

import json
import re
import subprocess
import sys

VARIES = re.compile(r"^[0-9a-f]{8}-[0-9a-f-]{27}$|^\d{4}-\d\d-\d\dT")


def same(found, documented, at="$"):
    if isinstance(documented, dict):
        assert isinstance(found, dict) and set(found) == set(documented), f"{at}: {found}"
        for name, value in documented.items():
            same(found[name], value, f"{at}.{name}")
    elif isinstance(documented, list):
        assert isinstance(found, list) and len(found) == len(documented), f"{at}: {found}"
        for index, value in enumerate(documented):
            same(found[index], value, f"{at}[{index}]")
    elif isinstance(documented, str) and VARIES.match(documented):
        assert VARIES.match(found), f"{at}: {found}"
    else:
        assert found == documented, f"{at}: {found!r} instead of {documented!r}"


def main(path, work, least):
    text = open(path, encoding="utf-8").read()
    blocks = re.findall(r"^```(\w+)([^\n]*)\n(.*?)^```$", text, re.M | re.S)
    shell = subprocess.Popen(["bash"], cwd=work, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    print("set -euo pipefail", file=shell.stdin)
    commands = 0
    for index, (kind, rest, body) in enumerate(blocks):
        if kind != "sh" or "skip" in rest:
            continue
        commands += 1
        print(f"{body}\necho; echo '--- end'", file=shell.stdin, flush=True)
        lines = []
        for line in shell.stdout:
            if line == "--- end\n":
                break
            lines.append(line)
        else:
            sys.exit(f"walkthrough: this command failed:\n{body}\n{''.join(lines)}")
        output = "".join(lines).strip()
        following = blocks[index + 1] if index + 1 < len(blocks) else ("", "", "")
        try:
            if following[0] == "json":
                same(json.loads(output), json.loads(following[2]))
            elif following[0] == "text":
                assert output == following[2].strip(), output
        except (AssertionError, ValueError) as problem:
            sys.exit(f"walkthrough: the output of this command differs from the documented output:\n{body}\n{problem}\n{output}")
    shell.stdin.close()
    assert shell.wait() == 0 and commands >= int(least), f"{path} has {commands} commands"
    print(f"walkthrough: {commands} commands of {path} print the documented output")


main(*sys.argv[1:])
