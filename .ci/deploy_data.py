"""Creates the data stack from its template in an emulator and compares it with what local-stack provisions."""

import json
import sys
import tempfile

import yaml
from emulator import TEMPLATE, clients, deployed, emulator, local_stack

failures = []


def compare(what, deployed, local):
    if deployed != local:
        failures.append(f"{what}: the template gives\n  {json.dumps(deployed)}\nand local-stack\n  {json.dumps(local)}")


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
        sys.exit("deploy: template and local-stack differ:\n" + "\n".join(failures))
    print("deploy: the template gives the table, queues and bucket that local-stack provisions")


def check(aws, outputs, it):
    here = clients(it["aws"], it["region"], it["accessKeyId"], it["secretAccessKey"])
    compare("table", table(aws, outputs["TableName"]), table(here, it["table"]))
    # The emulator's CloudFormation passes the time to live over: it is read from the template itself.
    wanted = yaml.safe_load(TEMPLATE)["Resources"]["Table"]["Properties"]["TimeToLiveSpecification"]
    found = here("dynamodb").describe_time_to_live(TableName=it["table"])["TimeToLiveDescription"]
    compare("time to live", wanted, {"AttributeName": found["AttributeName"], "Enabled": found["TimeToLiveStatus"] == "ENABLED"})
    environment = it["env"]
    for name, output, url in [
        ("reports", "ReportsQueueUrl", it["queueUrl"]),
        ("reports' dead letters", "ReportsDeadLettersUrl", it["dlqUrl"]),
        ("call-backs", "CallbacksQueueUrl", environment["DOSSIER_CALLBACK_QUEUE_URL"]),
        ("call-backs' dead letters", "CallbacksDeadLettersUrl", environment["DOSSIER_CALLBACK_DLQ_URL"]),
    ]:
        deployed, provisioned = queue(aws, outputs[output]), queue(here, url)
        assert outputs[output].rsplit("/", 1)[-1] == url.rsplit("/", 1)[-1], (outputs[output], url)
        if "dead letters" in name:
            # Nobody waits at them: a default of SQS, which both leave alone.
            for one in (deployed, provisioned):
                one.pop("ReceiveMessageWaitTimeSeconds")
                one.pop("VisibilityTimeout")
        compare(name, deployed, provisioned)

    # What the embedded S3 cannot keep is seen in the emulator alone; the bucket's encryption, which that passes over, is what
    # checkov looks at.
    bucket, s3 = outputs["BucketName"], aws("s3")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    denied = [statement["Sid"] for statement in json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"] if statement["Effect"] == "Deny"]
    assert denied == ["TlsAlone", "NoOtherAlgorithm", "NoOtherKey"], denied


main()
