"""Creates the data stack in an emulator and compares it with what local-stack provisions."""

import json
import sys
import tempfile

import yaml
from emulator import TEMPLATE, clients, deployed, emulator, local_stack

failures = []


def compare(what, deployed, local):
    if deployed != local:
        failures.append(f"{what}: the template creates\n  {json.dumps(deployed)}\nlocal-stack provisions\n  {json.dumps(local)}")


def table(client, name):
    described = client("dynamodb").describe_table(TableName=name)["Table"]
    indexes = {
        index["IndexName"]: {
            "keys": index["KeySchema"],
            "projection": {key: sorted(value) if isinstance(value, list) else value for key, value in index["Projection"].items() if value},
        }
        for index in described["GlobalSecondaryIndexes"]
    }
    return {
        "keys": described["KeySchema"],
        "attributes": sorted(described["AttributeDefinitions"], key=lambda attribute: attribute["AttributeName"]),
        "indexes": indexes,
        "billing": described.get("BillingModeSummary", {}).get("BillingMode"),
    }


def queue(client, url):
    attributes = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    redrive = json.loads(attributes.get("RedrivePolicy", "{}"))
    return {
        "receives": int(redrive.get("maxReceiveCount", 0)),
        "dead letters": redrive.get("deadLetterTargetArn", "").rsplit(":", 1)[-1],
        **{name: attributes.get(name) for name in ("VisibilityTimeout", "ReceiveMessageWaitTimeSeconds", "MessageRetentionPeriod")},
    }


def main():
    with emulator() as (_, aws), tempfile.TemporaryDirectory() as work, local_stack(work) as local:
        check(aws, deployed(aws), local)
    if failures:
        sys.exit("deploy: the template and local-stack differ:\n" + "\n".join(failures))
    print("deploy: the template creates the tables, queues and bucket that local-stack provisions")


def check(aws, outputs, local):
    local_aws = clients(local["aws"], local["region"], local["accessKeyId"], local["secretAccessKey"])
    compare("table", table(aws, outputs["TableName"]), table(local_aws, local["table"]))
    compare("access table", table(aws, outputs["AccessTableName"]), table(local_aws, local["accessTable"]))
    # The emulator's CloudFormation ignores the time to live, so it is read from the template.
    for resource, name in [("Table", local["table"]), ("AccessTable", local["accessTable"])]:
        expected = yaml.safe_load(TEMPLATE)["Resources"][resource]["Properties"]["TimeToLiveSpecification"]
        found = local_aws("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        compare(f"time to live of {name}", expected, {"AttributeName": found["AttributeName"], "Enabled": found["TimeToLiveStatus"] == "ENABLED"})
    environment = local["env"]
    for name, output, url in [
        ("reports", "ReportsQueueUrl", local["queueUrl"]),
        ("dead letters of reports", "ReportsDeadLettersUrl", local["dlqUrl"]),
        ("webhooks", "CallbacksQueueUrl", environment["DOSSIER_CALLBACK_QUEUE_URL"]),
        ("dead letters of webhooks", "CallbacksDeadLettersUrl", environment["DOSSIER_CALLBACK_DLQ_URL"]),
    ]:
        deployed, provisioned = queue(aws, outputs[output]), queue(local_aws, url)
        assert outputs[output].rsplit("/", 1)[-1] == url.rsplit("/", 1)[-1], (outputs[output], url)
        if "dead letters" in name:
            # Nobody long-polls these queues, so the template and local-stack both leave SQS's defaults.
            for attributes in (deployed, provisioned):
                attributes.pop("ReceiveMessageWaitTimeSeconds")
                attributes.pop("VisibilityTimeout")
        compare(name, deployed, provisioned)

    # The embedded S3 does not support these properties, so only the emulator's bucket is checked. The
    # emulator ignores the bucket's encryption, which checkov checks.
    bucket, s3 = outputs["BucketName"], aws("s3")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    denied = [statement["Sid"] for statement in json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"] if statement["Effect"] == "Deny"]
    assert denied == ["TlsAlone", "NoOtherAlgorithm", "NoOtherKey"], denied


main()
