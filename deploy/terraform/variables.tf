# The parameters of deploy/dossier.yaml, with the same defaults. Lists are lists here, and switches are booleans.

variable "prefix" {
  type        = string
  default     = "dossier"
  description = "Name of the table, and prefix of the names of queues and bucket"

  validation {
    condition     = can(regex("^([a-z][a-z0-9-]{2,20})$", var.prefix))
    error_message = "prefix has a value that the description does not allow: Name of the table, and prefix of the names of queues and bucket."
  }
}

variable "api_image" {
  type        = string
  description = "Image of the API, by digest or immutable tag"
}

variable "worker_image" {
  type        = string
  description = "Image of the worker, built from the same revision as ApiImage"
}

variable "certificate_arn" {
  type        = string
  description = "ARN of the ACM certificate of the load balancer"
}

variable "client_cidr" {
  type        = string
  description = "IPv4 range that may call the API, such as 203.0.113.0/24; 0.0.0.0/0 admits everybody"

  validation {
    condition     = can(regex("^([0-9.]+/[0-9]{1,2})$", var.client_cidr))
    error_message = "client_cidr has a value that the description does not allow: IPv4 range that may call the API, such as 203.0.113.0/24; 0.0.0.0/0 admits everybody."
  }
}

variable "model_id" {
  type        = string
  description = "Comma-separated Bedrock models or inference profiles, in the order in which they are called (DOSSIER_MODEL_ID)"
}

variable "model_arns" {
  type        = list(string)
  description = "ARNs of the foundation models and inference profiles that workers may call, including that of the verifier and all models behind a profile"
}

variable "encryption_context" {
  type        = string
  default     = "bucket"
  description = "Encryption context of the files; bucket uses an S3 bucket key, at the lowest cost, and tenant names the tenant of each file in dossier:tenant, with a request to KMS for each write and read (DOSSIER_ENCRYPTION_CONTEXT)"

  validation {
    condition     = contains(["bucket", "tenant"], var.encryption_context)
    error_message = "encryption_context must be bucket or tenant."
  }
}

variable "retention_days_max" {
  type        = number
  default     = 3650
  description = "Longest retention period of a tenant in days, after which the bucket deletes the files of reports that are kept for longer than retention_days (DOSSIER_RETENTION_DAYS_MAX)"

  validation {
    condition     = var.retention_days_max >= 1 && var.retention_days_max <= 36500
    error_message = "retention_days_max must be a number from 1 to 36500."
  }
}

variable "tenant_retention_days" {
  type        = string
  default     = ""
  description = "Retention periods of single tenants instead of retention_days, in days, such as acme=3650,globex=30 (DOSSIER_TENANT_RETENTION_DAYS); empty for none"

  validation {
    condition     = can(regex("^([a-z0-9_-]+=[0-9]+(,[a-z0-9_-]+=[0-9]+)*)?$", var.tenant_retention_days))
    error_message = "tenant_retention_days must be empty, or have the form acme=3650,globex=30."
  }
}

variable "retention_days" {
  type        = number
  default     = 90
  description = "Days that reports and their files are kept (DOSSIER_RETENTION_DAYS)"

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 3650
    error_message = "retention_days has a value that the description does not allow: Days that reports and their files are kept (DOSSIER_RETENTION_DAYS)."
  }
}

variable "restored_table" {
  type        = string
  default     = ""
  description = "Name of a restored table of reports to use; empty to create the table"
}

variable "restored_access_table" {
  type        = string
  default     = ""
  description = "Name of a restored table of keys and secrets to use; empty to create the table"
}

variable "restored_bucket" {
  type        = string
  default     = ""
  description = "Name of the bucket of a lost Region's copies to use (output of the module standby); empty to create the bucket"
}

