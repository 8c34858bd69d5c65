# Records for audits that AWS itself writes: the bucket for access logs and trail, and the trail (deploy/logs.yaml).

locals {
  has_logs  = var.access_logs || var.trail
  trail_arn = "arn:${local.partition}:cloudtrail:${local.region}:${local.account}:trail/${var.prefix}"
}

resource "aws_s3_bucket" "logs_bucket" {
  count  = local.has_logs ? 1 : 0
  bucket = "${var.prefix}-logs-${local.account}-${local.region}"
}

resource "aws_s3_bucket_ownership_controls" "logs_bucket" {
  count  = local.has_logs ? 1 : 0
  bucket = aws_s3_bucket.logs_bucket[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "logs_bucket" {
  count                   = local.has_logs ? 1 : 0
  bucket                  = aws_s3_bucket.logs_bucket[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# The load balancer writes only to buckets with keys of S3 ("Access logs for your Application Load Balancer").
resource "aws_s3_bucket_server_side_encryption_configuration" "logs_bucket" {
  count  = local.has_logs ? 1 : 0
  bucket = aws_s3_bucket.logs_bucket[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "logs_bucket" {
  count  = local.has_logs ? 1 : 0
  bucket = aws_s3_bucket.logs_bucket[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "logs_bucket" {
  count  = local.has_logs ? 1 : 0
  bucket = aws_s3_bucket.logs_bucket[0].id

  rule {
    id     = "logs-end"
    status = "Enabled"

    filter {}

    expiration {
      days = var.log_retention_days
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

  depends_on = [aws_s3_bucket_versioning.logs_bucket]
}

resource "aws_s3_bucket_policy" "logs_bucket_policy" {
  count  = local.has_logs ? 1 : 0
  bucket = aws_s3_bucket.logs_bucket[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsAlone"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.logs_bucket[0].arn, "${aws_s3_bucket.logs_bucket[0].arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "AccessLogs"
        Effect    = "Allow"
        Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.logs_bucket[0].arn}/access/AWSLogs/${local.account}/*"
        Condition = { ArnLike = { "aws:SourceArn" = "arn:${local.partition}:elasticloadbalancing:${local.region}:${local.account}:loadbalancer/*" } }
      },
      {
        Sid       = "TrailChecks"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:GetBucketAcl"
        Resource  = aws_s3_bucket.logs_bucket[0].arn
        Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn } }
      },
      {
        Sid       = "TrailWrites"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.logs_bucket[0].arn}/trail/AWSLogs/${local.account}/*"
        Condition = {
          StringEquals = {
            "s3:x-amz-acl"  = "bucket-owner-full-control"
            "aws:SourceArn" = local.trail_arn
          }
        }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.logs_bucket]
}

resource "aws_cloudtrail" "files_trail" {
  count                         = var.trail ? 1 : 0
  name                          = var.prefix
  enable_logging                = true
  is_multi_region_trail         = false
  include_global_service_events = false
  enable_log_file_validation    = true
  kms_key_id                    = aws_kms_key.key.arn
  s3_bucket_name                = aws_s3_bucket.logs_bucket[0].id
  s3_key_prefix                 = "trail"

  advanced_event_selector {
    name = "Files of reports"

    field_selector {
      field    = "eventCategory"
      equal_to = ["Data"]
    }

    field_selector {
      field    = "resources.type"
      equal_to = ["AWS::S3::Object"]
    }

    field_selector {
      field       = "resources.ARN"
      starts_with = ["${local.bucket_arn}/"]
    }
  }

  depends_on = [aws_s3_bucket_policy.logs_bucket_policy]
}
