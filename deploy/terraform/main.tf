# What several files of this module need. The files mirror the templates of deploy/: data.tf is data.yaml, and a
# resource has the name of its counterpart in snake case. Alarms and dashboard of all templates are in watch.tf.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

data "aws_availability_zones" "available" {
  state = "available"
}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region
  zones     = length(var.zones) == 2 ? var.zones : slice(data.aws_availability_zones.available.names, 0, 2)
  logs_arn  = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group"
  tasks     = "service/${aws_ecs_cluster.cluster.name}"
}
