"""Tries every request that a service must never make, with its role of deploy/access.yaml, against an emulator that
enforces IAM. The table in docs/PERMISSIONS.md between the marks `refused` lists the same requests; --print prints it.
Needs none of the services."""

import json
import pathlib
import re
import sys
from dataclasses import dataclass
from typing import Callable

from botocore.exceptions import ClientError

REFUSED = re.compile(r"AccessDenied|not authorized|AuthorizationError", re.I)
BOTH = ("api", "worker")
DOCUMENT = pathlib.Path("docs/PERMISSIONS.md")
REPORT = {"pk": {"S": "R#dev#0"}}
UPSERT = {"UpdateExpression": "SET #n = :n", "ExpressionAttributeNames": {"#n": "n"}, "ExpressionAttributeValues": {":n": {"N": "1"}}}


@dataclass
class Place:
    """What the requests act on."""

    table: str
    bucket: str
    key: str
    queue: str
    callbacks: str
    account: str = "000000000000"
    region: str = "eu-central-1"

    def arn(self, service, rest):
        return f"arn:aws:{service}:{self.region}:{self.account}:{rest}"

    @property
    def logs(self):
        return f"dossier-logs-{self.account}-{self.region}"

    @property
    def audit(self):
        return f"dossier-audit-{self.account}-{self.region}"


@dataclass
class Request:
    what: str
    action: str
    call: Callable
    roles: tuple = BOTH
    # What the other role does with the same action, if it may.
    other: str = "needed"


