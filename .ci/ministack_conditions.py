"""Starts the emulator with condition keys that it does not provide by itself: dynamodb:LeadingKeys and
kms:EncryptionContext:NAME, from the body of each request. The emulator evaluates them like every other key."""

import json
import re
import sys

from ministack.app import main
from ministack.core import iam_actions

OF_DYNAMODB, OF_TAGS = iam_actions.dynamodb_service_context, iam_actions.request_tag_context


def parsed(body):
    try:
        data = json.loads(body or b"{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def items(data):
    """Yields the items and keys that a request names, which contain the partition key."""
    yield from (data[name] for name in ("Key", "Item") if name in data)
    for requests in data.get("RequestItems", {}).values():
        if isinstance(requests, dict):
            yield from requests.get("Keys", [])
        else:
            for request in requests:
                for one in request.values():
                    yield from items(one)
    for action in data.get("TransactItems", []):
        for one in action.values():
            yield from items(one)


def queried(data):
    """Yields the partition that a query names, which is the first value that its condition requires."""
    if found := re.search(r"(?<![<>])=\s*(:\w+)", data.get("KeyConditionExpression", "")):
        yield from data["ExpressionAttributeValues"][found[1]].values()


def with_leading_keys(body):
    data = parsed(body)
    keys = [item["pk"]["S"] for item in items(data) if "pk" in item] + list(queried(data))
    return {**OF_DYNAMODB(body), **({"dynamodb:LeadingKeys": keys} if keys else {})}


def with_encryption_context(service, action, body, params):
    context = parsed(body).get("EncryptionContext", {}) if service == "kms" else {}
    return {**OF_TAGS(service, action, body, params), **{f"kms:EncryptionContext:{name}": value for name, value in context.items()}}


iam_actions.dynamodb_service_context = with_leading_keys
iam_actions.request_tag_context = with_encryption_context
sys.exit(main())
