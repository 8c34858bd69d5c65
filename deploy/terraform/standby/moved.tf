# New addresses of resources that existed before the modules, so that a state of that time keeps them. Instances that a state
# does not have are skipped.

moved {
  from = aws_s3_bucket.bucket
  to   = module.bucket.module.this.aws_s3_bucket.this
}

moved {
  from = aws_s3_bucket_ownership_controls.bucket
  to   = module.bucket.module.this.aws_s3_bucket_ownership_controls.this
}

moved {
  from = aws_s3_bucket_public_access_block.bucket
  to   = module.bucket.module.this.aws_s3_bucket_public_access_block.this
}

moved {
  from = aws_s3_bucket_server_side_encryption_configuration.bucket
  to   = module.bucket.module.this.aws_s3_bucket_server_side_encryption_configuration.this
}

moved {
  from = aws_s3_bucket_versioning.bucket
  to   = module.bucket.module.this.aws_s3_bucket_versioning.this
}

moved {
  from = aws_s3_bucket_lifecycle_configuration.bucket
  to   = module.bucket.module.this.aws_s3_bucket_lifecycle_configuration.this
}

moved {
  from = aws_s3_bucket_policy.bucket_policy
  to   = module.bucket.module.this.aws_s3_bucket_policy.this_policy
}
