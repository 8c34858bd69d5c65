"""documented_commands.py FOLDER: checks every command of Dossier's programs in the documents against the --help of the
programs in FOLDER: its sub-commands and options must exist. It finds commands in `sh` blocks and in code within text."""

import functools
import pathlib
import re
import shlex
import subprocess
import sys

from markdown import FENCE, ROOT, blank, pages

PROGRAM = r"(?P<program>local-stack|worker-service|api-service)"
# How a document may start a program, and its arguments up to the end of the command.
CALL = re.compile(
    r"(?:cargo run(?: --quiet| --release)*(?: -p| --bin) (?:" + PROGRAM + r")(?: --(?= ))?"
    r"|(?:(?<=^)|(?<=&& )|(?<=\| )|(?<=\$\()|(?<= exec )|exec \S+ |target/\w+/)(?:" + PROGRAM.replace("program", "direct") + r"))"
    r"(?P<arguments>(?: (?:\"[^\"\n]*\"|'[^'\n]*'|[^\s|>&;()#][^\s|>&;()]*))*)"
)


@functools.cache
def help_of(folder, *command):
    """Returns the help of a command, or None if the program does not know it."""
    done = subprocess.run([folder / command[0], *command[1:], "--help"], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


def options(text):
    """Returns the options of a help text, and those that take a value."""
    lines = re.findall(r"^\s+(?:-\w, )?(--[\w-]+)(?:\.\.\.)?([ =]<|\s+\[?<)?", text, re.M)
    return {name for name, _ in lines}, {name for name, value in lines if value}


def sub_commands(text):
    found = re.search(r"^Commands:\n((?:  .*\n|\n(?=  ))+)", text, re.M)
    return set(re.findall(r"^  ([a-z][\w-]*)", found[1], re.M)) - {"help"} if found else set()


def problem(folder, program, arguments):
    """Returns what is wrong with a command, or None."""
    command, tokens = [program], shlex.split(arguments)
    known, valued = options(help_of(folder, program))
    skip = False
    for token in tokens:
        text = help_of(folder, *command)
        if skip:
            skip = False
        elif token.startswith("--") and len(token) > 2:
            name = token.split("=")[0]
            if name not in known and name not in ("--help", "--version"):
                return f"`{' '.join(command)}` has no option {name}"
            skip = name in valued and "=" not in token
        elif token in sub_commands(text):
            command.append(token)
            more, values = options(help_of(folder, *command))
            known, valued = known | more, valued | values
        elif not re.search(r"^Usage: .*(<[A-Z]|\[[A-Z])", text.replace("[OPTIONS]", "").replace("[COMMAND]", "").replace("<COMMAND>", ""), re.M):
            return f"`{' '.join(command)}` has no command or argument {token}"
    return None


def commands(text):
    """Yields (line, program, arguments) of each command of a page."""
    for block in FENCE.finditer(text):
        if block["kind"] == "sh":
            body = block["body"].replace("\\\n", "  ")
            for found in re.finditer(r"^.*$", body, re.M):
                line = text.count("\n", 0, block.start()) + 2 + body.count("\n", 0, found.start())
                for call in CALL.finditer(found[0].strip()):
                    yield line, call["program"] or call["direct"], call["arguments"]
    for code in re.finditer(r"`([^`\n]+)`", FENCE.sub(blank, text)):
        call = CALL.match(code[1])
        # A name alone is a name and not a command, and `…` stands for what is left out.
        if call and call.end() == len(code[1]) and (call["arguments"] or call["program"]):
            yield text.count("\n", 0, code.start()) + 1, call["program"] or call["direct"], call["arguments"]


def main(folder):
    folder = pathlib.Path(folder).resolve()
    problems, checked = [], 0
    for page in pages():
        # The changelog names what earlier versions had.
        if page == "CHANGELOG.md":
            continue
        for line, program, arguments in commands((ROOT / page).read_text(encoding="utf-8")):
            checked += 1
            if wrong := problem(folder, program, arguments.replace("…", "")):
                problems.append(f"{page}:{line}: {wrong}")
    if problems:
        sys.exit("\n".join(problems) + f"\ndocumented commands: {len(problems)} problems")
    if checked < 50:
        sys.exit(f"documented commands: only {checked} commands were found")
    print(f"documented commands: the sub-commands and options of {checked} commands exist")


main(sys.argv[1])
