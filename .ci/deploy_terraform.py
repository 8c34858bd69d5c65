"""Compares deploy/terraform with the CloudFormation templates: the same resources under the same names, with the same
properties, for the defaults and with every option switched. Needs terraform or tofu, which evaluates the module without
its provider; without either, only types and names are compared, and the check says so."""

import json
import re
import sys

import cloudformation
import terraform_module
from terraform_pairs import PAIRS, PARTS

REQUIRED = {
    "ApiImage": "registry/api:1", "WorkerImage": "registry/worker:1", "CollectorImage": "registry/collector@sha256:" + "0" * 64,
    "CertificateArn": "arn:certificate", "ClientCidr": "203.0.113.0/24", "ModelId": "model", "ModelArns": "arn:model-1,arn:model-2",
}  # fmt: skip
# Every option that adds or removes a resource, a statement or a setting.
SWITCHED = {
    "Zones": "zone-1,zone-2", "FlowLogs": "REJECT", "EgressDomains": "api.gleif.org,*.example.com", "Scheme": "internal",
    "GuardrailArn": "arn:guardrail,arn:profile", "VerifierGuardrailArns": "arn:verifier", "ListArns": "arn:list",
    "CompaniesHouseKeySecretArn": "arn:secret-1", "SanctionsApiKeySecretArn": "arn:secret-2", "SecretKeyArns": "arn:key",
    "AlarmEmail": "oncall@example.com", "MonthlyBudgetUsd": 1000, "WorkersLeast": 0, "Architecture": "ARM64", "Cidr": "10.0.0.0/18",
    "CopyBucketArn": "arn:copies", "CopyRegion": "eu-west-1", "CopyKeyArn": "arn:copies-key", "CopyVaultArn": "arn:vault",
    "Models": 'model=[{id="m"}]', "ModelSeconds": "60", "LogRetentionDays": 30, "DeletionProtection": "false", "DeploymentAlarms": "false", "SpotWeight": 0, "AuditLock": "COMPLIANCE", "AuditRetentionDays": 1827, "TenantRetentionDays": "acme=400,globex=30", "RetentionDaysMax": 400, "EncryptionContext": "tenant",
}  # fmt: skip
OFF = {"FlowLogs": "none", "EndpointPolicies": "false", "AccessLogs": "false", "Trail": "false", "Firewall": "false", "AuditLock": "none"}
# In another Region, from the copies of a lost one.
RESTORED = {
    "RestoredTable": "dossier-restored", "RestoredAccessTable": "dossier-access-restored", "RestoredBucket": "copies",
    "RestoredKeyArn": "arn:restored-key", "RestoredSecretsKeyArn": "arn:restored-secrets-key",
    "CopyKeyArn": "arn:copies-key", "CopyVaultArn": "arn:vault", "CopyBucketArn": "arn:copies", "CopyRegion": "eu-west-1",
}  # fmt: skip
# Parameters that need each other: what both refuse, and what both accept.
COPIED = {"CopyBucketArn": "arn:copies", "CopyRegion": "eu-west-1", "CopyKeyArn": "arn:copies-key"}
REFUSED = [
    {"RestoredBucket": "copies"}, {"RestoredKeyArn": "arn:restored-key"}, {**COPIED, "CopyKeyArn": ""}, {**COPIED, "CopyRegion": ""},
    {"CopyVaultArn": "arn:vault"}, {**RESTORED, "CopyKeyArn": ""},
]  # fmt: skip
ACCEPTED = [{}, COPIED, RESTORED, {"RestoredTable": "dossier-restored"}, {**RESTORED, "CopyBucketArn": "", "CopyVaultArn": "", "CopyKeyArn": ""}]
# The same for what waits in the other Region: before a failover, after one, and with copies of its own.
STANDBY = {"PrimarySecretsKeyArn": "arn:secrets-key"}
CLOSED = {**STANDBY, "AcceptsCopies": "false"}
STANDBY_COPIED = {**CLOSED, "CopyBucketArn": "arn:copies", "CopyKeyArn": "arn:copies-key"}
STANDBY_REFUSED = [{**STANDBY_COPIED, "AcceptsCopies": "true"}, {**STANDBY_COPIED, "CopyKeyArn": ""}]
STANDBY_ACCEPTED = [STANDBY, CLOSED, STANDBY_COPIED]
# New deployments alone use the module: no table of version 0.2 needs its indexes changed.
NOT_A_VARIABLE = {"TableIndexes"}
ALARMS = {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"}
failures = []


def snake(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def plain(value):
    """Returns a value in one form: numbers and booleans as text, lists of one as their member, no empty members."""
    if isinstance(value, dict):
        kept = {name: plain(one) for name, one in value.items()}
        return {name: one for name, one in sorted(kept.items()) if one not in (None, "", [], {})}
    if isinstance(value, list):
        items = [plain(one) for one in value]
        return items[0] if len(items) == 1 else items
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(int(value)) if float(value).is_integer() else str(value)
    return value


def variables(template="dossier", folder=terraform_module.MODULE):
    """Checks that a module has the parameters of its template as variables, with their defaults; returns, by variable, what
    turns a parameter's value into its value."""
    parameters = cloudformation.Template(template, {}).content["Parameters"]
    declared = dict(terraform_module.labelled(terraform_module.parsed(folder)["variable"]))
    for name in sorted({snake(one) for one in parameters if one not in NOT_A_VARIABLE} ^ set(declared)):
        failures.append(f"{name} is not both a parameter of {template}.yaml and a variable of {folder}")
    for name, parameter in parameters.items():
        body = declared.get(snake(name), {})
        kind, default = body.get("type", "").strip("${}"), body.get("default")
        default = default.strip('"') if isinstance(default, str) else default
        if kind.startswith("list"):
            default = None if default is None else ",".join(one.strip('"') for one in default)
        if name not in NOT_A_VARIABLE and plain(default) != plain(parameter.get("Default")):
            failures.append(f"{folder}: {snake(name)} has the default {default!r} instead of {parameter.get('Default')!r}")
    return {snake(name): terraform_value(declared.get(snake(name), {})) for name in parameters}


def converted(parameters, convert):
    return {snake(name): convert[snake(name)](value) for name, value in parameters.items()}


def addresses():
    """Checks that `moved` blocks lead from addresses that no longer exist to some that do."""
    for folder in (terraform_module.MODULE, terraform_module.MODULE / "standby"):
        existing = terraform_module.addresses(folder)
        for old, new in terraform_module.moved(folder):
            if old in existing or new not in existing:
                failures.append(f"{folder}/moved.tf: {old} must be gone and {new} must exist")


def terraform_value(body):
    kind = body.get("type", "")
    if "list" in kind:
        return lambda value: [one for one in str(value).split(",") if one]
    if "bool" in kind:
        return lambda value: value == "true"
    return (lambda value: value) if "number" in kind else str


def broken(name, parameters):
    """Returns what the rules of a template say about these parameters."""
    template = cloudformation.Template(name, parameters)
    return [
        one["AssertDescription"]
        for rule in template.content["Rules"].values() if "RuleCondition" not in rule or template.holds(rule["RuleCondition"])
        for one in rule["Assertions"] if not template.holds(one["Assert"])
    ]  # fmt: skip


def rules(template, folder, convert, refused, accepted):
    """Checks that CloudFormation and Terraform refuse the same combinations of parameters; returns their number."""
    scenarios = refused + accepted
    module = terraform_module.refused([converted(one, convert) for one in scenarios], folder)
    for number, (parameters, refuses) in enumerate(zip(scenarios, module)):
        shown = {name: value for name, value in parameters.items() if name not in REQUIRED}
        for where, answer in ((f"{template}.yaml", bool(broken(template, parameters))), (folder, refuses)):
            if answer != (number < len(refused)):
                failures.append(f"{where} {'refuses' if answer else 'accepts'} {shown}")
    return len(scenarios)


def rules_of_parts():
    """Checks that the templates which can be deployed by themselves refuse what dossier.yaml does, as far as they have its
    parameters, and nothing else."""
    root = cloudformation.Template("dossier", {}).content["Rules"]
    for name in ("data", "backups"):
        part = cloudformation.Template(name, {}).content
        known = lambda one: set(re.findall(r"'Ref': '(\w+)'", str(one))) <= set(part["Parameters"])
        expected = {rule: {**body, "Assertions": [one for one in body["Assertions"] if known(one)]} for rule, body in root.items() if known(body["RuleCondition"])}
        for rule in sorted(one for one in {*expected, *part["Rules"]} if expected.get(one) != part["Rules"].get(one)):
            failures.append(f"the rule {rule} of {name}.yaml is not that of dossier.yaml")


def compare(scenario, templates, module):
    """Compares the resources of the templates with those of the module."""
    left = {key: instances for key, instances in module.items() if instances}
    for name, (kind, properties) in templates.items():
        if kind not in PAIRS:
            failures.append(f"{scenario}: {name}: this check does not know the type {kind}")
            continue
        resource, mine, theirs = PAIRS[kind]
        parts = {part: left.pop((part, snake(name)), None) for part in (resource, *PARTS.get(resource, ()))}
        if kind in ALARMS:
            # One block for all alarms, and one for those of deployments.
            alarms = [one for block in ("alarms", "deployment_alarms") for one in module.get((resource, block), [])]
            parts = {resource: [one for one in alarms if one["alarm_name"] == properties["AlarmName"]]}
            left = {key: instances for key, instances in left.items() if key not in ((resource, "alarms"), (resource, "deployment_alarms"))}
        if not parts[resource]:
            failures.append(f"{scenario}: {name} ({kind}) has no {resource}.{snake(name)}")
            continue
        expected, found = plain(mine(properties)), plain(theirs(parts[resource], {part: found for part, found in parts.items() if found}))
        for member in sorted(set(expected) | set(found)):
            if expected.get(member) != found.get(member):
                failures.append(f"{scenario}: {name}: {member}:\n  CloudFormation {json.dumps(expected.get(member))}\n  Terraform      {json.dumps(found.get(member))}")
    alarms = {one["alarm_name"] for (kind, _), instances in module.items() if kind.endswith("_alarm") for one in instances}
    for name in sorted(alarms - {properties.get("AlarmName") for _, properties in templates.values()}):
        failures.append(f"{scenario}: the alarm {name} has no counterpart in CloudFormation")
    for kind, name in left:
        failures.append(f"{scenario}: {kind}.{name} has no counterpart in CloudFormation")


def main():
    standby = terraform_module.MODULE / "standby"
    convert, convert_standby = variables(), variables("standby", standby)
    addresses()
    rules_of_parts()
    if not terraform_module.program():
        declared = set(terraform_module.resources())
        for name, (kind, _) in cloudformation.deployed({**REQUIRED, **SWITCHED}).items():
            # One block has all alarms.
            if kind not in ALARMS and (PAIRS[kind][0], snake(name)) not in declared:
                failures.append(f"{name} ({kind}) has no {PAIRS[kind][0]}.{snake(name)}")
        print("deploy: NOT RUN: the properties of the Terraform module were not compared: neither terraform nor tofu is installed")
    else:
        combinations = rules("dossier", terraform_module.MODULE, convert, [{**REQUIRED, **one} for one in REFUSED], [{**REQUIRED, **one} for one in ACCEPTED])
        combinations += rules("standby", standby, convert_standby, STANDBY_REFUSED, STANDBY_ACCEPTED)
        counts = []
        for scenario, chosen in (("defaults", {}), ("switched", SWITCHED), ("off", OFF), ("restored", RESTORED)):
            parameters = {**REQUIRED, **chosen}
            templates = cloudformation.deployed(parameters)
            counts.append(len(templates))
            compare(scenario, templates, terraform_module.evaluated(converted(parameters, convert)))
        compare("images", cloudformation.alone("images", {}), terraform_module.evaluated({}, terraform_module.MODULE / "images"))
        for given in STANDBY_ACCEPTED:
            compare("standby", cloudformation.alone("standby", given), terraform_module.evaluated(converted(given, convert_standby), standby))
    if failures:
        sys.exit("deploy: the Terraform module differs from CloudFormation:\n" + "\n".join(failures))
    if terraform_module.program():
        print(f"deploy: Terraform creates what CloudFormation does: {', '.join(map(str, counts))} resources with defaults, switched, off and restored, and refuses the same of {combinations} combinations")


main()
