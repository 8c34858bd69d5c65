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

module "bucket" {
  source = "../modules/files-bucket"

  prefix             = var.prefix
  key_arn            = aws_kms_key.copy_key.arn
  retention_days     = var.retention_days
  retention_days_max = var.retention_days_max
  accepts_copies     = var.accepts_copies
  copy_bucket_arn    = var.copy_bucket_arn
  copy_key_arn       = var.copy_key_arn
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
        Resource = "arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/${var.prefix}-restored-*"
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
  value       = module.bucket.arn
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
  value       = module.bucket.id
}

output "secrets_key_arn" {
  description = "restored_secrets_key_arn of a module in this Region"
  value       = aws_kms_replica_key.secrets_key.arn
}

output "restore_role_arn" {
  description = "Role with which AWS Backup restores the tables"
  value       = aws_iam_role.restore_role.arn
}