variable "restored_key_arn" {
  type        = string
  default     = ""
  description = "ARN of the key that encrypts restored tables and the bucket of copies (output of the module standby), with restored_bucket; empty if the key of this module does"

  # The bucket of copies accepts its own key alone, and every other bucket that of its module.
  validation {
    condition     = (var.restored_key_arn == "") == (var.restored_bucket == "")
    error_message = "restored_bucket and restored_key_arn must be set together (bucket_name and copy_key_arn of the module standby)."
  }
}

variable "restored_secrets_key_arn" {
  type        = string
  default     = ""
  description = "ARN of the replica of a lost Region's key that seals webhook secrets (output of the module standby); empty to create the key"
}

variable "copy_bucket_arn" {
  type        = string
  default     = ""
  description = "ARN of a bucket in another Region that receives a copy of every file (output of the module standby there), with copy_key_arn and copy_region; files of restored_bucket are copied by the module standby that it belongs to; empty for none"

  validation {
    condition     = var.copy_bucket_arn == "" || var.copy_key_arn != ""
    error_message = "copy_bucket_arn needs copy_key_arn (output of the module standby)."
  }

  validation {
    condition     = var.copy_bucket_arn == "" || var.copy_region != ""
    error_message = "copy_bucket_arn needs copy_region, the Region of that bucket."
  }
}

variable "copy_region" {
  type        = string
  default     = ""
  description = "Region of CopyBucketArn, where erased reports are erased as well (DOSSIER_COPY_REGION)"
}

variable "copy_key_arn" {
  type        = string
  default     = ""
  description = "ARN of the key in the other Region that encrypts the copies (output of the module standby there)"
}

variable "copy_vault_arn" {
  type        = string
  default     = ""
  description = "ARN of a backup vault in another Region that receives an hourly copy of both tables (output of the module standby there), with copy_key_arn; empty for none"

  validation {
    condition     = var.copy_vault_arn == "" || var.copy_key_arn != ""
    error_message = "copy_vault_arn needs copy_key_arn (output of the module standby)."
  }
}

variable "cidr" {
  type        = string
  default     = "10.42.0.0/16"
  description = "IPv4 range of the VPC"

  validation {
    condition     = can(regex("^([0-9.]+/1[6-9])$", var.cidr))
    error_message = "cidr has a value that the description does not allow: IPv4 range of the VPC."
  }
}

variable "zones" {
  type        = list(string)
  default     = []
  description = "Two availability zones for the subnets, such as eu-central-1a,eu-central-1b; empty for the first two of the Region"

  validation {
    condition     = contains([0, 2], length(var.zones))
    error_message = "zones has a value that the description does not allow: Two availability zones for the subnets, such as eu-central-1a,eu-central-1b; empty for the first two of the Region."
  }
}

variable "flow_logs" {
  type        = string
  default     = "ALL"
  description = "Connections in the VPC that are recorded; refused ones alone cost least"

  validation {
    condition     = contains(["ALL", "REJECT", "none"], var.flow_logs)
    error_message = "flow_logs has a value that the description does not allow: Connections in the VPC that are recorded; refused ones alone cost least."
  }
}

variable "endpoint_policies" {
  type        = bool
  default     = true
  description = "Whether the VPC endpoints admit only principals of this account, and only its own tables, queues and buckets"
}

variable "egress_domains" {
  type        = list(string)
  default     = []
  description = "Domains outside AWS that tasks may resolve, such as api.gleif.org,*.example.com, those of sources, webhooks and the OpenID provider; empty for all"
}

variable "access_logs" {
  type        = bool
  default     = true
  description = "Whether the load balancer records every request in the bucket of logs"
}

variable "trail" {
  type        = bool
  default     = true
  description = "Whether CloudTrail records every read and write of a file of reports"
}

variable "audit_lock" {
  type        = string
  default     = "GOVERNANCE"
  description = "Object Lock of the audit records; COMPLIANCE binds even the root user until audit_retention_days have passed, and none keeps no records outside the log"

  validation {
    condition     = contains(["GOVERNANCE", "COMPLIANCE", "none"], var.audit_lock)
    error_message = "audit_lock must be GOVERNANCE, COMPLIANCE or none."
  }
}

