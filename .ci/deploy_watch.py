"""Checks what watches a deployment: the collector's configuration, alarms with their sections of the runbook, the
dashboard in CloudWatch and the one in Grafana, and that the metrics and attributes that they name exist."""

import itertools
import json
import pathlib
import re
import sys

import promql_parser
import yaml

failures = []


def fail(what):
    failures.append(what)


# The templates with alarms, other than those of deployments, which services.yaml has.
WATCHING = ("watch", "objectives", "audit")


def template(name):
    return yaml.safe_load(pathlib.Path("deploy", f"{name}.yaml").read_text(encoding="utf-8"))


# What the exporter of the collector translates to units of CloudWatch; the rest reaches CloudWatch as it is, which then
# drops the value ("Specification: Embedded metric format").
TRANSLATED = {"s", "ms", "us", "By", "1"}


def units(exporter, source):
    """Checks that each forwarded metric has a unit that CloudWatch accepts."""
    replaced = {one["metric_name"]: one for one in exporter["metric_descriptors"]}
    forwarded = {selector for one in exporter["metric_declarations"] for selector in one["metric_name_selectors"]}
    for name, unit in re.findall(r'\("([^"]+)"\)\s*\.with_unit\("([^"]+)"\)', source):
        selector = "^" + name.replace(".", "\\.") + "$$"
        if selector in forwarded and unit not in TRANSLATED and replaced.get(name) != {"metric_name": name, "unit": "None", "overwrite": True}:
            fail(f"the collector forwards {name} with the unit {unit}, which CloudWatch does not know: give it the unit None")
    for name in replaced:
        if not any(re.fullmatch(selector.replace("$$", "$"), name) for selector in forwarded):
            fail(f"the collector gives {name} a unit, but does not forward it")


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
    units(config["exporters"]["awsemf"], source)
    exported = {}
    for declaration in config["exporters"]["awsemf"]["metric_declarations"]:
        for one in itertools.chain(*declaration["dimensions"]):
            if one not in attributes:
                fail(f"the collector forwards metrics with the attribute {one}, which nothing records")
        for selector in declaration["metric_name_selectors"]:
            name = selector.removeprefix("^").removesuffix("$$").replace("\\.", ".")
            exported.setdefault(name, set()).update(map(frozenset, declaration["dimensions"]))
    return exported


