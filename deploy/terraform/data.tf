# Everything that stores data: tables, queues, bucket, and the keys that encrypt them (deploy/data.yaml). Tables, bucket
# and keys cannot be destroyed by a plan. Where something restored is used instead, it is not created.

locals {
  table_name       = var.restored_table == "" ? aws_dynamodb_table.table[0].name : var.restored_table
  access_table     = var.restored_access_table == "" ? aws_dynamodb_table.access_table[0].name : var.restored_access_table
  bucket_name      = var.restored_bucket == "" ? aws_s3_bucket.bucket[0].id : var.restored_bucket
  tables_arn       = "arn:${local.partition}:dynamodb:${local.region}:${local.account}:table"
  table_arn        = var.restored_table == "" ? aws_dynamodb_table.table[0].arn : "${local.tables_arn}/${var.restored_table}"
  access_table_arn = var.restored_access_table == "" ? aws_dynamodb_table.access_table[0].arn : "${local.tables_arn}/${var.restored_access_table}"
  bucket_arn       = var.restored_bucket == "" ? aws_s3_bucket.bucket[0].arn : "arn:${local.partition}:s3:::${var.restored_bucket}"
  # The key of tables and bucket.
  storage_key_arn = var.restored_key_arn == "" ? aws_kms_key.key.arn : var.restored_key_arn
  # The keys of the vault, of restored tables, and of the copies.
  backup_key_arns = distinct([aws_kms_key.key.arn, local.storage_key_arn, var.copy_key_arn])
  secrets_key_arn = var.restored_secrets_key_arn == "" ? aws_kms_key.secrets_key[0].arn : var.restored_secrets_key_arn
  # Spelled out, since the bucket names the role that names the bucket.
  copied_bucket_arn = "arn:${local.partition}:s3:::${var.prefix}-reports-${local.account}-${local.region}"
}

