"""What cfn-lint and checkov do not know of the templates: task definitions, permissions, alarms, dashboards, and what they name."""

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
# Statements whose actions know no resource ("Service Authorization Reference"): everything else names what it may touch.
WITHOUT_RESOURCE = {"Token", "Traces"}


def wrong(what):
    failures.append(what)


def template(name):
    return yaml.safe_load((DEPLOY / f"{name}.yaml").read_text(encoding="utf-8"))


def properties(kind, *names):
    for name in names:
        for logical, resource in template(name)["Resources"].items():
            if resource["Type"] == kind:
                yield logical, resource["Properties"]


def task_definitions():
    """As ECS takes them, and with more time to stop than the services take to drain."""
    shape = boto3.client("ecs", region_name="eu-central-1").meta.service_model.operation_model("RegisterTaskDefinition").input_shape
    for path in sorted((DEPLOY / "task-definitions").glob("*.json")):
        definition = json.loads(path.read_text(encoding="utf-8"))
        if report := ParamValidator().validate(definition, shape).generate_report():
            wrong(f"{path}: {report}")
        for container in definition["containerDefinitions"]:
            if not container.get("readonlyRootFilesystem"):
                wrong(f"{path}: the root of {container['name']} can be written to")
        service = definition["containerDefinitions"][0]
        seconds = {one["name"]: one["value"] for one in service["environment"] if "DRAIN" in one["name"]}
        if len(seconds) != {"api": 2, "worker": 1}[path.stem]:
            wrong(f"{path}: how long draining takes is left to the services: {sorted(seconds)}")
        # Ten seconds to give back what is left, and ten to send the last telemetry, come on top of a worker's drain.
        drain = sum(map(int, seconds.values())) + (20 if path.stem == "worker" else 5)
        # Fargate gives 120 seconds at most ("Amazon ECS task definition parameters for Fargate", stopTimeout).
        if not drain <= service["stopTimeout"] <= 120:
            wrong(f"{path}: {service['stopTimeout']} s to stop, where draining takes {drain} s and Fargate gives 120")


def collector():
    text = template("services")["Resources"]["CollectorConfig"]["Properties"]["Value"]["Fn::Sub"]
    text = text.replace("${AWS::Region}", "eu-central-1").replace("${Prefix}", "dossier")
    if len(text) > 4096:
        wrong(f"the collector's configuration has {len(text)} characters; a parameter of Systems Manager holds 4096")
    config = yaml.safe_load(text)
    for name, pipeline in config["service"]["pipelines"].items():
        for part in ("receivers", "processors", "exporters"):
            for one in pipeline[part]:
                if one not in config[part]:
                    wrong(f"the collector's pipeline of {name} names {one}, which is not among its {part}")
    source = pathlib.Path("shared/telemetry/src/metrics.rs").read_text(encoding="utf-8")
    attributes = set(re.findall(r'KeyValue::new\(\s*"([a-z_.]+)"', source)) | {"service.name"}
    exported = {}
    for declaration in config["exporters"]["awsemf"]["metric_declarations"]:
        for one in itertools.chain(*declaration["dimensions"]):
            if one not in attributes:
                wrong(f"the collector passes on metrics by {one}, which nothing records")
        for selector in declaration["metric_name_selectors"]:
            name = selector.removeprefix("^").removesuffix("$$").replace("\\.", ".")
            exported.setdefault(name, set()).update(map(frozenset, declaration["dimensions"]))
    return exported


def statements():
    for logical, role in properties("AWS::IAM::Role", "access"):
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                # What is only there where it is asked for is judged as if it were.
                yield logical, statement["Fn::If"][1] if "Fn::If" in statement else statement


def listed(value):
    return value if isinstance(value, list) else [value]


ARNS = {
    "TableArn": "arn:aws:dynamodb:eu-central-1:123456789012:table/dossier",
    "BucketArn": "arn:aws:s3:::dossier",
    "KeyArn": "arn:aws:kms:eu-central-1:123456789012:key/1",
    "ModelArns": "arn:aws:bedrock:eu-central-1::foundation-model/m",
    "GuardrailArn": "arn:aws:bedrock:eu-central-1:123456789012:guardrail/g",
    "ListArns": "arn:aws:s3:::lists/sdn.csv",
    "SecretArns": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:s",
}


def arn(value):
    """The value as an ARN of an invented account."""
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
            wrong(f"{where}: a pattern of actions")
        resources = listed(statement["Resource"])
        if ("*" in resources) != (statement["Sid"] in WITHOUT_RESOURCE):
            wrong(f"{where}: every resource")
        concrete = {**statement, "Resource": ["*" if one == "*" else arn(one) for one in resources]}
        concrete.pop("Condition", None)
        document = {"Version": "2012-10-17", "Statement": [concrete]}
        policy = parliament.analyze_policy_string(json.dumps(document))
        for finding in policy.findings:
            # The linter wants an ARN of each kind of model that Bedrock has; one kind is what is meant.
            if not (statement["Sid"] == "Model" and finding.issue == "RESOURCE_MISMATCH"):
                wrong(f"{where}: {finding.issue} {finding.detail}")


