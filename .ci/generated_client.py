"""Submits, follows and reads a report with a client that was generated from the OpenAPI document."""

import os
import time

from dossier_client import AuthenticatedClient
from dossier_client.api.reports import list_reports, read_document, read_report, submit_report
from dossier_client.api.usage import read_usage
from dossier_client.models import Country, Document, ProblemBody, Report, ReportList, Status, SubmitReport, UsageReport

client = AuthenticatedClient(base_url=os.environ["API"], token=os.environ["KEY"], raise_on_unexpected_status=True)
body = SubmitReport.from_dict({"companyName": "Calder Vane Shipping Ltd", "corporateNumber": "99104372", "country": "GB"})
submitted = submit_report.sync(client=client, body=body, idempotency_key="generated-client")
assert isinstance(submitted, Report), submitted
deadline = time.monotonic() + 60
report = submitted
while report.status not in (Status.COMPLETED, Status.FAILED) and time.monotonic() < deadline:
    report = read_report.sync(str(submitted.report_id), client=client, prefer="wait=10")
assert report.status == Status.COMPLETED and report.risk_level == "HIGH", report
document = read_document.sync(str(report.report_id), client=client)
assert isinstance(document, Document) and document.findings[0].citations, document
listed = list_reports.sync(client=client, country=Country.GB, page_size=5)
assert isinstance(listed, ReportList) and any(one.report_id == report.report_id for one in listed.reports)
assert isinstance(read_usage.sync(client=client), UsageReport)
wrong = SubmitReport.from_dict({"companyName": "", "corporateNumber": "-", "country": "GB"})
refused = submit_report.sync(client=client, body=wrong)
assert isinstance(refused, ProblemBody) and refused.code == "validation_failed" and len(refused.errors) >= 2, refused
nobody = AuthenticatedClient(base_url=os.environ["API"], token="none")
assert read_usage.sync(client=nobody).code == "unauthenticated"
print("walkthrough: a generated client submits, follows and reads a report")
