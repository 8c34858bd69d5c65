output "load_balancer_name" {
  description = "Target of the DNS alias or CNAME record for the certificate's name"
  value       = aws_lb.balancer.dns_name
}

output "cluster_name" {
  value = aws_ecs_cluster.cluster.name
}

output "table_name" {
  value = local.table_name
}

output "bucket_name" {
  value = local.bucket_name
}

output "audit_bucket_name" {
  description = "Bucket of the audit records; empty without"
  value       = local.has_audit ? module.audit_bucket[0].id : ""
}

output "key_arn" {
  description = "ARN of the KMS key, without which the stored data cannot be read"
  value       = aws_kms_key.key.arn
}

output "storage_key_arn" {
  description = "ARN of the KMS key of tables and bucket; another one than key_arn if they were restored"
  value       = local.storage_key_arn
}

output "secrets_key_arn" {
  description = "ARN of the KMS key that seals webhook secrets, which the module standby replicates"
  value       = local.secrets_key_arn
}
