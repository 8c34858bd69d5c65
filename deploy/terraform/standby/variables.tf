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
