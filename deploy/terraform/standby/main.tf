# What waits in another Region for the loss of the active one (deploy/standby.yaml, which has the reasons).

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.25"
    }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region
  # IAM policies grant each role its access to a key.
  key_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AccountDecides"
      Effect    = "Allow"
      Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
  # Attempts have numbers, and both Regions could give the same number to different files.
  closed = [for _ in var.accepts_copies ? [] : [true] : {
    Sid       = "NoCopies"
    Effect    = "Deny"
    Principal = "*"
    Action    = ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"]
    Resource  = "${aws_s3_bucket.bucket.arn}/*"
  }]
}

resource "aws_kms_key" "copy_key" {
  description             = "Encrypts the copies of Dossier's files and tables"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = local.key_policy

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_replica_key" "secrets_key" {
  description             = "Opens the webhook secrets of Dossier"
  primary_key_arn         = var.primary_secrets_key_arn
  deletion_window_in_days = 30
  policy                  = local.key_policy

  lifecycle {
    prevent_destroy = true
  }
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
      kms_master_key_id = aws_kms_key.copy_key.arn
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
    Statement = concat([
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
          StringNotEquals = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = aws_kms_key.copy_key.arn }
        }
      },
    ], local.closed)
  })

  depends_on = [aws_s3_bucket_public_access_block.bucket]
}

resource "aws_backup_vault" "vault" {
  name        = "${var.prefix}-copies"
  kms_key_arn = aws_kms_key.copy_key.arn
}

resource "aws_iam_role" "restore_role" {
  name = "${var.prefix}-restore-${local.region}"
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

resource "aws_iam_role_policy" "restore_role" {
  name = "restore"
  role = aws_iam_role.restore_role.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Tables"
        Effect = "Allow"
        Action = [
          "dynamodb:BatchWriteItem",
          "dynamodb:DescribeTable",
          "dynamodb:PutItem",
          "dynamodb:Query",
          "dynamodb:RestoreTableFromAwsBackup",
          "dynamodb:Scan",
          "dynamodb:UpdateItem",
        ]
        Resource = "arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/${var.prefix}*"
      },
      {
        Sid      = "Key"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
        Resource = aws_kms_key.copy_key.arn
      },
      {
        Sid       = "Grants"
        Effect    = "Allow"
        Action    = "kms:CreateGrant"
        Resource  = aws_kms_key.copy_key.arn
        Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
      },
    ]
  })
}

output "copy_bucket_arn" {
  description = "copy_bucket_arn of the module in the active Region"
  value       = aws_s3_bucket.bucket.arn
}

output "copy_vault_arn" {
  description = "copy_vault_arn of the module in the active Region"
  value       = aws_backup_vault.vault.arn
}

output "copy_key_arn" {
  description = "copy_key_arn of the module in the active Region, and restored_key_arn of a module in this one"
  value       = aws_kms_key.copy_key.arn
}

output "bucket_name" {
  description = "restored_bucket of a module in this Region"
  value       = aws_s3_bucket.bucket.id
}

output "secrets_key_arn" {
  description = "restored_secrets_key_arn of a module in this Region"
  value       = aws_kms_replica_key.secrets_key.arn
}

output "restore_role_arn" {
  description = "Role with which AWS Backup restores the tables"
  value       = aws_iam_role.restore_role.arn
}