variable "audit_retention_days" {
  type        = number
  default     = 3650
  description = "Days for which audit records cannot be deleted, and after which they expire; a shorter period than before hides older records that are still locked"

  validation {
    condition     = var.audit_retention_days >= 1 && var.audit_retention_days <= 36500
    error_message = "audit_retention_days must be a number from 1 to 36500."
  }
}

variable "firewall" {
  type        = bool
  default     = true
  description = "Whether AWS WAF protects the load balancer"
}

variable "firewall_requests" {
  type        = number
  default     = 300000
  description = "Number of requests in five minutes after which AWS WAF refuses further ones from one address"

  validation {
    condition     = var.firewall_requests >= 100
    error_message = "firewall_requests has a value that the description does not allow: Number of requests in five minutes after which AWS WAF refuses further ones from one address."
  }
}

variable "guardrail_arn" {
  type        = list(string)
  default     = []
  description = "ARNs of the Bedrock guardrail for prompts and answers and, with cross-Region inference, of its guardrail profile in every destination Region; empty for none"
}

variable "verifier_guardrail_arns" {
  type        = list(string)
  default     = []
  description = "ARNs of the Bedrock guardrail that verifies claims and, for its standard tier, of its guardrail profile in every destination Region; empty if a model does, or nothing"
}

variable "list_arns" {
  type        = list(string)
  default     = []
  description = "ARNs of the S3 objects that DOSSIER_SANCTIONS_LISTS names; empty for none"
}

variable "collector_image" {
  type        = string
  description = "Image of the AWS Distro for OpenTelemetry in the registry of this account, by digest (deploy/README.md, Images)"

  validation {
    condition     = can(regex("^(.+@sha256:[0-9a-f]{64})$", var.collector_image))
    error_message = "collector_image has a value that the description does not allow: Image of the AWS Distro for OpenTelemetry in the registry of this account, by digest (deploy/README.md, Images)."
  }
}

variable "architecture" {
  type        = string
  default     = "X86_64"
  description = "Processor architecture of the tasks; all images must support it"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.architecture)
    error_message = "architecture has a value that the description does not allow: Processor architecture of the tasks; all images must support it."
  }
}

variable "scheme" {
  type        = string
  default     = "internet-facing"
  description = "Whether the load balancer is reachable from the Internet, or only from the VPC and connected networks"

  validation {
    condition     = contains(["internet-facing", "internal"], var.scheme)
    error_message = "scheme has a value that the description does not allow: Whether the load balancer is reachable from the Internet, or only from the VPC and connected networks."
  }
}

variable "sanctions_lists" {
  type        = string
  default     = "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/SDN.CSV,https://scsanctions.un.org/resources/xml/en/consolidated.xml"
  description = "Comma-separated sanctions lists to screen against (DOSSIER_SANCTIONS_LISTS)"
}

variable "news_url" {
  type        = string
  default     = "https://api.gdeltproject.org/"
  description = "Base URL of a GDELT DOC 2.0 service (DOSSIER_NEWS_URL); empty disables it"
}

variable "registry_url" {
  type        = string
  default     = "https://api.gleif.org/"
  description = "Base URL of a GLEIF LEI service (DOSSIER_REGISTRY_URL); empty disables it"
}

variable "companies_house_key_secret_arn" {
  type        = string
  default     = ""
  description = "ARN of the secret that holds the Companies House API key; empty disables this source"
}

variable "sanctions_api_key_secret_arn" {
  type        = string
  default     = ""
  description = "ARN of the secret that holds the key of the match service at SanctionsUrl (DOSSIER_SANCTIONS_API_KEY); empty for none"
}

variable "secret_key_arns" {
  type        = list(string)
  default     = []
  description = "ARNs of the customer managed keys that encrypt these secrets; empty if the key of Secrets Manager does"
}

variable "models" {
  type        = string
  default     = ""
  description = "Additional model definitions, as TOML on one line (DOSSIER_MODELS)"
}

