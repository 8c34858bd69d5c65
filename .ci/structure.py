"""Checks the structure of the code: no import cycle between files, no file over 500 lines, and only allowed
dependencies between crates. `--figures` also prints the number of lines per file (p50, p90, maximum)."""

import pathlib
import re
import subprocess
import sys
import tomllib

LONGEST = 500

# The crates of this workspace that each crate may depend on. Cargo refuses cycles; this table also refuses any
# dependency that it does not list.
MAY_USE = {
    "country": set(),
    "safe-text": set(),
    "registration-numbers": {"country", "safe-text"},
    "domain": {"country", "safe-text", "registration-numbers"},
    "lifecycle-model": {"domain"},
    "service-runtime": {"domain"},
    "telemetry": {"service-runtime"},
    "aws-adapters": {"country", "domain", "service-runtime", "telemetry"},
    "screening": {"country"},
    "typesetting": set(),
    "claim-checks": set(),
    "rendering": {"domain", "safe-text", "typesetting"},
    "screening-validation": {"rendering", "screening", "typesetting"},
    "egress-guard": set(),
    "source-words": {"domain"},
    "sources": {
        "aws-adapters", "country", "domain", "egress-guard", "registration-numbers", "safe-text", "screening", "service-runtime", "source-words",
        "telemetry",
    },
    "api-service": {
        "aws-adapters", "country", "domain", "registration-numbers", "safe-text", "service-runtime", "source-words", "telemetry",
    },
    "worker-service": {
        "aws-adapters", "claim-checks", "country", "domain", "egress-guard", "registration-numbers", "rendering", "safe-text", "screening",
        "screening-validation", "service-runtime", "sources", "telemetry",
    },
}  # fmt: skip
# Crates that must stay without I/O, clock, randomness and AWS types.
PURE = {"country", "safe-text", "registration-numbers", "domain", "screening", "typesetting", "claim-checks"}
IMPURE = re.compile(r"aws-|tokio|reqwest|hyper|axum|rand$|tracing|opentelemetry")

NAME = re.compile(r"(?:r#)?[A-Za-z_][A-Za-z0-9_]*|\*")
USE = re.compile(r"(?m)^[ \t]*(?P<visible>pub(?:\([^)]*\))? )?use ")
INLINE = re.compile(r"(?<![\w:])((?:crate|super|self)(?:::[A-Za-z_][A-Za-z0-9_]*)+)")


def tracked(pattern):
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", pattern], capture_output=True, text=True, check=True)
    return [pathlib.Path(name) for name in names.stdout.splitlines() if pathlib.Path(name).exists()]


def leaves(text, at):
    """Returns the paths of the use tree that begins at `at`, and the position after it."""
    path = []
    while True:
        while text[at].isspace():
            at += 1
        if text[at] == "{":
            at += 1
            found = []
            while True:
                while text[at].isspace() or text[at] == ",":
                    at += 1
                if text[at] == "}":
                    return found, at + 1
                inner, at = leaves(text, at)
                found += [path + rest for rest in inner]
        name = NAME.match(text, at)
        if not name:
            return [path], at
        path.append(name[0])
        at = name.end()
        rest = re.compile(r"\s*::").match(text, at)
        if not rest:
            alias = re.compile(r"\s+as\s+\w+").match(text, at)
            return [path], alias.end() if alias else at
        at = rest.end()


def modules(crate):
    """Returns the source files of a crate by their module paths."""
    found = {}
    for file in tracked(f"{crate}/src/*.rs"):
        parts = list(file.relative_to(crate / "src").with_suffix("").parts)
        if parts[-1] in ("mod", "lib"):
            parts.pop()
        if parts[:1] != ["main"] and not (parts and parts[-1] == "tests"):
            found[tuple(parts)] = file
    return found


def code(file):
    text = re.sub(r"(?m)//.*$", "", file.read_text(encoding="utf-8"))
    return re.split(r"#\[cfg\(test\)\]\s*mod tests", text)[0]


