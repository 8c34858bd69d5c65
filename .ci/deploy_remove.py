"""Removes a deployment's data from an emulator with deploy/remove-data: more versions of objects than one request deletes,
restored tables, and reports under legal hold. Needs the AWS CLI."""

import os
import subprocess

from emulator import REGION, deployed, emulator

# One more than a request lists or deletes.
OBJECTS = 1001


def remove(endpoint, *arguments, refused=False):
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    command = ["deploy/remove-data", "--region", REGION, "--endpoint-url", endpoint, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode != 0) == refused, done.stderr
    return done.stderr if refused else done.stdout


def copied(dynamodb, table, name):
    """Creates a table under another name, as a restored one."""
    described = dynamodb.describe_table(TableName=table)["Table"]
    dynamodb.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST", DeletionProtectionEnabled=True, KeySchema=described["KeySchema"],
        AttributeDefinitions=[one for one in described["AttributeDefinitions"] if one["AttributeName"] == "pk"],
    )  # fmt: skip


def main():
    with emulator() as (endpoint, aws):
        bucket = deployed(aws)["BucketName"]
        s3 = aws("s3")
        key = aws("kms").describe_key(KeyId="alias/dossier")["KeyMetadata"]["Arn"]
        for number in range(OBJECTS):
            s3.put_object(Bucket=bucket, Key=f"reports/{number}", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
        s3.delete_object(Bucket=bucket, Key="reports/0")
        remove(endpoint)
        assert s3.list_object_versions(Bucket=bucket)["Versions"], "without --yes, nothing is deleted"

        def refuses(reason, *arguments):
            assert reason in remove(endpoint, *arguments), f"without --yes, it says that it would refuse to: {reason}"
            assert reason in remove(endpoint, "--yes", *arguments, refused=True)
            assert s3.list_object_versions(Bucket=bucket)["Versions"] and {"dossier", "dossier-access"} <= set(dynamodb.list_tables()["TableNames"]), "nothing is deleted"

        # A restored table, and one of another installation.
        dynamodb = aws("dynamodb")
        copied(dynamodb, "dossier", "dossier-20261129")
        copied(dynamodb, "dossier", "dossier-test")
        refuses("dossier-20261129, dossier-test")
        refuses("dossier-test", "--table", "dossier-20261129")
        tables = ["--table", "dossier-20261129", "--keep-table", "dossier-test"]
        # A hold is in the table before a worker copies the first file, and for good if the report has no files.
        report = {"pk": {"S": "R#acme#1"}}
        for table in ("dossier", "dossier-20261129"):
            dynamodb.put_item(TableName=table, Item={**report, "legal_hold": {"M": {"reason": {"S": "dispute"}}}})
            refuses(f"R#acme#1 in the table {table}", *tables)
            dynamodb.delete_item(TableName=table, Key=report)
        s3.put_object(Bucket=bucket, Key="held/reports/dev/x", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
        refuses("legal hold", *tables)
        printed = remove(endpoint, "--yes", "--including-held", *tables)
        assert f"{OBJECTS + 2} versions deleted" in printed, printed
        assert bucket not in [one["Name"] for one in s3.list_buckets()["Buckets"]]
        assert dynamodb.list_tables()["TableNames"] == ["dossier-test"]
        again = remove(endpoint, "--yes", *tables)
        assert "does not exist" in again, again
    print(f"deploy: remove-data deletes {OBJECTS + 2} versions, their bucket and the tables, a restored one included, and refuses to during a legal hold")


main()