# How the services create their instruments, and the suffix of each in Prometheus ("OTLP Metric Points to
# Prometheus"). A histogram has three series.
KINDS = {
    r'seconds\(\s*&meter,\s*"([^"]+)"': "_seconds_(bucket|sum|count)",
    r'u64_histogram\("([^"]+)"\)\s*\.with_unit\("\{token\}"\)': "_(bucket|sum|count)",
    r'\b(?:count|counter)\(\s*"([^"]+)"': "_total",
    r'u64_counter\("([^"]+)"\)\s*\.with_unit\("\{unit\}"\)': "_total",
    r'f64_counter\("([^"]+)"\)\s*\.with_unit\("USD"\)': "_USD_total",
    r'f64_gauge\("([^"]+)"\)\s*\.with_unit\("s"\)': "_seconds",
    r'(?:\b(?:level|gauge)\(\s*|[iu]64_(?:observable_)?gauge\()"([^"]+)"': "",
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
    """Checks that each alarm that tells somebody names a section of the runbook and has its row there, that every other
    is a part of one that does, and that the metrics exist. Returns the number of alarms that tell somebody."""
    resources = {logical: one for name in WATCHING for logical, one in template(name)["Resources"].items()}
    metric_alarms = {logical: one["Properties"] for logical, one in resources.items() if one["Type"] == "AWS::CloudWatch::Alarm"}
    services = template("services")["Resources"]
    # Alarms that roll a deployment back tell nobody.
    of_deployments = {name["Ref"] for one in services.values() if one["Type"] == "AWS::ECS::Service" for name in one["Properties"]["DeploymentConfiguration"]["Alarms"]["AlarmNames"]}
    rolling_back = {logical: services[logical]["Properties"] for logical in sorted(of_deployments)}
    composite = {logical: one["Properties"] for logical, one in resources.items() if one["Type"] == "AWS::CloudWatch::CompositeAlarm"}
    parts = set()
    for logical, alarm in composite.items():
        named = re.findall(r'ALARM\("\$\{(\w+)\}"\)', alarm["AlarmRule"]["Fn::Sub"])
        parts.update(named)
        for one in named:
            if one not in metric_alarms:
                fail(f"{logical} names {one}, which is not an alarm")
    telling = {logical: alarm for logical, alarm in (metric_alarms | composite).items() if alarm.get("AlarmActions")}
    for logical in sorted(set(metric_alarms) - set(telling) ^ parts):
        fail(f"{logical}: an alarm must have an action, or be a part of a composite alarm, and not both")
    runbook(telling | rolling_back)
    for logical, alarm in (metric_alarms | rolling_back).items():
        metrics = alarm["Metrics"]
        periods = {one.get("MetricStat", one)["Period"] for one in metrics if "Period" in one.get("MetricStat", one)}
        # "Create a CloudWatch alarm based on a metric math expression": an alarm looks at no more than a day.
        if len(periods) != 1 or max(periods) * alarm["EvaluationPeriods"] > 86400:
            fail(f"{logical}: its metrics need one period, and may look at a day at most")
        if sum(one.get("ReturnData", True) for one in metrics) != 1:
            fail(f"{logical}: exactly one of its metrics must return data")
        for one in metrics:
            names = {other["Id"] for other in metrics}
            expression = one.get("Expression", "")
            expression = re.sub(r"\$\{\w+\}", "1", expression["Fn::Sub"] if isinstance(expression, dict) else expression)
            if expression.startswith("SELECT"):
                query(logical, one, expression)
                continue
            for name in set(re.findall(r"\b[a-z]\w*", expression)) - names:
                fail(f"{logical}: its expression reads {name}, which it does not define")
            metric = one.get("MetricStat", {}).get("Metric", {})
            if metric.get("Namespace") == {"Ref": "Prefix"}:
                read(logical, metric["MetricName"], [dimension["Name"] for dimension in metric["Dimensions"]], known, exported)
    return len(telling), dashboard(known, exported)


def query(logical, metric, expression):
    """Checks a query of an alarm: it needs a period ("Create a CloudWatch alarm based on a Metrics Insights query"), and a
    filter that it names must be that of every subscription."""
    found = re.fullmatch(r"""SELECT SUM\(\w+\) FROM "AWS/Logs" WHERE FilterName = '([^']+)'""", expression)
    filters = {one["Properties"]["FilterName"]["Fn::Sub"] for one in template("audit")["Resources"].values() if one["Type"] == "AWS::Logs::SubscriptionFilter"}
    if not found or "Period" not in metric:
        fail(f"{logical}: {expression} is not a query with a period that this check recognises")
    elif {one.replace("${Prefix}", "1") for one in filters} != {found[1]}:
        fail(f"{logical}: {expression} must name the filter of both log groups, {sorted(filters)}")


def runbook(telling):
    """Checks that docs/OPERATIONS.md has a section for each alarm, and a row with its name that leads there."""
    text = pathlib.Path("docs/OPERATIONS.md").read_text(encoding="utf-8")
    sections = set(re.findall(r"^## (.+)$", text, re.MULTILINE))
    rows = dict(re.findall(r"^\| `([a-z-]+)` \|.*\| \[(.+?)\]\(#[a-z0-9_-]+\) \|$", text, re.MULTILINE))
    names = set()
    for logical, alarm in telling.items():
        section = re.search(r"See docs/OPERATIONS.md, '(.+)'", alarm["AlarmDescription"])
        name = alarm["AlarmName"]["Fn::Sub"].removeprefix("${Prefix}-")
        names.add(name)
        if not section or section[1] not in sections:
            fail(f"{logical}: {section and section[1]!r} is not a section of docs/OPERATIONS.md")
        elif rows.get(name) != section[1]:
            fail(f"{logical}: the row of `{name}` in docs/OPERATIONS.md leads to {rows.get(name)!r} instead of {section[1]!r}")
    for name in sorted(set(rows) - names):
        fail(f"docs/OPERATIONS.md has a row of the alarm {name}, which does not exist")


def dashboard(known, exported):
    body = json.loads(template("dashboard")["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    for widget in body["widgets"]:
        title = widget["properties"]["title"]
        ids = {one["id"] for series in widget["properties"]["metrics"] for one in series if isinstance(one, dict) and "id" in one}
        for series in widget["properties"]["metrics"]:
            if isinstance(series[0], dict) and "SEARCH" not in series[0]["expression"]:
                expression = re.sub(r"\$\{\w+\}", "1", series[0]["expression"])
                for name in set(re.findall(r"\b[a-z]\w*", expression)) - ids:
                    fail(f"widget {title!r}: its expression reads {name}, which it does not define")
            elif isinstance(series[0], dict):
                # Names with characters other than letters and digits are quoted ("CloudWatch search
                # expression syntax").
                search = re.fullmatch(r"""SEARCH\('\{"\$\{Prefix\}",((?:"[^"]+",?)+)\} MetricName="([^"]+)"', '\w+', \d+\)""", series[0]["expression"])
                if not search:
                    fail(f"widget {title!r}: {series[0]['expression']} is not a search that this check recognises")
                else:
                    read(title, search[2], re.findall(r'"([^"]+)"', search[1]), known, exported)
            elif series[0] == "${Prefix}":
                read(title, series[1], [one for one in series[2:] if isinstance(one, str)][::2], known, exported)
    return len(body["widgets"])


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
    exported, known = collector(), instruments()
    for name in set(exported) - set(known):
        fail(f"the collector forwards {name}, which no service records")
    count, widgets = alarms(known, exported)
    panels = grafana(known)
    if failures:
        sys.exit("deploy: what watches the deployment has problems:\n" + "\n".join(failures))
    print(f"deploy: {count} alarms with their sections, {widgets} widgets, {panels} panels, {len(known)} metrics")


main()
