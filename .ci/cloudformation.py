"""Evaluates the CloudFormation templates of deploy/ for given parameters: references to resources become their names,
as .ci/terraform_module.py does it for Terraform."""

import ipaddress
import pathlib
import re

import yaml

NO_VALUE = object()
PSEUDO = {"AWS::AccountId": "123456789012", "AWS::Region": "eu-central-1", "AWS::Partition": "aws", "AWS::NoValue": NO_VALUE}
ZONES = ["zone-0", "zone-1", "zone-2"]


class Template:
    def __init__(self, name, given):
        content = yaml.safe_load(pathlib.Path("deploy", f"{name}.yaml").read_text(encoding="utf-8"))
        self.content = content
        self.values = {}
        for parameter, definition in content["Parameters"].items():
            value = given.get(parameter, definition.get("Default"))
            if isinstance(value, str) and ("List" in definition["Type"]):
                value = value.split(",")
            self.values[parameter] = value

    def holds(self, condition):
        if isinstance(condition, str):
            return self.holds(self.content["Conditions"][condition])
        ((function, argument),) = condition.items()
        if function == "Condition":
            return self.holds(argument)
        if function == "Fn::Equals":
            one, other = map(self.resolve, argument)
            return str(one) == str(other)
        if function == "Fn::Not":
            return not self.holds(argument[0])
        return {"Fn::And": all, "Fn::Or": any}[function](self.holds(one) for one in argument)

    def reference(self, name):
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.values:
            return self.values[name]
        assert name in self.content["Resources"], name
        return f"<{name}>"

    def resolve(self, value):
        if isinstance(value, list):
            return [one for one in map(self.resolve, value) if one is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref":
                return self.reference(argument)
            if function.startswith("Fn::"):
                return self.call(function, argument)
        kept = {name: self.resolve(one) for name, one in value.items()}
        return {name: one for name, one in kept.items() if one is not NO_VALUE}

    def call(self, function, argument):
        if function == "Fn::Sub":
            return re.sub(r"\$\{([A-Za-z:]+)(?:\.\w+)?\}", lambda found: str(self.reference(found[1])), argument)
        if function == "Fn::GetAtt":
            return self.reference(argument[0])
        if function == "Fn::If":
            return self.resolve(argument[1 if self.holds(argument[0]) else 2])
        if function == "Fn::Join":
            return argument[0].join(map(str, self.resolve(argument[1])))
        if function == "Fn::Select":
            return self.resolve(argument[1])[int(argument[0])]
        if function == "Fn::GetAZs":
            return ZONES
        assert function == "Fn::Cidr", function
        block, count, bits = self.resolve(argument)
        return [str(one) for one, _ in zip(ipaddress.ip_network(block).subnets(new_prefix=32 - int(bits)), range(int(count)))]

    def resources(self):
        """Returns type and properties of the resources whose conditions hold."""
        found = {}
        for name, resource in self.content["Resources"].items():
            if "Condition" not in resource or self.holds(resource["Condition"]):
                found[name] = (resource["Type"], self.resolve(resource.get("Properties", {})))
        return found

    def output(self, name):
        return self.resolve(self.content["Outputs"][name]["Value"])


def deployed(parameters):
    """Returns type and properties of every resource of deploy/dossier.yaml, and of deploy/images.yaml."""
    root = Template("dossier", parameters)
    parts, found = {}, {}

    def part(logical):
        if logical not in parts:
            stack = root.content["Resources"][logical]["Properties"]
            given = {}
            for name, value in stack["Parameters"].items():
                if "Fn::GetAtt" in value:
                    other, output = value["Fn::GetAtt"]
                    given[name] = part(other).output(output.removeprefix("Outputs."))
                else:
                    given[name] = root.resolve(value)
            parts[logical] = Template(stack["TemplateURL"].removesuffix(".yaml"), given)
        return parts[logical]

    for logical in root.content["Resources"]:
        for name, resource in part(logical).resources().items():
            # Both the services and what watches them have an alarm of one logical id.
            found[f"{name}Alarm" if name == "NobodyWorks" and logical == "Services" else name] = resource
    return found


def alone(template, parameters):
    """Returns type and properties of the resources of a template that is deployed by itself."""
    return Template(template, parameters).resources()
