# IAM roles: one per service, with exact actions on exact resources, and the role with which ECS starts tasks
# (deploy/access.yaml). docs/PERMISSIONS.md lists the call that needs each action.

locals {
  ecr_arn = "arn:${local.partition}:ecr:${local.region}:${local.account}:repository"
  task_trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
  # For secrets, whose encryption context has the members of shared/aws-adapters/src/sealer.rs.
  sealed = {
    StringEquals = { "kms:EncryptionContext:dossier:purpose" = "webhook-secrets" }
    Null         = { "kms:EncryptionContext:dossier:tenant" = "false" }
  }
  # Both services: the key, by the services that store data and not by a program itself, and what the collector
  # beside them writes.
  shared_statements = [
    {
      Sid       = "Key"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = [aws_kms_key.key.arn, local.storage_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = [for service in ["dynamodb", "s3", "sqs"] : "${service}.${local.region}.amazonaws.com"] } }
    },
    # X-Ray supports no resource-level permissions ("Service Authorization Reference", AWS X-Ray). The actions
    # write spans and read nothing.
    {
      Sid       = "Traces"
      Effect    = "Allow"
      Action    = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource  = "*"
      Condition = { StringEquals = { "aws:RequestedRegion" = local.region } }
    },
    {
      Sid      = "Metrics"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${local.logs_arn}:/${var.prefix}/metrics:log-stream:*"
    },
  ]
}

resource "aws_iam_role" "api_role" {
  name               = "${var.prefix}-api-${local.region}"
  assume_role_policy = local.task_trust
}

resource "aws_iam_role_policy" "api_role" {
  name = "api"
  role = aws_iam_role.api_role.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "Table"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
        Resource = local.table_arn
      },
      {
        Sid      = "Access"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
        Resource = local.access_table_arn
      },
      {
        Sid      = "AccessList"
        Effect   = "Allow"
        Action   = "dynamodb:Query"
        Resource = "${local.access_table_arn}/index/by_tenant"
      },
      # Keys and secrets of version 0.2 are items of the table of reports (K#, W#): no new ones are made there.
      {
        Sid       = "NoFormerAccess"
        Effect    = "Deny"
        Action    = ["dynamodb:BatchWriteItem", "dynamodb:PutItem"]
        Resource  = local.table_arn
        Condition = { "ForAnyValue:StringLike" = { "dynamodb:LeadingKeys" = ["K#*", "W#*"] } }
      },
      {
        Sid       = "Secrets"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:Encrypt"]
        Resource  = local.secrets_key_arn
        Condition = local.sealed
      },
      {
        Sid    = "Lists"
        Effect = "Allow"
        Action = "dynamodb:Query"
        # The last one is for tasks of version 0.2 while a deployment rolls.
        Resource = ["${local.table_arn}/index/by_age", "${local.table_arn}/index/by_number", "${local.table_arn}/index/by_tenant"]
      },
      {
        Sid      = "Send"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = [aws_sqs_queue.reports_queue.arn, aws_sqs_queue.callbacks_queue.arn]
      },
      {
        Sid      = "Ready"
        Effect   = "Allow"
        Action   = "sqs:GetQueueAttributes"
        Resource = aws_sqs_queue.reports_queue.arn
      },
      {
        Sid      = "Links"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = [for folder in ["reports", "kept/reports", "held/reports", "held/kept/reports"] : "${local.bucket_arn}/${folder}/*"]
      },
    ], local.shared_statements)
  })
}

resource "aws_iam_role" "worker_role" {
  name               = "${var.prefix}-worker-${local.region}"
  assume_role_policy = local.task_trust
}

