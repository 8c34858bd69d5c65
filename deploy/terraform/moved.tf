# New addresses of resources that existed before the modules, so that a state of that time keeps them. Instances that a state
# does not have are skipped.

moved {
  from = aws_s3_bucket.audit_bucket[0]
  to   = module.audit_bucket[0].aws_s3_bucket.this
}

moved {
  from = aws_s3_bucket_ownership_controls.audit_bucket[0]
  to   = module.audit_bucket[0].aws_s3_bucket_ownership_controls.this
}

moved {
  from = aws_s3_bucket_public_access_block.audit_bucket[0]
  to   = module.audit_bucket[0].aws_s3_bucket_public_access_block.this
}

moved {
  from = aws_s3_bucket_server_side_encryption_configuration.audit_bucket[0]
  to   = module.audit_bucket[0].aws_s3_bucket_server_side_encryption_configuration.this
}

moved {
  from = aws_s3_bucket_versioning.audit_bucket[0]
  to   = module.audit_bucket[0].aws_s3_bucket_versioning.this
}

moved {
  from = aws_s3_bucket_lifecycle_configuration.audit_bucket[0]
  to   = module.audit_bucket[0].aws_s3_bucket_lifecycle_configuration.this
}

moved {
  from = aws_s3_bucket_object_lock_configuration.audit_bucket[0]
  to   = module.audit_bucket[0].aws_s3_bucket_object_lock_configuration.this[0]
}

moved {
  from = aws_s3_bucket_policy.audit_bucket_policy[0]
  to   = module.audit_bucket[0].aws_s3_bucket_policy.this_policy
}

moved {
  from = aws_s3_bucket.logs_bucket[0]
  to   = module.logs_bucket[0].aws_s3_bucket.this
}

moved {
  from = aws_s3_bucket_ownership_controls.logs_bucket[0]
  to   = module.logs_bucket[0].aws_s3_bucket_ownership_controls.this
}

moved {
  from = aws_s3_bucket_public_access_block.logs_bucket[0]
  to   = module.logs_bucket[0].aws_s3_bucket_public_access_block.this
}

moved {
  from = aws_s3_bucket_server_side_encryption_configuration.logs_bucket[0]
  to   = module.logs_bucket[0].aws_s3_bucket_server_side_encryption_configuration.this
}

moved {
  from = aws_s3_bucket_versioning.logs_bucket[0]
  to   = module.logs_bucket[0].aws_s3_bucket_versioning.this
}

moved {
  from = aws_s3_bucket_lifecycle_configuration.logs_bucket[0]
  to   = module.logs_bucket[0].aws_s3_bucket_lifecycle_configuration.this
}

moved {
  from = aws_s3_bucket_policy.logs_bucket_policy[0]
  to   = module.logs_bucket[0].aws_s3_bucket_policy.this_policy
}

moved {
  from = aws_s3_bucket.bucket[0]
  to   = module.bucket[0].module.this.aws_s3_bucket.this
}

moved {
  from = aws_s3_bucket_ownership_controls.bucket[0]
  to   = module.bucket[0].module.this.aws_s3_bucket_ownership_controls.this
}

moved {
  from = aws_s3_bucket_public_access_block.bucket[0]
  to   = module.bucket[0].module.this.aws_s3_bucket_public_access_block.this
}

moved {
  from = aws_s3_bucket_server_side_encryption_configuration.bucket[0]
  to   = module.bucket[0].module.this.aws_s3_bucket_server_side_encryption_configuration.this
}

moved {
  from = aws_s3_bucket_versioning.bucket[0]
  to   = module.bucket[0].module.this.aws_s3_bucket_versioning.this
}

moved {
  from = aws_s3_bucket_lifecycle_configuration.bucket[0]
  to   = module.bucket[0].module.this.aws_s3_bucket_lifecycle_configuration.this
}

moved {
  from = aws_s3_bucket_policy.bucket_policy[0]
  to   = module.bucket[0].module.this.aws_s3_bucket_policy.this_policy
}

moved {
  from = aws_s3_bucket_replication_configuration.bucket[0]
  to   = module.bucket[0].aws_s3_bucket_replication_configuration.this[0]
}

moved {
  from = aws_iam_role.copy_role[0]
  to   = module.bucket[0].aws_iam_role.copy_role[0]
}

moved {
  from = aws_iam_role_policy.copy_role[0]
  to   = module.bucket[0].aws_iam_role_policy.copy_role[0]
}

moved {
  from = aws_cloudwatch_metric_alarm.alarms
  to   = module.alarms.aws_cloudwatch_metric_alarm.this
}

moved {
  from = aws_cloudwatch_metric_alarm.deployment_alarms
  to   = module.deployment_alarms.aws_cloudwatch_metric_alarm.this
}