# How the services make their instruments, and what Prometheus calls these ("OTLP Metric Points to Prometheus"): a histogram has three series.
KINDS = {
    r'seconds\(\s*&meter,\s*"([^"]+)"': "_seconds_(bucket|sum|count)",
    r'u64_histogram\("([^"]+)"\)\s*\.with_unit\("\{token\}"\)': "_(bucket|sum|count)",
    r'count\(\s*"([^"]+)"': "_total",
    r'f64_counter\("([^"]+)"\)\s*\.with_unit\("USD"\)': "_USD_total",
    r'f64_gauge\("([^"]+)"\)\s*\.with_unit\("s"\)': "_seconds",
    r'(?:level\(\s*|i64_gauge\()"([^"]+)"': "",
}


def instruments():
    """The names of what the services measure, with the pattern of what Prometheus calls each."""
    source = pathlib.Path("shared/telemetry/src/metrics.rs").read_text(encoding="utf-8")
    found = {}
    for kind, suffix in KINDS.items():
        for name in re.findall(kind, source):
            found[name] = re.compile(re.sub(r"[^a-z0-9]", "_", name) + suffix)
    every = set(re.findall(r'"((?:http|dossier|gen_ai)\.[a-z_.]+)"', source[: source.index("/// A request to the API was answered")]))
    if unsorted := every - set(found):
        wrong(f"metrics.rs makes {sorted(unsorted)} in a way that this check does not know")
    return found


def alarms(known, exported):
    pages = set(re.findall(r"^## (.+)$", pathlib.Path("docs/OPERATIONS.md").read_text(encoding="utf-8"), re.MULTILINE))
    count = 0
    for logical, alarm in properties("AWS::CloudWatch::Alarm", "watch"):
        count += 1
        page = re.search(r"See docs/OPERATIONS.md, '(.+)'", alarm["AlarmDescription"])
        if not page or page[1] not in pages:
            wrong(f"{logical}: {page and page[1]!r} is no page of docs/OPERATIONS.md")
        for one in alarm["Metrics"]:
            metric = one.get("MetricStat", {}).get("Metric", {})
            if metric.get("Namespace") == {"Ref": "Prefix"}:
                read(logical, metric["MetricName"], [dimension["Name"] for dimension in metric["Dimensions"]], known, exported)
    body = json.loads(template("watch")["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    for widget in body["widgets"]:
        title = widget["properties"]["title"]
        for series in widget["properties"]["metrics"]:
            if isinstance(series[0], dict):
                # Names with anything but letters and digits stand in quotes ("CloudWatch search expression syntax").
                search = re.fullmatch(r"""SEARCH\('\{"\$\{Prefix\}",((?:"[^"]+",?)+)\} MetricName="([^"]+)"', '\w+', \d+\)""", series[0]["expression"])
                if not search:
                    wrong(f"widget {title!r}: {series[0]['expression']} is no search that this check knows")
                else:
                    read(title, search[2], re.findall(r'"([^"]+)"', search[1]), known, exported)
            elif series[0] == "${Prefix}":
                read(title, series[1], [one for one in series[2:] if isinstance(one, str)][::2], known, exported)
    return count, len(body["widgets"])


def read(where, name, dimensions, known, exported):
    """What an alarm or a widget reads is measured, and passed on by exactly these dimensions."""
    if name not in known:
        wrong(f"{where} reads {name}, which nothing measures")
    elif frozenset(dimensions) not in exported.get(name, ()):
        wrong(f"{where} reads {name} by {sorted(dimensions)}, by which the collector does not pass it on")


def grafana(known):
    board = json.loads(pathlib.Path("docker/grafana/dossier.json").read_text(encoding="utf-8"))
    seen = set()
    for panel in board["panels"]:
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "1m")
            try:
                parsed = promql_parser.parse(expression)
            except ValueError as error:
                wrong(f"panel {panel['title']!r}: {error}")
                continue
            # What is read is what stands before a selector or a range, and not what series are grouped by.
            for name in re.findall(r"\b(\w+)(?:\{[^}]*\})?\[|\((\w+)\)$", parsed.prettify().replace("\n", "").replace(" ", "")):
                name = name[0] or name[1]
                measured = [one for one, pattern in known.items() if pattern.fullmatch(name)]
                seen.update(measured)
                if not measured:
                    wrong(f"panel {panel['title']!r} reads {name}, which nothing measures")
    for name in set(known) - seen:
        wrong(f"no panel of the dashboard shows {name}")
    return len(board["panels"])


def main():
    task_definitions()
    exported = collector()
    known = instruments()
    for name in set(exported) - set(known):
        wrong(f"the collector passes on {name}, which nothing measures")
    permissions()
    count, widgets = alarms(known, exported)
    panels = grafana(known)
    if failures:
        sys.exit("deploy: \n" + "\n".join(failures))
    print(f"deploy: {len(list(statements()))} statements, {count} alarms with their pages, {widgets} widgets, {panels} panels, {len(known)} metrics")


main()
