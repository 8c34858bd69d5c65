"""Proves that every check of deploy_lint.py can fail: each case changes one template in memory and names the message that
must follow. A call of `fail` that no case reaches is reported as well."""

import ast
import copy
import pathlib
import sys

import deploy_lint

original, definitions = deploy_lint.template, deploy_lint.definitions
templates = {path.stem: original(path.stem) for path in sorted(deploy_lint.DEPLOY.glob("*.yaml"))}
reached = set()


def resource(template, logical):
    return template["Resources"][logical]["Properties"]


def statements(template, logical):
    return resource(template, logical)["PolicyDocument"]["Statement"]


def of_role(template, logical):
    return resource(template, logical)["Policies"][0]["PolicyDocument"]["Statement"]


def rules(template, logical="Bucket"):
    return resource(template, logical)["LifecycleConfiguration"]["Rules"]


def rule(template, name, logical="Bucket"):
    return next(one for one in rules(template, logical) if one["Id"] == name)


def statement(listed, sid):
    return next(one for one in listed if one.get("Sid") == sid)


def both(change):
    """Returns a change of the bucket of files and of that of its copies, which must be equal."""
    return {"data": change, "standby": change}


def api(definition):
    return definition["containerDefinitions"][0]


# The check, what its message contains, and the change: of one template by its name, of `task-definitions`, or of several.
CASES = [
    ("task_definitions", "networkMode", {"task-definitions": lambda one: one.update(networkMode=1)}),
    ("task_definitions", "is writable", {"task-definitions": lambda one: api(one).update(readonlyRootFilesystem=False)}),
    ("task_definitions", "set every drain time", {"task-definitions": lambda one: api(one)["environment"].clear()}),
    ("task_definitions", "Fargate allows at most", {"task-definitions": lambda one: api(one).update(stopTimeout=121)}),
    ("task_definitions", "but draining takes", {"task-definitions": lambda one: api(one).update(stopTimeout=5)}),
    ("notices", "one statement for EventBridge", {"data": lambda one: statement(resource(one, "Key")["KeyPolicy"]["Statement"], "Notices").update(Condition={"StringEquals": {}})}),
    ("notices", "one statement for EventBridge", {"watch": lambda one: statements(one, "TopicPolicy").pop()}),
    ("repositories", "images without a tag alone", {"images": lambda one: resource(one, "Api").update(ImageTagMutability="MUTABLE")}),
    ("repositories", "by digest", {"tasks": lambda one: one["Parameters"]["CollectorImage"].update(Default="image:1")}),
    ("names", "ApiRole: the name", {"access": lambda one: resource(one, "ApiRole").update(RoleName={"Fn::Sub": "${Prefix}-api"})}),
    ("names", "CopyRole: the name", {"data": lambda one: resource(one, "CopyRole").pop("RoleName")}),
    ("names", "Budget: the name", {"watch": lambda one: resource(one, "Budget")["Budget"].update(BudgetName={"Ref": "Prefix"})}),
    ("names", "Dashboard: the name", {"dashboard": lambda one: resource(one, "Dashboard").update(DashboardName={"Ref": "Prefix"})}),
    ("names", "AuditBucket: the name", {"audit": lambda one: resource(one, "AuditBucket").update(BucketName={"Fn::Sub": "${Prefix}-audit"})}),
    ("names", "belongs to a global service", {"access": lambda one: one["Resources"].update(Profile={"Type": "AWS::IAM::InstanceProfile"})}),
    ("places", "has no ApiScaling", {"services": lambda one: one["Resources"].pop("ApiScaling")}),
    ("indexes", "an update changes one index", {"data": lambda one: one["Conditions"].update(HasByNumber={"Fn::Not": [{"Fn::Equals": [{"Ref": "TableIndexes"}, "current"]}]})}),
    ("indexes", "must be defined exactly", {"data": lambda one: resource(one, "Table")["AttributeDefinitions"].pop(0)}),
    ("retention", "expire by the same rules", {"standby": lambda one: rules(one).pop()}),
    ("retention", "disabled or restricted", both(lambda one: rule(one, "kept-ends").update(Status="Disabled"))),
    ("retention", "must expire after RetentionDays", both(lambda one: rule(one, "work-ends").update(ExpirationInDays=7))),
    ("retention", "must expire after RetentionDays", both(lambda one: rules(one).append({"Id": "held", "Status": "Enabled", "Prefix": "held/", "ExpirationInDays": 1}))),
    ("retention", "noncurrent versions", both(lambda one: rule(one, "reports-end").pop("NoncurrentVersionExpiration"))),
    ("retention", "removes delete markers", both(lambda one: rule(one, "delete-markers-end").update(Prefix="work/"))),
    ("retention", "must be RetentionDays", {"tasks": lambda one: setting(one, "DOSSIER_RETENTION_DAYS").update(Value="90")}),
    ("audit", "condition must be HasAudit", {"audit": lambda one: one["Resources"]["AuditBucketPolicy"].pop("Condition")}),
    ("audit", "must be locked for", {"audit": lambda one: resource(one, "AuditBucket")["ObjectLockConfiguration"]["Rule"]["DefaultRetention"].update(Days=1)}),
    ("audit", "must be locked for", {"audit": lambda one: rule(one, "records-end", "AuditBucket").update(ExpirationInDays=30)}),
    ("audit", "must be locked for", {"audit": lambda one: resource(one, "AuditBucket").update(ObjectLockEnabled=False)}),
    ("audit", "deny their deletion to everybody", {"audit": lambda one: nobody_deletes(one).update(Principal={"AWS": "arn:aws:iam::123456789012:role/x"})}),
    ("audit", "deny their deletion to everybody", {"audit": lambda one: nobody_deletes(one).update(Resource={"Fn::GetAtt": ["AuditBucket", "Arn"]})}),
    ("audit", "deny their deletion to everybody", {"audit": lambda one: nobody_deletes(one).update(Condition={"Bool": {"aws:SecureTransport": "true"}})}),
    ("audit", "deny their deletion to everybody", {"audit": lambda one: nobody_deletes(one)["Action"].remove("s3:DeleteObjectVersion")}),
    ("audit", "deny their deletion to everybody", {"audit": lambda one: nobody_deletes(one).update(Effect="Allow")}),
    ("audit", "deny their deletion to everybody", {"audit": lambda one: resource(one, "AuditBucketPolicy").update(Bucket="another")}),
    ("audit", "one subscription filter each", {"audit": lambda one: one["Resources"].pop("WorkerAuditFilter")}),
    ("audit", "one subscription filter each", {"audit": lambda one: resource(one, "WorkerAuditFilter").update(LogGroupName={"Ref": "ApiLogName"})}),
    ("audit", "one subscription filter each", {"audit": lambda one: [one["Resources"].pop(f"{service}AuditFilter") for service in ("Api", "Worker")]}),
    ("audit", "audit lines, and no others", {"audit": lambda one: resource(one, "ApiAuditFilter").update(FilterPattern="")}),
    ("audit", "must go to the delivery stream", {"audit": lambda one: resource(one, "ApiAuditFilter").update(DestinationArn="arn:another")}),
    ("copies", "must replicate its bucket", {"standby": lambda one: resource(one, "Bucket").pop("ReplicationConfiguration")}),
    ("copies", "must replicate its bucket", {"data": lambda one: statement(of_role(one, "CopyRole"), "Decrypt").update(Resource={"Ref": "CopyKeyArn"})}),
    ("copies", "must replicate its bucket", {"standby": lambda one: one["Resources"].pop("CopyExistingRole")}),
    ("copies", "must name the key of restored", {"backups": lambda one: statement(of_role(one, "BackupRole"), "Keys").update(Resource={"Ref": "CopyKeyArn"})}),
    ("copies", "has no statement", {"backups": lambda one: of_role(one, "BackupRole").remove(statement(of_role(one, "BackupRole"), "Grants"))}),
    ("permissions", "contains a pattern", {"data": lambda one: statement(of_role(one, "CopyRole"), "Read").update(Action="s3:GetObject*")}),
    ("permissions", "exactly if the actions support none", {"data": lambda one: statement(of_role(one, "CopyRole"), "Read").update(Resource="*")}),
    ("permissions", "UNKNOWN_ACTION", {"data": lambda one: statement(of_role(one, "CopyRole"), "Read").update(Action="s3:GetNothing")}),
]  # fmt: skip


