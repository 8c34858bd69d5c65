"""Hooks for .ci/api-fuzz: rules that the OpenAPI document cannot express."""

import os
import re
import uuid

import schemathesis

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Gives each call a new Idempotency-Key, since the API rightly rejects a reused key with another body, and a registration
    number that is valid in its country."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and 0 < len(key) <= 200 and all("!" <= c <= "~" for c in key):
        case.headers["Idempotency-Key"] = f"{key}-{uuid.uuid4()}"
    # Neither revokes nor rotates the key of this run.
    if (case.path_parameters or {}).get("id") == os.environ["KEY"].split("_")[1]:
        case.path_parameters["id"] = "0" * 16
    query = case.query if isinstance(case.query, dict) else {}
    if isinstance(query.get("from"), str) and DAY.fullmatch(query["from"]):
        # A schema cannot express that the first day must precede the last one, and not by years.
        query["to"] = query["from"]
    for request in requests_in(case.body):
        number = request.get("corporateNumber")
        if "companyName" not in request:
            continue
        if number is None or isinstance(number, str) and 1 <= len(number) <= 80:
            # A schema cannot express which number belongs to which country, nor in which countries there is none: an
            # invented LEI is valid in each.
            request["corporateNumber"] = "LAU9ICDEA8HNHMPF3C63"


def requests_in(body):
    """Returns the requests in a body: those of a batch, or else the body itself."""
    if not isinstance(body, dict):
        return []
    batch = body.get("reports")
    return [item for item in batch if isinstance(item, dict)] if isinstance(batch, list) else [body]


@schemathesis.hook
def map_body(context, body):
    """Restricts texts to ASCII: a schema cannot express which characters a text may contain, and the domain tests cover that."""
    for request in requests_in(body):
        restrict(request, ("companyName", "purpose", "label", "reason"))
        metadata = request.get("metadata")
        if isinstance(metadata, dict):
            restrict(metadata, tuple(metadata))
    return body


def restrict(texts, names):
    """Replaces each character other than a letter or digit of ASCII in the named texts."""
    for name in names:
        if isinstance(texts.get(name), str):
            texts[name] = "".join(c if c.isascii() and c.isalnum() else "a" for c in texts[name])
