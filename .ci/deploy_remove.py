"""Removes a deployment's data from an emulator with deploy/remove-data: more versions of objects than one request deletes.
Needs the AWS CLI."""

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
        s3.put_object(Bucket=bucket, Key="held/reports/dev/x", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
        assert "legal hold" in remove(endpoint, "--yes", refused=True)
        assert s3.list_object_versions(Bucket=bucket)["Versions"], "nothing is deleted during a legal hold"
        printed = remove(endpoint, "--yes", "--including-held")
        assert f"{OBJECTS + 2} versions deleted" in printed, printed
        assert bucket not in [one["Name"] for one in s3.list_buckets()["Buckets"]]
        assert "dossier" not in aws("dynamodb").list_tables()["TableNames"]
        again = remove(endpoint, "--yes")
        assert "does not exist" in again, again
    print(f"deploy: remove-data deletes {OBJECTS + 2} versions, their bucket and the table")


main()
