"""Checks the templates beyond cfn-lint and checkov: task definitions, permissions, alarms, dashboards,
and the names in them."""

import itertools
import json
import pathlib
import re
import sys

import boto3
import parliament
import promql_parser
import yaml
from botocore.validate import ParamValidator

DEPLOY = pathlib.Path("deploy")
failures = []
# Statements whose actions support no resource ("Service Authorization Reference"); all others must name their
# resources.
WITHOUT_RESOURCE = {"Token", "Traces"}


def fail(what):
    failures.append(what)


def template(name):
    return yaml.safe_load((DEPLOY / f"{name}.yaml").read_text(encoding="utf-8"))


def properties(kind, *names):
    for name in names:
        for logical, resource in template(name)["Resources"].items():
            if resource["Type"] == kind:
                yield logical, resource["Properties"]


def task_definitions():
    """Checks that ECS accepts the task definitions, and that they give the services more time to stop than they need to drain."""
    shape = boto3.client("ecs", region_name="eu-central-1").meta.service_model.operation_model("RegisterTaskDefinition").input_shape
    for path in sorted((DEPLOY / "task-definitions").glob("*.json")):
        definition = json.loads(path.read_text(encoding="utf-8"))
        if report := ParamValidator().validate(definition, shape).generate_report():
            fail(f"{path}: {report}")
        for container in definition["containerDefinitions"]:
            if not container.get("readonlyRootFilesystem"):
                fail(f"{path}: the root file system of {container['name']} is writable")
        service = definition["containerDefinitions"][0]
        seconds = {one["name"]: one["value"] for one in service["environment"] if "DRAIN" in one["name"]}
        if len(seconds) != {"api": 2, "worker": 1}[path.stem]:
            fail(f"{path}: set every drain time explicitly; found only {sorted(seconds)}")
        # After draining, a worker needs 10 seconds to release reports, 30 to record paid answers, and 15 for the rest.
        drain = sum(map(int, seconds.values())) + (55 if path.stem == "worker" else 5)
        # Fargate allows at most 120 seconds ("Amazon ECS task definition parameters for Fargate", stopTimeout).
        if not drain <= service["stopTimeout"] <= 120:
            fail(f"{path}: stopTimeout is {service['stopTimeout']} s, but draining takes {drain} s and Fargate allows at most 120 s")


# The indexes of version 0.2, from which a table is upgraded.
INDEXES_OF_0_2 = {"by_tenant", "due", "leases"}


def indexes():
    """Checks that each value of TableIndexes changes one index of the table, which is all that DynamoDB accepts in one
    update, and that the table defines exactly the attributes that are keys."""
    data = template("data")
    table, conditions = data["Resources"]["Table"]["Properties"], data["Conditions"]

    def holds(condition, value):
        if "Condition" in condition:
            return holds(conditions[condition["Condition"]], value)
        if "Fn::Not" in condition:
            return not holds(condition["Fn::Not"][0], value)
        if "Fn::And" in condition:
            return all(holds(one, value) for one in condition["Fn::And"])
        one, other = condition["Fn::Equals"]
        assert one == {"Ref": "TableIndexes"}, one
        return value == other

    def resolved(items, value):
        for item in items:
            if "Fn::If" in item:
                condition, item, other = item["Fn::If"]
                item = item if holds(conditions[condition], value) else other
            if item != {"Ref": "AWS::NoValue"}:
                yield item

    before = INDEXES_OF_0_2
    for value in data["Parameters"]["TableIndexes"]["AllowedValues"]:
        found = list(resolved(table["GlobalSecondaryIndexes"], value))
        names = {index["IndexName"] for index in found}
        if len(names ^ before) != 1:
            fail(f"TableIndexes {value} changes {sorted(names ^ before)}: an update changes one index")
        keys = {key["AttributeName"] for index in found for key in index["KeySchema"]} | {"pk"}
        defined = {attribute["AttributeName"] for attribute in resolved(table["AttributeDefinitions"], value)}
        if keys != defined:
            fail(f"TableIndexes {value}: {sorted(keys ^ defined)} must be defined exactly if an index has it as a key")
        before = names


def retention():
    """Checks that one period covers reports, files, and their versions."""
    period = {"Ref": "RetentionDays"}
    rules = {rule["Id"]: rule for _, bucket in properties("AWS::S3::Bucket", "data") for rule in bucket["LifecycleConfiguration"]["Rules"]}
    if any(rule["Status"] != "Enabled" or {"Prefix", "TagFilters"} & rule.keys() for rule in rules.values()):
        fail("a lifecycle rule of the bucket is disabled or does not apply to every object")
    if [rule["ExpirationInDays"] for rule in rules.values() if "ExpirationInDays" in rule] != [period]:
        fail("the bucket's objects must expire after RetentionDays")
    # The days of a noncurrent version count from the expiry of its object, so more than one would add to the period.
    if [rule["NoncurrentVersionExpiration"] for rule in rules.values() if "NoncurrentVersionExpiration" in rule] != [{"NoncurrentDays": 1}]:
        fail("noncurrent versions must expire after one day")
    if not any(rule.get("ExpiredObjectDeleteMarker") for rule in rules.values()):
        fail("no lifecycle rule removes delete markers")
    for logical, task in properties("AWS::ECS::TaskDefinition", "tasks"):
        environment = {one["Name"]: one["Value"] for one in task["ContainerDefinitions"][0]["Environment"]}
        if environment.get("DOSSIER_RETENTION_DAYS") != period:
            fail(f"{logical}: DOSSIER_RETENTION_DAYS must be RetentionDays")


