"""Evaluates deploy/terraform without its provider: resources become outputs, references to resources and data sources
become names, and Terraform or OpenTofu computes the rest, calls of local modules included."""

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
# Those of a call of a module that do not apply to its copy without providers.
META_OF_CALLS = {"depends_on", "providers", "source", "version"}
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


def labelled(blocks):
    """Returns the labels and bodies of blocks with one label."""
    for block in blocks:
        for label, body in block.items():
            if isinstance(body, dict) and not label.startswith("__"):
                yield label.strip('"'), body


def named(name, module):
    """Returns the name of a resource, or of a call, of a module in the whole: `this` stands for the name of the module."""
    return re.sub(r"^this(?=_|$)", module, name) if module else name


def calls(folder, module=""):
    """Returns name, name in the whole, folder and body of each call of a local module."""
    for name, body in labelled(parsed(folder).get("module", [])):
        yield name, named(name, module), (folder / body["source"].strip('"')).resolve(), body


def own(folder, module=""):
    """Returns the bodies of the resources of one module, without those of the modules that it calls, by (type, name)."""
    return {(kind, named(name, module)): body for kind, resources in labelled(parsed(folder).get("resource", [])) for name, body in labelled([resources])}


def resources(folder=MODULE, module=""):
    """Returns the bodies of all resources by (type, name in the whole)."""
    found = own(folder, module)
    for _, whole, called, _ in calls(folder, module):
        found |= resources(called, whole)
    return found


def addresses(folder=MODULE):
    """Returns the addresses of all resources, without keys of instances."""
    found = {".".join(key) for key in own(folder)}
    for name, _, called, _ in calls(folder):
        found |= {f"module.{name}.{one}" for one in addresses(called)}
    return found


def moved(folder=MODULE):
    """Returns the (old, new) addresses of `moved` blocks, without keys of instances."""
    return [tuple(re.sub(r"\[[^]]*\]", "", text(block[member])) for member in ("from", "to")) for block in parsed(folder).get("moved", [])]


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
    """Returns the arguments and blocks of a body; dynamic blocks as expressions, after plain ones of the same name."""
    plain = {name: value for name, value in body.items() if not name.startswith("__") and name != "dynamic"}
    for dynamic in body.get("dynamic", []):
        for label, block in labelled([dynamic]):
            content = text(block["content"][0])
            plain[label] = f"${{concat({text(plain.get(label, []))}, [for {label} in [for item in {text(block['for_each'])} : {{ value = item }}] : {content}])}}"
    yield from plain.items()


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


def closed(expression, folder, module=""):
    """Returns an expression without references outside of variables, local values and called modules."""
    for name, value in DATA.items():
        expression = expression.replace(name, value)
    expression = REFERENCE.sub(lambda found: json.dumps(f"<{camel(named(found[2], module))}>"), expression)
    return expression.replace("path.module", json.dumps(str(folder.resolve())))


def copied(folder, to, module=""):
    """Writes a module and the modules that it calls into `to`, without providers. The output `resources` has its resources as
    JSON: {"own": {"type__name": [instance]}, "called": [output of a called module]}."""
    to.mkdir(parents=True, exist_ok=True)
    content, called, outputs = parsed(folder), [], []
    if (folder / "variables.tf").exists():
        shutil.copy(folder / "variables.tf", to)
    else:
        (to / "variables.tf").write_text('variable "prefix" {\n  default = "dossier"\n}\n')
    local = "".join(f"  {name} = {closed(text(value), folder, module)}\n" for block in content.get("locals", []) for name, value in block.items() if not name.startswith("__"))
    blocks = [f"locals {{\n{local}}}\n"]
    for name, whole, source, body in calls(folder, module):
        copied(source, to / name, whole)
        arguments = "".join(f"  {argument} = {closed(text(value), folder, module)}\n" for argument, value in members(body) if argument not in META_OF_CALLS)
        blocks.append(f'module "{name}" {{\n  source = "./{name}"\n{arguments}}}\n')
        each = {"count": f"module.{name}[*].resources", "for_each": f"values(module.{name})[*].resources"}
        called.append(next((one for argument, one in each.items() if argument in body), f"[module.{name}.resources]"))
    for name, body in labelled(content.get("output", [])) if module else ():
        outputs.append(f'output "{name}" {{\n  value = {closed(text(body["value"]), folder, module)}\n}}\n')
    instances_of = "".join(f'    "{kind}__{name}" = {closed(instances(body), folder, module)}\n' for (kind, name), body in own(folder, module).items())
    outputs.append(f'output "resources" {{\n  value = jsonencode({{\n    own = {{\n{instances_of}    }}\n    called = concat([], {", ".join(called) or "[]"})\n  }})\n}}\n')
    (to / "module.tf").write_text("\n".join(blocks + outputs), encoding="utf-8")


def collected(output):
    """Returns the instances of every resource by (type, name) from the output of `copied`."""
    content = json.loads(output)
    found = {tuple(name.split("__")): instances for name, instances in content["own"].items()}
    for called in content["called"]:
        for key, instances in collected(called).items():
            found.setdefault(key, []).extend(instances)
    return found


def program():
    return shutil.which("terraform") or shutil.which("tofu")


def refused(scenarios, folder=MODULE):
    """Returns, for each of the scenarios, whether a validation of the variables of a module refuses these values."""
    found = []
    with tempfile.TemporaryDirectory() as work:
        here = pathlib.Path(work)
        shutil.copy(folder / "variables.tf", here)
        subprocess.run([program(), "init", "-input=false", "-no-color"], cwd=here, capture_output=True, check=True)
        for variables in scenarios:
            (here / "values.auto.tfvars.json").write_text(json.dumps(variables), encoding="utf-8")
            done = subprocess.run([program(), "plan", "-input=false", "-no-color"], cwd=here, capture_output=True, text=True)
            if done.returncode != 0 and "Invalid value for variable" not in done.stderr:
                raise SystemExit(f"deploy: the variables of {folder} cannot be evaluated: {done.stderr[-6000:]}")
            found.append(done.returncode != 0)
    return found


def evaluated(variables, folder=MODULE):
    """Returns the instances of every resource by (type, name), for these values of the variables."""
    with tempfile.TemporaryDirectory() as work:
        here = pathlib.Path(work)
        copied(folder, here)
        (here / "values.auto.tfvars.json").write_text(json.dumps(variables), encoding="utf-8")
        for command in (["init"], ["apply", "-auto-approve"]):
            done = subprocess.run([program(), *command, "-input=false", "-no-color"], cwd=here, capture_output=True, text=True)
            if done.returncode != 0:
                raise SystemExit(f"deploy: the Terraform module cannot be evaluated: {done.stdout[-2000:]}\n{done.stderr[-6000:]}")
        shown = subprocess.run([program(), "output", "-json"], cwd=here, capture_output=True, text=True, check=True).stdout
    return collected(json.loads(shown)["resources"]["value"])
