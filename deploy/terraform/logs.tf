# Records for audits that AWS itself writes: the bucket for access logs and trail, and the trail (deploy/logs.yaml).

locals {
  has_logs  = var.access_logs || var.trail
  trail_arn = "arn:${local.partition}:cloudtrail:${local.region}:${local.account}:trail/${var.prefix}"
}

# Without a KMS key, since the load balancer writes only to buckets with keys of S3 ("Access logs for your Application Load
# Balancer").
module "logs_bucket" {
  source = "./modules/private-bucket"
  count  = local.has_logs ? 1 : 0

  name  = "${var.prefix}-logs-${local.account}-${local.region}"
  rules = [{ id = "logs-end", days = var.log_retention_days }]

  statements = [
    {
      Sid       = "AccessLogs"
      Effect    = "Allow"
      Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "/access/AWSLogs/${local.account}/*"
      Condition = { ArnLike = { "aws:SourceArn" = "arn:${local.partition}:elasticloadbalancing:${local.region}:${local.account}:loadbalancer/*" } }
    },
    {
      Sid       = "TrailChecks"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "s3:GetBucketAcl"
      Resource  = ""
      Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn } }
    },
    {
      Sid       = "TrailWrites"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "/trail/AWSLogs/${local.account}/*"
      Condition = {
        StringEquals = {
          "s3:x-amz-acl"  = "bucket-owner-full-control"
          "aws:SourceArn" = local.trail_arn
        }
      }
    },
  ]
}

resource "aws_cloudtrail" "files_trail" {
  count                         = var.trail ? 1 : 0
  name                          = var.prefix
  enable_logging                = true
  is_multi_region_trail         = false
  include_global_service_events = false
  enable_log_file_validation    = true
  kms_key_id                    = aws_kms_key.key.arn
  s3_bucket_name                = module.logs_bucket[0].id
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

  depends_on = [module.logs_bucket]
}
