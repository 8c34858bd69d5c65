variable "prefix" {
  type        = string
  description = "Prefix of the names of bucket and role"
}

variable "key_arn" {
  type        = string
  description = "ARN of the KMS key that encrypts the files"
}

variable "retention_days" {
  type        = number
  description = "Days that files are kept"
}

variable "retention_days_max" {
  type        = number
  description = "Longest retention period of a tenant in days"
}

variable "accepts_copies" {
  type        = bool
  default     = true
  description = "Whether another bucket may copy its files into this one"
}

variable "copy_bucket_arn" {
  type        = string
  description = "ARN of the bucket in another Region that receives a copy of every file; empty for none"
}

variable "copy_key_arn" {
  type        = string
  description = "ARN of the KMS key that encrypts the copies"
}