variable "model_residency" {
  type        = string
  default     = "any"
  description = "Where models may process prompts (DOSSIER_MODEL_RESIDENCY)"

  validation {
    condition     = contains(["any", "geography", "region"], var.model_residency)
    error_message = "model_residency has a value that the description does not allow: Where models may process prompts (DOSSIER_MODEL_RESIDENCY)."
  }
}

variable "guardrail_id" {
  type        = string
  default     = ""
  description = "Id of the Bedrock guardrail for prompts and answers (DOSSIER_GUARDRAIL_ID); the access stack needs its ARN (GuardrailArn)"
}

variable "guardrail_version" {
  type        = string
  default     = ""
  description = "Version of the guardrail (DOSSIER_GUARDRAIL_VERSION)"
}

variable "verifier" {
  type        = string
  default     = "model"
  description = "What verifies the claims of a report (DOSSIER_VERIFIER)"

  validation {
    condition     = contains(["model", "guardrail", "none"], var.verifier)
    error_message = "verifier has a value that the description does not allow: What verifies the claims of a report (DOSSIER_VERIFIER)."
  }
}

variable "verifier_model_id" {
  type        = string
  default     = ""
  description = "Bedrock model or inference profile that verifies claims (DOSSIER_VERIFIER_MODEL_ID); empty for the cheapest of ModelId"
}

variable "verifier_guardrail_id" {
  type        = string
  default     = ""
  description = "Id of the Bedrock guardrail that verifies claims (DOSSIER_VERIFIER_GUARDRAIL_ID); the access stack needs its ARNs (VerifierGuardrailArns)"
}

variable "verifier_guardrail_version" {
  type        = string
  default     = ""
  description = "Version of that guardrail (DOSSIER_VERIFIER_GUARDRAIL_VERSION)"
}

variable "verifier_guardrail_tier" {
  type        = string
  default     = "classic"
  description = "Safeguard tier of its contextual grounding policy (DOSSIER_VERIFIER_GUARDRAIL_TIER)"

  validation {
    condition     = contains(["classic", "standard"], var.verifier_guardrail_tier)
    error_message = "verifier_guardrail_tier has a value that the description does not allow: Safeguard tier of its contextual grounding policy (DOSSIER_VERIFIER_GUARDRAIL_TIER)."
  }
}

variable "private_callbacks" {
  type        = string
  default     = ""
  description = "Comma-separated hosts in the private network that may receive webhooks (DOSSIER_PRIVATE_CALLBACKS)"
}

variable "tenant_most_in_progress" {
  type        = number
  default     = 0
  description = "Maximum number of one tenant's reports in progress (DOSSIER_TENANT_MAX_IN_PROGRESS); 0 for no limit"
}

variable "reports_per_day" {
  type        = string
  default     = ""
  description = "Maximum number of reports that one tenant may submit per day (DOSSIER_REPORTS_PER_DAY); empty for no limit"
}

variable "oidc_issuer" {
  type        = string
  default     = ""
  description = "Issuer of an OpenID provider whose tokens the API accepts in addition to API keys (DOSSIER_OIDC_ISSUER); empty for none"
}

variable "oidc_audience" {
  type        = string
  default     = "dossier"
  description = "Required audience of OpenID tokens (DOSSIER_OIDC_AUDIENCE)"
}

variable "cors_origins" {
  type        = string
  default     = ""
  description = "Comma-separated origins of other web pages that may call the API (DOSSIER_CORS_ORIGINS)"
}

variable "log_filter" {
  type        = string
  default     = "info"
  description = "Log filter (DOSSIER_LOG)"
}

variable "budget_report_usd" {
  type        = number
  default     = 1
  description = "Model budget per report in US dollars (DOSSIER_BUDGET_REPORT_USD); 0 for no limit"
}

variable "budget_tenant_day_usd" {
  type        = number
  default     = 0
  description = "Model budget per tenant and day in US dollars (DOSSIER_BUDGET_TENANT_DAY_USD); 0 for no limit"
}

