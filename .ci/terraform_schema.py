"""Checks deploy/terraform against the schema of its provider: every argument and block exists, and none that is required
is missing. The provider itself cannot be installed where only package registries are reachable; a package with bindings
of the provider (cdktf-cdktf-provider-aws), given as an argument, contains its schema."""

import ast
import pathlib
import re
import sys
import zipfile

import terraform_module

# Python reserves the names.
RENAMED = {"self_attribute": "self", "and_": "and", "not_": "not", "or_": "or"}
OWN = {"count", "for_each", "depends_on", "lifecycle", "provider", "provisioner", "connection"}
failures = []


class Schema:
    """The arguments of one resource and of its blocks."""

    def __init__(self, source):
        self.structs, self.root = {}, None
        for node in ast.parse(source).body:
            if not isinstance(node, ast.ClassDef):
                continue
            for member in node.body:
                if isinstance(member, ast.FunctionDef) and member.name == "__init__" and member.args.kwonlyargs:
                    arguments = dict(zip(member.args.kwonlyargs, member.args.kw_defaults))
                    named = {RENAMED.get(one.arg, one.arg): (default is None, ast.unparse(one.annotation)) for one, default in arguments.items()}
                    self.structs[node.name] = named
                    if re.search(r"ConfigA?$", node.name) and "provisioners" in named:
                        self.root = node.name

    def check(self, where, struct, body):
        known = self.structs[struct]
        given = {}
        for name, value in terraform_module.members(body):
            given[name.strip('"')] = value
        for name in sorted(set(given) - set(known) - OWN):
            failures.append(f"{where}: the provider has no argument {name}")
        for name, (required, kind) in known.items():
            if required and name not in given:
                failures.append(f"{where}: the provider requires {name}")
            inner = next((one for one in re.findall(r"['\"](\w+)['\"]", kind) if one in self.structs), None)
            for block in body.get(name, []) if inner and isinstance(body.get(name), list) else []:
                if isinstance(block, dict) and block.get("__is_block__"):
                    self.check(f"{where}.{name}", inner, block)
        for dynamic in body.get("dynamic", []):
            for label, block in dynamic.items():
                name = label.strip('"')
                if name.startswith("__") or name not in known:
                    continue
                inner = next((one for one in re.findall(r"['\"](\w+)['\"]", known[name][1]) if one in self.structs), None)
                if inner:
                    self.check(f"{where}.{name}", inner, block["content"][0])


def main():
    package = zipfile.ZipFile(sys.argv[1])
    version = re.search(r"providers/hashicorp/aws/([0-9.]+)/docs", package.read("cdktf_cdktf_provider_aws/sqs_queue/__init__.py").decode())[1]
    required = re.search(r'"~> ([0-9.]+)"', (terraform_module.MODULE / "versions.tf").read_text(encoding="utf-8"))[1]
    if tuple(map(int, version.split(".")))[:2] != tuple(map(int, required.split("."))):
        failures.append(f"versions.tf requires the provider {required}, but the schema is that of {version}")
    schemas, count = {}, 0
    for folder in (terraform_module.MODULE, terraform_module.MODULE / "images", terraform_module.MODULE / "standby"):
        for (kind, name), body in terraform_module.resources(folder).items():
            if kind not in schemas:
                path = f"cdktf_cdktf_provider_aws/{kind.removeprefix('aws_')}/__init__.py"
                if path not in package.namelist():
                    failures.append(f"{kind}: the provider has no such resource")
                    continue
                schemas[kind] = Schema(package.read(path).decode())
            schemas[kind].check(f"{kind}.{name}", schemas[kind].root, body)
            count += 1
    if failures:
        sys.exit("deploy: the Terraform module does not fit its provider:\n" + "\n".join(failures))
    print(f"deploy: {count} resources of the Terraform module fit the schema of the provider {version}")


if __name__ == "__main__":
    main()
