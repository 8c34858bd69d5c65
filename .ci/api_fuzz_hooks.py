"""Hooks for .ci/api-fuzz: what schemathesis cannot know from the OpenAPI document."""

import uuid

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes a valid Idempotency-Key new for each call, since one that was used with another body is rightly refused, and
    a number one that its country has."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and 0 < len(key) <= 200 and all("!" <= c <= "~" for c in key):
        case.headers["Idempotency-Key"] = f"{key}-{uuid.uuid4()}"
    body = case.body
    number = body.get("corporateNumber") if isinstance(body, dict) else None
    if isinstance(number, str) and 1 <= len(number) <= 80:
        # Which number goes with which country is more than a schema can say: an invented LEI goes with each.
        body["corporateNumber"] = "LAU9ICDEA8HNHMPF3C63"


@schemathesis.hook
def map_body(context, body):
    """Which characters a name may hold is more than a schema can say: the tests of the domain try those."""
    if isinstance(body, dict):
        for field in ("companyName", "purpose"):
            if isinstance(body.get(field), str):
                body[field] = "".join(c if c.isascii() and c.isalnum() else "a" for c in body[field])
    return body
