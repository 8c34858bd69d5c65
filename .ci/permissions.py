"""The test that `permissions` in this folder runs and describes. Arguments restrict it to the statements with
these ids."""

import contextlib
import copy
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from emulator import REGION, TEMPLATE, clients, deployed, emulator, free_port, local_stack, until

REFUSED = re.compile(r"AccessDenied|not authorized", re.I)
COMPANY = {"companyName": "星見川精機株式会社", "corporateNumber": "1010401998301", "country": "JP"}
# Actions that the emulator does not check, or that no tested program performs: removing them proves nothing
# here.
NOT_CHECKED = {
    "kms:Decrypt": "the emulator's services do not call KMS",
    "kms:GenerateDataKey": "the emulator's services do not call KMS",
    "bedrock:InvokeModel": "the model is local-stack's stand-in, which has one access key and no policies",
    "xray:PutTelemetryRecords": "the collector performs it",
    "xray:PutTraceSegments": "the collector performs it",
    "ecs:UpdateTaskProtection": "the ECS agent performs it, and the test has none",
    "logs:CreateLogStream": "the collector performs it",
    "logs:PutLogEvents": "the collector performs it",
    "s3:ListBucket": "the emulator answers 404 for a missing object without it; AWS answers 403",
}

# Actions on messages that also have a form for batches.
BATCHED = {"sqs:SendMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"}


def policies(outputs):
    """Returns the policy documents of deploy/access.yaml by role, with the outputs of the data stack filled in."""
    values = {name: value for name, value in outputs.items() if name.endswith("Arn")}
    values |= {"ModelArns": "arn:aws:bedrock:*::foundation-model/any", "AWS::AccountId": "000000000000", "AWS::Partition": "aws", "AWS::Region": REGION, "Prefix": "dossier"}

    def resolve(node):
        if isinstance(node, dict):
            if set(node) == {"Ref"}:
                return values[node["Ref"]]
            if set(node) == {"Fn::Sub"}:
                return re.sub(r"\$\{([^}]+)\}", lambda found: values[found[1]], node["Fn::Sub"])
            return {name: resolve(value) for name, value in node.items()}
        # Conditional statements are left out.
        return [resolve(one) for one in node if "Fn::If" not in one] if isinstance(node, list) else node

    resources = yaml.safe_load(pathlib.Path("deploy/access.yaml").read_text())["Resources"]
    documents = {role: resources[f"{role.title()}Role"]["Properties"]["Policies"][0]["PolicyDocument"] for role in ("api", "worker")}
    return {role: with_batches(resolve(document)) for role, document in documents.items()}


def with_batches(policy):
    """Adds the actions for batches of messages. The emulator requires them; AWS requires those for single messages
    ("Actions, resources, and condition keys for Amazon SQS")."""
    for statement in policy["Statement"]:
        actions = actions_of(statement)
        statement["Action"] = actions + [f"{action}Batch" for action in actions if action in BATCHED]
    return policy


def actions_of(statement):
    return [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]


def without(policy, sid, action):
    policy = copy.deepcopy(policy)
    for statement in policy["Statement"]:
        if statement["Sid"] == sid:
            removed = {action, f"{action}Batch"}
            statement["Action"] = [one for one in actions_of(statement) if one not in removed] or ["sts:GetCallerIdentity"]
    return policy