def collector():
    text = template("services")["Resources"]["CollectorConfig"]["Properties"]["Value"]["Fn::Sub"]
    text = text.replace("${AWS::Region}", "eu-central-1").replace("${Prefix}", "dossier")
    if len(text) > 4096:
        fail(f"the collector's configuration has {len(text)} characters, but a Systems Manager parameter holds 4096")
    config = yaml.safe_load(text)
    for name, pipeline in config["service"]["pipelines"].items():
        for part in ("receivers", "processors", "exporters"):
            for one in pipeline[part]:
                if one not in config[part]:
                    fail(f"the collector's pipeline {name} names {one}, which is not defined in {part}")
    source = pathlib.Path("shared/telemetry/src/metrics.rs").read_text(encoding="utf-8")
    attributes = set(re.findall(r'KeyValue::new\(\s*"([a-z_.]+)"', source)) | {"service.name"}
    exported = {}
    for declaration in config["exporters"]["awsemf"]["metric_declarations"]:
        for one in itertools.chain(*declaration["dimensions"]):
            if one not in attributes:
                fail(f"the collector forwards metrics with the attribute {one}, which nothing records")
        for selector in declaration["metric_name_selectors"]:
            name = selector.removeprefix("^").removesuffix("$$").replace("\\.", ".")
            exported.setdefault(name, set()).update(map(frozenset, declaration["dimensions"]))
    return exported


def statements():
    for logical, role in properties("AWS::IAM::Role", "access"):
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                # Conditional statements are checked as if their condition holds.
                yield logical, statement["Fn::If"][1] if "Fn::If" in statement else statement


def listed(value):
    return value if isinstance(value, list) else [value]


ARNS = {
    "TableArn": "arn:aws:dynamodb:eu-central-1:123456789012:table/dossier",
    "AccessTableArn": "arn:aws:dynamodb:eu-central-1:123456789012:table/dossier-access",
    "BucketArn": "arn:aws:s3:::dossier",
    "KeyArn": "arn:aws:kms:eu-central-1:123456789012:key/1",
    "ModelArns": "arn:aws:bedrock:eu-central-1::foundation-model/m",
    "GuardrailArn": "arn:aws:bedrock:eu-central-1:123456789012:guardrail/g",
    "VerifierGuardrailArns": "arn:aws:bedrock:eu-central-1:123456789012:guardrail/v",
    "ListArns": "arn:aws:s3:::lists/sdn.csv",
    "SecretArns": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:s",
}


def arn(value):
    """Returns the value as an ARN, with an invented account number."""
    text = "${" + value["Ref"] + "}" if "Ref" in value else value["Fn::Sub"]
    for name, known in ARNS.items():
        text = text.replace("${" + name + "}", known)
    text = re.sub(r"\$\{(\w+)Arn\}", r"arn:aws:sqs:eu-central-1:123456789012:\1", text)
    for name, known in {"AWS::Partition": "aws", "AWS::Region": "eu-central-1", "AWS::AccountId": "123456789012", "Prefix": "dossier"}.items():
        text = text.replace("${" + name + "}", known)
    return text


def permissions():
    for role, statement in statements():
        where = f"{role}, {statement['Sid']}"
        if any("*" in action for action in listed(statement["Action"])):
            fail(f"{where}: an action contains a pattern")
        resources = listed(statement["Resource"])
        if ("*" in resources) != (statement["Sid"] in WITHOUT_RESOURCE):
            fail(f"{where}: the resource must be * exactly if the actions support none")
        concrete = {**statement, "Resource": ["*" if one == "*" else arn(one) for one in resources]}
        concrete.pop("Condition", None)
        document = {"Version": "2012-10-17", "Statement": [concrete]}
        policy = parliament.analyze_policy_string(json.dumps(document))
        for finding in policy.findings:
            # The linter requires an ARN of each kind of Bedrock model; one kind is intended.
            if not (statement["Sid"] == "Model" and finding.issue == "RESOURCE_MISMATCH"):
                fail(f"{where}: {finding.issue} {finding.detail}")


