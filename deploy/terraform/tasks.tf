# The task definitions of API and worker. deploy/tasks.yaml describes them, and deploy/render-task-definitions
# renders them as JSON, which this file completes with the values of the deployment.

locals {
  # Each value as it stands inside a JSON string: some contain quotation marks.
  task_values = { for name, value in local.plain_task_values : name => trimsuffix(trimprefix(jsonencode(tostring(value)), "\""), "\"") }
  plain_task_values = {
    Prefix                   = var.prefix
    ApiImage                 = var.api_image
    WorkerImage              = var.worker_image
    CollectorImage           = var.collector_image
    Architecture             = var.architecture
    TableName                = local.table_name
    AccessTableName          = local.access_table
    BucketName               = local.bucket_name
    StorageKeyArn            = local.storage_key_arn
    SecretsKeyArn            = local.secrets_key_arn
    CopyBucketArn            = var.copy_bucket_arn
    CopyRegion               = var.copy_region
    RetentionDays            = var.retention_days
    RetentionDaysMax         = var.retention_days_max
    TenantRetentionDays      = var.tenant_retention_days
    EncryptionContext        = var.encryption_context
    ReportsQueueUrl          = aws_sqs_queue.reports_queue.url
    ReportsDeadLettersUrl    = aws_sqs_queue.reports_dead_letters.url
    CallbacksQueueUrl        = aws_sqs_queue.callbacks_queue.url
    CallbacksDeadLettersUrl  = aws_sqs_queue.callbacks_dead_letters.url
    ApiRoleArn               = aws_iam_role.api_role.arn
    WorkerRoleArn            = aws_iam_role.worker_role.arn
    ExecutionRoleArn         = aws_iam_role.execution_role.arn
    ModelId                  = var.model_id
    SanctionsLists           = var.sanctions_lists
    NewsUrl                  = var.news_url
    RegistryUrl              = var.registry_url
    Models                   = var.models
    ModelResidency           = var.model_residency
    GuardrailId              = var.guardrail_id
    GuardrailVersion         = var.guardrail_version
    Verifier                 = var.verifier
    VerifierModelId          = var.verifier_model_id
    VerifierGuardrailId      = var.verifier_guardrail_id
    VerifierGuardrailVersion = var.verifier_guardrail_version
    VerifierGuardrailTier    = var.verifier_guardrail_tier
    PrivateCallbacks         = var.private_callbacks
    TenantMostInProgress     = var.tenant_most_in_progress
    ReportsPerDay            = var.reports_per_day
    OidcIssuer               = var.oidc_issuer
    OidcAudience             = var.oidc_audience
    CorsOrigins              = var.cors_origins
    LogFilter                = var.log_filter
    BudgetReportUsd          = var.budget_report_usd
    BudgetTenantDayUsd       = var.budget_tenant_day_usd
    WorkerSlots              = var.worker_slots
    TraceRatio               = var.trace_ratio
    MetricInterval           = var.metric_interval
    DeadlineSeconds          = var.deadline_seconds
    QueueWaitSeconds         = var.queue_wait_seconds
    LeaseSeconds             = var.lease_seconds
    PickupGraceSeconds       = var.pickup_grace_seconds
    ApiConnections           = var.api_connections
    ApiIdleSeconds           = var.api_idle_seconds
    OidcTenantClaim          = var.oidc_tenant_claim
    OidcScopeClaim           = var.oidc_scope_claim
    OidcScopePrefix          = var.oidc_scope_prefix
    OidcTokenTypes           = var.oidc_token_types
    RequestsPerSecond        = var.requests_per_second
    ApiInFlight              = var.api_in_flight
    ApiBodyMib               = var.api_body_mib
    TenantFollowers          = var.tenant_followers
    RequestSeconds           = var.request_seconds
    ReadinessSeconds         = var.readiness_seconds
    SweepSeconds             = var.sweep_seconds
    ReportFormats            = var.report_formats
    RetryMaxSeconds          = var.retry_max_seconds
    TenantWaitMaxSeconds     = var.tenant_wait_max_seconds
    ModelMaxTokens           = var.model_max_tokens
    ModelSeconds             = var.model_seconds
    ModelFirstSeconds        = var.model_first_seconds
    ModelCallsMax            = var.model_calls_max
    ModelServiceTier         = var.model_service_tier
    Prompt                   = var.prompt
    SanctionsRefreshSeconds  = var.sanctions_refresh_seconds
    SanctionsMaxAgeSeconds   = var.sanctions_max_age_seconds
    SanctionsUrl             = var.sanctions_url
    SanctionsDataset         = var.sanctions_dataset
    NewsPauseSeconds         = var.news_pause_seconds
    NewsWaitSeconds          = var.news_wait_seconds
    NewsFeeds                = var.news_feeds
    NewsMonths               = var.news_months
    CompaniesHouseUrl        = var.companies_house_url
    SourceSeconds            = var.source_seconds
    SourceKeepSeconds        = var.source_keep_seconds
    EvidenceMaxAgeSeconds    = var.evidence_max_age_seconds
    PrivateSources           = var.private_sources
    MandatorySources         = var.mandatory_sources
    AWS_Region               = local.region
  }
  api_definition    = jsondecode(templatefile("${path.module}/../task-definitions/api.json", local.task_values))
  worker_definition = jsondecode(templatefile("${path.module}/../task-definitions/worker.json", local.task_values))
  # Secrets that are not configured are left out.
  worker_secrets = [
    for secret in [
      { name = "DOSSIER_COMPANIES_HOUSE_KEY", valueFrom = var.companies_house_key_secret_arn },
      { name = "DOSSIER_SANCTIONS_API_KEY", valueFrom = var.sanctions_api_key_secret_arn },
    ] : secret if secret.valueFrom != ""
  ]
  worker_containers = [
    for container in local.worker_definition.containerDefinitions :
    merge(container, { for name in ["secrets"] : name => local.worker_secrets if container.name == "worker" && length(local.worker_secrets) > 0 })
  ]
}

resource "aws_ecs_task_definition" "api_task" {
  family                   = local.api_definition.family
  requires_compatibilities = local.api_definition.requiresCompatibilities
  network_mode             = local.api_definition.networkMode
  cpu                      = local.api_definition.cpu
  memory                   = local.api_definition.memory
  task_role_arn            = aws_iam_role.api_role.arn
  execution_role_arn       = aws_iam_role.execution_role.arn
  container_definitions    = jsonencode(local.api_definition.containerDefinitions)

  runtime_platform {
    cpu_architecture        = var.architecture
    operating_system_family = "LINUX"
  }
}

resource "aws_ecs_task_definition" "worker_task" {
  family                   = local.worker_definition.family
  requires_compatibilities = local.worker_definition.requiresCompatibilities
  network_mode             = local.worker_definition.networkMode
  cpu                      = local.worker_definition.cpu
  memory                   = local.worker_definition.memory
  task_role_arn            = aws_iam_role.worker_role.arn
  execution_role_arn       = aws_iam_role.execution_role.arn
  container_definitions    = jsonencode(local.worker_containers)

  runtime_platform {
    cpu_architecture        = var.architecture
    operating_system_family = "LINUX"
  }
}
