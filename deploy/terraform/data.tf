# Everything that stores data: table, queues, bucket, and the key that encrypts them (deploy/data.yaml). Table, bucket
# and key cannot be destroyed by a plan.

resource "aws_kms_key" "key" {
  description             = "Encrypts the table, the queues and the bucket of Dossier"
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

resource "aws_dynamodb_table" "table" {
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
  bucket = "${var.prefix}-reports-${local.account}-${local.region}"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_ownership_controls" "bucket" {
  bucket = aws_s3_bucket.bucket.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "bucket" {
  bucket                  = aws_s3_bucket.bucket.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "bucket" {
  bucket = aws_s3_bucket.bucket.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.key.arn
    }
  }
}

resource "aws_s3_bucket_versioning" "bucket" {
  bucket = aws_s3_bucket.bucket.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "bucket" {
  bucket = aws_s3_bucket.bucket.id

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
  bucket = aws_s3_bucket.bucket.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsAlone"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.bucket.arn, "${aws_s3_bucket.bucket.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      # The condition also holds without the header: a put that does not specify its encryption is denied.
      {
        Sid       = "NoOtherAlgorithm"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.bucket.arn}/*"
        Condition = { StringNotEquals = { "s3:x-amz-server-side-encryption" = "aws:kms" } }
      },
      {
        Sid       = "NoOtherKey"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.bucket.arn}/*"
        Condition = {
          Null            = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "false" }
          StringNotEquals = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = aws_kms_key.key.arn }
        }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.bucket]
}
