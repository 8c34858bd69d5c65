"""Checks the templates beyond cfn-lint and checkov: task definitions, indexes, retention and permissions."""

import json
import pathlib
import re
import sys

import boto3
import parliament
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


def definitions():
    """Returns the rendered task definitions by their paths."""
    return {path: json.loads(path.read_text(encoding="utf-8")) for path in sorted((DEPLOY / "task-definitions").glob("*.json"))}


def task_definitions():
    """Checks that ECS accepts the task definitions, and that they give the services more time to stop than they need to drain."""
    shape = boto3.client("ecs", region_name="eu-central-1").meta.service_model.operation_model("RegisterTaskDefinition").input_shape
    for path, definition in definitions().items():
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
    """Checks that one period covers reports, files, their versions, and the copies of files in another Region, and that the
    bucket knows the longest one."""
    period = {"Ref": "RetentionDays"}
    ((_, copies),) = properties("AWS::S3::Bucket", "standby")
    ((_, bucket),) = properties("AWS::S3::Bucket", "data")
    if copies["LifecycleConfiguration"] != bucket["LifecycleConfiguration"]:
        fail("the copies of files in another Region must expire by the same rules as the files")
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    if any(rule["Status"] != "Enabled" or "TagFilters" in rule for rule in rules.values()):
        fail("a lifecycle rule of the bucket is disabled or restricted to tags")
    expiring = {rule.get("Prefix"): rule for rule in rules.values() if "ExpirationInDays" in rule}
    # Copies of files under legal hold (held/) must stay, whatever their age.
    if {prefix: rule["ExpirationInDays"] for prefix, rule in expiring.items()} != {"reports/": period, "work/": period, "kept/": {"Ref": "RetentionDaysMax"}}:
        fail("files and work files must expire after RetentionDays, those of longer periods after RetentionDaysMax, and nothing else")
    # The days of a noncurrent version count from the expiry of its object, so more than one would add to the period.
    if any(rule.get("NoncurrentVersionExpiration") != {"NoncurrentDays": 1} for rule in expiring.values()):
        fail("noncurrent versions must expire after one day")
    if not any(rule.get("ExpiredObjectDeleteMarker") and "Prefix" not in rule for rule in rules.values()):
        fail("no lifecycle rule removes delete markers")
    for logical, task in properties("AWS::ECS::TaskDefinition", "tasks"):
        environment = {one["Name"]: one["Value"] for one in task["ContainerDefinitions"][0]["Environment"]}
        if [environment.get(f"DOSSIER_RETENTION_DAYS{one}") for one in ("", "_MAX")] != [period, {"Ref": "RetentionDaysMax"}]:
            fail(f"{logical}: DOSSIER_RETENTION_DAYS must be RetentionDays, and DOSSIER_RETENTION_DAYS_MAX must be RetentionDaysMax")


def audit():
    """Checks that the audit lines of both services become records, that nobody can delete these while they are locked, and
    that they are kept no longer than that."""
    for logical, resource in template("audit")["Resources"].items():
        if resource.get("Condition") != "HasAudit":
            fail(f"audit.yaml: {logical}: its condition must be HasAudit, so that all parts exist together")
    ((_, bucket),) = properties("AWS::S3::Bucket", "audit")
    lock = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    expiring = [rule["ExpirationInDays"] for rule in bucket["LifecycleConfiguration"]["Rules"] if "ExpirationInDays" in rule]
    if not bucket["ObjectLockEnabled"] or lock["Days"] != {"Ref": "AuditRetentionDays"} or expiring != [lock["Days"]]:
        fail("the audit records must be locked for AuditRetentionDays, and then expire")
    ((_, policy),) = properties("AWS::S3::BucketPolicy", "audit")
    # A statement binds everybody, and all records, only without any member that narrows it.
    whole = {"Effect": "Deny", "Principal": "*", "Resource": {"Fn::Sub": "${AuditBucket.Arn}/*"}}
    denied = {action for one in policy["PolicyDocument"]["Statement"] if {**one, **whole} == one and set(one) - set(whole) == {"Sid", "Action"} for action in listed(one["Action"])}
    if policy["Bucket"] != {"Ref": "AuditBucket"} or not {"s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"} <= denied:
        fail("the policy of the bucket of audit records must deny their deletion to everybody, for all objects and without a condition")
    filters = dict(properties("AWS::Logs::SubscriptionFilter", "audit"))
    if sorted(one["LogGroupName"].get("Ref", "") for one in filters.values()) != ["ApiLogName", "WorkerLogName"]:
        fail("the log groups of API and worker need one subscription filter each")
    for logical, one in filters.items():
        if one["FilterPattern"] != '{ $.target = "dossier::audit" }':
            fail(f"{logical}: audit lines, and no others, belong to the audit records")
        if one["DestinationArn"] != {"Fn::GetAtt": ["AuditStream", "Arn"]}:
            fail(f"{logical}: audit lines must go to the delivery stream of audit records")


