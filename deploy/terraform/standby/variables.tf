# The parameters of deploy/standby.yaml, with the same defaults.

variable "prefix" {
  type        = string
  default     = "dossier"
  description = "Prefix of all names, as in the active Region"
}

variable "primary_secrets_key_arn" {
  type        = string
  description = "Output secrets_key_arn of the module in the active Region"
}

variable "retention_days" {
  type        = number
  default     = 90
  description = "Days that files are kept, as in the active Region"
}

variable "retention_days_max" {
  type        = number
  default     = 3650
  description = "Longest retention period of a tenant in days, as in the active Region"
}

variable "accepts_copies" {
  type        = bool
  default     = true
  description = "Whether the bucket receives copies; false before services write to it, so that a Region that comes back does not"
}

variable "copy_bucket_arn" {
  type        = string
  default     = ""
  description = "ARN of the bucket in a further Region that receives a copy of every file of this bucket once services use it (output of the module standby there), with copy_key_arn; empty for none"

  validation {
    condition     = var.copy_bucket_arn == "" || var.copy_key_arn != ""
    error_message = "copy_bucket_arn needs copy_key_arn (output of the module standby in the other Region)."
  }

  validation {
    condition     = var.copy_bucket_arn == "" || !var.accepts_copies
    error_message = "copy_bucket_arn needs accepts_copies = false: only a bucket that services use is copied."
  }
}

variable "copy_key_arn" {
  type        = string
  default     = ""
  description = "ARN of the key in that Region that encrypts the copies (output of the module standby there)"
}
