# Repositories of the container images (deploy/images.yaml). Apply this module first: the services need images to
# start.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.25"
    }
  }
}

variable "prefix" {
  type        = string
  default     = "dossier"
  description = "Prefix of all names"
}

locals {
  # A running image always has a tag, and no image with a tag ever expires.
  lifecycle_policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Remove images without a tag after 14 days"
      selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 14 }
      action       = { type = "expire" }
    }]
  })
}

resource "aws_ecr_repository" "api" {
  name                 = "${var.prefix}-api"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = true

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "api" {
  repository = aws_ecr_repository.api.name
  policy     = local.lifecycle_policy
}

resource "aws_ecr_repository" "worker" {
  name                 = "${var.prefix}-worker"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = true

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "worker" {
  repository = aws_ecr_repository.worker.name
  policy     = local.lifecycle_policy
}

resource "aws_ecr_repository" "collector" {
  name                 = "${var.prefix}-collector"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = true

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "collector" {
  repository = aws_ecr_repository.collector.name
  policy     = local.lifecycle_policy
}

output "repositories" {
  value = { for one in [aws_ecr_repository.api, aws_ecr_repository.worker, aws_ecr_repository.collector] : one.name => one.repository_url }
}