variable "api_tasks_least" {
  type        = number
  default     = 2
  description = "Minimum number of API tasks"

  validation {
    condition     = var.api_tasks_least >= 1
    error_message = "api_tasks_least has a value that the description does not allow: Minimum number of API tasks."
  }
}

variable "api_tasks_most" {
  type        = number
  default     = 10
  description = "Maximum number of API tasks"
}

variable "workers_least" {
  type        = number
  default     = 1
  description = "Minimum number of workers; with 0, none runs while the queue is empty, and reports that wait for a retry outside the queue wait up to half an hour"
}

variable "workers_most" {
  type        = number
  default     = 20
  description = "Maximum number of workers"
}

variable "worker_slots" {
  type        = string
  default     = "auto"
  description = "Number of reports that one worker processes at a time, or auto, which derives it from the memory of the container: 256 (DOSSIER_WORKER_CONCURRENCY)"

  validation {
    condition     = can(regex("^(auto|[1-9][0-9]{0,4})$", var.worker_slots))
    error_message = "worker_slots has a value that the description does not allow: Number of reports that one worker processes at a time, or auto, which derives it from the memory of the container: 256 (DOSSIER_WORKER_CONCURRENCY)."
  }
}

variable "backlog_per_worker" {
  type        = number
  default     = 512
  description = "Target number of messages per worker, waiting or in progress; with twice the slots, a report waits about as long as its processing takes"

  validation {
    condition     = var.backlog_per_worker >= 1
    error_message = "backlog_per_worker has a value that the description does not allow: Target number of messages per worker, waiting or in progress; with twice the slots, a report waits about as long as its processing takes."
  }
}

variable "spot_weight" {
  type        = number
  default     = 3
  description = "Number of workers on Fargate Spot for each worker on Fargate beyond the first; 0 disables Spot"

  validation {
    condition     = var.spot_weight >= 0 && var.spot_weight <= 100
    error_message = "spot_weight has a value that the description does not allow: Number of workers on Fargate Spot for each worker on Fargate beyond the first; 0 disables Spot."
  }
}

variable "trace_ratio" {
  type        = number
  default     = 0.1
  description = "Fraction of traces that is kept, 0 to 1 (OTEL_TRACES_SAMPLER_ARG)"

  validation {
    condition     = var.trace_ratio >= 0 && var.trace_ratio <= 1
    error_message = "trace_ratio has a value that the description does not allow: Fraction of traces that is kept, 0 to 1 (OTEL_TRACES_SAMPLER_ARG)."
  }
}

variable "metric_interval" {
  type        = number
  default     = 60000
  description = "Milliseconds between two metric exports (OTEL_METRIC_EXPORT_INTERVAL)"

  validation {
    condition     = var.metric_interval >= 1000
    error_message = "metric_interval has a value that the description does not allow: Milliseconds between two metric exports (OTEL_METRIC_EXPORT_INTERVAL)."
  }
}

variable "log_retention_days" {
  type        = number
  default     = 365
  description = "Log retention in days"

  validation {
    condition     = contains([30, 60, 90, 180, 365, 400, 545, 731, 1096, 1827, 2557, 3653], var.log_retention_days)
    error_message = "log_retention_days has a value that the description does not allow: Log retention in days."
  }
}

variable "deployment_alarms" {
  type        = bool
  default     = true
  description = "Whether errors of new tasks roll a deployment back, as tasks that do not become healthy always do"
}

variable "deletion_protection" {
  type        = bool
  default     = true
  description = "Whether the load balancer is protected against deletion"
}

variable "cost_per_hour_usd" {
  type        = number
  default     = 20
  description = "Model cost per hour in US dollars at which the alarm fires"
}

variable "cost_per_day_usd" {
  type        = number
  default     = 200
  description = "Model cost per day in US dollars at which the alarm fires"
}

