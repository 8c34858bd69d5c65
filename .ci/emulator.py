"""Starts the AWS emulator of the deployment checks on loopback, and deploys deploy/data.yaml into it."""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import time

import boto3
from botocore.exceptions import BotoCoreError

REGION = "eu-central-1"
TEMPLATE = pathlib.Path("deploy/data.yaml").read_text(encoding="utf-8")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(what, condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := condition():
                return found
        except (OSError, BotoCoreError):
            pass
        time.sleep(0.1)
    raise SystemExit(f"{pathlib.Path(sys.argv[0]).stem}: timed out waiting for {what}")


def clients(endpoint, region=REGION, key="test", secret="test", token=None):
    def client(name, **more):
        return boto3.client(
            name, endpoint_url=endpoint, region_name=region, aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token, **more
        )

    return client


@contextlib.contextmanager
def emulator(**settings):
    """Starts the emulator; yields its endpoint URL and a factory of clients with all permissions."""
    port = free_port()
    environment = {**os.environ, "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1", **settings}
    program = pathlib.Path(__file__).with_name("ministack_conditions.py")
    process = subprocess.Popen([sys.executable, program], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        endpoint = f"http://127.0.0.1:{port}"
        aws = clients(endpoint)
        until("the emulator", lambda: aws("cloudformation").describe_stacks() and True)
        yield endpoint, aws
    finally:
        process.terminate()


def deployed(aws, template=TEMPLATE):
    """Deploys the data stack; returns its outputs by name."""
    formation = aws("cloudformation")
    formation.create_stack(StackName="data", TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"])

    def ended():
        stack = formation.describe_stacks(StackName="data")["Stacks"][0]
        return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

    stack = until("the data stack", ended)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@contextlib.contextmanager
def local_stack(work):
    """Starts a local stack without services; yields the content of its ready file."""
    import json

    ready = pathlib.Path(work, "ready.json")
    process = subprocess.Popen(
        ["target/debug/local-stack", "--port", "0", "--without", "api,worker", "--ready-file", str(ready)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield until("the local stack", lambda: ready.exists() and json.loads(ready.read_text()))
    finally:
        process.kill()
