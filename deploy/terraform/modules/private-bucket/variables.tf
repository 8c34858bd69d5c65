variable "name" {
  type        = string
  description = "Name of the bucket"
}

variable "key_arn" {
  type        = string
  default     = null
  description = "ARN of the KMS key that encrypts the objects; null for the keys of S3"
}

variable "rules" {
  type        = list(object({ id = string, prefix = optional(string), days = number }))
  description = "Days after which objects expire, for those whose names begin with the prefix, or for all"
}

variable "lock" {
  type        = object({ mode = string, days = number })
  default     = null
  description = "Object Lock of new objects: GOVERNANCE or COMPLIANCE, and days; null for none"
}

variable "statements" {
  # Statements differ in their members.
  type        = any
  default     = []
  description = "Further statements of the policy of the bucket. Resource is what follows the ARN of the bucket: \"\", or \"/*\" for all objects"
}
