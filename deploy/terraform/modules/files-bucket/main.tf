# The bucket of the files of reports, in the active Region (deploy/data.yaml) and where its copies are (deploy/standby.yaml),
# and how its files are copied. The templates have the reasons.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region
  name      = "${var.prefix}-reports-${local.account}-${local.region}"
  # Spelled out, as in the templates, where the bucket names the role that names the bucket.
  arn    = "arn:${local.partition}:s3:::${local.name}"
  copies = var.copy_bucket_arn == "" ? 0 : 1
  # Attempts have numbers, and both Regions could give the same number to different files.
  closed = [for _ in var.accepts_copies ? [] : [true] : {
    Sid       = "NoCopies"
    Effect    = "Deny"
    Principal = "*"
    Action    = ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"]
    Resource  = "/*"
  }]
}

module "this" {
  source = "../private-bucket"

  name    = local.name
  key_arn = var.key_arn

  # No rule applies to held/, where workers keep copies of the files of reports under legal hold.
  rules = [
    { id = "reports-end", prefix = "reports/", days = var.retention_days },
    { id = "work-ends", prefix = "work/", days = var.retention_days },
    { id = "kept-ends", prefix = "kept/", days = var.retention_days_max },
  ]

  statements = concat([
    # The condition also holds without the header: a put that does not specify its encryption is denied.
    {
      Sid       = "NoOtherAlgorithm"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:PutObject"
      Resource  = "/*"
      Condition = { StringNotEquals = { "s3:x-amz-server-side-encryption" = "aws:kms" } }
    },
    {
      Sid       = "NoOtherKey"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:PutObject"
      Resource  = "/*"
      Condition = {
        Null            = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "false" }
        StringNotEquals = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = var.key_arn }
      }
    },
  ], local.closed)
}

resource "aws_s3_bucket_replication_configuration" "this" {
  count = local.copies

  bucket = module.this.id
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

  depends_on = [module.this]
}

resource "aws_iam_role" "copy_role" {
  count = local.copies

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
  count = local.copies

  name = "copy"
  role = aws_iam_role.copy_role[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Bucket"
        Effect   = "Allow"
        Action   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
        Resource = local.arn
      },
      {
        Sid      = "Read"
        Effect   = "Allow"
        Action   = ["s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"]
        Resource = "${local.arn}/*"
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
        Resource  = var.key_arn
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

# Copies what was in the bucket before: see data.yaml.
resource "aws_iam_role" "copy_existing_role" {
  count = local.copies

  name = "${var.prefix}-copy-existing-${local.region}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "batchoperations.s3.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "copy_existing_role" {
  count = local.copies

  name = "copy-existing"
  role = aws_iam_role.copy_existing_role[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Find"
        Effect   = "Allow"
        Action   = ["s3:GetReplicationConfiguration", "s3:PutInventoryConfiguration"]
        Resource = local.arn
      },
      {
        Sid      = "Start"
        Effect   = "Allow"
        Action   = "s3:InitiateReplication"
        Resource = "${local.arn}/*"
      },
    ]
  })
}

output "id" {
  description = "Name of the bucket"
  value       = module.this.id
}

output "arn" {
  value = module.this.arn
}