# The client of a service, and the place, become the request.
REQUESTS = [
    # The table, and all others: that of the keys among them.
    Request("read the whole table", "dynamodb:Scan", lambda c, p: c("dynamodb").scan(TableName=p.table)),
    Request("read the whole table with PartiQL", "dynamodb:PartiQLSelect", lambda c, p: c("dynamodb").execute_statement(Statement=f'SELECT * FROM "{p.table}"')),
    Request("insert with PartiQL", "dynamodb:PartiQLInsert", lambda c, p: c("dynamodb").execute_statement(Statement=f"INSERT INTO \"{p.table}\" VALUE {{'pk': 'R#dev#0'}}")),
    Request("put an item", "dynamodb:PutItem", lambda c, p: c("dynamodb").put_item(TableName=p.table, Item=REPORT), ("worker",)),
    Request("put an item in a batch", "dynamodb:BatchWriteItem", lambda c, p: c("dynamodb").batch_write_item(RequestItems={p.table: [{"PutRequest": {"Item": REPORT}}]}), ("worker",)),
    Request("delete an item in a batch", "dynamodb:BatchWriteItem", lambda c, p: c("dynamodb").batch_write_item(RequestItems={p.table: [{"DeleteRequest": {"Key": REPORT}}]}), ("worker",), "allowed: IAM cannot tell it from a put"),
    Request("put an item in a transaction", "dynamodb:PutItem", lambda c, p: c("dynamodb").transact_write_items(TransactItems=[{"Put": {"TableName": p.table, "Item": REPORT}}]), ("worker",)),
    Request("delete an item", "dynamodb:DeleteItem", lambda c, p: c("dynamodb").delete_item(TableName=p.table, Key={"pk": {"S": "K#0000000000000000"}})),
    Request("delete an item in a transaction", "dynamodb:DeleteItem", lambda c, p: c("dynamodb").transact_write_items(TransactItems=[{"Delete": {"TableName": p.table, "Key": {"pk": {"S": "K#0000000000000000"}}}}])),
    Request("delete the table", "dynamodb:DeleteTable", lambda c, p: c("dynamodb").delete_table(TableName=p.table)),
    Request("change the table's protection or encryption", "dynamodb:UpdateTable", lambda c, p: c("dynamodb").update_table(TableName=p.table, DeletionProtectionEnabled=False)),
    Request("change the table's expiry", "dynamodb:UpdateTimeToLive", lambda c, p: c("dynamodb").update_time_to_live(TableName=p.table, TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires_at"})),
    Request("read another table", "dynamodb:GetItem", lambda c, p: c("dynamodb").get_item(TableName="other", Key=REPORT)),
    Request("put into another table", "dynamodb:PutItem", lambda c, p: c("dynamodb").put_item(TableName="other", Item=REPORT)),
    Request("upsert into another table", "dynamodb:UpdateItem", lambda c, p: c("dynamodb").update_item(TableName="other", Key=REPORT, **UPSERT)),
    Request("put into another table in a batch", "dynamodb:BatchWriteItem", lambda c, p: c("dynamodb").batch_write_item(RequestItems={"other": [{"PutRequest": {"Item": REPORT}}]})),
    Request("upsert into another table in a transaction", "dynamodb:UpdateItem", lambda c, p: c("dynamodb").transact_write_items(TransactItems=[{"Update": {"TableName": "other", "Key": REPORT, **UPSERT}}])),
    # Queues.
    Request("receive a message", "sqs:ReceiveMessage", lambda c, p: c("sqs").receive_message(QueueUrl=p.queue), ("api",)),
    Request("delete a message", "sqs:DeleteMessage", lambda c, p: c("sqs").delete_message(QueueUrl=p.queue, ReceiptHandle="x"), ("api",)),
    Request("purge a queue", "sqs:PurgeQueue", lambda c, p: c("sqs").purge_queue(QueueUrl=p.queue)),
    Request("delete a queue", "sqs:DeleteQueue", lambda c, p: c("sqs").delete_queue(QueueUrl=p.callbacks)),
    Request("change a queue's policy or encryption", "sqs:SetQueueAttributes", lambda c, p: c("sqs").set_queue_attributes(QueueUrl=p.queue, Attributes={"Policy": ""})),
    # Files.
    Request("write a file", "s3:PutObject", lambda c, p: c("s3").put_object(Bucket=p.bucket, Key="reports/dev/x", Body=b"x"), ("api",)),
    Request("write a file without the stack's encryption", "s3:PutObject", lambda c, p: c("s3").put_object(Bucket=p.bucket, Key="reports/dev/x", Body=b"x")),
    Request("write a file elsewhere in the bucket", "s3:PutObject", lambda c, p: c("s3").put_object(Bucket=p.bucket, Key="x", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=p.key)),
    Request("read a work file", "s3:GetObject", lambda c, p: c("s3").get_object(Bucket=p.bucket, Key="work/dev/x"), ("api",)),
    Request("list the bucket", "s3:ListBucket", lambda c, p: c("s3").list_objects_v2(Bucket=p.bucket), ("api",)),
    Request("hide a file behind a delete marker", "s3:DeleteObject", lambda c, p: c("s3").delete_object(Bucket=p.bucket, Key="reports/dev/x")),
    Request("delete a version elsewhere in the bucket", "s3:DeleteObjectVersion", lambda c, p: c("s3").delete_object(Bucket=p.bucket, Key="x", VersionId="null")),
    Request("make the bucket public", "s3:PutBucketPolicy", lambda c, p: c("s3").put_bucket_policy(Bucket=p.bucket, Policy="{}")),
    Request("remove the bucket's policy", "s3:DeleteBucketPolicy", lambda c, p: c("s3").delete_bucket_policy(Bucket=p.bucket)),
    Request("stop the bucket's versions", "s3:PutBucketVersioning", lambda c, p: c("s3").put_bucket_versioning(Bucket=p.bucket, VersioningConfiguration={"Status": "Suspended"})),
    Request("change when files expire", "s3:PutLifecycleConfiguration", lambda c, p: c("s3").put_bucket_lifecycle_configuration(Bucket=p.bucket, LifecycleConfiguration={"Rules": []})),
    Request("delete the bucket", "s3:DeleteBucket", lambda c, p: c("s3").delete_bucket(Bucket=p.bucket)),
    Request("read another bucket", "s3:GetObject", lambda c, p: c("s3").get_object(Bucket="other-bucket", Key="x")),
    # Records for audits.
    Request("delete the audit log", "logs:DeleteLogGroup", lambda c, p: c("logs").delete_log_group(logGroupName="/dossier/api")),
    Request("delete a stream of the audit log", "logs:DeleteLogStream", lambda c, p: c("logs").delete_log_stream(logGroupName="/dossier/api", logStreamName="x")),
    Request("shorten the audit log", "logs:PutRetentionPolicy", lambda c, p: c("logs").put_retention_policy(logGroupName="/dossier/api", retentionInDays=1)),
    Request("write into the audit log", "logs:PutLogEvents", lambda c, p: c("logs").put_log_events(logGroupName="/dossier/api", logStreamName="x", logEvents=[{"timestamp": 1, "message": "x"}])),
    Request("delete access logs or the trail's files", "s3:DeleteObject", lambda c, p: c("s3").delete_object(Bucket=p.logs, Key="trail/x")),
    Request("overwrite access logs or the trail's files", "s3:PutObject", lambda c, p: c("s3").put_object(Bucket=p.logs, Key="trail/x", Body=b"x")),
    Request("delete audit records", "s3:DeleteObject", lambda c, p: c("s3").delete_object(Bucket=p.audit, Key="records/x")),
    Request("delete a version of audit records", "s3:DeleteObjectVersion", lambda c, p: c("s3").delete_object(Bucket=p.audit, Key="records/x", VersionId="null")),
    Request("write audit records", "s3:PutObject", lambda c, p: c("s3").put_object(Bucket=p.audit, Key="records/x", Body=b"x")),
    Request("unlock audit records", "s3:PutObjectRetention", lambda c, p: c("s3").put_object_retention(Bucket=p.audit, Key="records/x", Retention={})),
    Request("stop the delivery of audit records", "logs:DeleteSubscriptionFilter", lambda c, p: c("logs").delete_subscription_filter(logGroupName="/dossier/api", filterName="dossier-audit")),
    Request("delete the stream of audit records", "firehose:DeleteDeliveryStream", lambda c, p: c("firehose").delete_delivery_stream(DeliveryStreamName="dossier-audit")),
    Request("stop the trail", "cloudtrail:StopLogging", lambda c, p: c("cloudtrail").stop_logging(Name="dossier")),
    Request("delete the trail", "cloudtrail:DeleteTrail", lambda c, p: c("cloudtrail").delete_trail(Name="dossier")),
    Request("silence an alarm", "cloudwatch:DisableAlarmActions", lambda c, p: c("cloudwatch").disable_alarm_actions(AlarmNames=["dossier-api-down"])),
    Request("delete an alarm", "cloudwatch:DeleteAlarms", lambda c, p: c("cloudwatch").delete_alarms(AlarmNames=["dossier-api-down"])),
    # Secrets and keys.
    Request("read a secret", "secretsmanager:GetSecretValue", lambda c, p: c("secretsmanager").get_secret_value(SecretId="companies-house")),
    Request("list secrets", "secretsmanager:ListSecrets", lambda c, p: c("secretsmanager").list_secrets()),
    Request("read a parameter", "ssm:GetParameter", lambda c, p: c("ssm").get_parameter(Name="/dossier/collector", WithDecryption=True)),
    Request("encrypt with the key, without a tenant", "kms:Encrypt", lambda c, p: c("kms").encrypt(KeyId=p.key, Plaintext=b"x")),
    Request("delete the key", "kms:ScheduleKeyDeletion", lambda c, p: c("kms").schedule_key_deletion(KeyId=p.key)),
    Request("disable the key", "kms:DisableKey", lambda c, p: c("kms").disable_key(KeyId=p.key)),
    Request("change the key's policy", "kms:PutKeyPolicy", lambda c, p: c("kms").put_key_policy(KeyId=p.key, PolicyName="default", Policy="{}")),
    Request("let somebody else use the key", "kms:CreateGrant", lambda c, p: c("kms").create_grant(KeyId=p.key, GranteePrincipal="arn:aws:iam::000000000000:root", Operations=["Decrypt"])),
    # More permissions.
    Request("change its own role", "iam:PutRolePolicy", lambda c, p: c("iam").put_role_policy(RoleName="api", PolicyName="more", PolicyDocument="{}")),
    Request("create a user", "iam:CreateUser", lambda c, p: c("iam").create_user(UserName="x")),
    Request("take the other role", "sts:AssumeRole", lambda c, p: c("sts").assume_role(RoleArn="arn:aws:iam::000000000000:role/execution", RoleSessionName="other")),
    Request("run a task with another role", "ecs:RunTask", lambda c, p: c("ecs").run_task(taskDefinition="dossier-api", cluster="dossier")),
    Request("change a service", "ecs:UpdateService", lambda c, p: c("ecs").update_service(service="dossier-api", cluster="dossier", desiredCount=0)),
    Request("register a task definition", "ecs:RegisterTaskDefinition", lambda c, p: c("ecs").register_task_definition(family="x", containerDefinitions=[])),
    Request("push an image", "ecr:PutImage", lambda c, p: c("ecr").put_image(repositoryName="dossier-api", imageManifest="{}")),
]  # fmt: skip


def denied(what, call):
    """Returns what is wrong unless the request is refused for lack of permission."""
    try:
        call()
    except ClientError as error:
        return None if REFUSED.search(str(error)) else f"{what}: the request failed, but not for lack of permission: {error}"
    return f"{what}: not refused"


def table():
    """Returns the table of the document."""
    lines = ["| request | action | API | worker |", "| --- | --- | --- | --- |"]
    for one in REQUESTS:
        cells = ["refused" if role in one.roles else one.other for role in BOTH]
        lines.append(f"| {one.what} | `{one.action}` | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def documented():
    """Checks that the document lists exactly the requests that are tried."""
    found = re.search(r"<!-- refused -->\n(.*?)\n<!-- end -->", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    if not found or found[1].strip() != table():
        sys.exit(f"permissions: {DOCUMENT} lists other refused requests than .ci/permissions_denied.py tries: paste what `$(.ci/python-tools emulator)/bin/python .ci/permissions_denied.py --print` prints")


def try_all(factories, place):
    """Tries every request with its roles. `factories` has a function by role that returns a client of a service."""
    tried = [(one, role, denied(f"{role}: {one.what} ({one.action})", lambda: one.call(factories[role], place))) for one in REQUESTS for role in one.roles]
    if wrong := [what for _, _, what in tried if what]:
        sys.exit("permissions: forbidden requests are not refused:\n" + "\n".join(wrong))
    return len(tried)


def prepared(aws):
    """Creates what belongs to others, so that a request cannot fail because its target does not exist."""
    key_schema = {"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}]}
    aws("dynamodb").create_table(TableName="other", BillingMode="PAY_PER_REQUEST", **key_schema)
    for bucket in ("other-bucket", f"dossier-logs-{Place.account}-{Place.region}", f"dossier-audit-{Place.account}-{Place.region}"):
        aws("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": Place.region})


def main():
    if "--print" in sys.argv:
        print(table())
        return
    documented()
    from emulator import deployed, emulator
    from permissions import Role, policies, without_tls

    with emulator(AUTH="true") as (endpoint, aws):
        outputs = deployed(aws, without_tls())
        prepared(aws)
        at = lambda url: f"{endpoint}/{'/'.join(url.split('/')[3:])}"
        place = Place(outputs["TableName"], outputs["BucketName"], outputs["KeyArn"], at(outputs["ReportsQueueUrl"]), at(outputs["CallbacksQueueUrl"]))
        roles = {name: Role(aws, name, policy) for name, policy in policies(outputs).items()}
        factories = {name: role.clients(endpoint) for name, role in roles.items()}
        for name, client in factories.items():
            # An emulator that refuses everything would prove nothing.
            assert client("dynamodb").get_item(TableName=place.table, Key=REPORT)["ResponseMetadata"]["HTTPStatusCode"] == 200, name
        count = try_all(factories, place)
    print(f"permissions: {count} forbidden requests are refused")


if __name__ == "__main__":
    main()