# How the services create their instruments, and the suffix of each in Prometheus ("OTLP Metric Points to
# Prometheus"). A histogram has three series.
KINDS = {
    r'seconds\(\s*&meter,\s*"([^"]+)"': "_seconds_(bucket|sum|count)",
    r'u64_histogram\("([^"]+)"\)\s*\.with_unit\("\{token\}"\)': "_(bucket|sum|count)",
    r'\b(?:count|counter)\(\s*"([^"]+)"': "_total",
    r'u64_counter\("([^"]+)"\)\s*\.with_unit\("\{unit\}"\)': "_total",
    r'f64_counter\("([^"]+)"\)\s*\.with_unit\("USD"\)': "_USD_total",
    r'f64_gauge\("([^"]+)"\)\s*\.with_unit\("s"\)': "_seconds",
    r'(?:\b(?:level|gauge)\(\s*|i64_gauge\()"([^"]+)"': "",
}


def instruments():
    """Returns the metric names of the services, each with the pattern of its names in Prometheus."""
    source = pathlib.Path("shared/telemetry/src/metrics.rs").read_text(encoding="utf-8")
    found = {}
    for kind, suffix in KINDS.items():
        for name in re.findall(kind, source):
            found[name] = re.compile(re.sub(r"[^a-z0-9]", "_", name) + suffix)
    attributes = set(re.findall(r'KeyValue::new\(\s*"([a-z_.]+)"', source))
    every = set(re.findall(r'"((?:http|dossier|gen_ai)\.[a-z_.]+)"', source)) - attributes
    if unknown := every - set(found):
        fail(f"metrics.rs creates {sorted(unknown)} in a way that this check does not recognise")
    return found


def alarms(known, exported):
    sections = set(re.findall(r"^## (.+)$", pathlib.Path("docs/OPERATIONS.md").read_text(encoding="utf-8"), re.MULTILINE))
    count = 0
    for logical, alarm in properties("AWS::CloudWatch::Alarm", "watch"):
        count += 1
        section = re.search(r"See docs/OPERATIONS.md, '(.+)'", alarm["AlarmDescription"])
        if not section or section[1] not in sections:
            fail(f"{logical}: {section and section[1]!r} is not a section of docs/OPERATIONS.md")
        for one in alarm["Metrics"]:
            metric = one.get("MetricStat", {}).get("Metric", {})
            if metric.get("Namespace") == {"Ref": "Prefix"}:
                read(logical, metric["MetricName"], [dimension["Name"] for dimension in metric["Dimensions"]], known, exported)
    body = json.loads(template("watch")["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    for widget in body["widgets"]:
        title = widget["properties"]["title"]
        for series in widget["properties"]["metrics"]:
            if isinstance(series[0], dict):
                # Names with characters other than letters and digits are quoted ("CloudWatch search
                # expression syntax").
                search = re.fullmatch(r"""SEARCH\('\{"\$\{Prefix\}",((?:"[^"]+",?)+)\} MetricName="([^"]+)"', '\w+', \d+\)""", series[0]["expression"])
                if not search:
                    fail(f"widget {title!r}: {series[0]['expression']} is not a search that this check recognises")
                else:
                    read(title, search[2], re.findall(r'"([^"]+)"', search[1]), known, exported)
            elif series[0] == "${Prefix}":
                read(title, series[1], [one for one in series[2:] if isinstance(one, str)][::2], known, exported)
    return count, len(body["widgets"])


def read(where, name, dimensions, known, exported):
    """Checks that a metric of an alarm or a widget exists and is forwarded with exactly these dimensions."""
    if name not in known:
        fail(f"{where} reads {name}, which no service records")
    elif frozenset(dimensions) not in exported.get(name, ()):
        fail(f"{where} reads {name} with the dimensions {sorted(dimensions)}, with which the collector does not forward it")


def grafana(known):
    board = json.loads(pathlib.Path("docker/grafana/dossier.json").read_text(encoding="utf-8"))
    seen = set()
    for panel in board["panels"]:
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "1m")
            try:
                parsed = promql_parser.parse(expression)
            except ValueError as error:
                fail(f"panel {panel['title']!r}: {error}")
                continue
            # Metric names precede a selector or a range; labels for grouping do not.
            for name in re.findall(r"\b(\w+)(?:\{[^}]*\})?\[|\((\w+)\)$", parsed.prettify().replace("\n", "").replace(" ", "")):
                name = name[0] or name[1]
                measured = [one for one, pattern in known.items() if pattern.fullmatch(name)]
                seen.update(measured)
                if not measured:
                    fail(f"panel {panel['title']!r} reads {name}, which no service records")
    for name in set(known) - seen:
        fail(f"no panel of the Grafana dashboard shows {name}")
    return len(board["panels"])


def main():
    task_definitions()
    indexes()
    retention()
    exported = collector()
    known = instruments()
    for name in set(exported) - set(known):
        fail(f"the collector forwards {name}, which no service records")
    permissions()
    count, widgets = alarms(known, exported)
    panels = grafana(known)
    if failures:
        sys.exit("deploy: the templates have problems:\n" + "\n".join(failures))
    print(f"deploy: {len(list(statements()))} statements, {count} alarms with their sections, {widgets} widgets, {panels} panels, {len(known)} metrics")


main()