resource "aws_iam_role_policy" "worker_role" {
  name = "worker"
  role = aws_iam_role.worker_role.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "Table"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:UpdateItem"]
        Resource = local.table_arn
      },
      # UpdateItem inserts missing items: see access.yaml.
      {
        Sid       = "NoKeys"
        Effect    = "Deny"
        Action    = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:UpdateItem"]
        Resource  = local.table_arn
        Condition = { "ForAnyValue:StringLike" = { "dynamodb:LeadingKeys" = "K#*" } }
      },
      # Their partitions in the index by age are keys#TENANT.
      {
        Sid       = "NoListOfKeys"
        Effect    = "Deny"
        Action    = "dynamodb:Query"
        Resource  = "${local.table_arn}/index/by_age"
        Condition = { "ForAnyValue:StringLike" = { "dynamodb:LeadingKeys" = "keys#*" } }
      },
      {
        Sid       = "NoFormerSecrets"
        Effect    = "Deny"
        Action    = "dynamodb:UpdateItem"
        Resource  = local.table_arn
        Condition = { "ForAnyValue:StringLike" = { "dynamodb:LeadingKeys" = "W#*" } }
      },
      # Webhook secrets, but no keys.
      {
        Sid      = "Access"
        Effect   = "Allow"
        Action   = "dynamodb:GetItem"
        Resource = local.access_table_arn
        Condition = {
          "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = "W#*" }
          Null                      = { "dynamodb:LeadingKeys" = "false" }
        }
      },
      {
        Sid       = "Secrets"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = local.secrets_key_arn
        Condition = local.sealed
      },
      # Of reports (R#) and tasks of legal holds (H#) alone.
      {
        Sid       = "Erase"
        Effect    = "Allow"
        Action    = "dynamodb:DeleteItem"
        Resource  = local.table_arn
        Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["R#*", "H#*"] } }
      },
      {
        Sid    = "Sweep"
        Effect = "Allow"
        Action = "dynamodb:Query"
        # The last one is for tasks of version 0.2 while a deployment rolls.
        Resource = ["${local.table_arn}/index/due", "${local.table_arn}/index/in_progress", "${local.table_arn}/index/by_age", "${local.table_arn}/index/leases"]
      },
      {
        Sid      = "Work"
        Effect   = "Allow"
        Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage"]
        Resource = [aws_sqs_queue.reports_queue.arn, aws_sqs_queue.reports_dead_letters.arn, aws_sqs_queue.callbacks_queue.arn]
      },
      {
        Sid      = "Depth"
        Effect   = "Allow"
        Action   = "sqs:GetQueueAttributes"
        Resource = [aws_sqs_queue.reports_queue.arn, aws_sqs_queue.reports_dead_letters.arn]
      },
      {
        Sid      = "DeadLetterWebhooks"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.callbacks_dead_letters.arn
      },
      {
        Sid      = "Files"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = [for folder in ["reports", "work", "kept"] : "${local.bucket_arn}/${folder}/*"]
      },
      # A legal hold copies each version.
      {
        Sid      = "ReadVersions"
        Effect   = "Allow"
        Action   = "s3:GetObjectVersion"
        Resource = [for folder in ["reports", "work", "kept"] : "${local.bucket_arn}/${folder}/*"]
      },
      {
        Sid      = "Hold"
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = "${local.bucket_arn}/held/*"
      },
      {
        Sid      = "EraseFiles"
        Effect   = "Allow"
        Action   = "s3:DeleteObjectVersion"
        Resource = [for folder in ["reports", "work", "kept", "held"] : "${local.bucket_arn}/${folder}/*"]
      },
      {
        Sid       = "FindVersions"
        Effect    = "Allow"
        Action    = "s3:ListBucketVersions"
        Resource  = local.bucket_arn
        Condition = { StringLike = { "s3:prefix" = ["reports/*", "work/*", "kept/*", "held/*"] } }
      },
      # Without this permission S3 answers 403 instead of 404 for a missing object.
      {
        Sid      = "DistinguishMissingObjects"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = local.bucket_arn
      },
      {
        Sid      = "Model"
        Effect   = "Allow"
        Action   = "bedrock:InvokeModel"
        Resource = var.model_arns
      },
      # The ECS agent in the task uses it, with the task's role, to protect a busy worker from scale-in.
      {
        Sid      = "Protect"
        Effect   = "Allow"
        Action   = "ecs:UpdateTaskProtection"
        Resource = "arn:${local.partition}:ecs:${local.region}:${local.account}:task/${var.prefix}/*"
      },
      ],
      # Files of earlier deployments have no tenant in their context, and can be read.
      [for context in [var.encryption_context] : {
        Sid      = "NoFileWithoutTenant"
        Effect   = "Deny"
        Action   = "kms:GenerateDataKey"
        Resource = local.storage_key_arn
        Condition = {
          StringEquals = { "kms:ViaService" = "s3.${local.region}.amazonaws.com" }
          Null         = { "kms:EncryptionContext:dossier:tenant" = "true" }
        }
      } if context == "tenant"],
      [for arns in [var.guardrail_arn] : { Sid = "Guardrail", Effect = "Allow", Action = "bedrock:ApplyGuardrail", Resource = arns } if length(arns) > 0],
      [for arns in [var.verifier_guardrail_arns] : { Sid = "VerifierGuardrail", Effect = "Allow", Action = "bedrock:ApplyGuardrail", Resource = arns } if length(arns) > 0],
      [for arn in [var.copy_bucket_arn] : { Sid = "EraseCopies", Effect = "Allow", Action = "s3:DeleteObjectVersion", Resource = [for folder in ["reports", "work", "kept", "held"] : "${arn}/${folder}/*"] } if arn != ""],
      [for arn in [var.copy_bucket_arn] : { Sid = "FindCopies", Effect = "Allow", Action = "s3:ListBucketVersions", Resource = arn, Condition = { StringLike = { "s3:prefix" = ["reports/*", "work/*", "kept/*", "held/*"] } } } if arn != ""],
      [for arns in [var.list_arns] : { Sid = "Lists", Effect = "Allow", Action = "s3:GetObject", Resource = arns } if length(arns) > 0],
    local.shared_statements)
  })
}

# For ECS itself, to start a task: pull the image, read secrets and configuration, write logs.
resource "aws_iam_role" "execution_role" {
  name               = "${var.prefix}-execution-${local.region}"
  assume_role_policy = local.task_trust
}

resource "aws_iam_role_policy" "execution_role" {
  name = "execution"
  role = aws_iam_role.execution_role.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      # The only ECR action without resource-level permissions ("Service Authorization Reference", Amazon ECR).
      {
        Sid      = "Token"
        Effect   = "Allow"
        Action   = "ecr:GetAuthorizationToken"
        Resource = "*"
      },
      {
        Sid      = "Images"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = ["${local.ecr_arn}/${var.prefix}-api", "${local.ecr_arn}/${var.prefix}-worker", "${local.ecr_arn}/${var.prefix}-collector"]
      },
      {
        Sid      = "Logs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = [for name in ["api", "worker", "collector"] : "${local.logs_arn}:/${var.prefix}/${name}:log-stream:*"]
      },
      {
        Sid      = "Collector"
        Effect   = "Allow"
        Action   = "ssm:GetParameters"
        Resource = "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter/${var.prefix}/collector"
      },
      ],
      [for arn in [var.companies_house_key_secret_arn] : { Sid = "CompaniesHouseKey", Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = arn } if arn != ""],
      [for arn in [var.sanctions_api_key_secret_arn] : { Sid = "SanctionsApiKey", Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = arn } if arn != ""],
      # A secret under a customer managed key can be read only with permission to use that key.
      [for arns in [var.secret_key_arns] : {
        Sid       = "SecretKeys"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = arns
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${local.region}.amazonaws.com" } }
    } if length(arns) > 0])
  })
}