class Role:
    def __init__(self, aws, name, policy):
        self.iam, self.name = aws("iam"), name
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}]}
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        self.put(policy)
        self.credentials = aws("sts").assume_role(RoleArn=arn, RoleSessionName="task")["Credentials"]

    def put(self, policy):
        self.iam.put_role_policy(RoleName=self.name, PolicyName=self.name, PolicyDocument=json.dumps(policy))

    def environment(self):
        it = self.credentials
        return {"AWS_ACCESS_KEY_ID": it["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": it["SecretAccessKey"], "AWS_SESSION_TOKEN": it["SessionToken"]}

    def clients(self, endpoint):
        it = self.credentials
        return clients(endpoint, key=it["AccessKeyId"], secret=it["SecretAccessKey"], token=it["SessionToken"])


@contextlib.contextmanager
def model(ready):
    """Yields the address of a proxy that signs the worker's model calls again, with the only key that the stand-in accepts."""
    keys = Credentials(ready["accessKeyId"], ready["secretAccessKey"])

    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            request = AWSRequest("POST", ready["bedrock"] + self.path, data=body, headers={"content-type": "application/json"})
            SigV4Auth(keys, "bedrock", ready["region"]).add_auth(request)
            try:
                answer = urllib.request.urlopen(urllib.request.Request(request.url, body, dict(request.headers)))
            except urllib.error.HTTPError as error:
                answer = error
            content = answer.read()
            # The worker may be killed while it waits for the response.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.answer(answer, content)

        def answer(self, answer, content):
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower().startswith(("content-type", "x-amzn")):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


class Stage:
    """Runs the services with their roles, and calls the API."""

    def __init__(self, environment, roles, work, stand_in):
        self.environment, self.roles, self.work, self.stand_in = environment, roles, work, stand_in
        self.port, self.key, self.running = free_port(), None, {}

    @contextlib.contextmanager
    def service(self, name, clear_log=True):
        log = pathlib.Path(self.work, f"{name}.log")
        if clear_log:
            log.unlink(missing_ok=True)
        environment = {"PATH": os.environ["PATH"], **self.environment, **self.roles[name].environment(), "DOSSIER_BIND": f"127.0.0.1:{self.port}"}
        with log.open("a") as output:
            process = subprocess.Popen([f"target/debug/{name}-service"], env=environment, stdout=output, stderr=output)
            try:
                yield log
            finally:
                process.kill()
                process.wait()

    def call(self, method, path, body=None, follow=True):
        data = None if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def until_ready(self):
        try:
            until("the API", lambda: self.call("GET", "/readyz")[0] == 200)
        except SystemExit:
            raise SystemExit(f"permissions: the API is not ready:\n{pathlib.Path(self.work, 'api.log').read_text()[-2000:]}")

    def faults(self, faults):
        request = urllib.request.Request(f"{self.stand_in}/faults", json.dumps(faults).encode(), {"content-type": "application/json"}, method="PUT")
        urllib.request.urlopen(request).close()

    def api(self, completed):
        """Does everything that the API does; returns what failed."""
        failed = []
        with self.service("api") as log:
            def ready():
                return self.call("GET", "/readyz")[0] == 200

            try:
                until("readiness", ready, 6)
            except SystemExit:
                failed.append("readyz")
                if self.call("GET", "/healthz")[0] != 200:
                    return failed + ["start"]
            status, body = self.call("POST", "/v1/reports", {**COMPANY, "callbackUrl": "https://hooks.example.com/x"})
            failed += ["submit"] if status != 202 else []
            submitted = json.loads(body).get("reportId")
            status, body = self.call("POST", "/v1/reports/batch", {"reports": [{**COMPANY, "customId": one} for one in "ab"]})
            failed += ["batch"] if status != 202 or "report" not in json.loads(body)["results"][0] else []
            for name, method, path in [
                ("read", "GET", f"/v1/reports/{completed}"),
                ("list", "GET", "/v1/reports"),
                ("document", "GET", f"/v1/reports/{completed}/document"),
                ("usage", "GET", "/v1/usage"),
                ("secret", "GET", "/v1/callbacks/secret"),
                ("rotate", "POST", "/v1/callbacks/secret/rotate"),
                ("keys", "GET", "/v1/keys"),
                ("cancel", "POST", f"/v1/reports/{submitted}/cancel"),
            ]:
                failed += [name] if self.call(method, path)[0] != 200 else []
            status, body = self.call("POST", "/v1/keys", {"scopes": ["reports:read"]})
            failed += ["create a key"] if status != 201 else []
            if status == 201:
                failed += ["revoke a key"] if self.call("DELETE", f"/v1/keys/{json.loads(body)['id']}")[0] != 204 else []
            status, body = self.call("GET", f"/v1/reports/{completed}")
            link = json.loads(body).get("links", {}).get("json") if status == 200 else None
            if link:
                try:
                    urllib.request.urlopen(link).close()
                except urllib.error.HTTPError:
                    failed.append("link")
            time.sleep(0.3)
            failed += ["log"] if REFUSED.search(log.read_text()) else []
        return failed

    def worker(self, sqs, queue):
        """Does everything that a worker does; returns what failed."""
        failed = []
        with self.service("api"):
            self.until_ready()
            submit = lambda more: json.loads(self.call("POST", "/v1/reports", {**COMPANY, **more})[1])["reportId"]
            lost = submit({})
            # Lose the report's message before a worker runs.
            until("the queue", lambda: sqs.purge_queue(QueueUrl=queue) and True)
            # Kill a worker while it waits for the model: the second attempt reads the work of the first one.
            self.faults({"latency": "60s"})
            retried, with_webhook = submit({}), [submit({"callbackUrl": "https://hooks.dossier.invalid/x"}) for _ in range(6)]
            with self.service("worker") as log:
                time.sleep(2.5)
            self.faults({})
            with self.service("worker", clear_log=False):
                def completed(report):
                    # A denied request is failure enough: do not wait for its consequences.
                    if REFUSED.search(log.read_text()):
                        raise SystemExit
                    return json.loads(self.call("GET", f"/v1/reports/{report}")[1])["status"] == "COMPLETED"

                try:
                    for name, report in [("retried", retried), *(("with webhook", one) for one in with_webhook), ("lost", lost)]:
                        until(name, lambda: completed(report), 20)
                    name = "webhook"
                    # The emulator hands messages to pending receives of a killed worker until their wait
                    # ends. One of several webhooks gets through.
                    attempts = lambda one: json.loads(self.call("GET", f"/v1/reports/{one}/callback")[1]).get("attempts")
                    until(name, lambda: any(attempts(one) for one in with_webhook), 30)
                    name, callbacks = "dead letter", self.environment["DOSSIER_CALLBACK_QUEUE_URL"]

                    def dead_lettered():
                        sqs.send_message(QueueUrl=callbacks, MessageBody="unreadable")
                        time.sleep(0.4)
                        return "to the dead-letter queue" in log.read_text()

                    until(name, dead_lettered)
                    name = "legal hold"
                    hold = f"/v1/reports/{lost}/hold"
                    if self.call("PUT", hold, {"reason": "case 1"})[0] != 200:
                        raise SystemExit

                    def secured():
                        if REFUSED.search(log.read_text()):
                            raise SystemExit
                        held = json.loads(self.call("GET", f"/v1/reports/{lost}")[1])["legalHold"]
                        return held["filesSecuredAt"] and self.call("GET", f"/v1/reports/{lost}/document")[0] == 200

                    until(name, secured)
                    if self.call("DELETE", hold)[0] != 204:
                        raise SystemExit
                    until("the release", lambda: REFUSED.search(log.read_text()) or "under no legal hold" in log.read_text())
                    name = "erasure"
                    if self.call("DELETE", f"/v1/reports/{lost}")[0] != 204:
                        raise SystemExit

                    def erased():
                        if REFUSED.search(log.read_text()):
                            raise SystemExit
                        return '"report.erased"' in log.read_text()

                    until(name, erased)
                    time.sleep(1)
                except SystemExit:
                    failed.append(name)
                failed += ["log"] if REFUSED.search(log.read_text()) else []
        return failed, retried


def plain_http_is_denied():
    with emulator(AUTH="true") as (_, aws):
        outputs = deployed(aws)
        denied("plain HTTP access to a queue", lambda: aws("sqs").get_queue_attributes(QueueUrl=outputs["ReportsQueueUrl"], AttributeNames=["All"]))
    print("permissions: plain HTTP access to the queues is denied to everybody", flush=True)


def without_tls():
    """Returns the template of the data stack without the statements that deny plain HTTP: the emulator has no TLS."""
    template = yaml.safe_load(TEMPLATE)
    del template["Resources"]["QueuesByTlsAlone"]
    policy = template["Resources"]["BucketPolicy"]["Properties"]["PolicyDocument"]
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Sid"] != "TlsAlone"]
    return json.dumps(template)


def refusals(log):
    return "\n".join(line for line in log.read_text().splitlines() if REFUSED.search(line))


def denied(what, call):
    try:
        call()
    except ClientError as error:
        assert REFUSED.search(str(error)), f"{what}: {error}"
        return
    raise SystemExit(f"permissions: not denied: {what}")


def forbidden_access(api, worker, table, access, key):
    """Tries to create, change and read API keys and webhook secrets with the wrong role."""
    dynamodb = worker("dynamodb")
    for where in (table, access):
        for pk in ({"S": "K#0000000000000000"}, {"S": "W#dev"}):
            item = {"pk": pk}
            change = {"TableName": where, "Key": item, "UpdateExpression": "SET scopes = :all", "ExpressionAttributeValues": {":all": {"L": [{"S": "admin"}]}}}
            what = f"{pk['S'][:2]} in {where}"
            denied(f"the worker putting {what}", lambda: dynamodb.put_item(TableName=where, Item=item))
            denied(f"the worker updating {what}", lambda: dynamodb.update_item(**change))
            denied(f"the worker writing a batch with {what}", lambda: dynamodb.batch_write_item(RequestItems={where: [{"PutRequest": {"Item": item}}]}))
            denied(f"the worker putting {what} in a transaction", lambda: dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": where, "Item": item}}]))
            denied(f"the worker updating {what} in a transaction", lambda: dynamodb.transact_write_items(TransactItems=[{"Update": change}]))
        denied(f"the worker reading a key in {where}", lambda: dynamodb.get_item(TableName=where, Key={"pk": {"S": "K#0000000000000000"}}))
        keys = [{"pk": {"S": "W#dev"}}, {"pk": {"S": "K#0000000000000000"}}]
        denied(f"the worker reading a batch with a key in {where}", lambda: dynamodb.batch_get_item(RequestItems={where: {"Keys": keys}}))
        listed = {"KeyConditionExpression": "tenant = :tenant", "ExpressionAttributeValues": {":tenant": {"S": "keys#dev"}}}
        for index in ("by_age", "by_tenant"):
            denied(f"the worker listing keys in {where} by {index}", lambda: dynamodb.query(TableName=where, IndexName=index, **listed))
    for name, client in [("API", api("dynamodb")), ("worker", dynamodb)]:
        denied(f"the {name} scanning the access table", lambda: client.scan(TableName=access))
        denied(f"the {name} deleting a key", lambda: client.delete_item(TableName=access, Key={"pk": {"S": "K#0"}}))
        denied(f"the {name} putting a key into the table of reports", lambda: client.put_item(TableName=table, Item={"pk": {"S": "K#0"}}))
        denied(f"the {name} putting a key and a report into the table of reports", lambda: client.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": {"pk": {"S": pk}}}} for pk in ("R#dev#0", "K#0")]}))
    tenant = {"dossier:tenant": "dev"}
    sealed = api("kms").encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext={**tenant, "dossier:purpose": "webhook-secrets"})["CiphertextBlob"]
    opened = worker("kms").decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionContext={**tenant, "dossier:purpose": "webhook-secrets"})["Plaintext"]
    assert opened == b"secret", opened
    denied("the worker sealing a secret", lambda: worker("kms").encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={**tenant, "dossier:purpose": "webhook-secrets"}))
    for name, client in [("API", api("kms")), ("worker", worker("kms"))]:
        denied(f"the {name} decrypting without a tenant", lambda: client.decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionContext={"dossier:purpose": "webhook-secrets"}))
        denied(f"the {name} decrypting for another purpose", lambda: client.decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionContext={**tenant, "dossier:purpose": "other"}))
        denied(f"the {name} decrypting without a context", lambda: client.decrypt(KeyId=key, CiphertextBlob=sealed))