variable "monthly_budget_usd" {
  type        = number
  default     = 0
  description = "Cost of the whole account in a month, in US dollars, of which AlarmEmail hears at 80 % and when it is forecast to be exceeded; 0 for no budget"
}

variable "api_objective_percent" {
  type        = number
  default     = 99.9
  description = "Percentage of requests to the API that must not be answered with 5xx"

  validation {
    condition     = var.api_objective_percent >= 90 && var.api_objective_percent <= 99.99
    error_message = "api_objective_percent has a value that the description does not allow: Percentage of requests to the API that must not be answered with 5xx."
  }
}

variable "latency_objective_percent" {
  type        = number
  default     = 99
  description = "Percentage of requests to the API whose response must begin within a second; lower it if clients wait with Prefer"

  validation {
    condition     = var.latency_objective_percent >= 50 && var.latency_objective_percent <= 99.9
    error_message = "latency_objective_percent has a value that the description does not allow: Percentage of requests to the API whose response must begin within a second; lower it if clients wait with Prefer."
  }
}

variable "report_seconds" {
  type        = number
  default     = 300
  description = "Average number of seconds that a report may take without the model, from submission to end"

  validation {
    condition     = var.report_seconds >= 1
    error_message = "report_seconds has a value that the description does not allow: Average number of seconds that a report may take without the model, from submission to end."
  }
}

variable "alarm_email" {
  type        = string
  default     = ""
  description = "Address that receives alarms once it confirms the subscription; empty for none"
}

variable "deadline_seconds" {
  type        = string
  default     = ""
  description = "DOSSIER_DEADLINE_SECONDS; empty for the default (21600)"
}

variable "queue_wait_seconds" {
  type        = string
  default     = ""
  description = "DOSSIER_QUEUE_WAIT_SECONDS; empty for the default (60)"
}

variable "lease_seconds" {
  type        = string
  default     = ""
  description = "DOSSIER_LEASE_SECONDS; empty for the default (60)"
}

variable "pickup_grace_seconds" {
  type        = string
  default     = ""
  description = "DOSSIER_PICKUP_GRACE_SECONDS; empty for the default (120)"
}

variable "api_connections" {
  type        = string
  default     = ""
  description = "DOSSIER_API_CONNECTIONS; empty for the default (12000)"
}

variable "api_idle_seconds" {
  type        = string
  default     = ""
  description = "DOSSIER_API_IDLE_SECONDS; empty for the default (75)"
}

variable "oidc_tenant_claim" {
  type        = string
  default     = ""
  description = "DOSSIER_OIDC_TENANT_CLAIM; empty for the default (tenant)"
}

variable "oidc_scope_claim" {
  type        = string
  default     = ""
  description = "DOSSIER_OIDC_SCOPE_CLAIM; empty for the default (scope)"
}

variable "oidc_scope_prefix" {
  type        = string
  default     = ""
  description = "DOSSIER_OIDC_SCOPE_PREFIX; empty for the default (none)"
}

variable "oidc_token_types" {
  type        = string
  default     = ""
  description = "DOSSIER_OIDC_TOKEN_TYPES; empty for the default (at+jwt,JWT)"
}

variable "requests_per_second" {
  type        = string
  default     = ""
  description = "DOSSIER_REQUESTS_PER_SECOND; empty for the default (1000)"
}

variable "api_in_flight" {
  type        = string
  default     = ""
  description = "DOSSIER_API_IN_FLIGHT; empty for the default (1024)"
}

variable "api_body_mib" {
  type        = string
  default     = ""
  description = "DOSSIER_API_BODY_MIB; empty for the default (32)"
}

variable "tenant_followers" {
  type        = string
  default     = ""
  description = "DOSSIER_TENANT_FOLLOWERS; empty for the default (10000)"
}

variable "request_seconds" {
  type        = string
  default     = ""
  description = "DOSSIER_REQUEST_SECONDS; empty for the default (20)"
}

variable "readiness_seconds" {
  type        = string
  default     = ""
  description = "DOSSIER_READINESS_SECONDS; empty for the default (10)"
}