def absolute(path, module):
    if path[0] == "crate":
        return path[1:]
    if path[0] == "self":
        return list(module) + path[1:]
    if path[0] == "super":
        up = 0
        while up < len(path) and path[up] == "super":
            up += 1
        return list(module[: len(module) - up]) + path[up:] if up <= len(module) else None
    return None


def imports(crate):
    files = modules(crate)
    paths, exported = {}, {}
    for module, file in files.items():
        text = code(file)
        paths[module] = []
        for use in USE.finditer(text):
            for path in leaves(text, use.end())[0]:
                if not path:
                    continue
                target = absolute(path, module) or (list(module) + path if module + (path[0],) in files else None)
                if target:
                    paths[module].append(target)
                    if use["visible"]:
                        exported[(module, path[-1])] = target
        paths[module] += [absolute(inline.split("::"), module) for inline in INLINE.findall(text)]
    edges = {}
    for module, found in paths.items():
        for path in filter(None, found):
            target = resolve(path, files, exported)
            # A module may use its ancestors, which hold what their submodules share.
            if target is not None and target != module and module[: len(target)] != target:
                edges.setdefault(module, set()).add(target)
    return files, edges


def resolve(path, files, exported, depth=0):
    module = ()
    for at, name in enumerate(path):
        if module + (name,) in files:
            module += (name,)
        elif (module, name) in exported and depth < 5:
            return resolve(exported[(module, name)] + path[at + 1 :], files, exported, depth + 1)
        else:
            break
    return module


def cycles(edges):
    """Returns the strongly connected components with more than one module (Tarjan's algorithm)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for following in edges.get(node, ()):
            if following not in index:
                visit(following)
                low[node] = min(low[node], low[following])
            elif following in stack:
                low[node] = min(low[node], index[following])
        if low[node] == index[node]:
            component = []
            while True:
                component.append(stack.pop())
                if component[-1] == node:
                    break
            if len(component) > 1:
                found.append(component)

    sys.setrecursionlimit(10_000)
    for node in list(edges):
        if node not in index:
            visit(node)
    return found


def main():
    problems = []
    lengths = []
    for file in tracked("*.rs"):
        lines = file.read_text(encoding="utf-8").count("\n")
        lengths.append(lines)
        if lines > LONGEST:
            problems.append(f"{file} has {lines} lines: split it by subject, {LONGEST} at most")
    manifests = {manifest.parent: tomllib.loads(manifest.read_text()) for manifest in tracked("*/Cargo.toml") if manifest.parent.name}
    names = {manifest["package"]["name"] for manifest in manifests.values()}
    for folder, manifest in manifests.items():
        name = manifest["package"]["name"]
        dependencies = set(manifest.get("dependencies", {}))
        if name in MAY_USE:
            for other in sorted(dependencies & names - MAY_USE[name]):
                problems.append(f"{name} depends on {other}: its place in the architecture does not allow that (docs/ARCHITECTURE.md)")
        elif name != "local-stack":
            problems.append(f"{name} is not in the table of .ci/structure.py: say what it may depend on")
        if name in PURE:
            for other in sorted(filter(IMPURE.search, dependencies)):
                problems.append(f"{name} depends on {other}: it must stay without I/O, clock, randomness and AWS types")
        files, edges = imports(folder)
        for component in cycles(edges):
            inside = sorted(component)
            problems.append(f"import cycle in {name}: " + ", ".join(str(files[module]) for module in inside))
            for module in inside:
                for target in sorted(edges[module] & set(inside)):
                    problems.append(f"    {files[module]} uses {files[target]}")
    if "--figures" in sys.argv:
        lengths.sort()
        at = lambda share: lengths[min(len(lengths) - 1, int(len(lengths) * share))]
        print(f"{len(lengths)} Rust files, {sum(lengths)} lines; per file p50 {at(0.5)}, p90 {at(0.9)}, maximum {lengths[-1]}")
    if problems:
        print("structure:", *problems, sep="\n  ")
        sys.exit(1)
    print("structure: no import cycle, no file too long, every dependency points the right way")


main()
