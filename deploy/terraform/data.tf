# Everything that stores data: tables, queues, bucket, and the keys that encrypt them (deploy/data.yaml). Tables, bucket
# and keys cannot be destroyed by a plan. Where something restored is used instead, it is not created.

locals {
  table_name       = var.restored_table == "" ? aws_dynamodb_table.table[0].name : var.restored_table
  access_table     = var.restored_access_table == "" ? aws_dynamodb_table.access_table[0].name : var.restored_access_table
  bucket_name      = var.restored_bucket == "" ? module.bucket[0].id : var.restored_bucket
  tables_arn       = "arn:${local.partition}:dynamodb:${local.region}:${local.account}:table"
  table_arn        = var.restored_table == "" ? aws_dynamodb_table.table[0].arn : "${local.tables_arn}/${var.restored_table}"
  access_table_arn = var.restored_access_table == "" ? aws_dynamodb_table.access_table[0].arn : "${local.tables_arn}/${var.restored_access_table}"
  bucket_arn       = var.restored_bucket == "" ? module.bucket[0].arn : "arn:${local.partition}:s3:::${var.restored_bucket}"
  # The key of tables and bucket.
  storage_key_arn = var.restored_key_arn == "" ? aws_kms_key.key.arn : var.restored_key_arn
  secrets_key_arn = var.restored_secrets_key_arn == "" ? aws_kms_key.secrets_key[0].arn : var.restored_secrets_key_arn
  # IAM policies (access.tf) grant each role its access to a key.
  account_decides = {
    Sid       = "AccountDecides"
    Effect    = "Allow"
    Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
    Action    = "kms:*"
    Resource  = "*"
  }
}

resource "aws_kms_key" "key" {
  description             = "Encrypts the tables, the queues, the bucket and the logs of Dossier"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      local.account_decides,
      {
        Sid       = "Logs"
        Effect    = "Allow"
        Principal = { Service = "logs.${local.region}.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        Resource  = "*"
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = ["${local.logs_arn}:/${var.prefix}/*", "${local.logs_arn}:aws-waf-logs-${var.prefix}"] } }
      },
      {
        Sid       = "Alarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
      # Without a condition, which EventBridge could not meet: see data.yaml.
      {
        Sid       = "Notices"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
      },
      {
        Sid       = "Trail"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "kms:GenerateDataKey"
        Resource  = "*"
        Condition = {
          StringEquals = { "aws:SourceArn" = local.trail_arn }
          StringLike   = { "kms:EncryptionContext:aws:cloudtrail:arn" = "arn:${local.partition}:cloudtrail:*:${local.account}:trail/*" }
        }
      },
      {
        Sid       = "DescribeForTrail"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "kms:DescribeKey"
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn } }
      },
    ]
  })

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "key_alias" {
  name          = "alias/${var.prefix}"
  target_key_id = aws_kms_key.key.key_id
}

# Seals webhook secrets: a key of its own, with replicas in other Regions (see data.yaml).
resource "aws_kms_key" "secrets_key" {
  count = var.restored_secrets_key_arn == "" ? 1 : 0

  description             = "Seals the webhook secrets of Dossier"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  multi_region            = true

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [local.account_decides]
  })

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_dynamodb_table" "table" {
  count = var.restored_table == "" ? 1 : 0

  name                        = var.prefix
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  deletion_protection_enabled = true

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "tenant"
    type = "S"
  }

  attribute {
    name = "created_key"
    type = "S"
  }

  attribute {
    name = "due_shard"
    type = "S"
  }

  attribute {
    name = "due_at"
    type = "N"
  }

  attribute {
    name = "leased_tenant"
    type = "S"
  }

  attribute {
    name = "company_key"
    type = "S"
  }

  global_secondary_index {
    name               = "by_age"
    hash_key           = "tenant"
    range_key          = "created_key"
    projection_type    = "INCLUDE"
    non_key_attributes = ["status", "country", "risk_level", "name_key", "review_required"]
  }

  global_secondary_index {
    name            = "by_number"
    hash_key        = "company_key"
    range_key       = "created_key"
    projection_type = "KEYS_ONLY"
  }

  global_secondary_index {
    name               = "due"
    hash_key           = "due_shard"
    range_key          = "due_at"
    projection_type    = "INCLUDE"
    non_key_attributes = ["tenant", "report_id"]
  }

  global_secondary_index {
    name            = "in_progress"
    hash_key        = "leased_tenant"
    range_key       = "created_key"
    projection_type = "KEYS_ONLY"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.key.arn
  }

  lifecycle {
    prevent_destroy = true
  }
}

# API keys and webhook secrets. Workers cannot write it (access.tf).
resource "aws_dynamodb_table" "access_table" {
  count = var.restored_access_table == "" ? 1 : 0

  name                        = "${var.prefix}-access"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  deletion_protection_enabled = true

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "tenant"
    type = "S"
  }

  attribute {
    name = "created_key"
    type = "S"
  }

  global_secondary_index {
    name            = "by_tenant"
    hash_key        = "tenant"
    range_key       = "created_key"
    projection_type = "KEYS_ONLY"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.key.arn
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_sqs_queue" "reports_queue" {
  name                              = "${var.prefix}-reports"
  visibility_timeout_seconds        = 60
  receive_wait_time_seconds         = 20
  message_retention_seconds         = 345600
  kms_master_key_id                 = aws_kms_key.key.key_id
  kms_data_key_reuse_period_seconds = 3600
  # A last resort: see data.yaml.
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.reports_dead_letters.arn, maxReceiveCount = 1000 })
}

resource "aws_sqs_queue" "reports_dead_letters" {
  name                              = "${var.prefix}-reports-dlq"
  message_retention_seconds         = 1209600
  kms_master_key_id                 = aws_kms_key.key.key_id
  kms_data_key_reuse_period_seconds = 3600
}

resource "aws_sqs_queue" "callbacks_queue" {
  name                              = "${var.prefix}-callbacks"
  visibility_timeout_seconds        = 60
  receive_wait_time_seconds         = 20
  message_retention_seconds         = 345600
  kms_master_key_id                 = aws_kms_key.key.key_id
  kms_data_key_reuse_period_seconds = 3600
  redrive_policy                    = jsonencode({ deadLetterTargetArn = aws_sqs_queue.callbacks_dead_letters.arn, maxReceiveCount = 1000 })
}

resource "aws_sqs_queue" "callbacks_dead_letters" {
  name                              = "${var.prefix}-callbacks-dlq"
  message_retention_seconds         = 1209600
  kms_master_key_id                 = aws_kms_key.key.key_id
  kms_data_key_reuse_period_seconds = 3600
}

# One policy for all four queues in CloudFormation; the provider wants one for each.
resource "aws_sqs_queue_policy" "queues_by_tls_alone" {
  for_each = {
    reports                = aws_sqs_queue.reports_queue.url
    reports_dead_letters   = aws_sqs_queue.reports_dead_letters.url
    callbacks              = aws_sqs_queue.callbacks_queue.url
    callbacks_dead_letters = aws_sqs_queue.callbacks_dead_letters.url
  }

  queue_url = each.value
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsAlone"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = "*"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

module "bucket" {
  source = "./modules/files-bucket"
  count  = var.restored_bucket == "" ? 1 : 0

  prefix             = var.prefix
  key_arn            = aws_kms_key.key.arn
  retention_days     = var.retention_days
  retention_days_max = var.retention_days_max
  copy_bucket_arn    = var.copy_bucket_arn
  copy_key_arn       = var.copy_key_arn
}