def copies():
    """Checks that files are copied in the same way from the bucket of the active Region and from one that was restored, and
    that the role which reads tables to copy them may use the key of restored ones."""
    parts = []
    for name, key in ("data", "Key"), ("standby", "CopyKey"):
        resources = template(name)["Resources"]
        roles = json.dumps([resources.get(one) for one in ("CopyRole", "CopyExistingRole")]).replace(f'["{key}", "Arn"]', '["<key>", "Arn"]')
        parts.append([resources["Bucket"]["Properties"].get("ReplicationConfiguration"), roles])
    if parts[0] != parts[1]:
        fail("standby.yaml must replicate its bucket as data.yaml does, with the same roles")
    ids = {"Keys", "Grants"}
    for statement in dict(properties("AWS::IAM::Role", "backups"))["BackupRole"]["Policies"][0]["PolicyDocument"]["Statement"]:
        if statement["Sid"] in ids:
            ids = ids - {statement["Sid"]}
            if not any(one.get("Fn::If", [])[:2] == ["HasStorageKey", {"Ref": "StorageKeyArn"}] for one in listed(statement["Resource"])):
                fail(f"BackupRole, {statement['Sid']}: it must name the key of restored tables")
    if ids:
        fail(f"BackupRole has no statement {sorted(ids)}")


def statements():
    for logical, role in properties("AWS::IAM::Role", "access", "network", "audit", "data", "backups", "standby"):
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
    "StorageKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/1",
    "SecretsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/mrk-1",
    "ModelArns": "arn:aws:bedrock:eu-central-1::foundation-model/m",
    "GuardrailArn": "arn:aws:bedrock:eu-central-1:123456789012:guardrail/g",
    "VerifierGuardrailArns": "arn:aws:bedrock:eu-central-1:123456789012:guardrail/v",
    "ListArns": "arn:aws:s3:::lists/sdn.csv",
    "CompaniesHouseKeySecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:s",
    "SanctionsApiKeySecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:s",
    "CopyBucketArn": "arn:aws:s3:::copies",
    "RestoredKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/4",
    "CopyKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/3",
    "CopyVaultArn": "arn:aws:backup:eu-west-1:123456789012:backup-vault:dossier-copies",
    "SecretKeyArns": "arn:aws:kms:eu-central-1:123456789012:key/2",
    "Table.Arn": "arn:aws:dynamodb:eu-central-1:123456789012:table/dossier",
    "AccessTable.Arn": "arn:aws:dynamodb:eu-central-1:123456789012:table/dossier-access",
    "Key.Arn": "arn:aws:kms:eu-central-1:123456789012:key/1",
    "CopyKey.Arn": "arn:aws:kms:eu-west-1:123456789012:key/3",
    "Vault.BackupVaultArn": "arn:aws:backup:eu-central-1:123456789012:backup-vault:dossier",
    "AuditBucket.Arn": "arn:aws:s3:::dossier-audit",
    "AuditStream.Arn": "arn:aws:firehose:eu-central-1:123456789012:deliverystream/dossier-audit",
}


def arn(value):
    """Returns the value as an ARN, with an invented account number."""
    if "Fn::If" in value:
        return arn(value["Fn::If"][1])
    if "Fn::GetAtt" in value:
        value = {"Fn::Sub": "${" + ".".join(value["Fn::GetAtt"]) + "}"}
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


def notices():
    """Checks that nothing refuses what EventBridge publishes to the encrypted topic: it sends no aws:SourceAccount to KMS,
    and a condition in the topic's policy is never met ("Managing Amazon SNS encryption keys and costs")."""
    # The key that seals webhook secrets encrypts no topic.
    policies = [key["KeyPolicy"] for name, key in properties("AWS::KMS::Key", "data") if name != "SecretsKey"] + [topic["PolicyDocument"] for _, topic in properties("AWS::SNS::TopicPolicy", "watch")]
    for policy in policies:
        found = [one for one in policy["Statement"] if one["Principal"] != "*" and "events.amazonaws.com" in listed(one["Principal"].get("Service", []))]
        if len(found) != 1 or "Condition" in found[0]:
            fail("the key and the topic each need one statement for EventBridge, without a condition")


