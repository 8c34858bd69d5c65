# Hourly backups of both tables, and their copies in another Region (deploy/backups.yaml).

locals {
  # The keys of the vault, of restored tables, and of the copies.
  backup_key_arns = distinct([aws_kms_key.key.arn, local.storage_key_arn, var.copy_key_arn])
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
