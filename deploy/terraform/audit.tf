# The records of the audit log in a bucket with Object Lock (deploy/audit.yaml, which has the reasons).

locals {
  has_audit = var.audit_lock != "none"
}

module "audit_bucket" {
  source = "./modules/private-bucket"
  count  = local.has_audit ? 1 : 0

  name    = "${var.prefix}-audit-${local.account}-${local.region}"
  key_arn = aws_kms_key.key.arn
  rules   = [{ id = "records-end", days = var.audit_retention_days }]
  lock    = { mode = var.audit_lock, days = var.audit_retention_days }

  statements = [{
    Sid       = "NobodyDeletes"
    Effect    = "Deny"
    Principal = "*"
    Action    = ["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"]
    Resource  = "/*"
  }]
}

resource "aws_iam_role" "audit_delivery_role" {
  count = local.has_audit ? 1 : 0
  name  = "${var.prefix}-audit-delivery-${local.region}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "firehose.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "sts:ExternalId" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "audit_delivery_role" {
  count = local.has_audit ? 1 : 0
  name  = "audit-delivery"
  role  = aws_iam_role.audit_delivery_role[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Bucket"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
        Resource = module.audit_bucket[0].arn
      },
      {
        Sid      = "Records"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
        Resource = "${module.audit_bucket[0].arn}/*"
      },
      {
        Sid      = "Key"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = aws_kms_key.key.arn
        Condition = {
          StringEquals = { "kms:ViaService" = "s3.${local.region}.amazonaws.com" }
          StringLike   = { "kms:EncryptionContext:aws:s3:arn" = [module.audit_bucket[0].arn, "${module.audit_bucket[0].arn}/*"] }
        }
      },
      {
        Sid      = "Failures"
        Effect   = "Allow"
        Action   = "logs:PutLogEvents"
        Resource = "${local.logs_arn}:/${var.prefix}/audit-delivery:log-stream:*"
      },
    ]
  })
}

resource "aws_cloudwatch_log_group" "audit_delivery_log" {
  count             = local.has_audit ? 1 : 0
  name              = "/${var.prefix}/audit-delivery"
  retention_in_days = 365
  kms_key_id        = aws_kms_key.key.arn
}

resource "aws_cloudwatch_log_stream" "audit_delivery_log_stream" {
  count          = local.has_audit ? 1 : 0
  name           = "failures"
  log_group_name = aws_cloudwatch_log_group.audit_delivery_log[0].name
}

resource "aws_kinesis_firehose_delivery_stream" "audit_stream" {
  count       = local.has_audit ? 1 : 0
  name        = "${var.prefix}-audit"
  destination = "extended_s3"

  server_side_encryption {
    enabled  = true
    key_type = "CUSTOMER_MANAGED_CMK"
    key_arn  = aws_kms_key.key.arn
  }

  extended_s3_configuration {
    bucket_arn          = module.audit_bucket[0].arn
    role_arn            = aws_iam_role.audit_delivery_role[0].arn
    prefix              = "records/!{timestamp:yyyy/MM/dd}/"
    error_output_prefix = "failures/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/"
    file_extension      = ".gz"
    compression_format  = "UNCOMPRESSED"
    buffering_interval  = 300
    buffering_size      = 5
    kms_key_arn         = aws_kms_key.key.arn

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.audit_delivery_log[0].name
      log_stream_name = aws_cloudwatch_log_stream.audit_delivery_log_stream[0].name
    }
  }

  depends_on = [aws_iam_role_policy.audit_delivery_role]
}

resource "aws_iam_role" "audit_subscription_role" {
  count = local.has_audit ? 1 : 0
  name  = "${var.prefix}-audit-subscription-${local.region}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "logs.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringLike = { "aws:SourceArn" = "arn:${local.partition}:logs:${local.region}:${local.account}:*" } }
    }]
  })
}

resource "aws_iam_role_policy" "audit_subscription_role" {
  count = local.has_audit ? 1 : 0
  name  = "audit-subscription"
  role  = aws_iam_role.audit_subscription_role[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Deliver"
      Effect   = "Allow"
      Action   = ["firehose:PutRecord", "firehose:PutRecordBatch"]
      Resource = aws_kinesis_firehose_delivery_stream.audit_stream[0].arn
    }]
  })
}

resource "aws_cloudwatch_log_subscription_filter" "api_audit_filter" {
  count           = local.has_audit ? 1 : 0
  name            = "${var.prefix}-audit"
  log_group_name  = aws_cloudwatch_log_group.api_log.name
  filter_pattern  = "{ $.target = \"dossier::audit\" }"
  destination_arn = aws_kinesis_firehose_delivery_stream.audit_stream[0].arn
  role_arn        = aws_iam_role.audit_subscription_role[0].arn

  depends_on = [aws_iam_role_policy.audit_subscription_role]
}

resource "aws_cloudwatch_log_subscription_filter" "worker_audit_filter" {
  count           = local.has_audit ? 1 : 0
  name            = "${var.prefix}-audit"
  log_group_name  = aws_cloudwatch_log_group.worker_log.name
  filter_pattern  = "{ $.target = \"dossier::audit\" }"
  destination_arn = aws_kinesis_firehose_delivery_stream.audit_stream[0].arn
  role_arn        = aws_iam_role.audit_subscription_role[0].arn

  depends_on = [aws_iam_role_policy.audit_subscription_role]
}