def setting(template, name):
    return next(one for one in resource(template, "WorkerTask")["ContainerDefinitions"][0]["Environment"] if one["Name"] == name)


def nobody_deletes(template):
    return statement(statements(template, "AuditBucketPolicy"), "NobodyDeletes")


def fail(message):
    reached.add(sys._getframe(1).f_lineno)
    deploy_lint.failures.append(message)


def messages(check, changes):
    """Returns what a check says of the changed templates."""
    changed = {name: copy.deepcopy(one) for name, one in templates.items()}
    tasks = definitions()
    for name, change in changes.items():
        for one in tasks.values() if name == "task-definitions" else [changed[name]]:
            change(one)
    deploy_lint.template, deploy_lint.definitions, deploy_lint.failures = changed.__getitem__, lambda: tasks, []
    getattr(deploy_lint, check)()
    return deploy_lint.failures


def main():
    deploy_lint.fail = fail
    problems = []
    for check, expected, changes in CASES:
        found = messages(check, changes)
        if not any(expected in one for one in found):
            problems.append(f"{check} does not find what should be reported as {expected!r}; it says {found}")
    source = ast.parse(pathlib.Path(deploy_lint.__file__).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(source) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "fail"]
    for call in calls:
        if not reached & set(range(call.lineno, call.end_lineno + 1)):
            problems.append(f"no case reaches the check in line {call.lineno} of deploy_lint.py")
    for check in sorted({check for check, _, _ in CASES}):
        if found := messages(check, {}):
            problems.append(f"{check} finds something without a change: {found}")
    if problems:
        sys.exit("deploy: checks of the templates do not fail as they should:\n" + "\n".join(problems))
    print(f"deploy: the {len(calls)} checks of the templates fail for {len(CASES)} wrong changes")


main()