# Types whose names are unique in the account, or for buckets in all of AWS, and not in a Region; and the way to their names.
# "PutDashboard" (Amazon CloudWatch API Reference): dashboards are global.
BEYOND_THE_REGION = {
    "AWS::Budgets::Budget": ["Budget", "BudgetName"], "AWS::CloudWatch::Dashboard": ["DashboardName"], "AWS::IAM::ManagedPolicy": ["ManagedPolicyName"],
    "AWS::IAM::Role": ["RoleName"], "AWS::S3::Bucket": ["BucketName"],
}  # fmt: skip
# Services whose other resources this check would have to learn.
GLOBAL_SERVICES = ("AWS::Budgets::", "AWS::CloudFront::", "AWS::IAM::", "AWS::Organizations::", "AWS::Route53::")


def names():
    """Checks that names which are unique beyond a Region contain the Region: while one Region is lost, another one must be
    able to create the same stack."""
    for path in sorted(DEPLOY.glob("*.yaml")):
        for logical, resource in template(path.stem)["Resources"].items():
            kind, value = resource["Type"], resource.get("Properties", {})
            if kind in BEYOND_THE_REGION:
                for member in BEYOND_THE_REGION[kind]:
                    value = value.get(member, {})
                if "${AWS::Region}" not in value.get("Fn::Sub", ""):
                    fail(f"{path}: {logical}: the name is unique beyond the Region: it must contain the Region")
            elif kind.startswith(GLOBAL_SERVICES):
                fail(f"{path}: {logical}: {kind} belongs to a global service: say in BEYOND_THE_REGION of .ci/deploy_lint.py where its name is")


# What a deployment of version 0.2 has, by template. Left out are the task definitions, whose new stack registers new revisions,
# the dashboard, which has another name, and the alarm api-fails, which others replace.
RESOURCES_OF_0_2 = {
    "access": "ApiRole WorkerRole ExecutionRole",
    "data": "Key KeyAlias Table ReportsQueue ReportsDeadLetters CallbacksQueue CallbacksDeadLetters QueuesByTlsAlone Bucket BucketPolicy",
    "dossier": "Data Network Access Services Watch",
    "images": "Api Worker",
    "network": "Vpc Gateway GatewayOfVpc PublicA PublicB PrivateA PrivateB PublicRoutes PublicToInternet PublicRoutesA PublicRoutesB AddressA AddressB NatA NatB "
               "PrivateRouteTableA PrivateRouteTableB PrivateToInternetA PrivateToInternetB PrivateRoutesA PrivateRoutesB DynamoDbEndpoint S3Endpoint EndpointsGroup "
               "SqsEndpoint BedrockEndpoint KmsEndpoint EcrApiEndpoint EcrEndpoint LogsEndpoint",
    "services": "Cluster ApiLog WorkerLog CollectorLog MetricsLog CollectorConfig BalancerGroup BalancerToApi ApiGroup WorkerGroup Balancer Listener ApiTargets "
                "ApiService ApiScaling ApiByProcessor WorkerService WorkerScaling WorkersByBacklog FirstWorker NobodyWorks",
    "watch": "Topic TopicPolicy Email DeploymentFailed OldAndNotDraining Late NobodyWorks Overdue DeadReports DeadCallbacks ReportsFail ModelThrottles ModelDown "
             "SanctionsDown Cost ApiDown TableThrottled",
}  # fmt: skip


def places():
    """Checks that no resource of version 0.2 is in another template. An update creates it in its new stack before it deletes
    it in the old one, and fails, since its name is taken."""
    for name, logical_ids in RESOURCES_OF_0_2.items():
        for logical in sorted(set(logical_ids.split()) - set(template(name)["Resources"])):
            fail(f"{name}.yaml has no {logical}: a resource of version 0.2 must stay in its template")


def repositories():
    """Checks that no lifecycle rule can remove an image with a tag, which may be running, and that tasks start images by
    what cannot change."""
    for logical, repository in properties("AWS::ECR::Repository", "images"):
        rules = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
        if any(rule["selection"]["tagStatus"] != "untagged" for rule in rules) or repository["ImageTagMutability"] != "IMMUTABLE":
            fail(f"{logical}: a lifecycle rule may remove images without a tag alone, and tags must be immutable")
    collector = template("tasks")["Parameters"]["CollectorImage"]
    if "Default" in collector or "@sha256:" not in collector["AllowedPattern"]:
        fail("CollectorImage must be given, by digest")


def main():
    task_definitions()
    notices()
    repositories()
    names()
    places()
    indexes()
    retention()
    audit()
    copies()
    permissions()
    if failures:
        sys.exit("deploy: the templates have problems:\n" + "\n".join(failures))
    print(f"deploy: the task definitions, the indexes, the retention, the audit records and {len(list(statements()))} statements have no problem")


if __name__ == "__main__":
    main()