def main():
    plain_http_is_denied()
    with emulator(AUTH="true") as (endpoint, aws), tempfile.TemporaryDirectory() as work, local_stack(work) as local, model(local) as bedrock:
        outputs = deployed(aws, without_tls())
        complete = policies(outputs)
        roles = {name: Role(aws, name, policy) for name, policy in complete.items()}
        at = lambda url: f"{endpoint}/{'/'.join(url.split('/')[3:])}"
        environment = {
            **local["env"],
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock,
            "AWS_REGION": REGION,
            "DOSSIER_TABLE": outputs["TableName"],
            "DOSSIER_ACCESS_TABLE": outputs["AccessTableName"],
            "DOSSIER_BUCKET": outputs["BucketName"],
            "DOSSIER_KMS_KEY_ID": outputs["StorageKeyArn"],
            "DOSSIER_SECRETS_KMS_KEY_ID": outputs["SecretsKeyArn"],
            "DOSSIER_QUEUE_URL": at(outputs["ReportsQueueUrl"]),
            "DOSSIER_DLQ_URL": at(outputs["ReportsDeadLettersUrl"]),
            "DOSSIER_CALLBACK_QUEUE_URL": at(outputs["CallbacksQueueUrl"]),
            "DOSSIER_CALLBACK_DLQ_URL": at(outputs["CallbacksDeadLettersUrl"]),
            "DOSSIER_READINESS_SECONDS": "1",
            "DOSSIER_SWEEP_SECONDS": "1",
            "DOSSIER_PICKUP_GRACE_SECONDS": "1",
            "DOSSIER_LEASE_SECONDS": "6",
            # As many as a killed worker held: the leases are read to see which have expired.
            "DOSSIER_TENANT_MAX_IN_PROGRESS": "7",
            "DOSSIER_REPORTS_PER_DAY": "100000",
            "DOSSIER_API_DRAIN_NOTICE_SECONDS": "0",
            "DOSSIER_LOG": "info",
        }
        stage = Stage(environment, roles, work, local["bedrock"])
        admin = {"PATH": os.environ["PATH"], **environment, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        made = subprocess.run(["target/debug/api-service", "keys", "create", "--tenant", "dev", "--scope", "admin"], env=admin, capture_output=True, check=True)
        stage.key = json.loads(made.stdout)["key"]
        sqs, queue = aws("sqs"), environment["DOSSIER_QUEUE_URL"]

        failed, completed = stage.worker(sqs, queue)
        assert not failed, f"the worker fails with its complete role: {failed}\n{refusals(pathlib.Path(work, 'worker.log'))}"
        failed = stage.api(completed)
        assert not failed, f"the API fails with its complete role: {failed}\n{refusals(pathlib.Path(work, 'api.log'))}"
        print("permissions: the whole flow passes with the complete roles", flush=True)

        unproven, only = [], sys.argv[1:]
        for role, policy in complete.items():
            for statement in policy["Statement"]:
                # What statements deny is tried below.
                for action in actions_of(statement) if statement["Effect"] == "Allow" else []:
                    # The form for batches is removed together with the action.
                    if action.removesuffix("Batch") in BATCHED and action not in BATCHED:
                        continue
                    # The services themselves call KMS to seal secrets.
                    if (action in NOT_CHECKED and statement["Sid"] != "Secrets") or (only and statement["Sid"] not in only):
                        continue
                    roles[role].put(without(policy, statement["Sid"], action))
                    failed = stage.api(completed) if role == "api" else stage.worker(sqs, queue)[0]
                    print(f"permissions: {role} without {action} ({statement['Sid']}): {', '.join(failed) or 'NOTHING FAILS'}", flush=True)
                    if not failed:
                        unproven.append(f"{role} {action} ({statement['Sid']})")
            roles[role].put(policy)
        for action, why in NOT_CHECKED.items():
            print(f"permissions: not tested: {action}: {why}")
        assert not unproven, f"nothing fails without {unproven}: remove these actions, or extend the test"

        api, worker = roles["api"].clients(endpoint), roles["worker"].clients(endpoint)
        bucket, table = outputs["BucketName"], outputs["TableName"]
        aws("dynamodb").create_table(TableName="other", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}])
        aws("s3").create_bucket(Bucket="other-bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
        denied("the API receiving from the queue", lambda: api("sqs").receive_message(QueueUrl=queue))
        denied("the API writing a file", lambda: api("s3").put_object(Bucket=bucket, Key="reports/dev/x", Body=b"x"))
        denied("the worker writing an unencrypted file", lambda: worker("s3").put_object(Bucket=bucket, Key="reports/dev/x", Body=b"x"))
        denied("the API reading work files", lambda: api("s3").get_object(Bucket=bucket, Key="work/dev/x"))
        denied("the API deleting an item", lambda: api("dynamodb").delete_item(TableName=table, Key={"pk": {"S": "R#dev#x"}}))
        denied("the API deleting a version", lambda: api("s3").delete_object(Bucket=bucket, Key="reports/dev/x", VersionId="null"))
        denied("the worker deleting a version of another file", lambda: worker("s3").delete_object(Bucket=bucket, Key="other/x", VersionId="null"))
        denied("the worker hiding a file", lambda: worker("s3").delete_object(Bucket=bucket, Key="reports/dev/x"))
        denied("the worker creating an item", lambda: worker("dynamodb").put_item(TableName=table, Item={"pk": {"S": "x"}}))
        for name, client in [("API", api), ("worker", worker)]:
            denied(f"the {name} scanning the table", lambda: client("dynamodb").scan(TableName=table))
            denied(f"the {name} deleting an item that is no report", lambda: client("dynamodb").delete_item(TableName=table, Key={"pk": {"S": "K#0123456789abcdef"}}))
            denied(f"the {name} listing all versions", lambda: client("s3").list_object_versions(Bucket=bucket))
            denied(f"the {name} reading another table", lambda: client("dynamodb").get_item(TableName="other", Key={"pk": {"S": "x"}}))
            denied(f"the {name} reading another bucket", lambda: client("s3").get_object(Bucket="other-bucket", Key="x"))
        forbidden_access(api, worker, table, outputs["AccessTableName"], outputs["SecretsKeyArn"])
        unsigned = urllib.request.Request(f"{endpoint}/{bucket}/reports/dev/{completed}/report.json")
        try:
            urllib.request.urlopen(unsigned)
            raise SystemExit("permissions: an unsigned request is not denied")
        except urllib.error.HTTPError as error:
            assert error.code == 403, error.code
        print("permissions: every forbidden request is denied")


if __name__ == "__main__":
    main()