variable "sweep_seconds" {
  type        = string
  default     = ""
  description = "DOSSIER_SWEEP_SECONDS; empty for the default (30)"
}

variable "report_formats" {
  type        = string
  default     = ""
  description = "DOSSIER_REPORT_FORMATS; empty for the default (html,pdf,md)"
}

variable "retry_max_seconds" {
  type        = string
  default     = ""
  description = "DOSSIER_RETRY_MAX_SECONDS; empty for the default (300)"
}

variable "tenant_wait_max_seconds" {
  type        = string
  default     = ""
  description = "DOSSIER_TENANT_WAIT_MAX_SECONDS; empty for the default (120)"
}

variable "model_max_tokens" {
  type        = string
  default     = ""
  description = "DOSSIER_MODEL_MAX_TOKENS; empty for the default (4096)"
}

variable "model_seconds" {
  type        = string
  default     = ""
  description = "DOSSIER_MODEL_SECONDS; empty for the default (120)"
}

variable "model_first_seconds" {
  type        = string
  default     = ""
  description = "DOSSIER_MODEL_FIRST_SECONDS; empty for the default (300)"
}

variable "model_calls_max" {
  type        = string
  default     = ""
  description = "DOSSIER_MODEL_CALLS_MAX; empty for the default (12)"
}

variable "model_service_tier" {
  type        = string
  default     = ""
  description = "DOSSIER_MODEL_SERVICE_TIER; empty for the default (default)"
}

variable "prompt" {
  type        = string
  default     = ""
  description = "DOSSIER_PROMPT; empty for the default (none)"
}

variable "sanctions_refresh_seconds" {
  type        = string
  default     = ""
  description = "DOSSIER_SANCTIONS_REFRESH_SECONDS; empty for the default (21600)"
}

variable "sanctions_max_age_seconds" {
  type        = string
  default     = ""
  description = "DOSSIER_SANCTIONS_MAX_AGE_SECONDS; empty for the default (2592000)"
}

variable "sanctions_url" {
  type        = string
  default     = ""
  description = "DOSSIER_SANCTIONS_URL; empty for the default (none)"
}

variable "sanctions_dataset" {
  type        = string
  default     = ""
  description = "DOSSIER_SANCTIONS_DATASET; empty for the default (default)"
}

variable "news_pause_seconds" {
  type        = string
  default     = ""
  description = "DOSSIER_NEWS_PAUSE_SECONDS; empty for the default (6)"
}

variable "news_wait_seconds" {
  type        = string
  default     = ""
  description = "DOSSIER_NEWS_WAIT_SECONDS; empty for the default (600)"
}

variable "news_feeds" {
  type        = string
  default     = ""
  description = "DOSSIER_NEWS_FEEDS; empty for the default (none)"
}

variable "news_months" {
  type        = string
  default     = ""
  description = "DOSSIER_NEWS_MONTHS; empty for the default (12)"
}

variable "companies_house_url" {
  type        = string
  default     = ""
  description = "DOSSIER_COMPANIES_HOUSE_URL; empty for the default (https://api.company-information.service.gov.uk/)"
}

variable "source_seconds" {
  type        = string
  default     = ""
  description = "DOSSIER_SOURCE_SECONDS; empty for the default (10)"
}

variable "source_keep_seconds" {
  type        = string
  default     = ""
  description = "DOSSIER_SOURCE_KEEP_SECONDS; empty for the default (86400)"
}

variable "evidence_max_age_seconds" {
  type        = string
  default     = ""
  description = "DOSSIER_EVIDENCE_MAX_AGE_SECONDS; empty for the default (86400)"
}

variable "private_sources" {
  type        = string
  default     = ""
  description = "DOSSIER_PRIVATE_SOURCES; empty for the default (none)"
}

variable "mandatory_sources" {
  type        = string
  default     = ""
  description = "DOSSIER_MANDATORY_SOURCES; empty for the default (sanctions)"
}
