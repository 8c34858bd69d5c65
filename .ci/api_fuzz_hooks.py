"""Hooks for .ci/api-fuzz: what schemathesis cannot know from the OpenAPI document."""

import uuid

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """A valid Idempotency-Key is made new for each call: one that was used with another body is rightly refused."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and 0 < len(key) <= 200 and all("!" <= c <= "~" for c in key):
        case.headers["Idempotency-Key"] = f"{key}-{uuid.uuid4()}"


@schemathesis.hook
def map_body(context, body):
    """What names and numbers may hold is more than a schema can say: the tests of the domain try those."""
    if isinstance(body, dict):
        number = body.get("corporateNumber")
        if isinstance(number, str) and 1 <= len(number) <= 80:
            # An invented LEI, which is taken in every country.
            body["corporateNumber"] = "LAU9ICDEA8HNHMPF3C63"
        for field in ("companyName", "purpose"):
            if isinstance(body.get(field), str):
                body[field] = "".join(c if c.isascii() and c.isalnum() else "a" for c in body[field])
    return body
