"""Evaluates deploy/terraform without its provider: resources become local values, references to resources and data
sources become names, and Terraform or OpenTofu computes the rest."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile

import hcl2

MODULE = pathlib.Path("deploy/terraform")
ACCOUNT, REGION, PARTITION = "123456789012", "eu-central-1", "aws"
ZONES = ["zone-0", "zone-1", "zone-2"]
DATA = {
    "data.aws_caller_identity.current.account_id": json.dumps(ACCOUNT),
    "data.aws_partition.current.partition": json.dumps(PARTITION),
    "data.aws_region.current.region": json.dumps(REGION),
    "data.aws_availability_zones.available.names": json.dumps(ZONES),
}
# Arguments of Terraform itself, which are no properties of a resource. A nested block may have one of their names.
META = {"count", "depends_on", "for_each", "lifecycle", "provider"}
REFERENCE = re.compile(r"\b(aws_[a-z0-9_]+)\.([a-z0-9_]+)(?:\[0\])?((?:\.[a-z0-9_]+)?)")


def camel(name):
    return "".join(word.capitalize() for word in name.split("_"))


def parsed(folder=MODULE):
    """Returns the blocks of all files of a module by their kind."""
    blocks = {}
    for path in sorted(folder.glob("*.tf")):
        with path.open(encoding="utf-8") as file:
            for kind, ones in hcl2.load(file).items():
                blocks.setdefault(kind, []).extend(ones if isinstance(ones, list) else [])
    return blocks


def resources(folder=MODULE):
    """Returns the bodies of the resources by (type, name)."""
    found = {}
    for block in parsed(folder).get("resource", []):
        for kind, named in block.items():
            for name, body in named.items() if isinstance(named, dict) else ():
                if not name.startswith("__"):
                    found[kind.strip('"'), name.strip('"')] = body
    return found


def text(value):
    """Returns a parsed value as an expression."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        return value[2:-1] if value.startswith("${") and value.endswith("}") else value
    if isinstance(value, list):
        return "[" + ", ".join(map(text, value)) + "]"
    return "{" + ", ".join(f"{name} = {text(one)}" for name, one in members(value)) + "}"


def members(body):
    for name, value in body.items():
        if name.startswith("__"):
            continue
        if name == "dynamic":
            for dynamic in value:
                for label, block in dynamic.items():
                    if not label.startswith("__"):
                        label = label.strip('"')
                        content = text(block["content"][0])
                        yield label, f"${{[for {label} in [for item in {text(block['for_each'])} : {{ value = item }}] : {content}]}}"
            continue
        yield name, value


def instances(body):
    """Returns a resource as an expression: a list of its instances."""
    plain = {name: value for name, value in body.items() if name not in META}
    one = text(plain)
    if "for_each" in body:
        one = re.sub(r"\beach\.(key|value)\b", r"each_\1", one)
        return f"[for each_key, each_value in {text(body['for_each'])} : {one}]"
    if "count" in body:
        return f"[for index in range({text(body['count'])}) : {one}]"
    return f"[{one}]"


def closed(expression, folder):
    """Returns an expression without references outside of variables and local values."""
    for name, value in DATA.items():
        expression = expression.replace(name, value)
    expression = REFERENCE.sub(lambda found: json.dumps(f"<{camel(found[2])}>"), expression)
    return expression.replace("path.module", json.dumps(str(folder.resolve())))


def program():
    return shutil.which("terraform") or shutil.which("tofu")


def refused(scenarios):
    """Returns, for each of the scenarios, whether a validation of the module's variables refuses these values."""
    found = []
    with tempfile.TemporaryDirectory() as work:
        here = pathlib.Path(work)
        shutil.copy(MODULE / "variables.tf", here)
        subprocess.run([program(), "init", "-input=false", "-no-color"], cwd=here, capture_output=True, check=True)
        for variables in scenarios:
            (here / "values.auto.tfvars.json").write_text(json.dumps(variables), encoding="utf-8")
            done = subprocess.run([program(), "plan", "-input=false", "-no-color"], cwd=here, capture_output=True, text=True)
            if done.returncode != 0 and "Invalid value for variable" not in done.stderr:
                raise SystemExit(f"deploy: the variables of the Terraform module cannot be evaluated: {done.stderr[-6000:]}")
            found.append(done.returncode != 0)
    return found


def evaluated(variables, folder=MODULE):
    """Returns the instances of every resource by (type, name), for these values of the variables."""
    outputs = "".join(f'output "{kind}__{name}" {{\n  value = jsonencode({closed(instances(body), folder)})\n}}\n' for (kind, name), body in resources(folder).items())
    local = "".join(f"  {name} = {closed(text(value), folder)}\n" for block in parsed(folder).get("locals", []) for name, value in block.items() if not name.startswith("__"))
    with tempfile.TemporaryDirectory() as work:
        here = pathlib.Path(work)
        if (folder / "variables.tf").exists():
            shutil.copy(folder / "variables.tf", here)
        else:
            (here / "variables.tf").write_text('variable "prefix" {\n  default = "dossier"\n}\n')
        (here / "module.tf").write_text(f"locals {{\n{local}}}\n{outputs}", encoding="utf-8")
        (here / "values.auto.tfvars.json").write_text(json.dumps(variables), encoding="utf-8")
        for command in (["init"], ["apply", "-auto-approve"]):
            done = subprocess.run([program(), *command, "-input=false", "-no-color"], cwd=here, capture_output=True, text=True)
            if done.returncode != 0:
                raise SystemExit(f"deploy: the Terraform module cannot be evaluated: {done.stdout[-2000:]}\n{done.stderr[-6000:]}")
        shown = subprocess.run([program(), "output", "-json"], cwd=here, capture_output=True, text=True, check=True).stdout
    return {tuple(name.split("__")): json.loads(one["value"]) for name, one in json.loads(shown).items()}
