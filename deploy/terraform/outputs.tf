output "load_balancer_name" {
  description = "Target of the DNS alias or CNAME record for the certificate's name"
  value       = aws_lb.balancer.dns_name
}

output "cluster_name" {
  value = aws_ecs_cluster.cluster.name
}

output "table_name" {
  value = aws_dynamodb_table.table.name
}

output "bucket_name" {
  value = aws_s3_bucket.bucket.id
}

output "key_arn" {
  description = "ARN of the KMS key, without which the stored data cannot be read"
  value       = aws_kms_key.key.arn
}
