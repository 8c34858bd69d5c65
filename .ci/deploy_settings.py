"""Checks that every setting of the services can be deployed: each setting that the code reads is documented, each
documented one is in the container of its service, and each parameter of a template is one of the whole deployment."""

import pathlib
import re
import sys

import yaml

DEPLOY = pathlib.Path("deploy")
CONTAINERS = {"api-service": ["ApiTask"], "worker-service": ["WorkerTask"], "both": ["ApiTask", "WorkerTask"], "telemetry": ["ApiTask", "WorkerTask"]}
# Settings that no deployment sets, and why.
NOT_DEPLOYED = {
    "DOSSIER_BIND": "the load balancer expects port 8080, the default",
    "DOSSIER_HEALTH_BIND": "the image sets it",
    "DOSSIER_REVISION": "the image sets it",
    "DOSSIER_LINK_ENDPOINT": "only for emulators",
    "DOSSIER_ATTEMPTS": "deprecated and without effect",
    "ECS_AGENT_URI": "ECS sets it",
}
# Settings with a fixed value: others in the template depend on it.
FIXED = {
    "DOSSIER_LOG_FORMAT", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER", "DOSSIER_API_PROXIES",
    "DOSSIER_API_DRAIN_NOTICE_SECONDS", "DOSSIER_API_DRAIN_SECONDS", "DOSSIER_WORKER_DRAIN_SECONDS",
}  # fmt: skip
failures = []


def template(name):
    return yaml.safe_load((DEPLOY / f"{name}.yaml").read_text(encoding="utf-8"))


def in_code():
    """Returns the settings that programs read, tests aside."""
    sources = [path for root in ("api-service/src", "worker-service", "shared") for path in pathlib.Path(root).rglob("*.rs")]
    texts = [path.read_text(encoding="utf-8").split("#[cfg(test)]")[0] for path in sources if "tests" not in path.parts and "benches" not in path.parts]
    return {name for text in texts for name in re.findall(r'"(DOSSIER_[A-Z0-9_]+)"', text)}


def documented():
    """Returns the settings of docs/CONFIGURATION.md by section."""
    text = pathlib.Path("docs/CONFIGURATION.md").read_text(encoding="utf-8")
    return {name: re.findall(r"^\| `([A-Z0-9_]+)` \|", body, re.MULTILINE) for name, body in re.findall(r"<!-- settings: (.*?) -->(.*?)<!-- end -->", text, re.DOTALL)}


def settings(task):
    """Returns the values of a service's settings in its task definition, secrets included."""
    container = template("tasks")["Resources"][task]["Properties"]["ContainerDefinitions"][0]
    values = {one["Name"]: one["Value"] for one in container["Environment"]}
    for secret in container.get("Secrets", []):
        secret = secret["Fn::If"][1] if "Fn::If" in secret else secret
        values[secret["Name"]] = secret["ValueFrom"]
    return values


def compare():
    sections = documented()
    known = {name for names in sections.values() for name in names}
    for name in sorted(in_code() - known):
        failures.append(f"{name}: a program reads it, but docs/CONFIGURATION.md does not describe it")
    by_task = {task: settings(task) for task in ("ApiTask", "WorkerTask")}
    for section, names in sections.items():
        for name in names:
            for task in CONTAINERS[section]:
                if (name in by_task[task]) == (name in NOT_DEPLOYED):
                    failures.append(f"{task}: {name} must be set, or have a reason in NOT_DEPLOYED of .ci/deploy_settings.py, and not both")
    for task, values in by_task.items():
        for name, value in values.items():
            if name.startswith("DOSSIER_") and name not in known:
                failures.append(f"{task}: no program reads {name}")
            if isinstance(value, str) == (name not in FIXED):
                failures.append(f"{task}: {name} must be a parameter, or be listed in FIXED of .ci/deploy_settings.py, and not both")
    return sum(len(values) for values in by_task.values())


def passed_on():
    """Checks that the whole deployment sets every parameter of its parts, from a parameter of the same name and default
    or from an output. A parameter that it leaves out would keep its default for ever."""
    root = template("dossier")
    used = set()
    for logical, stack in root["Resources"].items():
        part = template(stack["Properties"]["TemplateURL"].removesuffix(".yaml"))
        given = stack["Properties"]["Parameters"]
        for name in sorted(set(part["Parameters"]) ^ set(given)):
            failures.append(f"dossier.yaml: {logical}: {name} is not both a parameter of its template and set")
        for name, value in given.items():
            if "Ref" in value:
                used.add(value["Ref"])
                if value["Ref"] != name:
                    failures.append(f"dossier.yaml: {logical}: {name} is set from {value['Ref']}: use one name")
                elif part["Parameters"].get(name, {}).get("Default") != root["Parameters"][name].get("Default"):
                    failures.append(f"dossier.yaml: {name} has another default than in {stack['Properties']['TemplateURL']}")
    for name in sorted(set(root["Parameters"]) - used):
        failures.append(f"dossier.yaml: no part uses the parameter {name}")
    return len(root["Parameters"])


def main():
    values, parameters = compare(), passed_on()
    if failures:
        sys.exit("deploy: settings cannot be deployed:\n" + "\n".join(failures))
    print(f"deploy: {values} settings of both services are deployable, by {parameters} parameters")


if __name__ == "__main__":
    main()