resource "aws_kms_key" "key" {
  description             = "Encrypts the tables, the queues, the bucket and the logs of Dossier"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # IAM policies (access.tf) grant each role its access to the key.
      {
        Sid       = "AccountDecides"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
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
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AccountDecides"
      Effect    = "Allow"
      Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
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
    non_key_attributes = ["status", "country", "risk_level", "name_key"]
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

resource "aws_s3_bucket" "bucket" {
  count = var.restored_bucket == "" ? 1 : 0

  bucket = "${var.prefix}-reports-${local.account}-${local.region}"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_ownership_controls" "bucket" {
  count = var.restored_bucket == "" ? 1 : 0

  bucket = aws_s3_bucket.bucket[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "bucket" {
  count = var.restored_bucket == "" ? 1 : 0

  bucket                  = aws_s3_bucket.bucket[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "bucket" {
  count = var.restored_bucket == "" ? 1 : 0

  bucket = aws_s3_bucket.bucket[0].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.key.arn
    }
  }
}

resource "aws_s3_bucket_versioning" "bucket" {
  count = var.restored_bucket == "" ? 1 : 0

  bucket = aws_s3_bucket.bucket[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "bucket" {
  count = var.restored_bucket == "" ? 1 : 0

  bucket = aws_s3_bucket.bucket[0].id

  # See data.yaml for the reasons of these rules.
  rule {
    id     = "reports-end"
    status = "Enabled"

    filter {
      prefix = "reports/"
    }

    expiration {
      days = var.retention_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  rule {
    id     = "work-ends"
    status = "Enabled"

    filter {
      prefix = "work/"
    }

    expiration {
      days = var.retention_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  rule {
    id     = "kept-ends"
    status = "Enabled"

    filter {
      prefix = "kept/"
    }

    expiration {
      days = var.retention_days_max
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  rule {
    id     = "delete-markers-end"
    status = "Enabled"

    filter {}

    expiration {
      expired_object_delete_marker = true
    }
  }

  depends_on = [aws_s3_bucket_versioning.bucket]
}

resource "aws_s3_bucket_policy" "bucket_policy" {
  count = var.restored_bucket == "" ? 1 : 0

  bucket = aws_s3_bucket.bucket[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsAlone"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.bucket[0].arn, "${aws_s3_bucket.bucket[0].arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      # The condition also holds without the header: a put that does not specify its encryption is denied.
      {
        Sid       = "NoOtherAlgorithm"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.bucket[0].arn}/*"
        Condition = { StringNotEquals = { "s3:x-amz-server-side-encryption" = "aws:kms" } }
      },
      {
        Sid       = "NoOtherKey"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.bucket[0].arn}/*"
        Condition = {
          Null            = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "false" }
          StringNotEquals = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = aws_kms_key.key.arn }
        }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.bucket]
}

# Copies in another Region: see data.yaml for the reasons.

resource "aws_s3_bucket_replication_configuration" "bucket" {
  count = var.copy_bucket_arn == "" ? 0 : 1

  bucket = local.bucket_name
  role   = aws_iam_role.copy_role[0].arn

  rule {
    id       = "copies"
    status   = "Enabled"
    priority = 0

    filter {
      prefix = ""
    }

    delete_marker_replication {
      status = "Disabled"
    }

    source_selection_criteria {
      sse_kms_encrypted_objects {
        status = "Enabled"
      }
    }

    destination {
      bucket = var.copy_bucket_arn

      encryption_configuration {
        replica_kms_key_id = var.copy_key_arn
      }

      replication_time {
        status = "Enabled"

        time {
          minutes = 15
        }
      }

      metrics {
        status = "Enabled"

        event_threshold {
          minutes = 15
        }
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.bucket]
}

resource "aws_iam_role" "copy_role" {
  count = var.copy_bucket_arn == "" ? 0 : 1

  name = "${var.prefix}-copy-${local.region}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "copy_role" {
  count = var.copy_bucket_arn == "" ? 0 : 1

  name = "copy"
  role = aws_iam_role.copy_role[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Bucket"
        Effect   = "Allow"
        Action   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
        Resource = local.copied_bucket_arn
      },
      {
        Sid      = "Read"
        Effect   = "Allow"
        Action   = ["s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"]
        Resource = "${local.copied_bucket_arn}/*"
      },
      {
        Sid      = "Copy"
        Effect   = "Allow"
        Action   = ["s3:ReplicateObject", "s3:ReplicateTags"]
        Resource = "${var.copy_bucket_arn}/*"
      },
      {
        Sid       = "Decrypt"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = local.storage_key_arn
        Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.amazonaws.com" } }
      },
      {
        Sid       = "Encrypt"
        Effect    = "Allow"
        Action    = ["kms:Encrypt", "kms:GenerateDataKey"]
        Resource  = var.copy_key_arn
        Condition = { StringLike = { "kms:ViaService" = "s3.*.amazonaws.com" } }
      },
    ]
  })
}

resource "aws_backup_vault" "vault" {
  count = var.copy_vault_arn == "" ? 0 : 1

  name        = var.prefix
  kms_key_arn = aws_kms_key.key.arn
}

resource "aws_backup_plan" "backup_plan" {
  count = var.copy_vault_arn == "" ? 0 : 1

  name = var.prefix

  rule {
    rule_name         = "hourly"
    target_vault_name = aws_backup_vault.vault[0].name
    schedule          = "cron(0 * * * ? *)"
    start_window      = 60
    completion_window = 180

    # Point-in-time recovery is better within the Region; these backups exist to be copied.
    lifecycle {
      delete_after = 1
    }

    copy_action {
      destination_vault_arn = var.copy_vault_arn

      lifecycle {
        delete_after = 7
      }
    }
  }
}

resource "aws_backup_selection" "backup_selection" {
  count = var.copy_vault_arn == "" ? 0 : 1

  name         = "tables"
  plan_id      = aws_backup_plan.backup_plan[0].id
  iam_role_arn = aws_iam_role.backup_role[0].arn
  resources    = [local.table_arn, local.access_table_arn]
}

resource "aws_iam_role" "backup_role" {
  count = var.copy_vault_arn == "" ? 0 : 1

  name = "${var.prefix}-backup-${local.region}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "backup.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "backup_role" {
  count = var.copy_vault_arn == "" ? 0 : 1

  name = "backup"
  role = aws_iam_role.backup_role[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Tables"
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeTable", "dynamodb:ListTagsOfResource", "dynamodb:StartAwsBackupJob"]
        Resource = [local.table_arn, local.access_table_arn]
      },
      {
        Sid      = "Vaults"
        Effect   = "Allow"
        Action   = ["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"]
        Resource = [aws_backup_vault.vault[0].arn, var.copy_vault_arn]
      },
      # AWS Backup makes the names of recovery points.
      {
        Sid      = "RecoveryPoints"
        Effect   = "Allow"
        Action   = "backup:CopyFromBackupVault"
        Resource = "arn:${local.partition}:backup:${local.region}:${local.account}:recovery-point:*"
      },
      {
        Sid      = "Keys"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
        Resource = local.backup_key_arns
      },
      {
        Sid       = "Grants"
        Effect    = "Allow"
        Action    = "kms:CreateGrant"
        Resource  = local.backup_key_arns
        Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
      },
    ]
  })
}
