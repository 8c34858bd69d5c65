"""Creates the data stack from its template in an emulator and compares it with what local-stack provisions."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

import boto3
import yaml
from botocore.exceptions import BotoCoreError

REGION = "eu-central-1"
TEMPLATE = pathlib.Path("deploy/data.yaml").read_text(encoding="utf-8")
failures = []


def clients(endpoint, region, key, secret):
    def client(name):
        return boto3.client(name, endpoint_url=endpoint, region_name=region, aws_access_key_id=key, aws_secret_access_key=secret)

    return client


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
    port = free_port()
    environment = {**os.environ, "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1"}
    program = pathlib.Path(sys.executable).with_name("ministack")
    emulator = subprocess.Popen([program], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        check(clients(f"http://127.0.0.1:{port}", REGION, "test", "test"))
    finally:
        emulator.terminate()
    if failures:
        sys.exit("deploy: template and local-stack differ:\n" + "\n".join(failures))
    print("deploy: the template gives the table, queues and bucket that local-stack provisions")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(what, look):
    for _ in range(300):
        try:
            if found := look():
                return found
        except (OSError, BotoCoreError):
            pass
        time.sleep(0.1)
    raise SystemExit(f"deploy: {what} did not come about")


def check(aws):
    formation = aws("cloudformation")
    until("the emulator", lambda: formation.describe_stacks() and True)
    formation.create_stack(StackName="data", TemplateBody=TEMPLATE)

    def ended():
        stack = formation.describe_stacks(StackName="data")["Stacks"][0]
        return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

    stack = until("the stack", ended)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    with tempfile.TemporaryDirectory() as work:
        ready = pathlib.Path(work, "ready.json")
        local = subprocess.Popen(
            ["target/debug/local-stack", "--port", "0", "--without", "api,worker", "--ready-file", str(ready)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            it = until("the local stack", lambda: ready.exists() and json.loads(ready.read_text()))
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
        finally:
            local.kill()

    # What the embedded S3 cannot keep is seen in the emulator alone; the bucket's encryption, which that passes over, is what
    # checkov looks at.
    bucket, s3 = outputs["BucketName"], aws("s3")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    denied = [statement["Sid"] for statement in json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"] if statement["Effect"] == "Deny"]
    assert denied == ["TlsAlone", "NoOtherEncryption", "NoOtherAlgorithm"], denied


main()
