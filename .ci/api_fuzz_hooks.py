"""Hooks for .ci/api-fuzz: what schemathesis cannot know from the OpenAPI document."""

import re
import uuid

import schemathesis

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes a valid Idempotency-Key new for each call, since one that was used with another body is rightly refused, and
    a number one that its country has."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and 0 < len(key) <= 200 and all("!" <= c <= "~" for c in key):
        case.headers["Idempotency-Key"] = f"{key}-{uuid.uuid4()}"
    query = case.query if isinstance(case.query, dict) else {}
    if isinstance(query.get("from"), str) and DAY.fullmatch(query["from"]):
        # That a first day comes before the last, and not years before, is more than a schema can say.
        query["to"] = query["from"]
    for request in requests_in(case.body):
        number = request.get("corporateNumber")
        if isinstance(number, str) and 1 <= len(number) <= 80:
            # Which number goes with which country is more than a schema can say: an invented LEI goes with each.
            request["corporateNumber"] = "LAU9ICDEA8HNHMPF3C63"


def requests_in(body):
    """The requests of a body: itself, or those of a batch."""
    if not isinstance(body, dict):
        return []
    batch = body.get("reports")
    return [body] + [item for item in batch if isinstance(item, dict)] if isinstance(batch, list) else [body]


@schemathesis.hook
def map_body(context, body):
    """Which characters a name may hold is more than a schema can say: the tests of the domain try those."""
    for request in requests_in(body):
        for field in ("companyName", "purpose"):
            if isinstance(request.get(field), str):
                request[field] = "".join(c if c.isascii() and c.isalnum() else "a" for c in request[field])
    return body
